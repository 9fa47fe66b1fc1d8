// Jobs: the intent to have something done by a Disk or a Vault, stored before anything happens there. A job's row is
// written in the same transaction as the status that it explains; the driver (driver.ts) then sees it through.

import { Refusal } from '../faults.ts';
import type { ApiJob } from './contract.ts';
import type { Control } from './control.ts';
import { PATIENCE } from './limits.ts';
import type { JobAction, JobRecord, JobSubjects, JobTarget, VolumeRecord } from './records.ts';
import { expectSweep } from './sweep-time.ts';

/** 32 hex digits, as every vendor example has them. */
export function newJobId(): string {
  return crypto.randomUUID().replaceAll('-', '');
}

/** The same id as a UUID with dashes. */
export function dashed(jobId: string): string {
  return jobId.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export interface NewJob extends JobSubjects {
  readonly id: string;
  readonly action: JobAction;
  readonly apiType?: ApiJob['type'] | undefined;
  readonly target: JobTarget;
  readonly entities?: ApiJob['entities'] | undefined;
  readonly afterJobId?: string | null | undefined;
  readonly parentId?: string | undefined;
}

/** Stores a job inside the change that it explains. A job without a target is over at once. */
export function begin(control: Control, job: NewJob): JobRecord {
  const atOnce = job.target.kind === 'none';
  const nowMs = control.now();
  const record: JobRecord = {
    ...job,
    apiType: job.apiType ?? null,
    afterJobId: job.afterJobId ?? null,
    parentId: job.parentId ?? null,
    entities: job.entities ?? {},
    state: atOnce ? 'over' : 'running',
    succeeded: atOnce ? true : null,
    accepted: false,
    attempt: 0,
    beginMs: nowMs,
    endMs: atOnce ? nowMs : null,
    startedRealMs: Date.now(),
    endedRealMs: atOnce ? Date.now() : null,
    errorCode: null,
    failReason: null,
    lastError: null,
  };
  control.jobs.put(record);
  if (!atOnce) {
    control.due.set(`job:${job.id}`, Date.now() + PATIENCE.safetyNetMs);
    control.jobBegun(job.id);
  }
  expectSweep(control);
  return record;
}

/** The target of a job on a volume's Disk. */
export function onDisk(
  control: Control,
  volume: Pick<VolumeRecord, 'id' | 'zone'>,
  job: Extract<JobTarget, { kind: 'disk' }>['job'],
): JobTarget {
  return { kind: 'disk', id: volume.id, owner: { projectId: control.projectId, zone: volume.zone }, job };
}

/** The target of a job on a Vault. */
export function onVault(id: string, job: Extract<JobTarget, { kind: 'vault' }>['job']): JobTarget {
  return { kind: 'vault', id, job };
}

/** Jobs that are not settled. */
export function running(control: Control): JobRecord[] {
  return control.due
    .jobIds()
    .map((id) => control.jobs.get(id))
    .filter((job) => job?.state === 'running') as JobRecord[];
}

/** A job as the native form shows it. */
export function getJob(control: Control, id: string): ApiJob {
  const job = control.jobs.get(id);
  // Those without a type belong to calls that have no job: their ids are nobody's business.
  if (job === null || job.apiType === null) throw new Refusal('job-not-found', { id });
  const parts = job.action === 'none' ? control.jobs.by('parentId', id) : [];
  return parts.length === 0 ? view(job, []) : sumOf(job, parts);
}

/** The job of several parts: running while one is, failed when one has. */
function sumOf(job: JobRecord, parts: readonly JobRecord[]): ApiJob {
  const subJobs = parts.toSorted((a, b) => ((a.entities.name ?? a.id) < (b.entities.name ?? b.id) ? -1 : 1));
  const views = subJobs.map((part) => view(part, []));
  const whole = view(job, views);
  if (views.some((part) => part.endMs === null)) return { ...whole, status: 'RUNNING', endMs: null };
  const failed = views.find((part) => part.status === 'FAIL');
  const endMs = Math.max(...views.map((part) => part.endMs ?? 0));
  if (failed === undefined) return { ...whole, status: 'SUCCESS', endMs };
  return { ...whole, status: 'FAIL', endMs, errorCode: failed.errorCode, failReason: failed.failReason };
}

function view(job: JobRecord, subJobs: readonly ApiJob[]): ApiJob {
  const status = job.succeeded === null ? (job.accepted ? 'RUNNING' : 'INIT') : job.succeeded ? 'SUCCESS' : 'FAIL';
  return {
    id: job.id,
    type: job.apiType!,
    status,
    beginMs: job.beginMs,
    endMs: job.endMs,
    errorCode: job.errorCode,
    failReason: job.failReason,
    entities: job.entities,
    subJobs,
  };
}
