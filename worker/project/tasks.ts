// CBR's operation log: one line for each thing done to a backup or vault. A line that stands for a job has the job's id
// in dashed form, so the outcome is written to it without a search.

import { Refusal } from '../faults.ts';
import type { Page, Task, TaskQuery } from './contract.ts';
import type { Control } from './control.ts';
import type { Failure } from './held.ts';
import { page } from './list.ts';
import type { JobRecord, TaskRecord } from './records.ts';

type TaskFields = Pick<Task, 'kind'> & Partial<Omit<Task, 'id' | 'kind'>>;

/**
 * Writes a line for a job that has just begun. None about the backup of somebody else (`ownerId`): an administrator's may lie
 * here without the project knowing of it.
 */
export function beginTask(control: Control, jobId: string, fields: TaskFields, ownerId = control.projectId): void {
  if (ownerId !== control.projectId) return;
  put(control, dashed(jobId), jobId, { status: 'running', startedMs: control.now(), ...fields });
}

/** Writes a line for something that did not happen. */
export function skipTask(control: Control, fields: TaskFields & Pick<Task, 'errorCode' | 'errorMessage'>): void {
  put(control, crypto.randomUUID(), null, { status: 'skipped', endedMs: control.now(), ...fields });
}

/** The job's line, if it has one, gets its outcome. */
export function endTask(control: Control, job: JobRecord, failure?: Failure): void {
  const nowMs = control.now();
  control.tasks.patch(dashed(job.id), {
    status: failure === undefined ? 'success' : 'failed',
    progressPercent: failure === undefined ? 100 : 0,
    endedMs: nowMs,
    updatedMs: nowMs,
    errorCode: failure === undefined ? null : 'BackupService.9910',
    errorMessage: failure?.message ?? null,
  });
}

export function getTask(control: Control, id: string): Task {
  const task = control.tasks.get(id);
  if (task === null) throw new Refusal('task-not-found', { id });
  return view(control, task);
}

export function listTasks(control: Control, query: TaskQuery): Page<Task> {
  const tasks = control.tasks
    .all()
    .filter(
      (task) =>
        (query.kind === undefined || task.kind === query.kind) &&
        (query.status === undefined || task.status === query.status) &&
        (query.vaultId === undefined || task.vaultId === query.vaultId) &&
        (query.vaultName === undefined || task.vaultName === query.vaultName) &&
        (query.resourceId === undefined || task.resourceId === query.resourceId) &&
        (query.resourceName === undefined || task.resourceName === query.resourceName) &&
        (query.fromMs === undefined || task.createdMs >= query.fromMs) &&
        (query.toMs === undefined || task.createdMs <= query.toMs),
    );
  const keys = { created_at: (task: TaskRecord) => task.createdMs, id: (task: TaskRecord) => task.id };
  const found = page(tasks, query, keys);
  return { ...found, items: found.items.map((task) => view(control, task)) };
}

function put(
  control: Control,
  id: string,
  jobId: string | null,
  fields: Partial<Task> & Pick<Task, 'kind' | 'status'>,
) {
  const nowMs = control.now();
  control.tasks.put({
    vaultId: null,
    vaultName: null,
    policyId: null,
    checkpointId: null,
    resourceId: null,
    resourceName: null,
    backupId: null,
    backupName: null,
    incremental: false,
    targetId: null,
    targetName: null,
    progressPercent: 0,
    startedMs: null,
    endedMs: null,
    errorCode: null,
    errorMessage: null,
    createdMs: nowMs,
    updatedMs: nowMs,
    ...fields,
    id,
    jobId,
  });
}

function view(control: Control, task: TaskRecord): Task {
  const { jobId, ...shown } = task;
  const percent = jobId === null ? undefined : control.progress.get(jobId);
  return percent === undefined || task.endedMs !== null ? shown : { ...shown, progressPercent: percent };
}

function dashed(jobId: string): string {
  return jobId.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
