// POST /volumes/{id}/action: one call with many verbs, each a row of the table below.

import { z } from '@hono/zod-openapi';
import { ApiError, badRequest } from '../../http/errors.ts';
import { flag, optionalText, whole } from '../../http/fields.ts';
import { type Call, empty, type Routes } from '../../http/operation.ts';

/** First microversion that knows `revert`. */
const REVERT = 40;

interface Action<S extends z.ZodType = z.ZodType> {
  readonly input: S;
  readonly status?: number;
  readonly since?: number;
  readonly run: (call: Call<unknown, unknown>, id: string, input: z.output<S>) => Promise<unknown>;
}

const action = <S extends z.ZodType>(definition: Action<S>): Action => definition as unknown as Action;

/** Verbs without parameters get {}, null or anything. */
const nothing = z.unknown().optional();

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
      call.ask((project, caller) => project.extendVolume(caller, id, { sizeGib: input.new_size })),
  }),
  'os-reserve': action({
    input: nothing,
    run: (call, id) => call.ask((project, caller) => project.reserveVolume(caller, id)),
  }),
  'os-unreserve': action({
    input: nothing,
    run: (call, id) => call.ask((project, caller) => project.unreserveVolume(caller, id)),
  }),
  'os-attach': action({
    input: AttachInput,
    run: (call, id, input) => {
      if (!input.instance_uuid && !input.host_name) throw badRequest('Either instance_uuid or host_name is needed.');
      return call.ask((project, caller) =>
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
      call.ask((project, caller) => project.detachVolume(caller, id, { attachmentId: input?.attachment_id ?? null })),
  }),
  'os-begin_detaching': action({
    input: nothing,
    run: (call, id) => call.ask((project, caller) => project.beginDetachingVolume(caller, id)),
  }),
  'os-roll_detaching': action({
    input: nothing,
    run: (call, id) => call.ask((project, caller) => project.rollDetachingVolume(caller, id)),
  }),
  'os-set_bootable': action({
    input: z.object({ bootable: flag }),
    status: 200,
    run: (call, id, input) =>
      call.ask((project, caller) => project.setVolumeFlags(caller, id, { bootable: input.bootable })),
  }),
  'os-update_readonly_flag': action({
    input: z.object({ readonly: flag }),
    run: (call, id, input) =>
      call.ask((project, caller) => project.setVolumeFlags(caller, id, { readonly: input.readonly })),
  }),
  'os-retype': action({
    input: z.object({ new_type: z.string().min(1), migration_policy: z.enum(['never', 'on-demand']).nullish() }),
    run: (call, id, input) => call.ask((project, caller) => project.retypeVolume(caller, id, { type: input.new_type })),
  }),
  revert: action({
    input: z.object({ snapshot_id: z.string() }),
    since: REVERT,
    run: (call, id, input) =>
      call.ask((project, caller) => project.revertVolume(caller, id, { snapshotId: input.snapshot_id })),
  }),
  'os-force_delete': action({
    input: nothing,
    run: (call, id) =>
      call.ask((project, caller) => project.deleteVolume(caller, id, { face: 'cinder', force: true, cascade: true })),
  }),
  'os-reset_status': action({
    // Attachments and migrations have no status of their own here that could be wrong.
    input: z.object({ status: z.string() }),
    run: (call, id, input) => call.ask((project, caller) => project.resetVolumeStatus(caller, id, input.status)),
  }),
};

/** Verbs of the real service that are refused in words. */
const NOT_YET = new Set([
  'os-volume_upload_image',
  'os-initialize_connection',
  'os-terminate_connection',
  'os-set_image_metadata',
  'os-unset_image_metadata',
  'os-show_image_metadata',
  'os-force_detach',
  'os-migrate_volume',
  'os-migrate_volume_completion',
  'os-reimage',
  'os-unmanage',
]);

const ActionBody = z.looseObject(
  Object.fromEntries(Object.entries(ACTIONS).map(([name, { input }]) => [name, input.nullish()])),
);

async function act(call: Call<unknown, z.output<typeof ActionBody>>): Promise<Response> {
  const body: Readonly<Record<string, unknown>> = call.body;
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
  await known.run(call, call.params.volume_id!, body[name]);
  return empty(known.status ?? 202);
}

/** Registers the action call of one version. */
export function volumeActionRoutes(routes: Routes): void {
  routes.post('/volumes/{volume_id}/action', {
    summary: `Act on a volume: ${Object.keys(ACTIONS).join(', ')}`,
    body: ActionBody,
    answers: { 200: null, 202: null },
    handle: act,
  });
}
