// Backups in the Cinder form, under the volume endpoint and, as the vendor has them too, under /vbs. Not to be mixed up
// with CBR's backups, which have the same path below another root.

import { z } from '@hono/zod-openapi';
import { badRequest } from '../../http/errors.ts';
import { clearableText, optionalFlag, optionalStringMap, optionalText, queryFlag } from '../../http/fields.ts';
import { type App, type Call, empty, json, Routes } from '../../http/operation.ts';
import { askProject, isAdmin } from '../../http/reach.ts';
import { placeOf } from '../../project/backup-records.ts';
import { BACKUP_SORT_KEYS } from '../../project/backups.ts';
import type { Caller, ListQuery, ProjectRpc } from '../../project/contract.ts';
import { ListParameters, listBody, pageFor } from '../cinder/lists.ts';
import { CinderBackup, CinderBackupDetail, links } from '../cinder/shapes.ts';
import { SINCE } from '../cinder/since.ts';
import { summaryView } from '../cinder/views.ts';
import { type BackupFace, backupDetail, VbsBackupDetail } from './views.ts';

const CreateBody = z.object({
  backup: z.object({
    volume_id: z.string(),
    name: optionalText,
    description: clearableText,
    container: clearableText,
    snapshot_id: optionalText,
    incremental: optionalFlag,
    force: optionalFlag,
    availability_zone: optionalText,
    metadata: optionalStringMap,
  }),
});

const UpdateBody = z.object({
  backup: z.object({ name: clearableText, description: clearableText, metadata: optionalStringMap }),
});

const RestoreBody = z.object({ restore: z.object({ volume_id: optionalText, name: optionalText }) });

const BackupList = ListParameters.extend({
  name: z.string().optional(),
  status: z.string().optional(),
  volume_id: z.string().optional(),
  'volume_id~': z.string().optional(),
  snapshot_id: z.string().optional(),
});

const ActionBody = z.looseObject({
  'os-reset_status': z.object({ status: z.string().min(1) }).optional(),
  'os-force_delete': z.unknown().optional(),
});

const Exported = z.strictObject({ backup_service: z.string().max(255), backup_url: z.string().max(65_536) });
const ExportedBody = z.object({ 'backup-record': Exported });

async function list(
  call: Call<z.output<typeof BackupList>, unknown>,
  face: BackupFace,
  detailed: boolean,
): Promise<Response> {
  const { query } = call;
  const { all_tenants: all } = query;
  const lister = (project: ProjectRpc, caller: Caller, paging: ListQuery) =>
    project.listBackups(caller, {
      ...paging,
      name: query.name,
      status: query.status === undefined ? undefined : [query.status],
      volumeId: query.volume_id,
      volumeIdPart: call.microversion >= SINCE.likeFilters ? query['volume_id~'] : undefined,
      snapshotId: query.snapshot_id,
      // An administrator's own may be of other projects' disks, and lie with them.
      ownerId: isAdmin(caller) && !queryFlag(all) ? (caller.homeProjectId ?? caller.projectId) : undefined,
    });
  const page = await pageFor(call, BACKUP_SORT_KEYS, lister, true);
  return json(
    200,
    listBody(call, 'backups', page, (backup) =>
      detailed ? backupDetail(call, backup, face) : summaryView(call, 'backups', backup),
    ),
  );
}

async function create(call: Call<unknown, z.output<typeof CreateBody>>, face: BackupFace): Promise<Response> {
  const input = call.body.backup;
  const { backup } = await call.find((project, caller) =>
    project.createBackup(caller, {
      face: 'cinder',
      volumeId: input.volume_id,
      snapshotId: input.snapshot_id,
      name: input.name,
      description: input.description,
      container: input.container,
      // The vendor takes both and ignores them. `incremental: false` asks for a backup that needs no parent, which every
      // backup here is: what it costs is the service's business.
      incremental: face === 'cinder' ? input.incremental : false,
      force: face === 'cinder' ? input.force : true,
      metadata: call.microversion >= SINCE.backupMetadata ? input.metadata : undefined,
    }),
  );
  return json(202, { backup: summaryView(call, 'backups', backup) });
}

async function act(call: Call<unknown, z.output<typeof ActionBody>>): Promise<Response> {
  const id = call.params.backup_id!;
  const names = Object.keys(call.body);
  const [name = ''] = names;
  if (names.length !== 1) throw badRequest('The body must have exactly one action.');
  const { 'os-reset_status': reset } = call.body;
  if (name === 'os-force_delete') {
    await call.find((project, caller) => project.deleteBackup(caller, id, { face: 'cinder', force: true }));
  } else if (reset !== undefined) {
    await call.find((project, caller) => project.resetBackupStatus(caller, id, reset.status));
  } else {
    throw badRequest(`There is no such action: ${name.slice(0, 64)}`);
  }
  return empty(202);
}

async function importRecord(call: Call<unknown, z.output<typeof ExportedBody>>): Promise<Response> {
  const { backup_service: service, backup_url: url } = call.body['backup-record'];
  const record = { service, url };
  // Only the project that has the vault can take it in.
  const take = (project: ProjectRpc, caller: Caller) => project.importBackup(caller, record);
  const place = placeOf(record);
  const backup = place === null ? await call.ask(take) : await askProject(call.session, call.env, place, take);
  return json(201, { backup: summaryView(call, 'backups', backup) });
}

/** What Cinder has of backups and the vendor has not: actions, and records that are carried about. */
function cinderOnlyRoutes(routes: Routes): void {
  routes
    .post('/backups/{backup_id}/action', {
      summary: 'Act on a backup: os-reset_status, os-force_delete (for administrators)',
      body: ActionBody,
      answers: { 202: null },
      handle: act,
    })
    .get('/backups/{backup_id}/export_record', {
      summary: "Write down a backup's record (for administrators)",
      answers: { 200: ExportedBody },
      handle: async (call) => {
        const id = call.params.backup_id!;
        const { service, url } = await call.find((project, caller) => project.exportBackup(caller, id));
        return json(200, { 'backup-record': { backup_service: service, backup_url: url } });
      },
    })
    .post('/backups/import_record', {
      summary: "Take in a backup's record, under the id in it (for administrators)",
      body: ExportedBody,
      answers: { 201: z.object({ backup: CinderBackup }) },
      handle: importRecord,
    });
}

/** Registers the backup calls of one version below one root. */
export function backupRoutes(routes: Routes, face: BackupFace): void {
  const Detail = face === 'cinder' ? CinderBackupDetail : VbsBackupDetail;
  const listAnswer = (item: z.ZodType) => z.object({ backups: z.array(item), backups_links: links.optional() });
  if (face === 'cinder') cinderOnlyRoutes(routes);
  routes
    .post('/backups', {
      summary: 'Create a backup of a volume or snapshot',
      body: CreateBody,
      answers: { 202: z.object({ backup: CinderBackup }) },
      handle: (call) => create(call, face),
    })
    .get('/backups', {
      summary: 'List backups',
      query: BackupList,
      answers: { 200: listAnswer(CinderBackup) },
      handle: (call) => list(call, face, false),
    })
    .get('/backups/detail', {
      summary: 'List backups with details',
      query: BackupList,
      answers: { 200: listAnswer(Detail) },
      handle: (call) => list(call, face, true),
    })
    .get('/backups/{backup_id}', {
      summary: 'Show a backup',
      answers: { 200: z.object({ backup: Detail }) },
      handle: async (call) => {
        const backup = await call.find((project, caller) => project.getBackup(caller, call.params.backup_id!));
        return json(200, { backup: backupDetail(call, backup, face) });
      },
    })
    .put('/backups/{backup_id}', {
      summary: 'Change name or description of a backup',
      since: SINCE.backupUpdate,
      body: UpdateBody,
      answers: { 200: z.object({ backup: CinderBackup }) },
      handle: async (call) => {
        const backup = await call.find((project, caller) =>
          project.updateBackup(caller, call.params.backup_id!, call.body.backup),
        );
        return json(200, { backup: summaryView(call, 'backups', backup) });
      },
    })
    .delete('/backups/{backup_id}', {
      summary: 'Delete a backup',
      answers: { 202: null },
      handle: async (call) => {
        await call.find((project, caller) => project.deleteBackup(caller, call.params.backup_id!, { face }));
        return empty(202);
      },
    })
    .post('/backups/{backup_id}/restore', {
      summary: 'Restore a backup over a volume, or into a new one',
      body: RestoreBody,
      answers: {
        202: z.object({
          restore: z.strictObject({ backup_id: z.string(), volume_id: z.string(), volume_name: z.string() }),
        }),
      },
      handle: async (call) => {
        const { volume_id: volumeId, name } = call.body.restore;
        const restore = await call.find((project, caller) =>
          project.restoreBackup(caller, call.params.backup_id!, { face: 'cinder', volumeId, name }),
        );
        return json(202, {
          restore: { backup_id: restore.backupId, volume_id: restore.volumeId, volume_name: restore.volumeName },
        });
      },
    });
}

/** Registers the calls below /evs. */
export function registerBackups(app: App): void {
  for (const version of ['v3', 'v2'] as const) {
    backupRoutes(
      new Routes(app, `/evs/${version}/{project_id}`, {
        tag: `backups ${version}`,
        envelope: 'openstack',
        access: 'project',
        microversions: version === 'v3',
      }),
      'cinder',
    );
  }
}
