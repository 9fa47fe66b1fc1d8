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
import { nextLink, pageOf } from '../../http/paging.ts';
import type { VolumeQuery } from '../../project/contract.ts';
import { ListParameters } from './lists.ts';
import { CinderVolume, CinderVolumeDetail, links, Summary } from './shapes.ts';
import { summaryView, volumeDetail, volumeView } from './views.ts';

/** First microversions that take or give something. */
const SUMMARY = 12;
const SUMMARY_METADATA = 36;
const WITH_COUNT = 45;
const CREATE_FROM_BACKUP = 47;

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
  with_count: z.string().optional(),
});

type ListCall = Call<z.output<typeof VolumeList>, unknown>;

function queryOf(call: ListCall): VolumeQuery {
  const { query } = call;
  const bootable = flag.safeParse(query.bootable);
  return {
    ...pageOf(query, 'clip'),
    name: query.name ?? query.display_name,
    status: query.status,
    zone: query.availability_zone,
    bootable: bootable.success ? bootable.data : undefined,
    metadata: queryDictionary(query.metadata),
  };
}

async function list(call: ListCall, detailed: boolean): Promise<Response> {
  const page = await call.ask((project, caller) => project.listVolumes(caller, queryOf(call)));
  const volumes = page.items.map((volume) =>
    detailed ? volumeDetail(call, volume) : summaryView(call, 'volumes', volume),
  );
  const counted = call.microversion >= WITH_COUNT && queryFlag(call.query.with_count);
  return json(200, {
    volumes,
    ...nextLink(call.endpoints, 'volumes', page),
    ...(counted ? { count: page.total } : {}),
  });
}

async function create(call: Call<unknown, z.output<typeof CreateBody>>): Promise<Response> {
  const { volume } = call.body;
  if (volume.source_volid) throw badRequest('source_volid is not supported: make a snapshot and use snapshot_id.');
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
      // Cinder ignores keys that it does not know yet at the version of the request.
      backupId: call.microversion >= CREATE_FROM_BACKUP ? volume.backup_id : undefined,
      multiattach: volume.multiattach,
      count: volume.count ?? undefined,
    }),
  );
  return json(202, { volume: volumeView(call, volumes[0]!) });
}

async function update(call: Call<unknown, z.output<typeof UpdateBody>>): Promise<Response> {
  const { volume } = call.body;
  const changed = await call.ask((project, caller) =>
    project.updateVolume(caller, call.params.volume_id!, {
      name: volume.name ?? volume.display_name,
      // Null clears, absent keeps; the new name of the field wins over the old one.
      description: volume.description !== undefined ? volume.description : volume.display_description,
      metadata: volume.metadata,
    }),
  );
  return json(200, { volume: volumeView(call, changed) });
}

async function summary(call: Call<unknown, unknown>): Promise<Response> {
  let count = 0;
  let gib = 0;
  const metadata: Record<string, string[]> = {};
  for (let marker: string | undefined; ; ) {
    const page = await call.ask((project, caller) => project.listVolumes(caller, { marker }));
    for (const volume of page.items) {
      count++;
      gib += volume.sizeGib;
      for (const [key, value] of Object.entries(volume.metadata)) {
        const values = Object.hasOwn(metadata, key) ? metadata[key]! : [];
        metadata[key] = values.includes(value) ? values : [...values, value];
      }
    }
    marker = page.items.at(-1)?.id;
    if (!page.more || marker === undefined) break;
  }
  return json(200, {
    'volume-summary': {
      total_count: count,
      total_size: gib,
      ...(call.microversion >= SUMMARY_METADATA ? { metadata } : {}),
    },
  });
}

/** Registers the volume calls of one version. */
export function volumeRoutes(routes: Routes): void {
  const listAnswer = (item: z.ZodType) => z.object({ volumes: z.array(item), volumes_links: links.optional() });
  routes
    .post('/volumes', {
      summary: 'Create a volume: empty, from a snapshot, or from a backup (3.47)',
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
      summary: `Number and size of all volumes (3.${SUMMARY})`,
      answers: { 200: z.object({ 'volume-summary': z.object({ total_count: z.number(), total_size: z.number() }) }) },
      handle: (call) => (call.microversion >= SUMMARY ? summary(call) : show(call, 'summary')),
    })
    .get('/volumes/{volume_id}', {
      summary: 'Show a volume',
      answers: { 200: z.object({ volume: CinderVolumeDetail }) },
      handle: (call) => show(call, call.params.volume_id!),
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
        const input = { face: 'cinder', cascade: queryFlag(call.query.cascade) } as const;
        await call.ask((project, caller) => project.deleteVolume(caller, call.params.volume_id!, input));
        return empty(202);
      },
    });
}

async function show(call: Call<unknown, unknown>, id: string): Promise<Response> {
  const volume = await call.ask((project, caller) => project.getVolume(caller, id));
  return json(200, { volume: volumeDetail(call, volume) });
}
