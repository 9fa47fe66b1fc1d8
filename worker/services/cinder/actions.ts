// POST /volumes/{id}/action: one call with many verbs, each a row of the table below.

import { z } from '@hono/zod-openapi';
import { ApiError, badRequest } from '../../http/errors.ts';
import { flag, optionalText, stringMap, whole } from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import type { MetadataChange } from '../../project/contract.ts';
import { connectionTo } from './connections.ts';
import { SINCE } from './since.ts';

interface Action<S extends z.ZodType = z.ZodType> {
  readonly input: S;
  readonly status?: number;
  readonly since?: number;
  /** What it resolves to is the answer's body when `answers` says so. */
  readonly run: (call: Call<unknown, unknown>, id: string, input: z.output<S>) => Promise<unknown>;
  readonly answers?: true;
}

const action = <S extends z.ZodType>(definition: Action<S>): Action => definition as unknown as Action;

/** Verbs without parameters get {}, null or anything. */
const nothing = z.unknown().optional();

/** One of these words, in letters of any size; null reads as absent. */
const oneOf = (...words: readonly string[]) =>
  optionalText.refine((text) => text === undefined || words.includes(text.toLowerCase()), `one of ${words.join(', ')}`);

/** What a client says of an attachment; Cinder wants a server or a host. */
const AttachInput = z.object({
  instance_uuid: optionalText,
  host_name: optionalText,
  mountpoint: optionalText,
  mode: z.enum(['rw', 'ro']).nullish(),
});

const ACTIONS: Readonly<Record<string, Action>> = {
  'os-extend': action({
    input: z.object({ new_size: whole }),
    run: (call, id, input) =>
      call.find((project, caller) => project.extendVolume(caller, id, { sizeGib: input.new_size })),
  }),
  'os-reserve': action({
    input: nothing,
    run: (call, id) => call.find((project, caller) => project.reserveVolume(caller, id)),
  }),
  'os-unreserve': action({
    input: nothing,
    run: (call, id) => call.find((project, caller) => project.unreserveVolume(caller, id)),
  }),
  'os-attach': action({
    input: AttachInput,
    run: (call, id, input) => {
      if (!input.instance_uuid && !input.host_name) throw badRequest('Either instance_uuid or host_name is needed.');
      return call.find((project, caller) =>
        project.attachVolume(caller, id, {
          serverId: input.instance_uuid,
          hostName: input.host_name,
          device: input.mountpoint,
          mode: input.mode ?? undefined,
        }),
      );
    },
  }),
  'os-detach': action({
    input: z.object({ attachment_id: optionalText }).nullish(),
    run: (call, id, input) =>
      call.find((project, caller) => project.detachVolume(caller, id, { attachmentId: input?.attachment_id ?? null })),
  }),
  'os-begin_detaching': action({
    input: nothing,
    run: (call, id) => call.find((project, caller) => project.beginDetachingVolume(caller, id)),
  }),
  'os-roll_detaching': action({
    input: nothing,
    run: (call, id) => call.find((project, caller) => project.rollDetachingVolume(caller, id)),
  }),
  'os-set_bootable': action({
    input: z.object({ bootable: flag }),
    status: 200,
    run: (call, id, input) =>
      call.find((project, caller) => project.setVolumeFlags(caller, id, { bootable: input.bootable })),
  }),
  'os-update_readonly_flag': action({
    input: z.object({ readonly: flag }),
    run: (call, id, input) =>
      call.find((project, caller) => project.setVolumeFlags(caller, id, { readonly: input.readonly })),
  }),
  'os-retype': action({
    input: z.object({ new_type: z.string().min(1), migration_policy: z.enum(['never', 'on-demand']).nullish() }),
    run: (call, id, input) =>
      call.find((project, caller) => project.retypeVolume(caller, id, { type: input.new_type })),
  }),
  revert: action({
    input: z.object({ snapshot_id: z.string() }),
    since: SINCE.revert,
    run: (call, id, input) =>
      call.find((project, caller) => project.revertVolume(caller, id, { snapshotId: input.snapshot_id })),
  }),
  'os-force_delete': action({
    input: nothing,
    run: (call, id) =>
      call.find((project, caller) => project.deleteVolume(caller, id, { face: 'cinder', force: true, cascade: true })),
  }),
  'os-reset_status': action({
    input: z.object({
      status: optionalText,
      attach_status: oneOf('attached', 'detached'),
      migration_status: oneOf('migrating', 'error', 'success', 'completing', 'none', 'starting'),
    }),
    run: (call, id, input) => {
      const { status, attach_status: attachStatus, migration_status: migrationStatus } = input;
      if (status === undefined && attachStatus === undefined && migrationStatus === undefined) {
        throw badRequest("Must specify 'status', 'attach_status' or 'migration_status' for update.");
      }
      // Nothing migrates here, so there is no such status to set.
      return call.find((project, caller) => project.resetVolumeStatus(caller, id, { status, attachStatus }));
    },
  }),
  'os-force_detach': action({
    input: z.object({ attachment_id: optionalText, connector: z.unknown().optional() }),
    run: (call, id, input) =>
      call.find((project, caller) =>
        project.detachVolume(caller, id, { attachmentId: input.attachment_id ?? null, force: true }),
      ),
  }),
  'os-set_image_metadata': action({
    input: z.object({ metadata: stringMap }),
    status: 200,
    answers: true,
    run: async (call, id, input) => ({
      metadata: await imageMetadata(call, id, { set: input.metadata, mode: 'merge' }),
    }),
  }),
  'os-unset_image_metadata': action({
    input: z.object({ key: z.string().min(1) }),
    status: 200,
    run: (call, id, input) => imageMetadata(call, id, { remove: [input.key] }),
  }),
  'os-show_image_metadata': action({
    input: nothing,
    status: 200,
    answers: true,
    run: async (call, id) => ({
      metadata: (await call.find((project, caller) => project.getVolume(caller, id))).imageMetadata ?? {},
    }),
  }),
  'os-initialize_connection': action({
    input: z.object({ connector: z.looseObject({}) }),
    status: 200,
    answers: true,
    run: async (call, id) => ({ connection_info: await connectionTo(call, id) }),
  }),
  'os-terminate_connection': action({
    input: z.object({ connector: z.looseObject({}).nullish() }),
    run: (call, id) => call.find((project, caller) => project.getVolume(caller, id)),
  }),
};

async function imageMetadata(call: Call<unknown, unknown>, id: string, change: MetadataChange) {
  const changed = await call.find((project, caller) => project.changeImageMetadata(caller, id, change));
  return changed.imageMetadata ?? {};
}

/** Verbs of the real service that are refused in words. */
const NOT_YET = new Set([
  'os-volume_upload_image',
  'os-migrate_volume',
  'os-migrate_volume_completion',
  'os-reimage',
  'os-unmanage',
]);

type ActionCall = Call<unknown, Readonly<Record<string, unknown>>>;

async function act(call: ActionCall): Promise<Response> {
  const { body } = call;
  const names = Object.keys(body);
  const [name = ''] = names;
  if (names.length !== 1) throw badRequest('The body must have exactly one action.');
  if (NOT_YET.has(name)) throw new ApiError(501, `Action ${name} is not implemented; see docs/compatibility.md`);
  const known = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (known === undefined || call.microversion < (known.since ?? 0)) {
    throw badRequest(`There is no such action: ${name.slice(0, 64)}`);
  }
  // Null was let through for verbs without parameters; the others need theirs.
  const input = known.input.safeParse(body[name]);
  if (!input.success && body[name] === null) throw badRequest(`Action ${name} needs parameters.`);
  const result = await known.run(call, call.params.volume_id!, input.success ? input.data : body[name]);
  const status = known.status ?? 202;
  return known.answers ? json(status, result) : empty(status);
}

/** Registers the action call of one version, with the verbs that it has. */
export function volumeActionRoutes(routes: Routes): void {
  const verbs = Object.entries(ACTIONS).filter(([, { since = 0 }]) => routes.reaches(since));
  routes.post('/volumes/{volume_id}/action', {
    summary: `Act on a volume: ${verbs.map(([name]) => name).join(', ')}`,
    body: z.looseObject(Object.fromEntries(verbs.map(([name, { input }]) => [name, input.nullish()]))),
    answers: { 200: z.looseObject({}), 202: null },
    handle: act,
  });
}
