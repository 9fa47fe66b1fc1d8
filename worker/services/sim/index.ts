// The simulator's switches, under /sim/v1: zones go down, bytes rot, days pass. A deployment that does not say that it
// is a simulation refuses all of it.

import { z } from '@hono/zod-openapi';
import { loadConfig, placeSettings } from '../../config.ts';
import type { Env } from '../../env.ts';
import { fault } from '../../faults.ts';
import { badRequest, FaultError, notFound } from '../../http/errors.ts';
import { type App, type Call, json, Routes } from '../../http/operation.ts';
import { mustBeLive } from '../../http/session.ts';
import { ADVANCE_MS_MAX, ADVANCE_WAIT_MS_MAX } from '../../project/limits.ts';
import type { ZoneRpc } from '../../protocol.ts';
import { damageRoutes } from './damage.ts';
import { lossRoutes } from './loss.ts';

/** How slow a zone may be. */
const DELAY_MS_MAX = 60_000;

const ZoneBody = z.object({
  state: z.enum(['up', 'down', 'slow']),
  delay_ms: z.number().int().min(0).max(DELAY_MS_MAX).optional(),
});

const ZoneView = z.object({ name: z.string(), state: z.string(), delay_ms: z.number() }).openapi('SimZone');

/** How long the call may take: years of hourly backups take several. */
const wait_seconds = z
  .number()
  .min(0)
  .max(ADVANCE_WAIT_MS_MAX / 1000)
  .optional();

const ClockBody = z.union([
  z.object({
    advance_seconds: z
      .number()
      .min(0)
      .max(ADVANCE_MS_MAX / 1000),
    wait_seconds,
  }),
  z.object({ until: z.iso.datetime({ offset: true }), wait_seconds }),
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
  const waitMs = body.wait_seconds === undefined ? undefined : body.wait_seconds * 1000;
  const result = await call.ask((project, caller) => project.advanceClock(caller, ms, waitMs));
  return json(200, {
    ...clockView(result),
    ran: result.ran.map((point) => ({
      policy_id: point.policyId,
      due: new Date(point.dueMs).toISOString(),
      checkpoint_ids: point.checkpointIds,
    })),
    swept: result.sweptMs.map((ms) => new Date(ms).toISOString()),
    unsettled: result.unsettled,
    reached: result.reachedTarget,
  });
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
  const routes = new Routes(app, '/sim/v1/{project_id}', { tag: 'sim', envelope: 'plain', access: 'project', guard });
  damageRoutes(routes);
  lossRoutes(routes);
  routes
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
