// What a backup's record says to others: the contract's view of it, and where the bytes are.

import type { DiskSource } from '../protocol.ts';
import type { Backup, BackupPlace } from './contract.ts';
import type { Control } from './control.ts';
import type { BackupRecord } from './records.ts';

/** The contract's view of a record. */
export function bare(record: BackupRecord): Backup {
  const { jobId, storedAs, copyOf, replaces, sharedFrom, ...backup } = record;
  return backup;
}

/** Which vault has the bytes, and under which id. Another project's when that one shares the backup. */
export function placeOf(control: Control, backup: BackupRecord): BackupPlace {
  const { id, vaultId, storedAs: backupId = id } = backup;
  return backup.sharedFrom ?? { projectId: control.projectId, vaultId, backupId };
}

/** A backup as what a disk is made from. */
export function sourceOf(control: Control, backup: BackupRecord): DiskSource {
  return { kind: 'backup', ...placeOf(control, backup) };
}
