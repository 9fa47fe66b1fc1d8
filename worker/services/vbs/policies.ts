// Backup policies in the form of VBS: policies, the disks under them, running one now, and what it did.

import { z } from '@hono/zod-openapi';
import { fault } from '../../faults.ts';
import { FaultError } from '../../http/errors.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { pageOf } from '../../http/paging.ts';
import type { VbsPolicy } from '../../project/contract.ts';
import {
  AddBody,
  CODES,
  CreateBody,
  inputOf,
  PolicyId,
  PolicyView,
  policyView,
  RemoveBody,
  Resources,
  resourcesAnswer,
  TaskList,
  TaskView,
  taskView,
  UpdateBody,
} from './policy-shapes.ts';

/** Tasks of one answer when no limit is given. */
const TASKS_DEFAULT = 20;

const idOf = (call: Call<unknown, unknown>) => call.params.policy_id!;

async function listTasks(call: Call<z.output<typeof TaskList>, unknown>): Promise<Response> {
  const { job_id: taskId, status, ...rest } = call.query;
  const paging = pageOf(rest, 'refuse');
  const page = await call.ask((project, caller) =>
    project.listPolicyTasks(caller, idOf(call), { limit: TASKS_DEFAULT, ...defined(paging), taskId, status }),
  );
  return json(200, { count: page.total, tasks: page.items.map(taskView) });
}

/** Without what is undefined, so that defaults show through. */
function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** Registers policies, their disks and tasks. */
export function vbsPolicyRoutes(routes: Routes): void {
  routes
    .get('/backuppolicy', {
      summary: 'List backup policies',
      answers: { 200: z.object({ backup_policies: z.array(PolicyView) }) },
      handle: async (call) => {
        const policies = await call.ask((project, caller) => project.listVbsPolicies(caller));
        return json(200, { backup_policies: policies.map(policyView) });
      },
    })
    .post('/backuppolicy', {
      summary: 'Create a backup policy',
      body: CreateBody,
      codes: CODES,
      answers: { 200: PolicyId },
      handle: async (call) => {
        const input = { ...inputOf(call.body), tags: call.body.tags ?? undefined };
        const { id } = await call.ask((project, caller) => project.createVbsPolicy(caller, input));
        return json(200, { backup_policy_id: id });
      },
    })
    .put('/backuppolicy/{policy_id}', {
      summary: 'Change a backup policy, switch it on or off',
      body: UpdateBody,
      codes: CODES,
      answers: { 200: PolicyId },
      handle: async (call) => {
        const input = inputOf(call.body);
        const { id } = await call.ask((project, caller) => project.updateVbsPolicy(caller, idOf(call), input));
        return json(200, { backup_policy_id: id });
      },
    })
    .delete('/backuppolicy/{policy_id}', {
      summary: 'Delete a backup policy; its backups stay',
      answers: { 204: null },
      handle: async (call) => {
        await call.ask((project, caller) => project.deleteVbsPolicy(caller, idOf(call)));
        return empty(204);
      },
    })
    .post('/backuppolicy/{policy_id}/action', {
      summary: 'Back up the disks of a policy now',
      answers: { 204: null },
      handle: async (call) => {
        await call.ask((project, caller) => project.executeVbsPolicy(caller, idOf(call)));
        return empty(204);
      },
    })
    .get('/backuppolicy/{policy_id}/backuptasks', {
      summary: 'What a policy did',
      query: TaskList,
      answers: { 200: z.object({ count: z.number(), tasks: z.array(TaskView) }) },
      handle: listTasks,
    })
    .post('/backuppolicyresources', {
      summary: 'Put disks under a policy; they leave the one that they were under',
      body: AddBody,
      codes: { resources: 'AutoBackup.0207', backup_policy_id: 'AutoBackup.0006', '*': 'AutoBackup.0008' },
      answers: { 200: Resources },
      handle: async (call) => {
        const { backup_policy_id: id, resources } = call.body;
        const wanted = resources.map(({ resource_id, resource_type: type }) => ({ id: resource_id, type }));
        return resourcesAnswer(await call.ask((project, caller) => project.addPolicyResources(caller, id, wanted)));
      },
    })
    .post('/backuppolicyresources/{policy_id}/deleted_resources', {
      summary: 'Take disks from under a policy',
      body: RemoveBody,
      codes: { resources: 'AutoBackup.0207', '*': 'AutoBackup.0008' },
      answers: { 200: Resources },
      handle: async (call) => {
        const ids = call.body.resources.map(({ resource_id: id }) => id);
        return resourcesAnswer(
          await call.ask((project, caller) => project.removePolicyResources(caller, idOf(call), ids)),
        );
      },
    });
}

/** The policy of a path, of VBS. */
export async function policyOf(call: Call<unknown, unknown>): Promise<VbsPolicy> {
  return await call.ask((project, caller) => project.getVbsPolicy(caller, idOf(call)));
}

/** What is thrown for a tag that a policy does not have. */
export function noSuchTag(id: string, key: string): FaultError {
  return new FaultError(fault('policy-tag-not-found', { id, key: key.slice(0, 64) }));
}
