// Which operation is allowed when, as a table: the statuses that admit it, the status while it runs, the one after it and
// the one after its failure. Operations that only keep books (attaching, flags) are decided where they are written.

import { type FaultCode, type FaultDetail, Refusal } from '../faults.ts';
import type { BackupStatus, SnapshotStatus, VolumeStatus } from './contract.ts';
import type { BackupRecord, SnapshotRecord, VolumeRecord } from './records.ts';

/** `prior`: the status that it had when the operation began. */
interface Transition<S extends string> {
  readonly from: readonly S[];
  readonly during: S;
  readonly after: S | 'prior';
  readonly failed: S | 'prior';
  /** The refusal when the status is not in `from`. */
  readonly fault: FaultCode;
}

const IDLE = ['available', 'in-use'] as const;

export const VOLUME_STATES = {
  extend: { from: IDLE, during: 'extending', after: 'prior', failed: 'error_extending', fault: 'extend-status' },
  delete: {
    from: ['available', 'error', 'error_extending', 'error_restoring', 'error_rollbacking', 'error_deleting'],
    during: 'deleting',
    after: 'deleting',
    failed: 'error_deleting',
    fault: 'volume-delete-status',
  },
  retype: { from: IDLE, during: 'retyping', after: 'prior', failed: 'prior', fault: 'retype-status' },
  rollback: {
    from: ['available', 'error_rollbacking'],
    during: 'rollbacking',
    after: 'available',
    failed: 'error_rollbacking',
    fault: 'rollback-volume-status',
  },
  revert: {
    from: ['available'],
    during: 'reverting',
    after: 'available',
    failed: 'error_rollbacking',
    fault: 'rollback-volume-status',
  },
  transfer: {
    from: ['available'],
    during: 'awaiting-transfer',
    after: 'available',
    failed: 'available',
    fault: 'transfer-volume-status',
  },
  // A failed backup leaves the disk as it was.
  backup: { from: IDLE, during: 'backing-up', after: 'prior', failed: 'prior', fault: 'backup-volume-status' },
  // Again after a failure: what was half replaced has no other cure that keeps the disk.
  restore: {
    from: ['available', 'error_restoring'],
    during: 'restoring-backup',
    after: 'available',
    failed: 'error_restoring',
    fault: 'restore-volume-status',
  },
  // EVS has no status for it; "downloading" is what it shows while an image is put on a disk.
  reinstall: { from: ['in-use'], during: 'downloading', after: 'prior', failed: 'prior', fault: 'detach-status' },
} as const satisfies Record<string, Transition<VolumeStatus>>;

export const SNAPSHOT_STATES = {
  delete: {
    from: ['available', 'error', 'error_deleting'],
    during: 'deleting',
    after: 'deleting',
    failed: 'error_deleting',
    fault: 'snapshot-delete-status',
  },
  rollback: {
    from: ['available'],
    during: 'rollbacking',
    after: 'available',
    failed: 'available',
    fault: 'snapshot-status',
  },
  revert: {
    from: ['available'],
    during: 'restoring',
    after: 'available',
    failed: 'available',
    fault: 'snapshot-status',
  },
  backup: {
    from: ['available'],
    during: 'backing-up',
    after: 'available',
    failed: 'available',
    fault: 'snapshot-status',
  },
} as const satisfies Record<string, Transition<SnapshotStatus>>;

export const BACKUP_STATES = {
  delete: {
    from: ['available', 'error', 'error_deleting'],
    during: 'deleting',
    after: 'deleting',
    failed: 'error_deleting',
    fault: 'backup-delete-status',
  },
  // A failed restore says nothing about the backup: it stays usable.
  restore: {
    from: ['available'],
    during: 'restoring',
    after: 'available',
    failed: 'available',
    fault: 'backup-status',
  },
  // The Cinder form makes several disks of one backup at a time.
  'make disks': {
    from: ['available', 'restoring'],
    during: 'restoring',
    after: 'available',
    failed: 'available',
    fault: 'backup-status',
  },
} as const satisfies Record<string, Transition<BackupStatus>>;

/** What an administrator may say of a volume, a snapshot or a backup, whatever it was. */
export const RESET_VOLUME_STATUSES: readonly VolumeStatus[] = [
  'creating',
  'available',
  'error',
  'attaching',
  'detaching',
  'in-use',
  'maintenance',
  'error_extending',
  'error_restoring',
  'error_rollbacking',
  'error_deleting',
];
export const RESET_SNAPSHOT_STATUSES: readonly SnapshotStatus[] = [
  'creating',
  'available',
  'error',
  'deleting',
  'error_deleting',
];
export const RESET_BACKUP_STATUSES: readonly BackupStatus[] = ['available', 'error'];

/** What a client may say of a snapshot that is `creating` or `deleting` by an administrator's word. */
export const TOLD_SNAPSHOT_STATUSES: Readonly<Partial<Record<SnapshotStatus, readonly SnapshotStatus[]>>> = {
  creating: ['creating', 'available', 'error'],
  deleting: ['deleting', 'error_deleting'],
};

/** Statuses in which a snapshot may be made; `attaching` with force. */
export const SNAPSHOT_VOLUME_STATUSES: readonly VolumeStatus[] = IDLE;

/** Statuses in which bytes may be read or written; the Disk itself refuses during its exclusive operations. */
export const DATA_VOLUME_STATUSES: readonly VolumeStatus[] = [
  ...IDLE,
  'attaching',
  'detaching',
  'backing-up',
  'extending',
  'error_extending',
  'retyping',
];

/** Statuses of a disk that another one may be cloned from. */
export const CLONE_SOURCE_STATUSES: readonly VolumeStatus[] = IDLE;

export const DATA_SNAPSHOT_STATUSES: readonly SnapshotStatus[] = [
  'available',
  'backing-up',
  'rollbacking',
  'restoring',
];

export const DATA_BACKUP_STATUSES: readonly BackupStatus[] = ['available', 'restoring'];

/** The volume with an operation begun on it; throws the operation's refusal. */
export function beginOnVolume(volume: VolumeRecord, name: keyof typeof VOLUME_STATES, jobId: string): VolumeRecord {
  const status = begin(volume, VOLUME_STATES[name]);
  return { ...volume, status, priorStatus: volume.status, jobId, failReason: null };
}

/** The volume after the operation. */
export function endOnVolume(volume: VolumeRecord, name: keyof typeof VOLUME_STATES, failReason?: string): VolumeRecord {
  const status = end(volume.priorStatus ?? 'available', VOLUME_STATES[name], failReason !== undefined);
  return { ...volume, status, priorStatus: null, jobId: null, failReason: failReason ?? null };
}

/** The snapshot with an operation begun on it; throws the operation's refusal. */
export function beginOnSnapshot(
  snapshot: SnapshotRecord,
  name: keyof typeof SNAPSHOT_STATES,
  jobId: string,
): SnapshotRecord {
  const status = begin(snapshot, SNAPSHOT_STATES[name]);
  return { ...snapshot, status, priorStatus: snapshot.status, jobId };
}

/** The snapshot after the operation. */
export function endOnSnapshot(
  snapshot: SnapshotRecord,
  name: keyof typeof SNAPSHOT_STATES,
  failReason?: string,
): SnapshotRecord {
  const status = end(snapshot.priorStatus ?? 'available', SNAPSHOT_STATES[name], failReason !== undefined);
  return { ...snapshot, status, priorStatus: null, jobId: null, failReason: failReason ?? null };
}

/** The backup with an operation begun on it; throws the operation's refusal. */
export function beginOnBackup(backup: BackupRecord, name: keyof typeof BACKUP_STATES, jobId: string): BackupRecord {
  return { ...backup, status: begin(backup, BACKUP_STATES[name]), jobId };
}

/** The backup after the operation. */
export function endOnBackup(backup: BackupRecord, name: keyof typeof BACKUP_STATES, failReason?: string): BackupRecord {
  const status = end(backup.status, BACKUP_STATES[name], failReason !== undefined);
  return { ...backup, status, jobId: null, failReason: failReason ?? null };
}

function begin<S extends string>(held: { id: string; status: S }, transition: Transition<S>): S {
  if (transition.from.includes(held.status)) return transition.during;
  const detail: FaultDetail = { id: held.id, status: held.status, allowed: transition.from.join(', ') };
  throw new Refusal(transition.fault, detail);
}

function end<S extends string>(prior: S, transition: Transition<S>, failed: boolean): S {
  const next = failed ? transition.failed : transition.after;
  return next === 'prior' ? prior : next;
}
