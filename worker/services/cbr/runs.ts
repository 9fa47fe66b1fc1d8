// Runs: a checkpoint is one run of a vault, the operation log is all that was ever run.

import { z } from '@hono/zod-openapi';
import { badRequest } from '../../http/errors.ts';
import { clearableText, optionalFlag, optionalText } from '../../http/fields.ts';
import { type Call, json, type Routes } from '../../http/operation.ts';
import { pageOf } from '../../http/paging.ts';
import { PAGE_LIMIT_MAX } from '../../project/limits.ts';
import { CheckpointView, TaskView } from './shapes.ts';
import { checkpointView, taskView } from './views.ts';

const TaskList = z.object({
  operation_type: optionalText,
  status: optionalText,
  vault_id: optionalText,
  vault_name: optionalText,
  resource_id: optionalText,
  resource_name: optionalText,
  start_time: optionalText,
  end_time: optionalText,
  limit: optionalText,
  offset: optionalText,
});

const CheckpointBody = z.object({
  checkpoint: z.object({
    vault_id: z.string(),
    parameters: z
      .object({
        name: optionalText,
        description: clearableText,
        incremental: optionalFlag,
        auto_trigger: optionalFlag,
        resources: z.array(z.string()).nullish(),
        resource_details: z.array(z.looseObject({ id: z.string() })).nullish(),
        policy_id: optionalText,
      })
      .nullish(),
  }),
});

/** A time in a query, in milliseconds. */
export function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw badRequest(`Invalid time ${text.slice(0, 64)}: write 2026-01-31T23:59:59Z.`);
  return ms;
}

async function createCheckpoint(call: Call<unknown, z.output<typeof CheckpointBody>>): Promise<Response> {
  const { vault_id: vaultId, parameters } = call.body.checkpoint;
  const resourceIds = parameters?.resources ?? parameters?.resource_details?.map((resource) => resource.id);
  const checkpoint = await call.ask((project, caller) =>
    project.createCheckpoint(caller, {
      vaultId,
      name: parameters?.name,
      description: parameters?.description,
      incremental: parameters?.incremental,
      automatic: parameters?.auto_trigger,
      policyId: parameters?.policy_id,
      resourceIds: resourceIds && resourceIds.length > 0 ? resourceIds : undefined,
    }),
  );
  return json(200, { checkpoint: checkpointView(checkpoint) });
}

async function listTasks(call: Call<z.output<typeof TaskList>, unknown>): Promise<Response> {
  const { query } = call;
  const paging = pageOf(query, 'refuse');
  const page = await call.ask((project, caller) =>
    project.listTasks(caller, {
      ...paging,
      kind: query.operation_type,
      status: query.status,
      vaultId: query.vault_id,
      vaultName: query.vault_name,
      resourceId: query.resource_id,
      resourceName: query.resource_name,
      fromMs: timeOf(query.start_time),
      toMs: timeOf(query.end_time),
    }),
  );
  return json(200, {
    operation_logs: page.items.map((task) => taskView(task, call.params.project_id!)),
    count: page.total,
    limit: paging.limit ?? PAGE_LIMIT_MAX,
    offset: paging.offset ?? 0,
  });
}

/** Registers checkpoints and the operation log. */
export function runRoutes(routes: Routes): void {
  routes
    .post('/checkpoints', {
      summary: 'Back up a vault now',
      body: CheckpointBody,
      answers: { 200: z.object({ checkpoint: CheckpointView }) },
      handle: createCheckpoint,
    })
    .get('/checkpoints/{checkpoint_id}', {
      summary: 'Show a checkpoint',
      answers: { 200: z.object({ checkpoint: CheckpointView }) },
      handle: async (call) => {
        const id = call.params.checkpoint_id!;
        const checkpoint = await call.ask((project, caller) => project.getCheckpoint(caller, id));
        return json(200, { checkpoint: checkpointView(checkpoint) });
      },
    })
    .get('/operation-logs', {
      summary: 'List what was done',
      query: TaskList,
      answers: { 200: z.object({ operation_logs: z.array(TaskView), count: z.number() }) },
      handle: listTasks,
    })
    .get('/operation-logs/{task_id}', {
      summary: 'Show one thing that was done',
      answers: { 200: z.object({ operation_log: TaskView }) },
      handle: async (call) => {
        const task = await call.ask((project, caller) => project.getTask(caller, call.params.task_id!));
        return json(200, { operation_log: taskView(task, call.params.project_id!) });
      },
    });
}
