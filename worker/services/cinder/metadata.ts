// Metadata of volumes and snapshots in the Cinder form: the whole map, and one key of it.

import { z } from '@hono/zod-openapi';
import { badRequest, notFound } from '../../http/errors.ts';
import { stringMap } from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import type { MetadataChange } from '../../project/contract.ts';
import { MetaAnswer, MetadataAnswer } from './shapes.ts';

type Metadata = Readonly<Record<string, string>>;
type AnyCall = Call<unknown, unknown>;

/** How one kind of thing reads and changes its metadata. */
interface Holder {
  readonly collection: 'volumes' | 'snapshots';
  readonly read: (call: AnyCall, id: string) => Promise<Metadata>;
  readonly change: (call: AnyCall, id: string, change: MetadataChange) => Promise<Metadata>;
}

const HOLDERS: readonly Holder[] = [
  {
    collection: 'volumes',
    read: async (call, id) => (await call.find((project, caller) => project.getVolume(caller, id))).metadata,
    change: async (call, id, change) =>
      (await call.find((project, caller) => project.changeVolumeMetadata(caller, id, change))).metadata,
  },
  {
    collection: 'snapshots',
    read: async (call, id) => (await call.find((project, caller) => project.getSnapshot(caller, id))).metadata,
    change: async (call, id, change) =>
      (await call.find((project, caller) => project.changeSnapshotMetadata(caller, id, change))).metadata,
  },
];

const MapBody = z.object({ metadata: stringMap });
const KeyBody = z.object({ meta: stringMap });

/** Registers the metadata calls of volumes and snapshots of one version. */
export function metadataRoutes(routes: Routes): void {
  for (const { collection, read, change } of HOLDERS) {
    const map = `/${collection}/{id}/metadata`;
    const set = (mode: 'merge' | 'replace') => async (call: Call<unknown, z.output<typeof MapBody>>) =>
      json(200, { metadata: await change(call, call.params.id!, { set: call.body.metadata, mode }) });
    routes
      .get(map, {
        summary: `Metadata of one of the ${collection}`,
        answers: { 200: MetadataAnswer },
        handle: async (call) => json(200, { metadata: await read(call, call.params.id!) }),
      })
      .post(map, {
        summary: 'Add or change metadata',
        body: MapBody,
        answers: { 200: MetadataAnswer },
        handle: set('merge'),
      })
      .put(map, {
        summary: 'Replace all metadata',
        body: MapBody,
        answers: { 200: MetadataAnswer },
        handle: set('replace'),
      })
      .get(`${map}/{key}`, {
        summary: 'One metadata item',
        answers: { 200: MetaAnswer },
        handle: async (call) => {
          const key = call.params.key!;
          const metadata = await read(call, call.params.id!);
          if (!Object.hasOwn(metadata, key)) throw notFound(`Metadata item ${key} could not be found.`);
          return json(200, { meta: { [key]: metadata[key] } });
        },
      })
      .put(`${map}/{key}`, {
        summary: 'Set one metadata item',
        body: KeyBody,
        answers: { 200: MetaAnswer },
        handle: async (call) => {
          const key = call.params.key!;
          const keys = Object.keys(call.body.meta);
          if (keys.length !== 1 || keys[0] !== key) {
            throw badRequest('Request body contains too many items, or its key is not the one of the URL.');
          }
          await change(call, call.params.id!, { set: call.body.meta, mode: 'merge' });
          return json(200, { meta: call.body.meta });
        },
      })
      .delete(`${map}/{key}`, {
        summary: 'Remove one metadata item',
        answers: { 200: null },
        handle: async (call) => {
          await change(call, call.params.id!, { remove: [call.params.key!] });
          return empty(200);
        },
      });
  }
}
