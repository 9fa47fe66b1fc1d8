// Tags. The vendor has three shapes of them at once: a list of {key, value} below a disk, a map under os-vendor-tags,
// and a map of lists for all disks together.

import { z } from '@hono/zod-openapi';
import { badRequest, notFound, notImplemented } from '../../http/errors.ts';
import { stringMap } from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import type { MetadataChange, Volume } from '../../project/contract.ts';

type AnyCall = Call<unknown, unknown>;
type TagMap = Readonly<Record<string, string>>;

const TagList = z.array(z.object({ key: z.string(), value: z.string().nullish() }));
const ActionBody = z.object({ action: z.enum(['create', 'delete']), tags: TagList });
const MapBody = z.object({ tags: stringMap });
const AllTags = z.object({ tags: z.record(z.string(), z.array(z.string())) });

async function tagsOf(call: AnyCall): Promise<TagMap> {
  return (await call.ask((project, caller) => project.getVolume(caller, call.params.id!))).tags;
}

async function change(call: AnyCall, tags: MetadataChange): Promise<TagMap> {
  return (await call.ask((project, caller) => project.changeVolumeTags(caller, call.params.id!, tags))).tags;
}

async function act(call: Call<unknown, z.output<typeof ActionBody>>): Promise<Response> {
  const { action, tags } = call.body;
  if (action === 'create') {
    await change(call, { set: Object.fromEntries(tags.map(({ key, value }) => [key, value ?? ''])), mode: 'merge' });
  } else {
    // Deleting a tag that is not there is no error to the vendor, so only those that are there are removed.
    const present = await tagsOf(call);
    const remove = tags.map(({ key }) => key).filter((key) => Object.hasOwn(present, key));
    if (remove.length > 0) await change(call, { remove });
  }
  return empty(204);
}

async function allVolumes(call: AnyCall): Promise<Volume[]> {
  const volumes: Volume[] = [];
  for (let marker: string | undefined; ; ) {
    const page = await call.ask((project, caller) => project.listVolumes(caller, { marker }));
    volumes.push(...page.items);
    marker = page.items.at(-1)?.id;
    if (!page.more || marker === undefined) return volumes;
  }
}

async function allTags(call: AnyCall): Promise<Response> {
  const values = new Map<string, Set<string>>();
  for (const volume of await allVolumes(call)) {
    for (const [key, value] of Object.entries(volume.tags)) values.set(key, (values.get(key) ?? new Set()).add(value));
  }
  return json(200, { tags: Object.fromEntries([...values].map(([key, set]) => [key, [...set]])) });
}

function onlyVolumes(call: AnyCall): void {
  const { type } = call.params;
  if (type === 'snapshots' || type === 'backups') throw notImplemented(`Tagging ${type}`);
  if (type !== 'volumes') throw notFound(`There are no resources of type ${type}.`);
}

/** Registers the tag calls of one version. */
export function tagRoutes(routes: Routes): void {
  for (const parent of ['cloudvolumes', 'os-vendor-volumes']) {
    routes
      .get(`/${parent}/{id}/tags`, {
        summary: 'Tags of a disk, as a list',
        answers: { 200: z.object({ tags: TagList }) },
        handle: async (call) => {
          const tags = Object.entries(await tagsOf(call)).map(([key, value]) => ({ key, value }));
          return json(200, { tags });
        },
      })
      .post(`/${parent}/{id}/tags/action`, {
        summary: 'Add or delete several tags of a disk',
        body: ActionBody,
        codes: { tags: 'EVS.1062', '*': 'EVS.5400' },
        answers: { 204: null },
        handle: act,
      });
  }
  const map = '/os-vendor-tags/{type}/{id}';
  const set = (mode: 'merge' | 'replace') => async (call: Call<unknown, z.output<typeof MapBody>>) => {
    onlyVolumes(call);
    return json(200, { tags: await change(call, { set: call.body.tags, mode }) });
  };
  routes
    .get('/os-vendor-tags/{type}', {
      summary: 'All tags of all disks: values by key',
      answers: { 200: AllTags },
      handle: (call) => {
        onlyVolumes(call);
        return allTags(call);
      },
    })
    .get('/cloudvolumes/tags', {
      summary: 'All tags of all disks (newer form)',
      answers: { 200: AllTags },
      handle: allTags,
    })
    .get(map, {
      summary: 'Tags of a disk, as a map',
      answers: { 200: MapBody },
      handle: async (call) => {
        onlyVolumes(call);
        return json(200, { tags: await tagsOf(call) });
      },
    })
    .post(map, { summary: 'Add tags', body: MapBody, answers: { 200: MapBody }, handle: set('merge') })
    .put(map, { summary: 'Replace all tags', body: MapBody, answers: { 200: MapBody }, handle: set('replace') })
    .get(`${map}/{key}`, {
      summary: 'One tag',
      answers: { 200: z.object({ tag: stringMap }) },
      handle: async (call) => {
        onlyVolumes(call);
        const tags = await tagsOf(call);
        const key = call.params.key!;
        if (!Object.hasOwn(tags, key)) throw notFound(`Tag ${key} could not be found.`);
        return json(200, { tag: { [key]: tags[key] } });
      },
    })
    .put(`${map}/{key}`, {
      summary: 'Set one tag',
      body: z.object({ tag: stringMap }),
      answers: { 200: z.object({ tag: stringMap }) },
      handle: async (call) => {
        onlyVolumes(call);
        const keys = Object.keys(call.body.tag);
        if (keys.length !== 1 || keys[0] !== call.params.key) {
          throw badRequest('The body must have one tag, with the key of the URL.', 'EVS.1062');
        }
        await change(call, { set: call.body.tag, mode: 'merge' });
        return json(200, { tag: call.body.tag });
      },
    })
    .delete(`${map}/{key}`, {
      summary: 'Delete one tag',
      answers: { 200: null },
      handle: async (call) => {
        onlyVolumes(call);
        await change(call, { remove: [call.params.key!] });
        return empty(200);
      },
    })
    .post(`${map}/action`, {
      summary: 'Delete several tags',
      body: z.object({ 'os-delete_tags': z.record(z.string(), z.unknown()) }),
      answers: { 200: null },
      handle: async (call) => {
        onlyVolumes(call);
        await change(call, { remove: Object.keys(call.body['os-delete_tags']) });
        return empty(200);
      },
    });
}
