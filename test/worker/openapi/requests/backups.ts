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
  'GET /vbs/*/jobs/{job_id}': on((tenant) => tenant.job()),
};
