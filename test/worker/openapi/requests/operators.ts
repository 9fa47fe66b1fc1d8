// Attachments, and what operators ask for: specs of quality of service, services, hosts, pools.

import type { Make, Requests } from '../requests.ts';
import type { Tenant } from '../tenant.ts';
import { admin, plain } from './common.ts';

const SERVER = '11111111-2222-4333-8444-666666666666';
const CONNECTOR = { host: 'h', initiator: 'i', mountpoint: '/dev/vdc' };

const attachmentBody = async (tenant: Tenant, connector?: object) => ({
  attachment: { volume_uuid: await tenant.ownVolume(), instance_uuid: SERVER, ...(connector ? { connector } : {}) },
});

const attachment =
  (connector?: object, body?: unknown): Make =>
  async (tenant) => {
    const made = await tenant.ask('POST', '/evs/v3/{p}/attachments', await attachmentBody(tenant, connector));
    return { ids: [made.attachment.id], body };
  };

let count = 0;
const newSpecs = () => ({ qos_specs: { name: `qos-${++count}`, consumer: 'back-end', key: 'value' } });

const specsId = async (tenant: Tenant): Promise<string> =>
  (await tenant.ask('POST', '/evs/v3/{p}/qos-specs', newSpecs())).qos_specs.id;

const specs = (body?: unknown) => admin(async (tenant) => ({ ids: [await specsId(tenant)], body }));

/** Specs and a type, whose id goes in the query; put together before when `joined`. */
const withType = (joined: boolean) =>
  admin(async (tenant) => {
    const id = await specsId(tenant);
    const type = await tenant.ask('POST', '/evs/v3/{p}/types', { volume_type: { name: `qos-type-${++count}` } });
    const query = `?vol_type_id=${type.volume_type.id}`;
    if (joined) await tenant.ask('GET', `/evs/v3/{p}/qos-specs/${id}/associate${query}`);
    return { ids: [id], query };
  });

/** The host of the first pool. */
const host = admin(async (tenant) => {
  const { services } = await tenant.ask('GET', '/evs/v3/{p}/os-services?binary=cinder-volume');
  return { ids: [services[0].host] };
});

const one = '/evs/*/qos-specs/{qos_id}';

export const OPERATOR_REQUESTS: Requests = {
  'GET /evs/*/attachments': plain,
  'GET /evs/*/attachments/detail': plain,
  'POST /evs/*/attachments': async (tenant) => ({ body: await attachmentBody(tenant) }),
  'GET /evs/*/attachments/{attachment_id}': attachment(),
  'PUT /evs/*/attachments/{attachment_id}': attachment(undefined, { attachment: { connector: CONNECTOR } }),
  'DELETE /evs/*/attachments/{attachment_id}': attachment(),
  'POST /evs/*/attachments/{attachment_id}/action os-complete': attachment(CONNECTOR, { 'os-complete': null }),
  'GET /evs/*/qos-specs': admin(plain),
  'POST /evs/*/qos-specs': admin(() => ({ body: newSpecs() })),
  [`GET ${one}`]: specs(),
  [`PUT ${one}`]: specs({ qos_specs: { key: 'other' } }),
  [`DELETE ${one}`]: specs(),
  [`PUT ${one}/delete_keys`]: specs({ keys: ['key'] }),
  [`GET ${one}/associations`]: specs(),
  [`GET ${one}/associate`]: withType(false),
  [`GET ${one}/disassociate`]: withType(true),
  [`GET ${one}/disassociate_all`]: specs(),
  'GET /evs/*/os-services': admin(plain),
  'GET /evs/*/os-hosts': admin(plain),
  'GET /evs/*/os-hosts/{host}': host,
  'GET /evs/*/scheduler-stats/get_pools': admin(plain),
  'GET /evs/*/capabilities/{host}': host,
  'GET /evs/*/resource_filters': plain,
};
