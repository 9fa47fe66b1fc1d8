// Backups in the Cinder form, below /evs and /vbs.

import type { Requests } from '../requests.ts';
import type { Tenant } from '../tenant.ts';
import { admin, backup, on, plain } from './common.ts';

/** The record of a backup under another id, as one is brought in beside the original. */
async function record(tenant: Tenant): Promise<unknown> {
  const { 'backup-record': exported } = await tenant.ask(
    'GET',
    `/evs/v3/{p}/backups/${await tenant.backup()}/export_record`,
  );
  const url = btoa(JSON.stringify({ ...JSON.parse(atob(exported.backup_url)), id: crypto.randomUUID() }));
  return { 'backup-record': { ...exported, backup_url: url } };
}

/** The id of a sharing of a backup of this project. */
async function sharing(tenant: Tenant): Promise<string> {
  const body = { shared: { backup_id: await tenant.backupOf(await tenant.volume()), to_project_ids: ['a-friend'] } };
  return (await tenant.ask('POST', '/vbs/v2/{p}/os-vendor-backup-sharing', body)).shared[0].id;
}

export const BACKUP_REQUESTS: Requests = {
  'GET /vbs': plain,
  'GET /vbs/v2': plain,
  'GET /vbs/v3': plain,
  'GET /evs/*/backups': plain,
  'GET /evs/*/backups/detail': plain,
  'POST /evs/*/backups': async (tenant) => ({
    body: { backup: { volume_id: await tenant.volume(), name: 'b', description: 'd' } },
  }),
  'GET /evs/*/backups/{backup_id}': on(backup),
  'PUT /evs/*/backups/{backup_id}': on(backup, { backup: { name: 'n', description: 'd' } }),
  'DELETE /evs/*/backups/{backup_id}': on(backup),
  'POST /evs/*/backups/{backup_id}/restore': on(backup, { restore: {} }),
  'GET /evs/*/backups/{backup_id}/export_record': admin(on(backup)),
  'POST /evs/*/backups/import_record': admin(async (tenant) => ({ body: await record(tenant) })),
  'POST /evs/*/backups/{backup_id}/action os-reset_status': admin(
    on(backup, { 'os-reset_status': { status: 'error' } }),
  ),
  'POST /evs/*/backups/{backup_id}/action os-force_delete': admin(on(backup, { 'os-force_delete': {} })),
  'POST /vbs/*/cloudbackups': async (tenant) => ({
    body: { backup: { volume_id: await tenant.volume(), name: 'b', tags: [{ key: 'k', value: 'v' }] } },
  }),
  'GET /vbs/*/cloudbackups/quota': plain,
  'POST /vbs/*/cloudbackups/{backup_id}': on(backup),
  'POST /vbs/*/cloudbackups/{backup_id}/restore': async (tenant) => {
    const id = await tenant.ownVolume();
    return { ids: [await tenant.backupOf(id)], body: { restore: { volume_id: id } } };
  },
  'POST /vbs/*/os-vendor-backup-sharing': async (tenant) => ({
    body: { shared: { backup_id: await tenant.backup(), to_project_ids: ['a-friend'] } },
  }),
  'GET /vbs/*/os-vendor-backup-sharing/detail': plain,
  'GET /vbs/*/os-vendor-backup-sharing/count': plain,
  'GET /vbs/*/os-vendor-backup-sharing/{sharing_id}': on(sharing),
  'DELETE /vbs/*/os-vendor-backup-sharing/{sharing_id}': on(sharing),
  'GET /vbs/*/jobs/{job_id}': on((tenant) => tenant.job()),
};
