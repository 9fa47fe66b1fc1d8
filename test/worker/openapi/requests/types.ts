// Volume types with their extra specs, access and encryption.

import type { Make, Requests } from '../requests.ts';
import type { Tenant } from '../tenant.ts';
import { admin, plain } from './common.ts';

let count = 0;
const newName = () => `type-${++count}`;

/** The id of a type that nothing uses. */
async function type(tenant: Tenant, fields: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const body = { volume_type: { name: newName(), extra_specs: { key: 'value' }, ...fields } };
  return (await tenant.ask('POST', '/evs/v3/{p}/types', body)).volume_type.id;
}

const ENCRYPTION = { provider: 'luks', control_location: 'front-end', cipher: 'aes-xts-plain64', key_size: 256 };

/** The ids of a type and of its encryption. */
async function encrypted(tenant: Tenant): Promise<[string, string]> {
  const id = await type(tenant);
  const { encryption } = await tenant.ask('POST', `/evs/v3/{p}/types/${id}/encryption`, { encryption: ENCRYPTION });
  return [id, encryption.encryption_id];
}

const on = (body?: unknown, ...more: string[]) =>
  admin(async (tenant) => ({ ids: [await type(tenant), ...more], body }));

const access =
  (verb: string, before: readonly string[]): Make =>
  async (tenant) => {
    const id = await type(tenant, { 'os-volume-type-access:is_public': false });
    const body = (each: string) => ({ [each]: { project: tenant.api.projectId } });
    for (const each of before) await tenant.ask('POST', `/evs/v3/{p}/types/${id}/action`, body(each));
    return { ids: [id], body: body(verb) };
  };

const one = '/evs/*/types/{type_id}';

export const TYPE_REQUESTS: Requests = {
  'GET /evs/*/types': plain,
  [`GET ${one}`]: () => ({ ids: ['SSD'] }),
  'POST /evs/*/types': admin(() => ({
    body: { volume_type: { name: newName(), description: 'd', extra_specs: { a: 'b' } } },
  })),
  [`PUT ${one}`]: admin(async (tenant) => ({
    ids: [await type(tenant)],
    body: { volume_type: { name: newName(), description: 'd' } },
  })),
  [`DELETE ${one}`]: on(),
  [`GET ${one}/extra_specs`]: on(),
  [`POST ${one}/extra_specs`]: on({ extra_specs: { a: 'b' } }),
  [`GET ${one}/extra_specs/{key}`]: on(undefined, 'key'),
  [`PUT ${one}/extra_specs/{key}`]: on({ key: 'other' }, 'key'),
  [`DELETE ${one}/extra_specs/{key}`]: on(undefined, 'key'),
  [`GET ${one}/encryption`]: admin(async (tenant) => ({ ids: [(await encrypted(tenant))[0]] })),
  [`POST ${one}/encryption`]: on({ encryption: ENCRYPTION }),
  [`GET ${one}/encryption/{item}`]: admin(async (tenant) => ({ ids: [(await encrypted(tenant))[0], 'cipher'] })),
  [`PUT ${one}/encryption/{item}`]: admin(async (tenant) => ({
    ids: await encrypted(tenant),
    body: { encryption: { key_size: 128 } },
  })),
  [`DELETE ${one}/encryption/{item}`]: admin(async (tenant) => ({ ids: await encrypted(tenant) })),
  [`GET ${one}/os-volume-type-access`]: admin(async (tenant) => ({
    ids: [await type(tenant, { 'os-volume-type-access:is_public': false })],
  })),
  [`POST ${one}/action addProjectAccess`]: admin(access('addProjectAccess', [])),
  [`POST ${one}/action removeProjectAccess`]: admin(access('removeProjectAccess', ['addProjectAccess'])),
};
