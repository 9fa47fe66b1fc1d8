// What the end of a job may touch: only what this job still holds. Every subject may be gone or held by another by then.

import type { JobFailure, JobResult } from '../protocol.ts';
import type { Control } from './control.ts';
import { running } from './jobs.ts';
import type { BackupRecord, Held, JobAction, JobRecord, SnapshotRecord, VaultRecord, VolumeRecord } from './records.ts';
import {
  type BACKUP_STATES,
  endOnBackup,
  endOnSnapshot,
  endOnVolume,
  type SNAPSHOT_STATES,
  type VOLUME_STATES,
} from './states.ts';

const MAKES_DISKS: ReadonlySet<JobAction> = new Set(['createVolume', 'restore']);

export interface Failure {
  readonly code: JobFailure;
  readonly message: string;
}

/** What a job's end means for the documents; runs inside the transaction that settles the job. */
export interface Ending {
  done(control: Control, job: JobRecord, result: JobResult): void;
  failed(control: Control, job: JobRecord, failure: Failure): void;
  /** Vendor code that a failed native job shows; null where there is none: then the failure's own. */
  readonly errorCode: string | null;
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

/** Writes down the end of an operation on the job's volume; a failure's reason is for the volume to show. */
export function endVolume(
  control: Control,
  job: JobRecord,
  operation: keyof typeof VOLUME_STATES,
  failure?: Failure,
  changed: Partial<VolumeRecord> = {},
): VolumeRecord | null {
  const volume = heldVolume(control, job);
  if (volume === null) return null;
  const ended = endOnVolume(volume, operation, failure?.message);
  return control.volumes.put({ ...ended, ...changed, updatedMs: control.now() });
}

/** The same for the job's snapshot. */
export function endSnapshot(
  control: Control,
  job: JobRecord,
  operation: keyof typeof SNAPSHOT_STATES,
  failure?: Failure,
): void {
  const snapshot = heldSnapshot(control, job);
  if (snapshot !== null) control.snapshots.put(endOnSnapshot(snapshot, operation, failure?.message));
}

/** The same for the job's backup; while another disk is made from it, that job goes on holding it. */
export function endBackup(
  control: Control,
  job: JobRecord,
  operation: keyof typeof BACKUP_STATES,
  failure?: Failure,
): void {
  const backup = heldBackup(control, job);
  if (backup === null) return;
  const next = running(control).find(
    (other) => other.id !== job.id && MAKES_DISKS.has(other.action) && other.backupId === backup.id,
  );
  control.backups.put(
    next === undefined ? endOnBackup(backup, operation, failure?.message) : { ...backup, jobId: next.id },
  );
}
