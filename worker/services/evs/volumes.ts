// Disks in the vendor's native form: v2, v2.1 and v3 cloudvolumes and the older reads, os-vendor-volumes.

import { z } from '@hono/zod-openapi';
import { badRequest } from '../../http/errors.ts';
import { clearableText, flag, ignored, queryDictionary } from '../../http/fields.ts';
import { type Call, json, type Routes } from '../../http/operation.ts';
import { nextLink, pageOf } from '../../http/paging.ts';
import type { VolumeQuery } from '../../project/contract.ts';
import { links, Summary } from '../cinder/shapes.ts';
import { summaryView } from '../cinder/views.ts';
import { CREATE_CODES, CreateBody, createVolumes } from './create.ts';
import { JobAnswer, NativeList, NativeVolume } from './shapes.ts';
import { nativeVolume } from './views.ts';

const IDS_MAX = 60;

const UpdateBody = z.object({ volume: z.object({ name: clearableText, description: clearableText }) });

const ExtendBody = z.object({ 'os-extend': z.object({ new_size: z.number() }), bssParam: ignored });

/** `['id1','id2']`, as Python prints a list. */
function idsOf(text: string): string[] {
  const ids = [...text.matchAll(/[0-9a-zA-Z-]+/g)].map((match) => match[0]);
  if (ids.length > IDS_MAX) throw badRequest(`ids names more than ${IDS_MAX} disks.`, 'EVS.5400');
  return ids;
}

type ListCall = Call<z.output<typeof NativeList>, unknown>;

function queryOf({ query }: ListCall): VolumeQuery {
  const shared = flag.safeParse(query.multiattach);
  return {
    ...pageOf(query, 'refuse'),
    ids: query.ids ? idsOf(query.ids) : query.id ? [query.id] : undefined,
    name: query.name,
    status: query.status,
    zone: query.availability_zone,
    metadata: queryDictionary(query.metadata),
    multiattach: shared.success ? shared.data : undefined,
    serverId: query.server_id,
    type: query.volume_type_id,
  };
}

async function listDetail(call: ListCall, counted: boolean): Promise<Response> {
  const page = await call.ask((project, caller) => project.listVolumes(caller, queryOf(call)));
  return json(200, {
    ...(counted ? { count: page.total } : {}),
    volumes: page.items.map((volume) => nativeVolume(call, volume)),
    ...nextLink(call.endpoints, 'volumes', page),
  });
}

async function show(call: Call<unknown, unknown>): Promise<Response> {
  const volume = await call.ask((project, caller) => project.getVolume(caller, call.params.volume_id!));
  return json(200, { volume: nativeVolume(call, volume) });
}

async function extend(call: Call<unknown, z.output<typeof ExtendBody>>): Promise<{ jobId: string }> {
  const sizeGib = Math.trunc(call.body['os-extend'].new_size);
  return await call.ask((project, caller) => project.extendVolume(caller, call.params.volume_id!, { sizeGib }));
}

/** Registers the calls that v2 and v3 share. */
export function nativeVolumeRoutes(routes: Routes): void {
  const detail = z.object({ volumes: z.array(NativeVolume), volumes_links: links.optional() });
  routes
    .post('/cloudvolumes', {
      summary: 'Create disks: empty, from a snapshot, or from a backup',
      body: CreateBody,
      codes: CREATE_CODES,
      answers: { 200: JobAnswer },
      handle: async (call) => json(200, { job_id: (await createVolumes(call)).jobId }),
    })
    .get('/cloudvolumes', {
      summary: 'List disks',
      query: NativeList,
      answers: { 200: z.object({ volumes: z.array(Summary) }) },
      handle: async (call) => {
        const page = await call.ask((project, caller) => project.listVolumes(caller, queryOf(call)));
        const volumes = page.items.map((volume) => summaryView(call, 'cloudvolumes', volume));
        return json(200, { volumes, ...nextLink(call.endpoints, 'volumes', page) });
      },
    })
    .get('/cloudvolumes/detail', {
      summary: 'List disks with details',
      query: NativeList,
      answers: { 200: detail.extend({ count: z.number() }) },
      handle: (call) => listDetail(call, true),
    })
    .get('/cloudvolumes/{volume_id}', {
      summary: 'Show a disk',
      answers: { 200: z.object({ volume: NativeVolume }) },
      handle: show,
    })
    .put('/cloudvolumes/{volume_id}', {
      summary: 'Change name or description of a disk; the answer is not wrapped',
      body: UpdateBody,
      codes: { 'volume.name': 'EVS.1003', 'volume.description': 'EVS.1004' },
      answers: { 200: NativeVolume },
      handle: async (call) => {
        const { name, description } = call.body.volume;
        if (name == null && description == null) throw badRequest('Give a name or a description.', 'EVS.1007');
        const input = { name: name ?? undefined, description };
        const volume = await call.ask((project, caller) => project.updateVolume(caller, call.params.volume_id!, input));
        return json(200, nativeVolume(call, volume));
      },
    })
    .delete('/cloudvolumes/{volume_id}', {
      summary: 'Delete a disk and its snapshots',
      answers: { 200: JobAnswer },
      handle: async (call) => {
        const input = { face: 'native' } as const;
        const { jobId } = await call.ask((project, caller) =>
          project.deleteVolume(caller, call.params.volume_id!, input),
        );
        return json(200, { job_id: jobId });
      },
    })
    .post('/cloudvolumes/{volume_id}/action', {
      summary: 'Extend a disk',
      body: ExtendBody,
      codes: { '*': 'EVS.1011' },
      answers: { 200: JobAnswer },
      handle: async (call) => json(200, { job_id: (await extend(call)).jobId }),
    })
    .post('/volumes/{volume_id}/retype', {
      summary: 'Change the type of a disk',
      body: z.object({ 'os-retype': z.object({ new_type: z.string() }), bssParam: ignored }),
      codes: { '*': 'EVS.5400' },
      answers: { 202: JobAnswer },
      handle: async (call) => {
        const type = call.body['os-retype'].new_type;
        const { jobId } = await call.ask((project, caller) =>
          project.retypeVolume(caller, call.params.volume_id!, { type }),
        );
        return json(202, { job_id: jobId });
      },
    })
    .get('/os-vendor-volumes/detail', {
      summary: 'List disks with details (older form)',
      query: NativeList,
      answers: { 200: detail },
      handle: (call) => listDetail(call, false),
    })
    .get('/os-vendor-volumes/{volume_id}', {
      summary: 'Show a disk (older form, which Terraform reads)',
      answers: { 200: z.object({ volume: NativeVolume }) },
      handle: show,
    });
}

/** Registers what the newer SDKs call under v2.1. */
export function nativeVolumeRoutes21(routes: Routes): void {
  routes
    .post('/cloudvolumes', {
      summary: 'Create disks; the answer also has their ids',
      body: CreateBody,
      codes: CREATE_CODES,
      answers: { 202: JobAnswer.extend({ volume_ids: z.array(z.string()) }) },
      handle: async (call) => {
        const { jobId, volumes } = await createVolumes(call);
        return json(202, { job_id: jobId, volume_ids: volumes.map((volume) => volume.id) });
      },
    })
    .post('/cloudvolumes/{volume_id}/action', {
      summary: 'Extend a disk',
      body: ExtendBody,
      codes: { '*': 'EVS.1011' },
      answers: { 202: JobAnswer },
      handle: async (call) => json(202, { job_id: (await extend(call)).jobId }),
    });
}
