// The disks under a policy of VBS, and what it did for them.

import { type Fault, Refusal } from '../faults.ts';
import type { Page, PolicyResource, PolicyTask, PolicyTaskQuery, Task, VolumeStatus } from './contract.ts';
import type { Actor, Control } from './control.ts';
import { VAULT_RESOURCES_MAX } from './limits.ts';
import { page } from './list.ts';
import { reschedule, volumeIds } from './timetable.ts';
import { type VbsRecord, vbsPolicy } from './vbs-policies.ts';

const VOLUME_RESOURCE = 'volume';

/** Disks in these states are not taken in. */
const REFUSED: readonly VolumeStatus[] = [
  'awaiting-transfer',
  'deleting',
  'error',
  'error_deleting',
  'error_extending',
  'error_restoring',
  'error_rollbacking',
];

const TASK_STATUS: Readonly<Record<Task['status'], PolicyTask['status']>> = {
  waiting: 'WAITING',
  running: 'RUNNING',
  success: 'EXECUTE_SUCCESS',
  failed: 'EXECUTE_FAIL',
  timeout: 'EXECUTE_TIMEOUT',
  skipped: 'SKIP',
};

/** Puts disks under a policy, each on its own. One that another policy has leaves it. */
export function addPolicyResources(
  control: Control,
  actor: Actor,
  id: string,
  resources: readonly { readonly id: string; readonly type: string }[],
): PolicyResource[] {
  const known = vbsPolicy(control, id);
  let policy = known.userId === '' ? { ...known, userId: actor.userId } : known;
  return resources.map((resource): PolicyResource => {
    const failure = refusalOf(() => {
      if (resource.type !== VOLUME_RESOURCE) throw new Refusal('policy-resource-type', { id: resource.id });
      const { status } = control.volume(resource.id);
      if (REFUSED.includes(status)) throw new Refusal('policy-resource-status', { id: resource.id, status });
      const others = volumeIds(control, policy).filter((volumeId) => volumeId !== resource.id);
      if (others.length >= VAULT_RESOURCES_MAX) {
        throw new Refusal('policy-resource-limit', { limit: VAULT_RESOURCES_MAX });
      }
      leaveOthers(control, id, resource.id);
      policy = putVolumes(control, policy, [...others, resource.id]);
    });
    return resourceOf(control, resource.id, resource.type, failure);
  });
}

/** Takes disks from under a policy. What it made of them stays, until its age ends it. */
export function removePolicyResources(control: Control, id: string, ids: readonly string[]): PolicyResource[] {
  let policy = vbsPolicy(control, id);
  return ids.map((volumeId): PolicyResource => {
    const failure = refusalOf(() => {
      const have = policy.vbs.volumeIds;
      if (!have.includes(volumeId)) throw new Refusal('policy-resource-absent', { id: volumeId, policyId: id });
      policy = putVolumes(
        control,
        policy,
        have.filter((one) => one !== volumeId),
      );
    });
    return resourceOf(control, volumeId, VOLUME_RESOURCE, failure);
  });
}

/** What the policy made, and why it did not: its lines of the log. */
export function listPolicyTasks(control: Control, id: string, query: PolicyTaskQuery): Page<PolicyTask> {
  vbsPolicy(control, id);
  const tasks = control.tasks
    .by('policyId', id)
    .filter(({ kind }) => kind === 'backup')
    .map(taskView)
    .filter(
      (task) =>
        (query.taskId === undefined || task.id === query.taskId) &&
        (query.status === undefined || task.status === query.status),
    );
  return page(tasks, query, { created_at: (task) => task.createdMs });
}

function taskView(task: Task): PolicyTask {
  return {
    id: task.id,
    status: TASK_STATUS[task.status],
    createdMs: task.createdMs,
    endedMs: task.endedMs,
    backupName: task.backupName,
    volumeId: task.resourceId,
    errorCode: task.errorCode,
    errorMessage: task.errorMessage,
  };
}

function leaveOthers(control: Control, id: string, volumeId: string): void {
  for (const { id: otherId, vbs } of control.policies.all()) {
    if (otherId === id || !vbs?.volumeIds.includes(volumeId)) continue;
    const rest = vbs.volumeIds.filter((one) => one !== volumeId);
    putVolumes(control, vbsPolicy(control, otherId), rest);
  }
}

/** Points that passed while it had no disks are not made up for. */
function putVolumes(control: Control, policy: VbsRecord, ids: readonly string[]): VbsRecord {
  const nowMs = control.now();
  const doneMs = volumeIds(control, policy).length === 0 ? nowMs : policy.doneMs;
  const changed = { ...policy, vbs: { ...policy.vbs, volumeIds: ids }, doneMs, updatedMs: nowMs };
  control.policies.put(changed);
  reschedule(control, policy.id);
  return changed;
}

function resourceOf(control: Control, volumeId: string, type: string, failure: Fault | null): PolicyResource {
  return { volumeId, type, zone: control.volumes.get(volumeId)?.zone ?? null, failure };
}

function refusalOf(change: () => void): Fault | null {
  try {
    change();
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error.fault;
    throw error;
  }
}
