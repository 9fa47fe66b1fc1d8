// The ends of jobs on vaults.

import { type Ending, heldVault } from './held.ts';
import type { JobAction } from './records.ts';
import { endTask } from './tasks.ts';

export const vaultEndings: Readonly<
  Record<Extract<JobAction, 'createVault' | 'deleteVault' | 'sweepVault' | 'keepSettings'>, Ending>
> = {
  createVault: {
    errorCode: 'BackupService.9910',
    done(control, job) {
      const vault = job.vaultId === undefined ? null : control.vaults.get(job.vaultId);
      if (vault?.createJobId === job.id) control.vaults.put({ ...vault, createJobId: null });
    },
    failed(control, job) {
      const vault = job.vaultId === undefined ? null : control.vaults.get(job.vaultId);
      if (vault?.createJobId === job.id) control.vaults.put({ ...vault, createJobId: null, status: 'error' });
    },
  },

  // They are the project's all the same; object storage then has older ones.
  keepSettings: { errorCode: 'BackupService.9910', done() {}, failed() {} },

  // Nobody waits for it, and nothing here knows of the vault any more.
  sweepVault: { errorCode: 'BackupService.9910', done() {}, failed() {} },

  deleteVault: {
    errorCode: 'BackupService.9910',
    done(control, job) {
      const vault = heldVault(control, job);
      if (vault === null) return;
      for (const backup of control.backups.by('vaultId', vault.id)) control.backups.delete(backup.id);
      control.vaults.delete(vault.id);
      endTask(control, job);
    },
    failed(control, job, failure) {
      const vault = heldVault(control, job);
      if (vault === null) return;
      control.vaults.put({ ...vault, status: 'error', jobId: null });
      for (const backup of control.backups.by('vaultId', vault.id)) {
        if (backup.jobId === job.id) control.backups.put({ ...backup, status: 'error_deleting', jobId: null });
      }
      endTask(control, job, failure);
    },
  },
};
