// Every operation of a project, called by somebody else: what is another project's does not exist.

import { describe, expect, it } from 'vitest';
import { calls } from './endpoints-table.ts';
import { named, OPERATIONS, type Operation } from './openapi/document.ts';
import { errorForm } from './openapi/forms.ts';
import { call, expectRefusal, type Prepared, prepare, unchanged } from './openapi/prepared.ts';
import { Tenant } from './openapi/tenant.ts';

const OF_PROJECT = OPERATIONS.filter((operation) => operation.params.includes('project_id'));

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** Ids in these paths are everybody's: types, kinds of tags; a tenant's quotas are its own whatever id it names. */
const COMMON = /\/(types|os-quota-sets|os-quota-class-sets)\/|\/os-vendor-tags\/\{type\}$/;
const hasIds = ({ params, path }: Operation) => params.length > 1 && !COMMON.test(path);

/** With its key, a transfer is accepted by whoever has it: that is what it is for. */
const isAccept = ({ path }: Operation) => path.endsWith('/accept');

/** The operation is refused to the stranger, and the owner's world is as it was. */
async function refuses(owner: Prepared, attempt: (stranger: Tenant) => Promise<Response>): Promise<Response> {
  return await unchanged(owner, async () => {
    // Not an administrator, who may reach into every project.
    const response = await attempt(await Tenant.fresh(['member']));
    await expectRefusal(response.clone(), owner.operation, 'a stranger');
    return response;
  });
}

describe("another project's token", () => {
  it.each(named(OF_PROJECT))('%s is 404', async (_title, operation) => {
    const owner = await prepare(operation, 'shared');
    const response = await refuses(owner, (stranger) => call(owner, {}, stranger));
    expect(response.status, await response.text()).toBe(404);
  });
});

describe("another project's ids below the own project", () => {
  it.each(named(OF_PROJECT.filter((operation) => hasIds(operation) && !isAccept(operation))))(
    '%s is refused',
    async (_title, operation) => {
      const owner = await prepare(operation, 'shared');
      const response = await refuses(owner, (stranger) => call(owner, { projectId: stranger.api.projectId }, stranger));
      // An unknown job is 400 in the vendor's form; what only administrators may is 403.
      const also = operation.path.includes('/jobs/') ? 400 : 403;
      expect([404, also], await response.text()).toContain(response.status);
    },
  );
});

describe("another project's ids in the body", () => {
  it.each(named(OF_PROJECT.filter(({ body }) => body !== null)))('%s', async (_title, operation) => {
    const owner = await prepare(operation, 'shared');
    const { body } = owner.request;
    // The server of os-attach is taken as it is said, as in Cinder: it names no resource of this service.
    if (!UUID.test(JSON.stringify(body)) || isAccept(operation) || operation.title.endsWith('os-attach')) return;
    const own = await prepare(operation);
    const before = await owner.tenant.state();
    const member = await own.tenant.as('member');
    const response = await call(own, { body }, member);
    if (operation.path.endsWith('/deleted_resources')) {
      // It says of each id on its own that nothing came of it.
      expect(await response.json()).toMatchObject({ success_resources: [] });
    } else {
      const text = await expectRefusal(response, operation, 'foreign ids');
      expect([400, 403, 404], text).toContain(response.status);
    }
    expect(await owner.tenant.state()).toBe(before);
  });
});

describe('lists', () => {
  it.each(named(OF_PROJECT.filter((each) => each.method === 'GET' && each.params.length === 1)))(
    '%s shows nothing of another project',
    async (_title, operation) => {
      const owner = await prepare(operation, 'shared');
      const [volumeId, snapshotId] = [await owner.tenant.volume(), await owner.tenant.snapshot()];
      const stranger = await Tenant.fresh(['member']);
      for (const query of ['', '?all_tenants=1', `?project_id=${owner.tenant.api.projectId}`]) {
        const response = await call(owner, { projectId: stranger.api.projectId, query }, stranger);
        const text = await response.text();
        for (const secret of [volumeId, snapshotId, owner.tenant.api.projectId]) expect(text).not.toContain(secret);
      }
    },
  );
});

describe('what is not here', () => {
  it('is 501 whoever asks', async () => {
    const owner = await Tenant.shared();
    const stranger = await Tenant.fresh();
    const before = await owner.state();
    for (const title of calls('501')) {
      const [method = '', path = ''] = title.split(' ');
      const target = path.replace('{p}', owner.api.projectId).replaceAll(/\{\w+\}/g, 'x1');
      for (const [who, headers] of [
        [owner, {}],
        [stranger, {}],
        [stranger, { 'X-Auth-Token': '' }],
        [stranger, { 'X-Auth-Token': 'forged.forged.forged' }],
      ] as const) {
        const response = await who.api.send(method, target, undefined, headers);
        expect(response.status, title).toBe(501);
        if (method !== 'HEAD') expect(errorForm(path, 501).safeParse(await response.json()).success, title).toBe(true);
      }
    }
    expect(await owner.state()).toBe(before);
  });
});
