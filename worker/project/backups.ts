// Backups: listed, read, described, deleted.

import { type Face, Refusal } from '../faults.ts';
import { bare } from './backup-places.ts';
import type { Backup, BackupQuery, Caller, Page, UpdateDetails } from './contract.ts';
import type { Control } from './control.ts';
import { beginDeleteBackup } from './delete-backups.ts';
import { changedDetails } from './fields.ts';
import { GIB } from './limits.ts';
import { commonKeys, page, type SortKeys } from './list.ts';
import { refuseLocked } from './locks.ts';
import type { BackupRecord } from './records.ts';
import { receivedBackups } from './sharing-records.ts';
import { RESET_BACKUP_STATUSES } from './states.ts';
import { usedBytes } from './vault-records.ts';

/** What backups may be ordered by. */
export const BACKUP_SORT_KEYS: SortKeys<Backup> = {
  ...commonKeys<Backup>(),
  size: (backup) => backup.sizeGib,
  volume_id: (backup) => backup.volumeId,
  protected_at: (backup) => backup.dataMs,
};

/**
 * A backup that the caller may know of: an administrator of another project may have made some here, and others may have
 * shared some that were accepted.
 */
export function visibleBackup(control: Control, caller: Caller, id: string): BackupRecord {
  const backup = control.backup(id);
  if (!sees(control, caller, backup)) throw new Refusal('backup-not-found', { id });
  return backup;
}

function sees(control: Control, caller: Caller, backup: BackupRecord): boolean {
  // An administrator who looks for a backup in all projects means the original, not what others were given of it.
  if (backup.sharedFrom !== undefined) return caller.homeProjectId === undefined;
  return backup.projectId === control.projectId || caller.roles.includes('admin');
}

export function getBackup(control: Control, caller: Caller, id: string): Backup {
  const backup = withProgress(control, visibleBackup(control, caller, id));
  return { ...backup, hasDependents: control.backups.by('parentId', id).length > 0 };
}

export function listBackups(control: Control, caller: Caller, query: BackupQuery): Page<Backup> {
  const { ownType = 'private' } = query;
  const backups = [
    ...(ownType === 'shared' ? [] : ownBackups(control, caller, query)),
    ...(ownType === 'private' ? [] : sharedBackups(control, query)),
  ];
  const fullEnough = vaultsBeyond(control, query.vaultUsedPercentMin);
  const matching = backups.filter(
    (backup) => matches(backup, query) && (fullEnough === null || fullEnough.has(backup.vaultId)),
  );
  const parents = new Set(control.backups.column('parentId').values());
  const found = page(matching, query, BACKUP_SORT_KEYS);
  return { ...found, items: found.items.map((backup) => ({ ...backup, hasDependents: parents.has(backup.id) })) };
}

/** Those of this project; an administrator asks for anybody's. */
function ownBackups(control: Control, caller: Caller, query: BackupQuery): Backup[] {
  const ownerId = caller.roles.includes('admin') ? query.ownerId : control.projectId;
  return control.backups
    .all()
    .filter(
      (backup) =>
        backup.sharedFrom === undefined &&
        // Shown under the id of the original as soon as it has taken its place.
        backup.replaces !== true &&
        (ownerId === undefined || backup.projectId === ownerId),
    )
    .map((backup) => withProgress(control, backup));
}

function sharedBackups(control: Control, query: BackupQuery): Backup[] {
  return receivedBackups(control)
    .filter(({ share }) => query.memberStatus === undefined || share.status === query.memberStatus)
    .map(({ backup }) => backup);
}

function matches(backup: Backup, query: BackupQuery): boolean {
  return (
    (query.ids === undefined || query.ids.includes(backup.id)) &&
    (query.name === undefined || backup.name === query.name) &&
    (query.status === undefined || query.status.length === 0 || query.status.includes(backup.status)) &&
    (query.volumeId === undefined || backup.volumeId === query.volumeId) &&
    (query.volumeIdPart === undefined || backup.volumeId.includes(query.volumeIdPart)) &&
    (query.snapshotId === undefined || backup.snapshotId === query.snapshotId) &&
    (query.volumeName === undefined || backup.volumeName === query.volumeName) &&
    (query.volumeZone === undefined || backup.volumeZone === query.volumeZone) &&
    (query.vaultId === undefined || backup.vaultId === query.vaultId) &&
    (query.checkpointId === undefined || backup.checkpointId === query.checkpointId) &&
    (query.fromMs === undefined || backup.createdMs >= query.fromMs) &&
    (query.toMs === undefined || backup.createdMs <= query.toMs)
  );
}

/** Vaults that are used to at least so many percent; null when nobody asks. */
function vaultsBeyond(control: Control, percentMin: number | undefined): Set<string> | null {
  if (percentMin === undefined) return null;
  const beyond = control.vaults
    .all()
    .filter((vault) => 100 * usedBytes(control, vault.id) >= percentMin * vault.sizeGib * GIB);
  return new Set(beyond.map((vault) => vault.id));
}

export function updateBackup(control: Control, caller: Caller, id: string, input: UpdateDetails): Backup {
  const backup = visibleBackup(control, caller, id);
  return bare(control.backups.put({ ...backup, ...changedDetails(backup, input), updatedMs: control.now() }));
}

/** `force` (an administrator's): whatever the status, unless an operation runs. */
export function deleteBackup(
  control: Control,
  caller: Caller,
  id: string,
  input: { readonly face?: Face; readonly force?: boolean } = {},
): { jobId: string } {
  const backup = visibleBackup(control, caller, id);
  refuseLocked(control, backup);
  // Every backup stands alone; it is Cinder's users who rely on being warned.
  if (input.face === 'cinder' && control.backups.by('parentId', id).length > 0) throw new Refusal('backup-dependents');
  const forced = input.force === true && backup.jobId === null;
  return { jobId: beginDeleteBackup(control, forced ? { ...backup, status: 'error' } : backup) };
}

/** Admin: says what a stuck backup is. A running operation keeps its say. */
export function resetBackupStatus(control: Control, caller: Caller, id: string, status: string): Backup {
  const backup = visibleBackup(control, caller, id);
  refuseLocked(control, backup);
  const wanted = RESET_BACKUP_STATUSES.find((known) => known === status.toLowerCase());
  if (backup.jobId !== null || wanted === undefined) {
    throw new Refusal('invalid-request', { reason: `The status of backup ${id} cannot be set to ${status} now.` });
  }
  return bare(control.backups.put({ ...backup, status: wanted, updatedMs: control.now() }));
}

function withProgress(control: Control, record: BackupRecord): Backup {
  const percent = record.jobId === null ? undefined : control.percent(record.jobId);
  const backup = bare(record);
  return record.status === 'creating' && percent !== undefined ? { ...backup, progressPercent: percent } : backup;
}
