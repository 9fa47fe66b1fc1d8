// Backups: listed, read, described, deleted.

import { type Face, Refusal } from '../faults.ts';
import type { Backup, BackupQuery, Caller, Page, UpdateDetails } from './contract.ts';
import type { Control } from './control.ts';
import { beginDeleteBackup } from './delete-backups.ts';
import { changedDetails } from './fields.ts';
import { commonKeys, page, type SortKeys } from './list.ts';
import type { BackupRecord } from './records.ts';
import { RESET_BACKUP_STATUSES } from './states.ts';

/** What backups may be ordered by. */
export const BACKUP_SORT_KEYS: SortKeys<Backup> = {
  ...commonKeys<Backup>(),
  size: (backup) => backup.sizeGib,
  volume_id: (backup) => backup.volumeId,
  protected_at: (backup) => backup.dataMs,
};

/** A backup that the caller may know of: an administrator of another project may have made some here. */
export function visibleBackup(control: Control, caller: Caller, id: string): BackupRecord {
  const backup = control.backup(id);
  if (!sees(control, caller, backup)) throw new Refusal('backup-not-found', { id });
  return backup;
}

function sees(control: Control, caller: Caller, backup: BackupRecord): boolean {
  return backup.projectId === control.projectId || caller.roles.includes('admin');
}

export function getBackup(control: Control, caller: Caller, id: string): Backup {
  return view(control, visibleBackup(control, caller, id), control.backups.by('parentId', id).length > 0);
}

export function listBackups(control: Control, caller: Caller, query: BackupQuery): Page<Backup> {
  const ids = query.ids === undefined ? null : new Set(query.ids);
  const ownerId = caller.roles.includes('admin') ? query.ownerId : control.projectId;
  const backups = control.backups
    .all()
    .filter(
      (backup) =>
        (ids === null || ids.has(backup.id)) &&
        (ownerId === undefined || backup.projectId === ownerId) &&
        (query.name === undefined || backup.name === query.name) &&
        (query.status === undefined || query.status.length === 0 || query.status.includes(backup.status)) &&
        (query.volumeId === undefined || backup.volumeId === query.volumeId) &&
        (query.snapshotId === undefined || backup.snapshotId === query.snapshotId) &&
        (query.volumeName === undefined || backup.volumeName === query.volumeName) &&
        (query.volumeZone === undefined || backup.volumeZone === query.volumeZone) &&
        (query.vaultId === undefined || backup.vaultId === query.vaultId) &&
        (query.checkpointId === undefined || backup.checkpointId === query.checkpointId) &&
        (query.fromMs === undefined || backup.createdMs >= query.fromMs) &&
        (query.toMs === undefined || backup.createdMs <= query.toMs),
    );
  const found = page(backups, query, BACKUP_SORT_KEYS);
  const parents = new Set(control.backups.column('parentId').values());
  return { ...found, items: found.items.map((backup) => view(control, backup, parents.has(backup.id))) };
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
  // Every backup stands alone; it is Cinder's users who rely on being warned.
  if (input.face === 'cinder' && control.backups.by('parentId', id).length > 0) throw new Refusal('backup-dependents');
  const forced = input.force === true && backup.jobId === null;
  return { jobId: beginDeleteBackup(control, forced ? { ...backup, status: 'error' } : backup) };
}

/** Admin: says what a stuck backup is. A running operation keeps its say. */
export function resetBackupStatus(control: Control, caller: Caller, id: string, status: string): Backup {
  const backup = visibleBackup(control, caller, id);
  const wanted = RESET_BACKUP_STATUSES.find((known) => known === status.toLowerCase());
  if (backup.jobId !== null || wanted === undefined) {
    throw new Refusal('invalid-request', { reason: `The status of backup ${id} cannot be set to ${status} now.` });
  }
  return bare(control.backups.put({ ...backup, status: wanted, updatedMs: control.now() }));
}

/** The contract's view of a record. */
export function bare(record: BackupRecord): Backup {
  const { jobId, storedAs, ...backup } = record;
  return backup;
}

function view(control: Control, record: BackupRecord, hasDependents: boolean): Backup {
  const percent = record.jobId === null ? undefined : control.progress.get(record.jobId);
  const backup = { ...bare(record), hasDependents };
  return record.status === 'creating' && percent !== undefined ? { ...backup, progressPercent: percent } : backup;
}
