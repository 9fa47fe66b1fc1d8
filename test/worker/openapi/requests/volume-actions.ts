// The verbs of POST /volumes/{volume_id}/action in the Cinder form.

import type { Make, Requests } from '../requests.ts';
import type { Tenant } from '../tenant.ts';
import { admin, slowVolume, volume } from './common.ts';

/** To a server of its own each time: no two disks have one place. */
let count = 0;
const attachBody = () => ({
  instance_uuid: `11111111-2222-4333-8444-${String(++count).padStart(12, '0')}`,
  mountpoint: '/dev/vdb',
  mode: 'rw',
});

/** A volume after these actions, in this order. */
const after =
  (...bodies: (() => Readonly<Record<string, unknown>>)[]) =>
  async (tenant: Tenant): Promise<string> => {
    const id = await tenant.ownVolume();
    for (const body of bodies) await tenant.ask('POST', `/evs/v3/{p}/volumes/${id}/action`, body());
    return id;
  };
const attach = () => ({ 'os-attach': attachBody() });
const attached = after(attach);

const imageMetadata = () => ({ 'os-set_image_metadata': { metadata: { a: 'b' } } });

const VERBS: Readonly<Record<string, Make | { readonly roles: readonly string[]; readonly make: Make }>> = {
  ...simple('os-extend', { new_size: 2 }),
  ...simple('os-reserve', {}),
  ...simple(
    'os-unreserve',
    {},
    after(() => ({ 'os-reserve': {} })),
  ),
  ...simple('os-attach', attachBody()),
  ...simple('os-detach', {}, attached),
  ...simple('os-begin_detaching', {}, attached),
  ...simple(
    'os-roll_detaching',
    {},
    after(attach, () => ({ 'os-begin_detaching': {} })),
  ),
  ...simple('os-set_bootable', { bootable: true }),
  ...simple('os-update_readonly_flag', { readonly: true }),
  ...simple('os-retype', { new_type: 'SSD', migration_policy: 'on-demand' }, slowVolume),
  ...simple('os-set_image_metadata', { metadata: { a: 'b' } }),
  ...simple('os-unset_image_metadata', { key: 'a' }, after(imageMetadata)),
  ...simple('os-show_image_metadata', {}, after(imageMetadata)),
  ...simple('os-initialize_connection', { connector: { host: 'h', initiator: 'i' } }),
  ...simple('os-terminate_connection', { connector: { host: 'h', initiator: 'i' } }),
  'os-force_delete': adminOnly('os-force_delete', {}),
  'os-reset_status': adminOnly('os-reset_status', { status: 'error' }),
  'os-force_detach': adminOnly('os-force_detach', {}, attached),
  revert: async (tenant) => {
    const id = await tenant.ownVolume();
    return { ids: [id], body: { revert: { snapshot_id: await tenant.snapshotOf(id) } } };
  },
};

function request(verb: string, input: unknown, make: (tenant: Tenant) => Promise<string> = volume): Make {
  return async (tenant) => ({ ids: [await make(tenant)], body: { [verb]: input } });
}

function simple(...args: Parameters<typeof request>): Readonly<Record<string, Make>> {
  return { [args[0]]: request(...args) };
}

function adminOnly(...args: Parameters<typeof request>) {
  return admin(request(...args));
}

export const VOLUME_ACTION_REQUESTS: Requests = Object.fromEntries(
  Object.entries(VERBS).map(([verb, make]) => [`POST /evs/*/volumes/{volume_id}/action ${verb}`, make]),
);
