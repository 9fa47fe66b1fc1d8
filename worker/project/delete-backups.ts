// Deleting a backup: asked for by a client, by a policy's retention, or with the disk's place in its vault.

import type { Control } from './control.ts';
import { begin, newJobId, onVault } from './jobs.ts';
import type { BackupRecord } from './records.ts';
import { givenOf, leaveShare, withdraw } from './sharing-records.ts';
import { beginOnBackup } from './states.ts';
import { beginTask } from './tasks.ts';

/** Begins the deletion, or refuses for the backup's status; returns the job's id. */
export function beginDeleteBackup(control: Control, backup: BackupRecord): string {
  const jobId = newJobId();
  const { id: backupId, vaultId, volumeId, name, storedAs = backupId, sharedFrom } = backup;
  const deleting = beginOnBackup(backup, 'delete', jobId);
  const job = { id: jobId, action: 'deleteBackup', apiType: 'bksDeleteBackup', backupId, vaultId } as const;
  const entities = { backupId, volumeId, name };
  const hasTwin = control.backups
    .by('vaultId', vaultId)
    .some((other) => other.id !== backupId && (other.storedAs ?? other.id) === storedAs);
  if (sharedFrom !== undefined) leaveShare(control, backupId);
  else withdraw(control, givenOf(control, backupId));
  if (hasTwin || sharedFrom !== undefined) {
    // An imported record and the one that it was exported from are the same bytes: the last one takes them along. Those of
    // a shared backup are the other project's.
    control.backups.delete(backupId);
    begin(control, { ...job, target: { kind: 'none' }, entities });
    return jobId;
  }
  control.backups.put(deleting);
  const vault = control.vaults.get(vaultId);
  begin(control, {
    ...job,
    target: onVault(vaultId, { kind: 'deleteBackup', backupId: storedAs }),
    afterJobId: vault?.createJobId ?? null,
    entities,
  });
  beginTask(
    control,
    jobId,
    {
      kind: 'delete',
      vaultId,
      vaultName: vault?.name ?? null,
      resourceId: volumeId,
      resourceName: backup.volumeName,
      backupId,
      backupName: name,
    },
    backup.projectId,
  );
  return jobId;
}
