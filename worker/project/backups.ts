// Backups: listed, read, described, deleted.

import type { Backup, BackupQuery, Page, UpdateDetails } from './contract.ts';
import type { Control } from './control.ts';
import { beginDeleteBackup } from './delete-backups.ts';
import { changedDetails } from './fields.ts';
import { commonKeys, page, type SortKeys } from './list.ts';
import type { BackupRecord } from './records.ts';

const SORT_KEYS: SortKeys<BackupRecord> = {
  ...commonKeys<BackupRecord>(),
  size: (backup) => backup.sizeGib,
  volume_id: (backup) => backup.volumeId,
  protected_at: (backup) => backup.dataMs,
};

export function getBackup(control: Control, id: string): Backup {
  return view(control, control.backup(id));
}

export function listBackups(control: Control, query: BackupQuery): Page<Backup> {
  const ids = query.ids === undefined ? null : new Set(query.ids);
  const backups = control.backups
    .all()
    .filter(
      (backup) =>
        (ids === null || ids.has(backup.id)) &&
        (query.name === undefined || backup.name === query.name) &&
        (query.status === undefined || query.status.length === 0 || query.status.includes(backup.status)) &&
        (query.volumeId === undefined || backup.volumeId === query.volumeId) &&
        (query.volumeName === undefined || backup.volumeName === query.volumeName) &&
        (query.volumeZone === undefined || backup.volumeZone === query.volumeZone) &&
        (query.vaultId === undefined || backup.vaultId === query.vaultId) &&
        (query.checkpointId === undefined || backup.checkpointId === query.checkpointId) &&
        (query.fromMs === undefined || backup.createdMs >= query.fromMs) &&
        (query.toMs === undefined || backup.createdMs <= query.toMs),
    );
  const found = page(backups, query, SORT_KEYS);
  return { ...found, items: found.items.map((backup) => view(control, backup)) };
}

export function updateBackup(control: Control, id: string, input: UpdateDetails): Backup {
  const backup = control.backup(id);
  return bare(control.backups.put({ ...backup, ...changedDetails(backup, input), updatedMs: control.now() }));
}

export function deleteBackup(control: Control, id: string): { jobId: string } {
  return { jobId: beginDeleteBackup(control, control.backup(id)) };
}

/** The contract's view of a record. */
export function bare(record: BackupRecord): Backup {
  const { jobId, ...backup } = record;
  return backup;
}

function view(control: Control, record: BackupRecord): Backup {
  const percent = record.jobId === null ? undefined : control.progress.get(record.jobId);
  return record.status === 'creating' && percent !== undefined
    ? { ...bare(record), progressPercent: percent }
    : bare(record);
}
