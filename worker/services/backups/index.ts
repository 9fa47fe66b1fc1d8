// Backups in the Cinder form, under the volume endpoint and, as the vendor has them too, under /vbs. Not to be mixed up
// with CBR's backups, which have the same path below another root.

import { z } from '@hono/zod-openapi';
import { notFound } from '../../http/errors.ts';
import { clearableText, ignored, optionalFlag, optionalStringMap, optionalText, queryFlag } from '../../http/fields.ts';
import { type App, type Call, empty, json, Routes } from '../../http/operation.ts';
import { nextLink, pageOf } from '../../http/paging.ts';
import { plainTime } from '../../http/times.ts';
import type { Backup } from '../../project/contract.ts';
import { ListParameters } from '../cinder/lists.ts';
import { CinderBackup, CinderBackupDetail, links } from '../cinder/shapes.ts';
import { linksOf, summaryView, type ViewContext } from '../cinder/views.ts';

/** First microversions that take or give something. */
const UPDATE = 9;
const PROJECT_ID = 18;
const METADATA = 43;
const WITH_COUNT = 45;

const CreateBody = z.object({
  backup: z.object({
    volume_id: z.string(),
    name: optionalText,
    description: clearableText,
    container: clearableText,
    snapshot_id: optionalText,
    incremental: optionalFlag,
    force: ignored,
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
  with_count: z.string().optional(),
});

/** A backup as GET shows it. Backups never depend on one another here: each stands alone. */
export function backupDetail(call: ViewContext, backup: Backup): z.input<typeof CinderBackupDetail> {
  return {
    id: backup.id,
    name: backup.name,
    description: backup.description,
    status: backup.status,
    size: backup.sizeGib,
    volume_id: backup.volumeId,
    snapshot_id: backup.snapshotId,
    availability_zone: backup.zone,
    container: backup.container,
    object_count: backup.objectCount,
    fail_reason: backup.failReason,
    is_incremental: backup.incremental,
    has_dependent_backups: false,
    created_at: plainTime(backup.createdMs),
    updated_at: plainTime(backup.updatedMs),
    data_timestamp: plainTime(backup.dataMs),
    links: linksOf(call, 'backups', backup.id),
    ...(call.microversion >= PROJECT_ID ? { 'os-backup-project-attr:project_id': backup.projectId } : {}),
    ...(call.microversion >= METADATA ? { metadata: { ...backup.metadata } } : {}),
  };
}

async function list(call: Call<z.output<typeof BackupList>, unknown>, detailed: boolean): Promise<Response> {
  const { query } = call;
  const page = await call.ask((project, caller) =>
    project.listBackups(caller, {
      ...pageOf(query, 'clip'),
      name: query.name,
      status: query.status === undefined ? undefined : [query.status],
      volumeId: query.volume_id,
    }),
  );
  const counted = call.microversion >= WITH_COUNT && queryFlag(query.with_count);
  return json(200, {
    backups: page.items.map((backup) => (detailed ? backupDetail(call, backup) : summaryView(call, 'backups', backup))),
    ...nextLink(call.endpoints, 'backups', page),
    ...(counted ? { count: page.total } : {}),
  });
}

async function create(call: Call<unknown, z.output<typeof CreateBody>>): Promise<Response> {
  const input = call.body.backup;
  const { backup } = await call.ask((project, caller) =>
    project.createBackup(caller, {
      face: 'cinder',
      volumeId: input.volume_id,
      snapshotId: input.snapshot_id,
      name: input.name,
      description: input.description,
      container: input.container,
      // Cinder's `incremental: false` asks for a backup that needs no parent, and every backup here is one. What it
      // costs is the service's business, so the client's wish is not passed on: the vendor ignores it as well.
      metadata: call.microversion >= METADATA ? input.metadata : undefined,
    }),
  );
  return json(202, { backup: summaryView(call, 'backups', backup) });
}

/** Registers the backup calls of one version below one root. */
export function backupRoutes(routes: Routes): void {
  const listAnswer = (item: z.ZodType) => z.object({ backups: z.array(item), backups_links: links.optional() });
  routes
    .post('/backups', {
      summary: 'Create a backup of a volume or snapshot',
      body: CreateBody,
      answers: { 202: z.object({ backup: CinderBackup }) },
      handle: create,
    })
    .get('/backups', {
      summary: 'List backups',
      query: BackupList,
      answers: { 200: listAnswer(CinderBackup) },
      handle: (call) => list(call, false),
    })
    .get('/backups/detail', {
      summary: 'List backups with details',
      query: BackupList,
      answers: { 200: listAnswer(CinderBackupDetail) },
      handle: (call) => list(call, true),
    })
    .get('/backups/{backup_id}', {
      summary: 'Show a backup',
      answers: { 200: z.object({ backup: CinderBackupDetail }) },
      handle: async (call) => {
        const backup = await call.ask((project, caller) => project.getBackup(caller, call.params.backup_id!));
        return json(200, { backup: backupDetail(call, backup) });
      },
    })
    .put('/backups/{backup_id}', {
      summary: `Change name or description of a backup (3.${UPDATE})`,
      body: UpdateBody,
      answers: { 200: z.object({ backup: CinderBackup }) },
      handle: async (call) => {
        if (call.microversion < UPDATE) throw notFound('The resource could not be found.');
        const backup = await call.ask((project, caller) =>
          project.updateBackup(caller, call.params.backup_id!, call.body.backup),
        );
        return json(200, { backup: summaryView(call, 'backups', backup) });
      },
    })
    .delete('/backups/{backup_id}', {
      summary: 'Delete a backup',
      answers: { 202: null },
      handle: async (call) => {
        await call.ask((project, caller) => project.deleteBackup(caller, call.params.backup_id!));
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
        const restore = await call.ask((project, caller) =>
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
    );
  }
}
