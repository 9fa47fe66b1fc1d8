// Volumes in the Cinder form: create, list, show, update, delete, summary.

import { z } from '@hono/zod-openapi';
import { badRequest } from '../../http/errors.ts';
import {
  clearableText,
  flag,
  ignored,
  optionalFlag,
  optionalStringMap,
  optionalText,
  queryDictionary,
  queryFlag,
  whole,
} from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { askEvery, isAdmin } from '../../http/reach.ts';
import type { VolumeQuery, VolumeSummary } from '../../project/contract.ts';
import { VOLUME_SORT_KEYS } from '../../project/volumes.ts';
import { ListParameters, listBody, pageFor } from './lists.ts';
import { CinderVolume, CinderVolumeDetail, links, Summary } from './shapes.ts';
import { SINCE } from './since.ts';
import { summaryView, volumeDetail, volumeView } from './views.ts';

const CreateBody = z.object({
  volume: z.object({
    size: whole.nullish(),
    name: optionalText,
    display_name: optionalText,
    description: clearableText,
    display_description: clearableText,
    availability_zone: optionalText,
    volume_type: optionalText,
    metadata: optionalStringMap,
    snapshot_id: optionalText,
    source_volid: optionalText,
    imageRef: optionalText,
    backup_id: optionalText,
    consistencygroup_id: ignored,
    group_id: ignored,
    multiattach: optionalFlag,
    count: z.number().int().nullish(),
  }),
});

const UpdateBody = z.object({
  volume: z.object({
    name: clearableText,
    description: clearableText,
    display_name: clearableText,
    display_description: clearableText,
    metadata: optionalStringMap,
  }),
});

const VolumeList = ListParameters.extend({
  name: z.string().optional(),
  status: z.string().optional(),
  availability_zone: z.string().optional(),
  bootable: z.string().optional(),
  metadata: z.string().optional(),
  volume_type_id: z.string().optional(),
  multiattach: z.string().optional(),
  size: z.string().optional(),
});

type ListCall = Call<z.output<typeof VolumeList>, unknown>;

function queryOf(call: ListCall): VolumeQuery {
  const { query } = call;
  const asFlag = (text: string | undefined) => flag.safeParse(text).data;
  return {
    name: query.name ?? query.display_name,
    status: query.status,
    zone: query.availability_zone,
    bootable: asFlag(query.bootable),
    multiattach: asFlag(query.multiattach),
    type: query.volume_type_id,
    sizeGib: query.size === undefined ? undefined : Number(query.size),
    metadata: queryDictionary(query.metadata),
  };
}

async function list(call: ListCall, detailed: boolean): Promise<Response> {
  const query = queryOf(call);
  const page = await pageFor(call, VOLUME_SORT_KEYS, (project, caller, paging) =>
    project.listVolumes(caller, { ...query, ...paging }),
  );
  return json(
    200,
    listBody(call, 'volumes', page, (volume) =>
      detailed ? volumeDetail(call, volume) : summaryView(call, 'volumes', volume),
    ),
  );
}

async function create(call: Call<unknown, z.output<typeof CreateBody>>): Promise<Response> {
  const { volume } = call.body;
  if (volume.imageRef) throw badRequest(`Invalid image identifier: there is no image ${volume.imageRef}.`);
  const { volumes } = await call.ask((project, caller) =>
    project.createVolumes(caller, {
      face: 'cinder',
      sizeGib: volume.size ?? undefined,
      name: volume.name ?? volume.display_name,
      description: volume.description ?? volume.display_description,
      zone: volume.availability_zone,
      type: volume.volume_type,
      metadata: volume.metadata,
      snapshotId: volume.snapshot_id,
      sourceVolumeId: volume.source_volid,
      // Cinder ignores keys that it does not know yet at the version of the request.
      backupId: call.microversion >= SINCE.volumeFromBackup ? volume.backup_id : undefined,
      multiattach: volume.multiattach,
      count: volume.count ?? undefined,
    }),
  );
  return json(202, { volume: volumeView(call, volumes[0]!) });
}

async function update(call: Call<unknown, z.output<typeof UpdateBody>>): Promise<Response> {
  const { volume } = call.body;
  const changed = await call.find((project, caller) =>
    project.updateVolume(caller, call.params.volume_id!, {
      name: volume.name ?? volume.display_name,
      // Null clears, absent keeps; the new name of the field wins over the old one.
      description: volume.description !== undefined ? volume.description : volume.display_description,
      metadata: volume.metadata,
    }),
  );
  return json(200, { volume: volumeView(call, changed) });
}

async function summary(call: Call<{ all_tenants?: string | undefined }, unknown>): Promise<Response> {
  const all = isAdmin(call.caller) && queryFlag(call.query.all_tenants);
  const parts = all
    ? await askEvery(call.session, call.env, (project, caller) => project.summarizeVolumes(caller))
    : [await call.ask((project, caller) => project.summarizeVolumes(caller))];
  return json(200, {
    'volume-summary': {
      total_count: parts.reduce((sum, part) => sum + part.count, 0),
      total_size: parts.reduce((sum, part) => sum + part.sizeGib, 0),
      ...(call.microversion >= SINCE.summaryMetadata ? { metadata: metadataOf(parts) } : {}),
    },
  });
}

/** Every value of each key, once. */
function metadataOf(parts: readonly VolumeSummary[]): Record<string, string[]> {
  const values = new Map<string, Set<string>>();
  for (const [key, own] of parts.flatMap((part) => Object.entries(part.metadata))) {
    values.set(key, new Set([...(values.get(key) ?? []), ...own]));
  }
  return Object.fromEntries([...values].map(([key, own]) => [key, [...own]]));
}

/** Registers the volume calls of one version. */
export function volumeRoutes(routes: Routes): void {
  const listAnswer = (item: z.ZodType) => z.object({ volumes: z.array(item), volumes_links: links.optional() });
  routes
    .post('/volumes', {
      summary: 'Create a volume: empty, from a snapshot, from another volume, or from a backup (3.47)',
      body: CreateBody,
      answers: { 202: z.object({ volume: CinderVolume }) },
      handle: create,
    })
    .get('/volumes', {
      summary: 'List volumes',
      query: VolumeList,
      answers: { 200: listAnswer(Summary) },
      handle: (call) => list(call, false),
    })
    .get('/volumes/detail', {
      summary: 'List volumes with details',
      query: VolumeList,
      answers: { 200: listAnswer(CinderVolumeDetail) },
      handle: (call) => list(call, true),
    })
    .get('/volumes/summary', {
      summary: 'Number and size of all volumes',
      since: SINCE.volumeSummary,
      query: z.object({ all_tenants: z.string().optional() }),
      answers: { 200: z.object({ 'volume-summary': z.object({ total_count: z.number(), total_size: z.number() }) }) },
      handle: summary,
    })
    .get('/volumes/{volume_id}', {
      summary: 'Show a volume',
      answers: { 200: z.object({ volume: CinderVolumeDetail }) },
      handle: show,
    })
    .get('/volumes/{volume_id}/encryption', {
      summary: 'How a volume is encrypted: none is',
      answers: { 200: z.object({ encryption_key_id: z.null() }) },
      handle: encryption,
    })
    .put('/volumes/{volume_id}', {
      summary: 'Change name, description or metadata of a volume',
      body: UpdateBody,
      answers: { 200: z.object({ volume: CinderVolume }) },
      handle: update,
    })
    .delete('/volumes/{volume_id}', {
      summary: 'Delete a volume; with cascade also its snapshots',
      query: z.object({ cascade: z.string().optional(), force: z.string().optional() }),
      answers: { 202: null },
      handle: async (call) => {
        const force = call.microversion >= SINCE.forcedDeletion && queryFlag(call.query.force);
        const input = { face: 'cinder', cascade: queryFlag(call.query.cascade), force } as const;
        await call.find((project, caller) => project.deleteVolume(caller, call.params.volume_id!, input));
        return empty(202);
      },
    });
}

/** Nothing is encrypted beyond what the platform does with everything: there are no keys to tell. */
const NOT_ENCRYPTED = { encryption_key_id: null };

async function encryption(call: Call<unknown, unknown>): Promise<Response> {
  await call.find((project, caller) => project.getVolume(caller, call.params.volume_id!));
  return json(200, NOT_ENCRYPTED);
}

async function show(call: Call<unknown, unknown>): Promise<Response> {
  const volume = await call.find((project, caller) => project.getVolume(caller, call.params.volume_id!));
  return json(200, { volume: volumeDetail(call, volume) });
}
