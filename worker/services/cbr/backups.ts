// Backups of a vault: list, show, rename, delete, restore.

import { z } from '@hono/zod-openapi';
import { badRequest } from '../../http/errors.ts';
import { optionalFlag, optionalText } from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { pageOf } from '../../http/paging.ts';
import { PAGE_LIMIT_MAX } from '../../project/limits.ts';
import { DISK_RESOURCE } from '../../project/vault-resources.ts';
import { timeOf } from './runs.ts';
import { CbrBackup } from './shapes.ts';
import { cbrBackupView } from './views.ts';

const BackupList = z.object({
  checkpoint_id: optionalText,
  vault_id: optionalText,
  resource_id: optionalText,
  resource_name: optionalText,
  resource_type: optionalText,
  resource_az: optionalText,
  name: optionalText,
  status: optionalText,
  image_type: optionalText,
  own_type: z.enum(['private', 'shared', 'all_granted']).optional(),
  member_status: z.enum(['pending', 'accepted', 'rejected']).optional(),
  parent_id: optionalText,
  used_percent: optionalText,
  dec: optionalText,
  start_time: optionalText,
  end_time: optionalText,
  limit: optionalText,
  offset: optionalText,
  marker: optionalText,
  sort: optionalText,
});

const RestoreBody = z.object({
  restore: z.object({ volume_id: optionalText, resource_id: optionalText, power_on: optionalFlag }),
});

/** What the project calls CBR's words for statuses. */
const STATUS: ReadonlyMap<string, readonly string[]> = new Map([
  ['protecting', ['creating']],
  ['waiting_protect', ['creating']],
  ['waiting_restore', ['restoring']],
  ['waiting_delete', ['deleting']],
  ['error', ['error', 'error_deleting']],
]);

function percentOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,3}$/.test(text) || Number(text) > 100) throw badRequest('used_percent is a whole number up to 100.');
  return Number(text);
}

async function listBackups(call: Call<z.output<typeof BackupList>, unknown>): Promise<Response> {
  const { query } = call;
  const paging = pageOf(query, 'refuse');
  const statuses = (call.c.req.queries('status') ?? []).flatMap((status) => STATUS.get(status) ?? [status]);
  const hasNone =
    (query.resource_type !== undefined && query.resource_type !== DISK_RESOURCE) ||
    (query.image_type !== undefined && query.image_type !== 'backup') ||
    // Replicas have parents, and there are none here.
    query.parent_id !== undefined;
  const page = await call.ask((project, caller) =>
    project.listBackups(caller, {
      ...paging,
      ids: hasNone ? [] : undefined,
      checkpointId: query.checkpoint_id,
      vaultId: query.vault_id,
      volumeId: query.resource_id,
      volumeName: query.resource_name,
      volumeZone: query.resource_az,
      name: query.name,
      status: statuses.length > 0 ? statuses : undefined,
      ownType: query.own_type,
      memberStatus: query.member_status,
      vaultUsedPercentMin: percentOf(query.used_percent),
      fromMs: timeOf(query.start_time),
      toMs: timeOf(query.end_time),
    }),
  );
  return json(200, {
    backups: page.items.map(cbrBackupView),
    count: page.total,
    limit: paging.limit ?? PAGE_LIMIT_MAX,
    offset: paging.offset ?? 0,
  });
}

async function restore(call: Call<unknown, z.output<typeof RestoreBody>>): Promise<Response> {
  const { volume_id: volumeId, resource_id: resourceId } = call.body.restore;
  const target = volumeId ?? resourceId;
  // Cinder would make a new disk; CBR restores onto one that is named.
  if (target === undefined) throw badRequest('restore.volume_id is missing: name the disk to restore onto.');
  await call.ask((project, caller) =>
    project.restoreBackup(caller, call.params.backup_id!, { face: 'cbr', volumeId: target }),
  );
  return empty(202);
}

/** Registers the backup calls. */
export function cbrBackupRoutes(routes: Routes): void {
  routes
    .get('/backups', {
      summary: 'List backups',
      query: BackupList,
      answers: { 200: z.object({ backups: z.array(CbrBackup), count: z.number() }) },
      handle: listBackups,
    })
    .get('/backups/{backup_id}', {
      summary: 'Show a backup',
      answers: { 200: z.object({ backup: CbrBackup }) },
      handle: async (call) => {
        const backup = await call.ask((project, caller) => project.getBackup(caller, call.params.backup_id!));
        return json(200, { backup: cbrBackupView(backup) });
      },
    })
    .put('/backups/{backup_id}', {
      summary: 'Rename a backup',
      body: z.object({ backup: z.object({ name: z.string().min(1) }) }),
      answers: { 200: z.object({ backup: CbrBackup }) },
      handle: async (call) => {
        const backup = await call.ask((project, caller) =>
          project.updateBackup(caller, call.params.backup_id!, { name: call.body.backup.name }),
        );
        return json(200, { backup: cbrBackupView(backup) });
      },
    })
    .delete('/backups/{backup_id}', {
      summary: 'Delete a backup',
      answers: { 204: null },
      handle: async (call) => {
        await call.ask((project, caller) => project.deleteBackup(caller, call.params.backup_id!));
        return empty(204);
      },
    })
    .post('/backups/{backup_id}/restore', {
      summary: 'Restore a backup onto a disk',
      body: RestoreBody,
      answers: { 202: null },
      handle: restore,
    });
}
