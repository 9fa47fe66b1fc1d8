// POST /snapshots/{id}/action.

import { z } from '@hono/zod-openapi';
import { badRequest } from '../../http/errors.ts';
import { type Call, empty, type Routes } from '../../http/operation.ts';

const ActionBody = z.looseObject({
  'os-reset_status': z.object({ status: z.string().min(1) }).optional(),
  'os-force_delete': z.unknown().optional(),
  'os-update_snapshot_status': z
    .object({
      status: z.string().min(1),
      progress: z
        .string()
        .regex(/^\d{1,3}%$/)
        .nullish(),
    })
    .optional(),
});

async function act(call: Call<unknown, z.output<typeof ActionBody>>): Promise<Response> {
  const id = call.params.snapshot_id!;
  const names = Object.keys(call.body);
  const [name = ''] = names;
  if (names.length !== 1) throw badRequest('The body must have exactly one action.');
  const { 'os-reset_status': reset, 'os-update_snapshot_status': told } = call.body;
  if (name === 'os-force_delete') {
    await call.find((project, caller) => project.deleteSnapshot(caller, id, { force: true }));
  } else if (reset !== undefined) {
    await call.find((project, caller) => project.resetSnapshotStatus(caller, id, reset.status));
  } else if (told !== undefined) {
    const progressPercent = told.progress == null ? undefined : Math.min(Number.parseInt(told.progress, 10), 100);
    await call.find((project, caller) =>
      project.tellSnapshotStatus(caller, id, { status: told.status, progressPercent }),
    );
  } else {
    throw badRequest(`There is no such action: ${name.slice(0, 64)}`);
  }
  return empty(202);
}

/** Registers the action call of one version. */
export function snapshotActionRoutes(routes: Routes): void {
  routes.post('/snapshots/{snapshot_id}/action', {
    summary: 'Act on a snapshot: os-reset_status, os-force_delete (for administrators), os-update_snapshot_status',
    body: ActionBody,
    answers: { 202: null },
    handle: act,
  });
}
