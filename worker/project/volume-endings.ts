// The ends of jobs on volumes.

import { unmarkClone } from './clones.ts';
import type { Control } from './control.ts';
import { type Ending, endBackup, endSnapshot, endVolume, type Failure, heldVolume } from './held.ts';
import type { JobAction, JobRecord, SnapshotRecord, VolumeRecord } from './records.ts';
import { endOnSnapshot } from './states.ts';
import { endTask } from './tasks.ts';
import { forgetVolume } from './volumes.ts';

type VolumeAction = Extract<
  JobAction,
  | 'createVolume'
  | 'deleteVolume'
  | 'extendVolume'
  | 'rollback'
  | 'restore'
  | 'reinstallOs'
  | 'markClone'
  | 'unmarkClone'
>;

export const volumeEndings: Readonly<Record<VolumeAction, Ending>> = {
  createVolume: {
    errorCode: 'EVS.2024',
    done(control, job) {
      const volume = heldVolume(control, job);
      if (volume !== null) {
        control.volumes.put({
          ...volume,
          status: 'available',
          priorStatus: null,
          jobId: null,
          updatedMs: control.now(),
        });
      }
      unmarkClone(control, job);
      endBackup(control, job, 'restore');
      endTask(control, job);
    },
    failed(control, job, failure) {
      unmarkClone(control, job);
      const volume = heldVolume(control, job);
      if (volume !== null) {
        // A disk that was to be made by a restore says so; any other was simply not made.
        const status = volume.status === 'restoring-backup' ? 'error_restoring' : 'error';
        control.volumes.put({ ...volume, status, priorStatus: null, jobId: null, failReason: failure.message });
      }
      endBackup(control, job, 'restore');
      endTask(control, job, failure);
    },
  },

  // Only the Disk knows of the mark; what follows from its failure shows at the clone.
  markClone: { errorCode: 'EVS.2001', done() {}, failed() {} },
  unmarkClone: { errorCode: 'EVS.2001', done() {}, failed() {} },

  deleteVolume: {
    errorCode: 'EVS.2020',
    done(control, job) {
      const volume = heldVolume(control, job);
      if (volume !== null) forgetVolume(control, volume.id);
    },
    failed(control, job, failure) {
      const volume = endVolume(control, job, 'delete', failure);
      for (const snapshot of snapshotsOf(control, volume)) {
        if (snapshot.jobId === job.id) control.snapshots.put(endOnSnapshot(snapshot, 'delete', failure.message));
      }
    },
  },

  extendVolume: {
    errorCode: 'EVS.2026',
    done(control, job) {
      const { sizeGib } = job.entities;
      endVolume(control, job, 'extend', undefined, sizeGib === undefined ? {} : { sizeGib });
    },
    failed(control, job, failure) {
      endVolume(control, job, 'extend', failure);
    },
  },

  rollback: {
    errorCode: 'EVS.2105',
    done(control, job) {
      endVolume(control, job, 'rollback');
      endSnapshot(control, job, 'rollback');
    },
    failed(control, job, failure) {
      endVolume(control, job, 'rollback', failure);
      endSnapshot(control, job, 'rollback', failure);
    },
  },

  restore: {
    errorCode: 'VolumeBackup.0202',
    done(control, job) {
      endVolume(control, job, 'restore');
      endBackup(control, job, 'restore');
      endTask(control, job);
    },
    failed(control, job, failure) {
      endVolume(control, job, 'restore', failure);
      // It says nothing against the backup.
      endBackup(control, job, 'restore');
      endTask(control, job, failure);
    },
  },

  reinstallOs: {
    errorCode: 'EVS.2024',
    done(control, job) {
      const volume = endVolume(control, job, 'reinstall');
      // S4: the system disk's snapshots go with its old content; data disks are not touched.
      for (const snapshot of snapshotsOf(control, volume)) control.snapshots.delete(snapshot.id);
      stopServer(control, job);
    },
    failed(control, job, failure) {
      const volume = endVolume(control, job, 'reinstall', failure);
      for (const snapshot of snapshotsOf(control, volume)) {
        if (snapshot.jobId !== job.id) continue;
        const status = snapshot.priorStatus ?? 'available';
        control.snapshots.put({ ...snapshot, status, priorStatus: null, jobId: null });
      }
      stopServer(control, job);
    },
  },
};

function snapshotsOf(control: Control, volume: VolumeRecord | null): SnapshotRecord[] {
  return volume === null ? [] : control.snapshots.by('volumeId', volume.id);
}

/** Rebuilt or not, the server is stopped afterwards. */
function stopServer(control: Control, job: JobRecord): void {
  const server = job.serverId === undefined ? null : control.servers.get(job.serverId);
  if (server?.jobId !== job.id) return;
  control.servers.put({ ...server, status: 'SHUTOFF', jobId: null, updatedMs: control.now() });
}

/** The Disk itself says that it does not exist: a volume without bytes is an error, and its snapshots went with it. */
export function loseVolume(control: Control, job: JobRecord, failure: Failure): void {
  const volume = job.target.kind === 'disk' ? control.volumes.get(job.target.id) : null;
  // Whoever holds it now will be told the same.
  if (volume === null || volume.jobId !== null) return;
  const lost = { failReason: failure.message, updatedMs: control.now() };
  control.volumes.put({ ...volume, ...lost, status: 'error' });
  for (const snapshot of control.snapshots.by('volumeId', volume.id)) {
    if (snapshot.jobId === null) control.snapshots.put({ ...snapshot, ...lost, status: 'error' });
  }
}
