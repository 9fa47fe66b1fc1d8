// Snapshots: made, read, described, deleted; and the two ways back to one (the vendor's rollback, Cinder's revert).

import { Refusal } from '../faults.ts';
import type { CreateSnapshot, MetadataChange, Page, Snapshot, SnapshotQuery, UpdateDetails } from './contract.ts';
import type { Actor, Control } from './control.ts';
import { changedDetails, changedPairs, checkDescription, checkMetadata, checkName } from './fields.ts';
import { refuseWhileCloned, refuseWhileHandedOver, refuseWhileSnapshotted } from './in-use.ts';
import { begin, newJobId, onDisk } from './jobs.ts';
import { SNAPSHOTS_PER_DISK_MAX } from './limits.ts';
import { commonKeys, holdsAll, page, type SortKeys } from './list.ts';
import { checkSnapshotQuota } from './quotas.ts';
import type { SnapshotRecord, VolumeRecord } from './records.ts';
import {
  beginOnSnapshot,
  beginOnVolume,
  RESET_SNAPSHOT_STATUSES,
  SNAPSHOT_VOLUME_STATUSES,
  TOLD_SNAPSHOT_STATUSES,
} from './states.ts';

/** What snapshots may be ordered by. */
export const SNAPSHOT_SORT_KEYS: SortKeys<Snapshot> = {
  ...commonKeys<Snapshot>(),
  size: (snapshot) => snapshot.sizeGib,
  volume_id: (snapshot) => snapshot.volumeId,
};

/** The contract's view of a record. */
export function bare(record: SnapshotRecord): Snapshot {
  const { jobId, priorStatus, ...snapshot } = record;
  return snapshot;
}

/** Begins a snapshot: its moment is when the disk takes the job, which is right after this. */
export function createSnapshot(control: Control, actor: Actor, input: CreateSnapshot): Snapshot {
  const volume = control.volume(input.volumeId);
  const forced = input.force === true && volume.status === 'attaching';
  if (!SNAPSHOT_VOLUME_STATUSES.includes(volume.status) && !forced) {
    throw new Refusal('snapshot-volume-status', { id: volume.id, status: volume.status });
  }
  const siblings = control.snapshots.by('volumeId', volume.id);
  if (input.face === 'native' && siblings.length >= SNAPSHOTS_PER_DISK_MAX) {
    throw new Refusal('snapshot-limit', { limit: SNAPSHOTS_PER_DISK_MAX });
  }
  checkSnapshotQuota(control, 1, volume.sizeGib, volume.type);
  const jobId = newJobId();
  const nowMs = control.now();
  const snapshot = control.snapshots.put({
    id: crypto.randomUUID(),
    volumeId: volume.id,
    name: checkName(input.name ?? ''),
    description: checkDescription(input.description ?? null),
    status: 'creating',
    sizeGib: volume.sizeGib,
    zone: volume.zone,
    progressPercent: 0,
    metadata: checkMetadata(input.metadata ?? {}),
    projectId: control.projectId,
    userId: actor.userId,
    // Two snapshots of one millisecond still have an order: "the newest" must mean one of them.
    createdMs: Math.max(nowMs, ...siblings.map((sibling) => sibling.createdMs + 1)),
    updatedMs: nowMs,
    failReason: null,
    priorStatus: null,
    jobId,
  });
  const target = onDisk(control, volume, { kind: 'createSnapshot', snapshotId: snapshot.id });
  begin(control, { id: jobId, action: 'createSnapshot', target, volumeId: volume.id, snapshotId: snapshot.id });
  return bare(snapshot);
}

export function getSnapshot(control: Control, id: string): Snapshot {
  return bare(control.snapshot(id));
}

export function listSnapshots(control: Control, query: SnapshotQuery): Page<Snapshot> {
  const ids = query.ids === undefined ? null : new Set(query.ids);
  const { volumeId } = query;
  const candidates = volumeId === undefined ? control.snapshots.all() : control.snapshots.by('volumeId', volumeId);
  const snapshots = candidates.filter(
    (snapshot) =>
      (ids === null || ids.has(snapshot.id)) &&
      (query.name === undefined || snapshot.name === query.name) &&
      (query.status === undefined || snapshot.status === query.status) &&
      (query.zone === undefined || snapshot.zone === query.zone) &&
      (query.metadata === undefined || holdsAll(snapshot.metadata, query.metadata)),
  );
  const found = page(snapshots, query, SNAPSHOT_SORT_KEYS);
  return { ...found, items: found.items.map(bare) };
}

export function updateSnapshot(control: Control, id: string, input: UpdateDetails): Snapshot {
  const snapshot = control.snapshot(id);
  return save(control, snapshot, changedDetails(snapshot, input));
}

export function changeSnapshotMetadata(control: Control, id: string, change: MetadataChange): Snapshot {
  const snapshot = control.snapshot(id);
  return save(control, snapshot, { metadata: checkMetadata(changedPairs(snapshot.metadata, change)) });
}

/**
 * Disks that were made from it, or rolled back to it, are not touched. `force` (an administrator's): whatever the status,
 * unless an operation runs.
 */
export function deleteSnapshot(control: Control, id: string, input: { readonly force?: boolean } = {}): null {
  const snapshot = control.snapshot(id);
  const jobId = newJobId();
  const forced = input.force === true && snapshot.jobId === null;
  const deleting = beginOnSnapshot(forced ? { ...snapshot, status: 'error' } : snapshot, 'delete', jobId);
  refuseWhileCloned(control, snapshot.volumeId, [snapshot]);
  refuseWhileHandedOver(control, snapshot.volumeId);
  control.snapshots.put(deleting);
  const target = onDisk(
    control,
    { id: snapshot.volumeId, zone: snapshot.zone },
    { kind: 'deleteSnapshot', snapshotId: id },
  );
  begin(control, { id: jobId, action: 'deleteSnapshot', target, volumeId: snapshot.volumeId, snapshotId: id });
  return null;
}

/** Admin: says what a stuck snapshot is. A running operation keeps its say. */
export function resetSnapshotStatus(control: Control, id: string, status: string): Snapshot {
  const snapshot = control.snapshot(id);
  const wanted = RESET_SNAPSHOT_STATUSES.find((known) => known === status.toLowerCase());
  if (snapshot.jobId !== null || wanted === undefined) {
    throw new Refusal('invalid-request', { reason: `The status of snapshot ${id} cannot be set to ${status} now.` });
  }
  return save(control, snapshot, { status: wanted });
}

/** Cinder lets its hypervisors tell how a snapshot goes on; here it follows a reset only. */
export function tellSnapshotStatus(
  control: Control,
  id: string,
  input: { readonly status: string; readonly progressPercent?: number | undefined },
): Snapshot {
  const snapshot = control.snapshot(id);
  const next = TOLD_SNAPSHOT_STATUSES[snapshot.status]?.find((known) => known === input.status);
  if (snapshot.jobId !== null || next === undefined) {
    const reason = `Snapshot status ${snapshot.status} cannot become ${input.status} in this way.`;
    throw new Refusal('invalid-request', { reason });
  }
  return save(control, snapshot, {
    status: next,
    progressPercent: input.progressPercent ?? snapshot.progressPercent,
  });
}

/** S6, N2: any of the disk's snapshots, and no other disk. */
export function rollbackSnapshot(control: Control, id: string, input: { volumeId: string }): { volumeId: string } {
  const snapshot = control.snapshot(id);
  const volume = control.volume(input.volumeId);
  if (volume.id !== snapshot.volumeId) throw new Refusal('rollback-foreign', { id, volumeId: snapshot.volumeId });
  goBack(control, volume, snapshot, 'rollback');
  return { volumeId: volume.id };
}

/** Cinder's form: the most recent snapshot only, and only while the disk still has its size. */
export function revertVolume(control: Control, volumeId: string, input: { snapshotId: string }): null {
  const volume = control.volume(volumeId);
  const snapshot = control.snapshot(input.snapshotId);
  if (snapshot.volumeId !== volumeId)
    throw new Refusal('volume-no-snapshot', { id: volumeId, snapshotId: snapshot.id });
  const newest = control.snapshots.by('volumeId', volumeId).every((other) => other.createdMs <= snapshot.createdMs);
  if (!newest) throw new Refusal('revert-not-latest', { id: snapshot.id });
  if (volume.sizeGib !== snapshot.sizeGib)
    throw new Refusal('revert-extended', { id: volumeId, snapshotId: snapshot.id });
  goBack(control, volume, snapshot, 'revert');
  return null;
}

function goBack(control: Control, volume: VolumeRecord, snapshot: SnapshotRecord, how: 'rollback' | 'revert'): void {
  const jobId = newJobId();
  const volumeBack = beginOnVolume(volume, how, jobId);
  const snapshotBack = beginOnSnapshot(snapshot, how, jobId);
  refuseWhileSnapshotted(control, volume.id);
  control.volumes.put(volumeBack);
  control.snapshots.put(snapshotBack);
  const target = onDisk(control, volume, { kind: 'rollback', snapshotId: snapshot.id });
  begin(control, { id: jobId, action: 'rollback', target, volumeId: volume.id, snapshotId: snapshot.id });
}

function save(control: Control, snapshot: SnapshotRecord, changed: Partial<SnapshotRecord>): Snapshot {
  return bare(control.snapshots.put({ ...snapshot, ...changed, updatedMs: control.now() }));
}
