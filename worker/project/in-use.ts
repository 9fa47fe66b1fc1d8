// What must wait for something else: jobs reach a Disk in no promised order, so what would overtake another is refused.

import { Refusal } from '../faults.ts';
import type { Control } from './control.ts';
import { running } from './jobs.ts';
import type { SnapshotRecord } from './records.ts';

/**
 * Refuses while a disk is being made from this one or from one of the snapshots: it has not adopted their content yet.
 */
export function refuseWhileCloned(
  control: Control,
  volumeId: string,
  snapshots: readonly Pick<SnapshotRecord, 'id'>[],
): void {
  const clones = running(control).filter((job) => job.action === 'createVolume');
  const busy = snapshots.find((snapshot) => clones.some((job) => job.snapshotId === snapshot.id));
  if (busy !== undefined) throw new Refusal('snapshot-busy', { id: busy.id });
  if (clones.some((job) => job.sourceVolumeId === volumeId)) throw new Refusal('volume-cloned', { id: volumeId });
}

/**
 * Refuses while a snapshot of the disk is being made, or its moment marked for a clone: a later change of content or
 * size must not get into it.
 */
export function refuseWhileSnapshotted(control: Control, volumeId: string): void {
  const underway =
    control.snapshots.by('volumeId', volumeId).some((snapshot) => snapshot.status === 'creating') ||
    running(control).some((job) => job.action === 'markClone' && job.sourceVolumeId === volumeId);
  if (underway) throw new Refusal('snapshot-underway', { id: volumeId });
}

/** Is a disk being made from this one or from one of the snapshots? */
export function isCloned(
  control: Control,
  volumeId: string,
  snapshots: readonly Pick<SnapshotRecord, 'id'>[],
): boolean {
  const ids = new Set(snapshots.map(({ id }) => id));
  return running(control).some(
    (job) =>
      job.action === 'createVolume' &&
      (job.sourceVolumeId === volumeId || (job.snapshotId !== undefined && ids.has(job.snapshotId))),
  );
}

/** Refuses once the disk is being handed over: what begins now might find it gone, and its snapshots with it. */
export function refuseWhileHandedOver(control: Control, volumeId: string): void {
  const volume = control.volumes.get(volumeId);
  if (volume?.status === 'awaiting-transfer' && volume.jobId !== null) {
    throw new Refusal('transfer-underway', { id: volumeId });
  }
}
