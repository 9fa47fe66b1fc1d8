// Volumes, snapshots, transfers, messages, limits and quotas in the Cinder form.

import type { Make, Requests } from '../requests.ts';
import type { Tenant } from '../tenant.ts';
import { admin, metadataRequests, on, plain, snapshot, volume } from './common.ts';

const lists = (path: string): Requests => ({ [`GET ${path}`]: plain, [`GET ${path}/detail`]: plain });

const transfer: Make = async (tenant) => ({ ids: [(await tenant.transfer()).id] });

const acceptTransfer: Make = async (tenant) => {
  const { id, key } = await tenant.transfer();
  return { ids: [id], body: { accept: { auth_key: key } } };
};

const transfers = (path: string): Requests => ({
  ...lists(path),
  [`POST ${path}`]: async (tenant) => ({ body: { transfer: { volume_id: await tenant.volume(), name: 't' } } }),
  [`GET ${path}/{transfer_id}`]: transfer,
  [`DELETE ${path}/{transfer_id}`]: transfer,
  [`POST ${path}/{transfer_id}/accept`]: acceptTransfer,
});

const ownQuotas: Make = (tenant) => ({ ids: [tenant.api.projectId] });

const message = (tenant: Tenant) => tenant.message();

/** A snapshot that an administrator has set back to being made. */
async function creating(tenant: Tenant): Promise<string> {
  const id = await tenant.snapshotOf(await tenant.ownVolume());
  await tenant.ask('POST', `/evs/v3/{p}/snapshots/${id}/action`, { 'os-reset_status': { status: 'creating' } });
  return id;
}

export const CINDER_REQUESTS: Requests = {
  'GET /evs': plain,
  'GET /evs/v1': plain,
  'GET /evs/v2': plain,
  'GET /evs/v3': plain,
  ...lists('/evs/*/volumes'),
  'POST /evs/*/volumes': () => ({ body: { volume: { size: 1, name: 'v', description: 'd', metadata: { a: 'b' } } } }),
  'GET /evs/*/volumes/summary': plain,
  'GET /evs/*/volumes/{volume_id}': on(volume),
  'PUT /evs/*/volumes/{volume_id}': on(volume, { volume: { name: 'n', description: 'd', metadata: { a: 'b' } } }),
  'DELETE /evs/*/volumes/{volume_id}': on(volume),
  'GET /evs/*/volumes/{volume_id}/encryption': on(volume),
  ...metadataRequests('/evs/*/volumes/{id}/metadata', volume),
  ...metadataRequests('/evs/*/snapshots/{id}/metadata', snapshot),
  ...lists('/evs/*/snapshots'),
  'POST /evs/*/snapshots': async (tenant) => ({
    body: { snapshot: { volume_id: await tenant.volume(), name: 's', description: 'd', metadata: { a: 'b' } } },
  }),
  'GET /evs/*/snapshots/{snapshot_id}': on(snapshot),
  'PUT /evs/*/snapshots/{snapshot_id}': on(snapshot, { snapshot: { name: 'n', description: 'd' } }),
  'DELETE /evs/*/snapshots/{snapshot_id}': on(snapshot),
  'POST /evs/*/snapshots/{snapshot_id}/action os-reset_status': admin(
    on(snapshot, { 'os-reset_status': { status: 'error' } }),
  ),
  'POST /evs/*/snapshots/{snapshot_id}/action os-update_snapshot_status': admin(
    on(creating, { 'os-update_snapshot_status': { status: 'available', progress: '100%' } }),
  ),
  'POST /evs/*/snapshots/{snapshot_id}/action os-force_delete': admin(on(snapshot, { 'os-force_delete': null })),
  ...transfers('/evs/*/os-volume-transfer'),
  ...transfers('/evs/*/volume-transfers'),
  'GET /evs/*/os-availability-zone': plain,
  'GET /evs/*/extensions': plain,
  'GET /evs/*/limits': plain,
  'GET /evs/*/messages': plain,
  'GET /evs/*/messages/{message_id}': on(message),
  'DELETE /evs/*/messages/{message_id}': on(message),
  'GET /evs/*/os-quota-sets/{quota_project_id}': ownQuotas,
  'GET /evs/*/os-quota-sets/{quota_project_id}/defaults': ownQuotas,
  'PUT /evs/*/os-quota-sets/{quota_project_id}': admin((tenant) => ({
    ids: [tenant.api.projectId],
    body: { quota_set: { volumes: 5 } },
  })),
  'DELETE /evs/*/os-quota-sets/{quota_project_id}': admin(ownQuotas),
  'GET /evs/*/os-quota-class-sets/{quota_class}': admin(() => ({ ids: ['default'] })),
  'PUT /evs/*/os-quota-class-sets/{quota_class}': admin(() => ({
    ids: ['default'],
    body: { quota_class_set: { volumes: 1000 } },
  })),
};
