// What a policy will keep, before it does so: a dry run, also of rules that are not saved.

import { z } from '@hono/zod-openapi';
import { optionalFlag } from '../../http/fields.ts';
import { type Call, json, type Routes } from '../../http/operation.ts';
import type { PlannedBackup, RetentionPlanInput } from '../../project/contract.ts';

/** The rules in the words of CBR's policies, as a PUT of one would have them. */
const Body = z
  .object({
    enabled: optionalFlag,
    operation_definition: z.record(z.string(), z.unknown()).nullish(),
    trigger: z.object({ properties: z.object({ pattern: z.array(z.string()).min(1).max(24) }) }).nullish(),
    at: z.iso.datetime({ offset: true }).nullish(),
  })
  .nullish();

const Planned = z.object({
  backup_id: z.string(),
  name: z.string(),
  volume_id: z.string(),
  vault_id: z.string(),
  status: z.string(),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  keep: z.boolean(),
  /** Of what goes: right after the next backup or change of rules, or with the daily sweep. */
  when: z.enum(['now', 'sweep']).nullable(),
  reason: z.string(),
});

const Plan = z
  .object({
    at: z.string(),
    enabled: z.boolean(),
    kept: z.number().int(),
    deleted: z.number().int(),
    backups: z.array(Planned),
    next_runs: z.array(z.string()),
    next_sweep: z.string(),
  })
  .openapi('RetentionPlan');

const time = (ms: number) => new Date(ms).toISOString();

function planned({ id, volumeId, vaultId, createdMs, expiresMs, ...rest }: PlannedBackup): z.input<typeof Planned> {
  return {
    backup_id: id,
    volume_id: volumeId,
    vault_id: vaultId,
    created_at: time(createdMs),
    expires_at: expiresMs === null ? null : time(expiresMs),
    ...rest,
  };
}

function inputOf(body: z.output<typeof Body>): RetentionPlanInput {
  const { enabled, operation_definition: definition, trigger, at } = body ?? {};
  return {
    enabled,
    definition: definition ?? undefined,
    patterns: trigger?.properties.pattern,
    atMs: at == null ? undefined : Date.parse(at),
  };
}

async function plan(call: Call<unknown, z.output<typeof Body>>): Promise<Response> {
  const input = inputOf(call.body);
  const { atMs, enabled, backups, nextRunsMs, nextSweepMs } = await call.ask((project, caller) =>
    project.planRetention(caller, call.params.policy_id!, input),
  );
  const kept = backups.filter(({ keep }) => keep).length;
  return json(200, {
    at: time(atMs),
    enabled,
    kept,
    deleted: backups.length - kept,
    backups: backups.map(planned),
    next_runs: nextRunsMs.map(time),
    next_sweep: time(nextSweepMs),
  });
}

/** Registers the dry run of a policy's retention. */
export function retentionRoutes(routes: Routes): void {
  routes.post('/policies/{policy_id}/retention-plan', {
    summary: 'What a policy keeps and deletes, and why, and when it runs: now or at a time, by its rules or by others',
    body: Body,
    answers: { 200: Plan },
    handle: plan,
  });
}
