// The ends of jobs on snapshots. A disk's status does not change while a snapshot of it is made or deleted.

import { type Ending, endSnapshot, heldSnapshot } from './held.ts';
import type { JobAction } from './records.ts';

export const snapshotEndings: Readonly<Record<Extract<JobAction, 'createSnapshot' | 'deleteSnapshot'>, Ending>> = {
  createSnapshot: {
    errorCode: 'EVS.2001',
    done(control, job) {
      const snapshot = heldSnapshot(control, job);
      if (snapshot === null) return;
      control.snapshots.put({
        ...snapshot,
        status: 'available',
        progressPercent: 100,
        jobId: null,
        updatedMs: control.now(),
      });
    },
    failed(control, job, failure) {
      const snapshot = heldSnapshot(control, job);
      if (snapshot !== null)
        control.snapshots.put({ ...snapshot, status: 'error', jobId: null, failReason: failure.message });
    },
  },

  deleteSnapshot: {
    errorCode: 'EVS.2019',
    done(control, job) {
      const snapshot = heldSnapshot(control, job);
      if (snapshot !== null) control.snapshots.delete(snapshot.id);
    },
    failed(control, job, failure) {
      endSnapshot(control, job, 'delete', failure);
    },
  },
};
