// Snapshots in the vendor's native form. Their errors are OpenStack faults, and they have no jobs: poll the status.

import { z } from '@hono/zod-openapi';
import { clearableText, optionalFlag, optionalStringMap, optionalText } from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { nextLink, pageOf } from '../../http/paging.ts';
import { links } from '../cinder/shapes.ts';
import { NativeList, NativeSnapshot } from './shapes.ts';
import { nativeSnapshot } from './views.ts';

const CreateBody = z.object({
  snapshot: z.object({
    volume_id: z.string(),
    name: optionalText,
    description: clearableText,
    force: optionalFlag,
    metadata: optionalStringMap,
  }),
});

const UpdateBody = z.object({ snapshot: z.object({ name: clearableText, description: clearableText }) });

const RollbackBody = z.object({ rollback: z.object({ volume_id: z.string(), name: optionalText }) });

const SnapshotAnswer = z.object({ snapshot: NativeSnapshot });
const RollbackAnswer = z.object({ rollback: z.object({ volume_id: z.string() }) });

async function list(call: Call<z.output<typeof NativeList>, unknown>): Promise<Response> {
  const { query } = call;
  const page = await call.ask((project, caller) =>
    project.listSnapshots(caller, {
      ...pageOf(query, 'refuse'),
      ids: query.id ? [query.id] : undefined,
      name: query.name,
      status: query.status,
      volumeId: query.volume_id,
      zone: query.availability_zone,
    }),
  );
  return json(200, {
    count: page.total,
    snapshots: page.items.map(nativeSnapshot),
    ...(query.limit === undefined ? {} : nextLink(call.endpoints, 'snapshots', page)),
  });
}

async function rollback(call: Call<unknown, z.output<typeof RollbackBody>>): Promise<Response> {
  const { volumeId } = await call.ask((project, caller) =>
    project.rollbackSnapshot(caller, call.params.snapshot_id!, { volumeId: call.body.rollback.volume_id }),
  );
  return json(202, { rollback: { volume_id: volumeId } });
}

/** Registers the snapshot calls of one version. */
export function nativeSnapshotRoutes(routes: Routes): void {
  routes
    .post('/cloudsnapshots', {
      summary: 'Create a snapshot of a disk',
      body: CreateBody,
      answers: { 202: SnapshotAnswer },
      handle: async (call) => {
        const { volume_id: volumeId, name, description, force, metadata } = call.body.snapshot;
        const snapshot = await call.ask((project, caller) =>
          project.createSnapshot(caller, { face: 'native', volumeId, name, description, force, metadata }),
        );
        return json(202, { snapshot: nativeSnapshot(snapshot) });
      },
    })
    .get('/cloudsnapshots/detail', {
      summary: 'List snapshots',
      query: NativeList,
      answers: {
        200: z.object({ count: z.number(), snapshots: z.array(NativeSnapshot), snapshots_links: links.optional() }),
      },
      handle: list,
    })
    .get('/cloudsnapshots/{snapshot_id}', {
      summary: 'Show a snapshot',
      answers: { 200: SnapshotAnswer },
      handle: async (call) => {
        const snapshot = await call.ask((project, caller) => project.getSnapshot(caller, call.params.snapshot_id!));
        return json(200, { snapshot: nativeSnapshot(snapshot) });
      },
    })
    .put('/cloudsnapshots/{snapshot_id}', {
      summary: 'Change name or description of a snapshot',
      body: UpdateBody,
      answers: { 200: SnapshotAnswer },
      handle: async (call) => {
        const snapshot = await call.ask((project, caller) =>
          project.updateSnapshot(caller, call.params.snapshot_id!, call.body.snapshot),
        );
        return json(200, { snapshot: nativeSnapshot(snapshot) });
      },
    })
    .delete('/cloudsnapshots/{snapshot_id}', {
      summary: 'Delete a snapshot',
      answers: { 202: null },
      handle: async (call) => {
        await call.ask((project, caller) => project.deleteSnapshot(caller, call.params.snapshot_id!));
        return empty(202);
      },
    })
    .post('/cloudsnapshots/{snapshot_id}/rollback', {
      summary: 'Roll a disk back to one of its own snapshots',
      body: RollbackBody,
      answers: { 202: RollbackAnswer },
      handle: rollback,
    })
    .post('/os-vendor-snapshots/{snapshot_id}/rollback', {
      summary: 'Roll a disk back to one of its own snapshots (older form)',
      body: RollbackBody,
      answers: { 202: RollbackAnswer },
      handle: rollback,
    });
}
