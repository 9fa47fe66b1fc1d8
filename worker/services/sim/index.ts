// The simulator's switches, under /sim/v1: zones go down, bytes rot, days pass. A deployment that does not say that it
// is a simulation refuses all of it.

import { z } from '@hono/zod-openapi';
import { loadConfig, placeSettings } from '../../config.ts';
import type { Env } from '../../env.ts';
import { fault } from '../../faults.ts';
import { ApiError, badRequest, FaultError, notFound } from '../../http/errors.ts';
import { type App, type Call, json, Routes } from '../../http/operation.ts';
import { mustBeLive } from '../../http/session.ts';
import { ADVANCE_MS_MAX, GIB } from '../../project/limits.ts';
import type { DiskRpc, ZoneRpc } from '../../protocol.ts';

/** How slow a zone may be. */
const DELAY_MS_MAX = 60_000;

const ZoneBody = z.object({
  state: z.enum(['up', 'down', 'slow']),
  delay_ms: z.number().int().min(0).max(DELAY_MS_MAX).optional(),
});

const ZoneView = z.object({ name: z.string(), state: z.string(), delay_ms: z.number() }).openapi('SimZone');

const bytes = z.number().int().min(0);
const DamageBody = z.object({
  target: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('snapshot'), snapshotId: z.string() }),
    z.object({ kind: z.literal('range'), offset: bytes, length: bytes.min(1) }),
    z.object({ kind: z.literal('page') }),
    z.object({ kind: z.literal('log') }),
    z.object({ kind: z.literal('all') }),
  ]),
  fault: z.enum(['flip', 'lose', 'misdirect']),
  count: z.number().int().min(1).max(1_000_000).default(1),
  seed: z.number().int().min(0).max(0xffffffff).default(1),
});

const ClockBody = z.union([
  z.object({
    advance_seconds: z
      .number()
      .min(0)
      .max(ADVANCE_MS_MAX / 1000),
  }),
  z.object({ until: z.iso.datetime({ offset: true }) }),
]);

const ClockView = z.looseObject({ now: z.string(), offset_seconds: z.number() }).openapi('SimClock');

function zoneOf(env: Env, name: string): ZoneRpc {
  return env.ZONE.get(env.ZONE.idFromName(name)) as unknown as ZoneRpc;
}

async function zoneView(env: Env, name: string): Promise<z.input<typeof ZoneView>> {
  const { state, delayMs } = await zoneOf(env, name).health();
  return { name, state, delay_ms: delayMs };
}

const clockView = (state: { nowMs: number; offsetMs: number }) => ({
  now: new Date(state.nowMs).toISOString(),
  offset_seconds: state.offsetMs / 1000,
});

async function advance(call: Call<unknown, z.output<typeof ClockBody>>): Promise<Response> {
  const { body } = call;
  let ms: number;
  if ('until' in body) {
    const { nowMs } = await call.ask((project, caller) => project.clock(caller));
    ms = Date.parse(body.until) - nowMs;
    if (ms < 0) throw badRequest('until is in the past: time does not run backwards.');
  } else {
    ms = Math.round(body.advance_seconds * 1000);
  }
  const result = await call.ask((project, caller) => project.advanceClock(caller, ms));
  return json(200, {
    ...clockView(result),
    ran: result.ran.map((point) => ({
      policy_id: point.policyId,
      due: new Date(point.dueMs).toISOString(),
      checkpoint_ids: point.checkpointIds,
    })),
    unsettled: result.unsettled,
    reached: result.reachedTarget,
  });
}

async function damage(call: Call<unknown, z.output<typeof DamageBody>>): Promise<Response> {
  const { target } = call.body;
  const volume = await call.ask((project, caller) => project.getVolume(caller, call.params.id!));
  // What does not exist is said here: the disk cannot answer with more than a failure.
  if (target.kind === 'snapshot') {
    const snapshot = await call.ask((project, caller) => project.getSnapshot(caller, target.snapshotId));
    if (snapshot.volumeId !== volume.id) throw notFound(`Volume ${volume.id} has no snapshot ${snapshot.id}.`);
  }
  if (target.kind === 'range' && target.offset + target.length > volume.sizeGib * GIB) {
    throw badRequest(`The range is beyond the end of the volume, ${volume.sizeGib} GiB.`);
  }
  const disk = call.env.DISK.get(call.env.DISK.idFromName(volume.id)) as unknown as DiskRpc;
  try {
    const { hit } = await disk.damage({ projectId: volume.projectId, zone: volume.zone }, call.body);
    return json(200, { hit });
  } catch (error) {
    // To find its victims the disk walks its own pages, which an earlier call may have damaged.
    throw new ApiError(409, `The disk cannot be damaged further in this way: ${(error as Error).message}`);
  }
}

/** Registers the service. */
export function registerSim(app: App): void {
  const guard = (env: Env) => {
    if (!placeSettings(env).simulation) throw new FaultError(fault('not-simulation'));
  };
  new Routes(app, '/sim/v1', { tag: 'sim', envelope: 'plain', access: 'token', guard })
    .get('/zones', {
      summary: 'Health of all zones',
      answers: { 200: z.object({ zones: z.array(ZoneView) }) },
      handle: async (call) => {
        await mustBeLive(call.env, call.session);
        const { zones } = loadConfig(call.env);
        return json(200, { zones: await Promise.all(zones.map((zone) => zoneView(call.env, zone.name))) });
      },
    })
    .put('/zones/{zone}', {
      summary: 'Take a zone down, make it slow, or bring it up again. Any valid token may: it is only a simulation',
      body: ZoneBody,
      answers: { 200: ZoneView },
      handle: async (call) => {
        await mustBeLive(call.env, call.session);
        const name = call.params.zone!;
        if (!loadConfig(call.env).zones.some((zone) => zone.name === name)) {
          throw notFound(`There is no zone ${name}: GET /sim/v1/zones lists them.`);
        }
        const { state, delay_ms: delayMs = state === 'slow' ? 100 : 0 } = call.body;
        await zoneOf(call.env, name).set(state, delayMs);
        return json(200, await zoneView(call.env, name));
      },
    });
  new Routes(app, '/sim/v1/{project_id}', { tag: 'sim', envelope: 'plain', access: 'project', guard })
    .post('/volumes/{id}/damage', {
      summary: 'Damage what a disk stores: flip bits, lose or misdirect stored bytes',
      body: DamageBody,
      answers: { 200: z.object({ hit: z.number() }) },
      handle: damage,
    })
    .get('/clock', {
      summary: "The project's clock",
      answers: { 200: ClockView },
      handle: async (call) => json(200, clockView(await call.ask((project, caller) => project.clock(caller)))),
    })
    .post('/clock', {
      summary: "Advance the project's clock: everything that comes due on the way is run",
      body: ClockBody,
      answers: { 200: ClockView },
      handle: advance,
    });
}
