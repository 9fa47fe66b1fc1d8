// Backups of a vault: list, show, rename, delete, restore.

import { z } from '@hono/zod-openapi';
import { badRequest } from '../../http/errors.ts';
import { optionalFlag, optionalText } from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { pageOf } from '../../http/paging.ts';
import { PAGE_LIMIT_MAX } from '../../project/limits.ts';
import { timeOf } from './runs.ts';
import { CbrBackup } from './shapes.ts';
import { cbrBackupView, VOLUME_RESOURCE } from './views.ts';

const BackupList = z.object({
  checkpoint_id: optionalText,
  vault_id: optionalText,
  resource_id: optionalText,
  resource_name: optionalText,
  resource_type: optionalText,
  resource_az: optionalText,
  name: optionalText,
  status: optionalText,
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

async function listBackups(call: Call<z.output<typeof BackupList>, unknown>): Promise<Response> {
  const { query } = call;
  const paging = pageOf(query, 'refuse');
  const statuses = (call.c.req.queries('status') ?? []).flatMap((status) => STATUS.get(status) ?? [status]);
  const noSuchType = query.resource_type !== undefined && query.resource_type !== VOLUME_RESOURCE;
  const page = await call.ask((project, caller) =>
    project.listBackups(caller, {
      ...paging,
      ids: noSuchType ? [] : undefined,
      checkpointId: query.checkpoint_id,
      vaultId: query.vault_id,
      volumeId: query.resource_id,
      volumeName: query.resource_name,
      volumeZone: query.resource_az,
      name: query.name,
      status: statuses.length > 0 ? statuses : undefined,
      fromMs: timeOf(query.start_time),
      toMs: timeOf(query.end_time),
    }),
  );
  return json(200, {
    backups: noSuchType ? [] : page.items.map(cbrBackupView),
    count: noSuchType ? 0 : page.total,
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
