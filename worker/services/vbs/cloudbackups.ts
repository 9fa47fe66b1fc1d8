// Backups in the native form of VBS: each call answers the id of a job.

import { z } from '@hono/zod-openapi';
import { badRequest } from '../../http/errors.ts';
import { optionalText } from '../../http/fields.ts';
import { type Call, json, type Routes } from '../../http/operation.ts';

/** Limits and codes are the vendor's. */
const NAME = /^[\w-]{1,64}$/;
const TAGS_MAX = 10;

const CreateBody = z.object({
  backup: z.object({
    volume_id: z.string().min(1),
    name: z.string().regex(NAME, 'has 1 to 64 of A-Z a-z 0-9 _ -'),
    snapshot_id: optionalText,
    description: z
      .string()
      .max(64)
      .regex(/^[^<>]*$/, 'has no < and >')
      .nullish(),
    tags: z
      .array(z.object({ key: z.string(), value: z.string() }))
      .max(TAGS_MAX)
      .nullish(),
    extend_param: z.looseObject({ FullBackup: z.enum(['true', 'false']).nullish() }).nullish(),
  }),
});

const JobAnswer = z.object({ job_id: z.string() });

async function create(call: Call<unknown, z.output<typeof CreateBody>>): Promise<Response> {
  const { name, description, tags, ...backup } = call.body.backup;
  if (name.startsWith('auto'))
    throw badRequest('A name that begins with auto is kept for policies.', 'VolumeBackup.0005');
  const { jobId } = await call.ask((project, caller) =>
    project.createBackup(caller, {
      face: 'vbs',
      volumeId: backup.volume_id,
      snapshotId: backup.snapshot_id,
      name,
      description,
      full: backup.extend_param?.FullBackup === 'true',
      tags: Object.fromEntries((tags ?? []).map(({ key, value }) => [key, value])),
    }),
  );
  return json(200, { job_id: jobId });
}

/** Registers the calls below /vbs/v2/{project_id}. */
export function cloudbackupRoutes(routes: Routes): void {
  routes
    .post('/cloudbackups', {
      summary: 'Create a backup (native form)',
      body: CreateBody,
      codes: {
        'backup.name': 'VolumeBackup.0003',
        'backup.volume_id': 'VolumeBackup.0010',
        'backup.tags': 'VolumeBackup.0049',
      },
      answers: { 200: JobAnswer },
      handle: create,
    })
    .get('/cloudbackups/quota', {
      summary: 'Show how many backups there may be',
      answers: {
        200: z.object({
          quotas: z.object({
            resources: z.array(
              z.object({ type: z.string(), used: z.number(), reserved: z.number(), quota: z.number() }),
            ),
          }),
        }),
      },
      handle: async (call) => {
        const quotas = await call.ask((project, caller) => project.quotas(caller));
        const resources = ['backups', 'backup_gigabytes'].map((type) => {
          const { limit, inUse, reserved } = quotas[type]!;
          return { type, used: inUse, reserved, quota: limit };
        });
        return json(200, { quotas: { resources } });
      },
    })
    .post('/cloudbackups/{backup_id}', {
      summary: 'Delete a backup (native form)',
      answers: { 200: JobAnswer },
      handle: async (call) => {
        const { jobId } = await call.ask((project, caller) =>
          project.deleteBackup(caller, call.params.backup_id!, { face: 'vbs' }),
        );
        return json(200, { job_id: jobId });
      },
    })
    .post('/cloudbackups/{backup_id}/restore', {
      summary: 'Restore a backup over a disk (native form)',
      body: z.object({ restore: z.object({ volume_id: z.string().min(1) }) }),
      codes: { 'restore.volume_id': 'VolumeBackup.0010' },
      answers: { 200: JobAnswer },
      handle: async (call) => {
        const { volume_id: volumeId } = call.body.restore;
        const { jobId } = await call.ask((project, caller) =>
          project.restoreBackup(caller, call.params.backup_id!, { face: 'vbs', volumeId }),
        );
        return json(200, { job_id: jobId });
      },
    });
}
