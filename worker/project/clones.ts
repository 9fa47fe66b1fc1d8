// Cloning a disk as it is now: its Disk marks the moment with a snapshot that nobody else is told of, the new disk is made
// from that, and the mark goes again. Three jobs, so that each survives what may come between.

import type { Control } from './control.ts';
import type { Origin } from './create-volumes.ts';
import { begin, newJobId, onDisk } from './jobs.ts';
import type { JobRecord, VolumeRecord } from './records.ts';

/** Stores the job that marks the moment; what the clone's own job needs to know. */
export function markForClone(control: Control, origin: VolumeRecord): Origin {
  const snapshotId = crypto.randomUUID();
  const afterJobId = newJobId();
  const target = onDisk(control, origin, { kind: 'createSnapshot', snapshotId });
  begin(control, { id: afterJobId, action: 'markClone', target, sourceVolumeId: origin.id });
  const { id: diskId, zone } = origin;
  return { source: { kind: 'snapshot', diskId, snapshotId, zone }, afterJobId, sourceVolumeId: origin.id };
}

/** Once the clone was made, or could not be: lets its origin forget the moment. Inside the change that says so. */
export function unmarkClone(control: Control, job: JobRecord): void {
  const { target, sourceVolumeId, snapshotId } = job;
  if (sourceVolumeId === undefined || snapshotId === undefined || target.kind !== 'disk') return;
  begin(control, {
    id: newJobId(),
    action: 'unmarkClone',
    target: onDisk(control, { id: sourceVolumeId, zone: target.owner.zone }, { kind: 'deleteSnapshot', snapshotId }),
    sourceVolumeId,
  });
}
