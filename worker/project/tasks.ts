// CBR's operation log: one line for each thing done to a backup or vault. A line that stands for a job has the job's id
// in dashed form, so the outcome is written to it without a search.

import { Refusal } from '../faults.ts';
import type { Page, Task, TaskQuery } from './contract.ts';
import type { Control } from './control.ts';
import type { Failure } from './held.ts';
import { dashed } from './jobs.ts';
import { page } from './list.ts';
import type { JobRecord, TaskRecord } from './records.ts';

/** Why a job failed, where the vendor has a code for it. */
const ERROR_CODES: Readonly<Partial<Record<Failure['code'], string>>> = { full: 'BackupService.6114' };

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
  logTask(control, { status: 'skipped', startedMs: null, ...fields });
}

/** Writes a line for something that is over already. */
export function logTask(control: Control, fields: TaskFields & Pick<Task, 'status'>): void {
  const nowMs = control.now();
  const progressPercent = fields.status === 'success' ? 100 : 0;
  put(control, crypto.randomUUID(), null, { startedMs: nowMs, endedMs: nowMs, progressPercent, ...fields });
}

/** The job's line, if it has one, gets its outcome. */
export function endTask(control: Control, job: JobRecord, failure?: Failure): void {
  const nowMs = control.now();
  control.tasks.patch(dashed(job.id), {
    status: failure === undefined ? 'success' : 'failed',
    progressPercent: failure === undefined ? 100 : 0,
    endedMs: nowMs,
    updatedMs: nowMs,
    errorCode: failure === undefined ? null : (ERROR_CODES[failure.code] ?? 'BackupService.9910'),
    ...(failure === undefined ? {} : failCount(control, dashed(job.id))),
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
  const percent = jobId === null ? undefined : control.percent(jobId);
  return percent === undefined || task.endedMs !== null ? shown : { ...shown, progressPercent: percent };
}

/** What counts several things failed for all of them. */
function failCount(control: Control, id: string): Pick<Task, 'failCount'> {
  const { totalCount } = control.tasks.get(id) ?? {};
  return totalCount === undefined ? {} : { failCount: totalCount };
}
