// The ends of jobs on backups.

import { endCheckpoint } from './checkpoints.ts';
import type { Control } from './control.ts';
import { type Ending, endBackup, endSnapshot, endVolume, heldBackup } from './held.ts';
import type { JobAction, JobRecord } from './records.ts';
import { retainAfter } from './retention.ts';
import { endTask } from './tasks.ts';
import { expandWhenFull } from './vault-records.ts';

export const backupEndings: Readonly<Record<Extract<JobAction, 'createBackup' | 'deleteBackup'>, Ending>> = {
  createBackup: {
    errorCode: 'VolumeBackup.0001',
    done(control, job, result) {
      const backup = heldBackup(control, job);
      if (backup !== null) {
        control.backups.put({
          ...backup,
          ...result.backup,
          ...(result.cost && { cost: result.cost }),
          status: 'available',
          progressPercent: 100,
          jobId: null,
          updatedMs: control.now(),
        });
      }
      releaseVolume(control, job);
      endTask(control, job);
      if (backup === null) return;
      expandWhenFull(control, backup.vaultId);
      endCheckpoint(control, backup);
      retainAfter(control, backup);
    },
    failed(control, job, failure) {
      const backup = heldBackup(control, job);
      if (backup !== null) {
        const nowMs = control.now();
        control.backups.put({ ...backup, status: 'error', jobId: null, failReason: failure.message, updatedMs: nowMs });
      }
      releaseVolume(control, job);
      endTask(control, job, failure);
      if (backup === null) return;
      endCheckpoint(control, backup);
      retainAfter(control, backup);
    },
  },

  deleteBackup: {
    errorCode: 'VolumeBackup.0125',
    done(control, job) {
      const backup = heldBackup(control, job);
      if (backup !== null) control.backups.delete(backup.id);
      endTask(control, job);
    },
    failed(control, job, failure) {
      endBackup(control, job, 'delete', failure);
      endTask(control, job, failure);
    },
  },
};

/** The disk and the snapshot that were backed up are as they were; a failed backup is not theirs to show. */
function releaseVolume(control: Control, job: JobRecord): void {
  endVolume(control, job, 'backup');
  endSnapshot(control, job, 'backup');
}
