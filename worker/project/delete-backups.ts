// Deleting a backup: asked for by a client, by a policy's retention, or with the disk's place in its vault.

import type { Control } from './control.ts';
import { begin, newJobId, onVault } from './jobs.ts';
import type { BackupRecord } from './records.ts';
import { beginOnBackup } from './states.ts';
import { beginTask } from './tasks.ts';

/** Begins the deletion, or refuses for the backup's status; returns the job's id. */
export function beginDeleteBackup(control: Control, backup: BackupRecord): string {
  const jobId = newJobId();
  const { id: backupId, vaultId, volumeId, name } = backup;
  control.backups.put(beginOnBackup(backup, 'delete', jobId));
  const vault = control.vaults.get(vaultId);
  begin(control, {
    id: jobId,
    action: 'deleteBackup',
    apiType: 'bksDeleteBackup',
    target: onVault(vaultId, { kind: 'deleteBackup', backupId }),
    backupId,
    vaultId,
    afterJobId: vault?.createJobId ?? null,
    entities: { backupId, volumeId, name },
  });
  beginTask(control, jobId, {
    kind: 'delete',
    vaultId,
    vaultName: vault?.name ?? null,
    resourceId: volumeId,
    resourceName: backup.volumeName,
    backupId,
    backupName: name,
  });
  return jobId;
}
