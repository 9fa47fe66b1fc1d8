// Requests that come in the same moment: each decides by what the other has left, never by what it saw before.

import { beforeAll, describe, expect, it } from 'vitest';
import type { Json } from './api.ts';
import { at, must, type Users, users } from './cinder-bench.ts';

let who: Users;
beforeAll(async () => {
  who = await users();
});

/** So many requests at once; how many had each status. */
async function atOnce(count: number, ask: (index: number) => Promise<{ status: number }>): Promise<Json> {
  const answers = await Promise.all(Array.from({ length: count }, (_, index) => ask(index)));
  return Object.fromEntries(
    Object.entries(Object.groupBy(answers, ({ status }) => String(status))).map(([status, all]) => [
      status,
      all?.length,
    ]),
  );
}

describe('of many at once', () => {
  it('as many volumes are made as the quota has room for', async () => {
    const { other, admin } = who;
    const path = `/os-quota-sets/${other.projectId}`;
    const { volumes } = (await must(200, other, 'GET', `${path}?usage=True`)).quota_set;
    await must(200, admin, 'PUT', path, { quota_set: { volumes: volumes.in_use + 3 } });
    const made = await atOnce(8, () => at(70, other, 'POST', '/volumes', { volume: { size: 1 } }));
    expect(made).toEqual({ 202: 3, 413: 5 });
    expect((await must(200, other, 'GET', `${path}?usage=True`)).quota_set.volumes.in_use).toBe(volumes.in_use + 3);
    await must(200, admin, 'DELETE', path);
  });

  it('one reserves a volume, and one attaches it', async () => {
    const { demo } = who;
    const [reserved, attached] = [await demo.createVolume(), await demo.createVolume()];
    const attachment = { volume_uuid: reserved.id };
    expect(await atOnce(4, () => at(70, demo, 'POST', '/attachments', { attachment }))).toEqual({ 200: 1, 400: 3 });
    const attach = (index: number) =>
      at(70, demo, 'POST', `/volumes/${attached.id}/action`, { 'os-attach': { instance_uuid: `s-${index}` } });
    expect(await atOnce(4, attach)).toEqual({ 202: 1, 400: 3 });
    expect((await demo.volumeAs(attached.id)).attachments).toHaveLength(1);
  });

  it('one accepts a transfer, and a volume that is offered is offered once', async () => {
    const { demo, other } = who;
    const volume = await demo.createVolume();
    const offers = await Promise.all(
      Array.from({ length: 4 }, () =>
        at(70, demo, 'POST', '/volume-transfers', { transfer: { volume_id: volume.id } }),
      ),
    );
    expect(offers.map(({ status }) => status).sort()).toEqual([202, 400, 400, 400]);
    const { id, auth_key } = offers.find(({ status }) => status === 202)!.body.transfer;
    const accept = () => at(70, other, 'POST', `/volume-transfers/${id}/accept`, { accept: { auth_key } });
    const accepted = await atOnce(4, accept);
    expect(accepted[202]).toBe(1);
    await other.volume(volume.id);
    expect((await at(70, demo, 'GET', `/volumes/${volume.id}`)).status).toBe(404);
    const listed = await must(200, other, 'GET', '/volumes');
    expect(listed.volumes.filter((each: Json) => each.id === volume.id)).toHaveLength(1);
  });

  it('one makes a type, specs or a user of a name', async () => {
    const { admin } = who;
    const name = crypto.randomUUID();
    const type = () => at(70, admin, 'POST', '/types', { volume_type: { name } });
    expect(await atOnce(4, type)).toEqual({ 200: 1, 409: 3 });
    const qos = () => at(70, admin, 'POST', '/qos-specs', { qos_specs: { name } });
    expect(await atOnce(4, qos)).toEqual({ 200: 1, 409: 3 });
    const user = () => admin.send('POST', '/iam/v3/users', { user: { name, password: 'p' } });
    expect(await atOnce(4, user)).toEqual({ 201: 1, 409: 3 });
    const { volume_types: types } = await must(200, admin, 'GET', '/types');
    const { id } = types.find((each: Json) => each.name === name);
    // Each of two who delete may find that the other was first, or just at it; in the end it is gone.
    const gone = await atOnce(2, () => at(70, admin, 'DELETE', `/types/${id}`));
    expect(Object.keys(gone).filter((status) => !['202', '404', '409'].includes(status))).toEqual([]);
    await at(70, admin, 'DELETE', `/types/${id}`);
    expect((await at(70, admin, 'GET', `/types/${id}`)).status).toBe(404);
  });
});
