// Limits and quotas of compute: there are none here, and clients that show those of volumes ask for both.

import { z } from '@hono/zod-openapi';
import { type Call, json, type Routes } from '../../http/operation.ts';

const LimitsAnswer = z.object({
  limits: z.object({ rate: z.array(z.unknown()), absolute: z.record(z.string(), z.number()) }),
});
const QuotaAnswer = z.object({ quota_set: z.object({ id: z.string() }) });

type AnyCall = Call<unknown, unknown>;

/** No project is asked for what it limits, but a token that was revoked is still refused. */
const checkToken = (call: AnyCall) => call.ask((project, caller) => project.checkToken(caller));

async function quotaSet(call: AnyCall): Promise<Response> {
  await checkToken(call);
  return json(200, { quota_set: { id: call.params.quota_project_id } });
}

/** Registers the calls below /ecs/v2.1/{project_id}. */
export function computeLimitRoutes(routes: Routes): void {
  const set = '/os-quota-sets/{quota_project_id}';
  routes
    .get('/limits', {
      summary: 'Absolute limits of compute: none',
      answers: { 200: LimitsAnswer },
      handle: async (call) => {
        await checkToken(call);
        return json(200, { limits: { rate: [], absolute: {} } });
      },
    })
    .get(set, { summary: 'Quotas of compute: none', answers: { 200: QuotaAnswer }, handle: quotaSet })
    .get(`${set}/defaults`, {
      summary: 'Default quotas of compute: none',
      answers: { 200: QuotaAnswer },
      handle: quotaSet,
    });
}
