// Snapshots in the Cinder form.

import { z } from '@hono/zod-openapi';
import { clearableText, optionalFlag, optionalStringMap, optionalText, queryDictionary } from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { SNAPSHOT_SORT_KEYS } from '../../project/snapshots.ts';
import { ListParameters, listBody, pageFor } from './lists.ts';
import { CinderSnapshot, CinderSnapshotDetail, links } from './shapes.ts';
import { SINCE } from './since.ts';
import { snapshotDetail, snapshotView } from './views.ts';

const CreateBody = z.object({
  snapshot: z.object({
    // Null is a volume that does not exist: 404, as in Cinder.
    volume_id: z.string().nullable(),
    name: optionalText,
    display_name: optionalText,
    description: clearableText,
    display_description: clearableText,
    force: optionalFlag,
    metadata: optionalStringMap,
  }),
});

const UpdateBody = z.object({
  snapshot: z.object({
    name: clearableText,
    display_name: clearableText,
    description: clearableText,
    display_description: clearableText,
  }),
});

const SnapshotList = ListParameters.extend({
  name: z.string().optional(),
  status: z.string().optional(),
  volume_id: z.string().optional(),
  availability_zone: z.string().optional(),
  metadata: z.string().optional(),
});

async function list(call: Call<z.output<typeof SnapshotList>, unknown>, detailed: boolean): Promise<Response> {
  const { query } = call;
  const page = await pageFor(call, SNAPSHOT_SORT_KEYS, (project, caller, paging) =>
    project.listSnapshots(caller, {
      ...paging,
      name: query.name ?? query.display_name,
      status: query.status,
      volumeId: query.volume_id,
      zone: query.availability_zone,
      metadata: call.microversion >= SINCE.snapshotsByMetadata ? queryDictionary(query.metadata) : undefined,
    }),
  );
  const view = detailed ? snapshotDetail : snapshotView;
  return json(
    200,
    listBody(call, 'snapshots', page, (snapshot) => view(call, snapshot)),
  );
}

async function create(call: Call<unknown, z.output<typeof CreateBody>>): Promise<Response> {
  const { snapshot } = call.body;
  const made = await call.find((project, caller) =>
    project.createSnapshot(caller, {
      face: 'cinder',
      volumeId: snapshot.volume_id ?? 'None',
      name: snapshot.name ?? snapshot.display_name,
      description: snapshot.description ?? snapshot.display_description,
      force: snapshot.force,
      metadata: snapshot.metadata,
    }),
  );
  return json(202, { snapshot: snapshotView(call, made) });
}

/** Registers the snapshot calls of one version. */
export function snapshotRoutes(routes: Routes): void {
  const listAnswer = (item: z.ZodType) => z.object({ snapshots: z.array(item), snapshots_links: links.optional() });
  routes
    .post('/snapshots', {
      summary: 'Create a snapshot',
      body: CreateBody,
      answers: { 202: z.object({ snapshot: CinderSnapshot }) },
      handle: create,
    })
    .get('/snapshots', {
      summary: 'List snapshots',
      query: SnapshotList,
      answers: { 200: listAnswer(CinderSnapshot) },
      handle: (call) => list(call, false),
    })
    .get('/snapshots/detail', {
      summary: 'List snapshots with details',
      query: SnapshotList,
      answers: { 200: listAnswer(CinderSnapshotDetail) },
      handle: (call) => list(call, true),
    })
    .get('/snapshots/{snapshot_id}', {
      summary: 'Show a snapshot',
      answers: { 200: z.object({ snapshot: CinderSnapshotDetail }) },
      handle: async (call) => {
        const snapshot = await call.find((project, caller) => project.getSnapshot(caller, call.params.snapshot_id!));
        return json(200, { snapshot: snapshotDetail(call, snapshot) });
      },
    })
    .put('/snapshots/{snapshot_id}', {
      summary: 'Change name or description of a snapshot',
      body: UpdateBody,
      answers: { 200: z.object({ snapshot: CinderSnapshot }) },
      handle: async (call) => {
        const { name, display_name, description, display_description } = call.body.snapshot;
        const snapshot = await call.find((project, caller) =>
          project.updateSnapshot(caller, call.params.snapshot_id!, {
            name: name ?? display_name,
            description: description !== undefined ? description : display_description,
          }),
        );
        return json(200, { snapshot: snapshotView(call, snapshot) });
      },
    })
    .delete('/snapshots/{snapshot_id}', {
      summary: 'Delete a snapshot',
      answers: { 202: null },
      handle: async (call) => {
        await call.find((project, caller) => project.deleteSnapshot(caller, call.params.snapshot_id!));
        return empty(202);
      },
    });
}
