// What the end of a job may touch: only what this job still holds. Every subject may be gone or held by another by then.

import type { JobFailure, JobResult } from '../protocol.ts';
import type { Control } from './control.ts';
import type { BackupRecord, Held, JobRecord, SnapshotRecord, VaultRecord, VolumeRecord } from './records.ts';

export interface Failure {
  readonly code: JobFailure;
  readonly message: string;
}

/** What a job's end means for the documents; runs inside the transaction that settles the job. */
export interface Ending {
  done(control: Control, job: JobRecord, result: JobResult): void;
  failed(control: Control, job: JobRecord, failure: Failure): void;
  /** Vendor code that a failed native job shows. */
  readonly errorCode: string;
}

/** The job's volume if it is still this job that holds it. */
export function heldVolume(control: Control, job: JobRecord): VolumeRecord | null {
  return held(job.volumeId === undefined ? null : control.volumes.get(job.volumeId), job);
}

export function heldSnapshot(control: Control, job: JobRecord): SnapshotRecord | null {
  return held(job.snapshotId === undefined ? null : control.snapshots.get(job.snapshotId), job);
}

export function heldBackup(control: Control, job: JobRecord): BackupRecord | null {
  return held(job.backupId === undefined ? null : control.backups.get(job.backupId), job);
}

export function heldVault(control: Control, job: JobRecord): VaultRecord | null {
  return held(job.vaultId === undefined ? null : control.vaults.get(job.vaultId), job);
}

function held<T extends Held>(document: T | null, job: JobRecord): T | null {
  return document !== null && document.jobId === job.id ? document : null;
}
