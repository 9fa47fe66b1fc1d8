// Disks, snapshots, tags and jobs in the vendor's form.

import type { Make, Requests } from '../requests.ts';
import type { Tenant } from '../tenant.ts';
import { on, plain, slowVolume, snapshot } from './common.ts';

/** A disk as large as the vendor's smallest, with a tag. */
const disk = async (tenant: Tenant): Promise<string> => {
  const id = await tenant.ownVolume({ size: 10 });
  await tenant.ask('POST', `/evs/v2/{p}/os-vendor-tags/volumes/${id}`, { tags: { key: 'value' } });
  return id;
};

const tags = (path: string): Requests => ({
  [`GET ${path}/{id}/tags`]: on(disk),
  [`POST ${path}/{id}/tags/action`]: on(disk, { action: 'create', tags: [{ key: 'a', value: 'b' }] }),
});

const tagged =
  (body?: unknown, ...more: string[]): Make =>
  async (tenant) => ({ ids: ['volumes', await disk(tenant), ...more], body });

const rollback: Make = async (tenant) => {
  const id = await tenant.ownVolume();
  return { ids: [await tenant.snapshotOf(id)], body: { rollback: { volume_id: id } } };
};

const map = '/evs/*/os-vendor-tags/{type}/{id}';

export const NATIVE_REQUESTS: Requests = {
  'GET /evs/*/jobs/{job_id}': on((tenant) => tenant.job()),
  ...tags('/evs/*/cloudvolumes'),
  ...tags('/evs/*/os-vendor-volumes'),
  'GET /evs/*/os-vendor-tags/{type}': () => ({ ids: ['volumes'] }),
  'GET /evs/*/cloudvolumes/tags': plain,
  [`GET ${map}`]: tagged(),
  [`POST ${map}`]: tagged({ tags: { a: 'b' } }),
  [`PUT ${map}`]: tagged({ tags: { a: 'b' } }),
  [`GET ${map}/{key}`]: tagged(undefined, 'key'),
  [`PUT ${map}/{key}`]: tagged({ tag: { key: 'other' } }, 'key'),
  [`DELETE ${map}/{key}`]: tagged(undefined, 'key'),
  [`POST ${map}/action`]: tagged({ 'os-delete_tags': { key: 'value' } }),
  'POST /evs/*/cloudvolumes': () => ({
    body: { volume: { availability_zone: 'eu-de-01', volume_type: 'SSD', size: 10, name: 'v' } },
  }),
  'GET /evs/*/cloudvolumes': plain,
  'GET /evs/*/cloudvolumes/detail': plain,
  'GET /evs/*/cloudvolumes/{volume_id}': on(disk),
  'PUT /evs/*/cloudvolumes/{volume_id}': on(disk, { volume: { name: 'n', description: 'd' } }),
  'DELETE /evs/*/cloudvolumes/{volume_id}': on(disk),
  'POST /evs/*/cloudvolumes/{volume_id}/action': on(disk, { 'os-extend': { new_size: 20 } }),
  'POST /evs/*/volumes/{volume_id}/retype': on(slowVolume, { 'os-retype': { new_type: 'SSD' } }),
  'GET /evs/*/os-vendor-volumes/detail': plain,
  'GET /evs/*/os-vendor-volumes/{volume_id}': on(disk),
  'POST /evs/*/cloudsnapshots': async (tenant) => ({
    body: { snapshot: { volume_id: await tenant.volume(), name: 's', description: 'd' } },
  }),
  'GET /evs/*/cloudsnapshots/detail': plain,
  'GET /evs/*/cloudsnapshots/{snapshot_id}': on(snapshot),
  'PUT /evs/*/cloudsnapshots/{snapshot_id}': on(snapshot, { snapshot: { name: 'n', description: 'd' } }),
  'DELETE /evs/*/cloudsnapshots/{snapshot_id}': on(snapshot),
  'POST /evs/*/cloudsnapshots/{snapshot_id}/rollback': rollback,
  'POST /evs/*/os-vendor-snapshots/{snapshot_id}/rollback': rollback,
};
