// Volumes: list, read, describe, delete, extend, retype.

import { Refusal } from '../faults.ts';
import type {
  DeleteVolume,
  MetadataChange,
  Page,
  UpdateDetails,
  Volume,
  VolumeQuery,
  VolumeStatus,
} from './contract.ts';
import type { Control } from './control.ts';
import { changedDetails, changedPairs, checkMetadata, checkTags, typeNamed } from './fields.ts';
import { refuseWhileCloned, refuseWhileSnapshotted } from './in-use.ts';
import { begin, newJobId, onDisk } from './jobs.ts';
import { GIB, QUOTA, RETYPE, SYSTEM_SIZE_GIB_MAX, VOLUME_TYPES } from './limits.ts';
import { commonKeys, holdsAll, page, type SortKeys } from './list.ts';
import { checkGigabytes } from './quotas.ts';
import type { VolumeRecord } from './records.ts';
import { beginOnVolume, endOnVolume, VOLUME_STATES } from './states.ts';

const SORT_KEYS: SortKeys<VolumeRecord> = {
  ...commonKeys<VolumeRecord>(),
  size: (volume) => volume.sizeGib,
  availability_zone: (volume) => volume.zone,
  volume_type: (volume) => volume.type,
  bootable: (volume) => String(volume.bootable),
};

/** The contract's view of a record. */
export function bare(record: VolumeRecord): Volume {
  const { jobId, priorStatus, wasSystem, ...volume } = record;
  return volume;
}

export function listVolumes(control: Control, query: VolumeQuery): Page<Volume> {
  const ids = query.ids === undefined ? null : new Set(query.ids);
  const type = VOLUME_TYPES.find((known) => known.id === query.type)?.name ?? query.type;
  const volumes = control.volumes
    .all()
    .filter(
      (volume) =>
        (ids === null || ids.has(volume.id)) &&
        (query.name === undefined || volume.name === query.name) &&
        (query.status === undefined || volume.status === query.status) &&
        (query.zone === undefined || volume.zone === query.zone) &&
        (type === undefined || volume.type === type) &&
        (query.bootable === undefined || volume.bootable === query.bootable) &&
        (query.multiattach === undefined || volume.multiattach === query.multiattach) &&
        (query.sizeGib === undefined || volume.sizeGib === query.sizeGib) &&
        (query.serverId === undefined || volume.attachments.some((at) => at.serverId === query.serverId)) &&
        (query.metadata === undefined || holdsAll(volume.metadata, query.metadata)),
    );
  const found = page(volumes, query, SORT_KEYS);
  return { ...found, items: found.items.map(bare) };
}

export function updateVolume(control: Control, id: string, input: UpdateDetails): Volume {
  const volume = notDeleting(control.volume(id));
  return save(control, volume, changedDetails(volume, input));
}

export function changeVolumeMetadata(control: Control, id: string, change: MetadataChange): Volume {
  const volume = notDeleting(control.volume(id));
  return save(control, volume, { metadata: checkMetadata(changedPairs(volume.metadata, change)) });
}

export function changeVolumeTags(control: Control, id: string, change: MetadataChange): Volume {
  const volume = notDeleting(control.volume(id));
  return save(control, volume, { tags: checkTags(changedPairs(volume.tags, change)) });
}

/** Flags of the Cinder form; allowed whatever runs. */
export function setVolumeFlags(
  control: Control,
  id: string,
  flags: { bootable?: boolean; readonly?: boolean },
): Volume {
  const volume = notDeleting(control.volume(id));
  return save(control, volume, {
    bootable: flags.bootable ?? volume.bootable,
    readonly: flags.readonly ?? volume.readonly,
  });
}

/** S3, B5: the disk's snapshots go with it, its backups stay. */
export function deleteVolume(control: Control, id: string, input: DeleteVolume): { jobId: string } {
  const jobId = newJobId();
  const volume = control.volume(id);
  const backingUp = control.backups.by('volumeId', id).some((backup) => backup.status === 'creating');
  if (backingUp) throw new Refusal('volume-delete-backing-up', { id });
  const forced = input.force === true && volume.jobId === null && volume.status !== 'deleting';
  const deleting = beginOnVolume(forced ? { ...volume, status: 'error' } : volume, 'delete', jobId);
  if (volume.attachments.length > 0 && !forced) {
    throw new Refusal('volume-delete-status', {
      id,
      status: volume.status,
      allowed: VOLUME_STATES.delete.from.join(', '),
    });
  }
  const snapshots = control.snapshots.by('volumeId', id);
  if (input.face === 'cinder' && input.cascade !== true && snapshots.length > 0) {
    throw new Refusal('volume-has-snapshots', { id, count: snapshots.length });
  }
  refuseWhileCloned(control, snapshots);
  control.volumes.put(deleting);
  for (const snapshot of snapshots) {
    control.snapshots.put({ ...snapshot, status: 'deleting', priorStatus: snapshot.status, jobId });
  }
  const target = onDisk(control, volume, { kind: 'delete' });
  begin(control, {
    id: jobId,
    action: 'deleteVolume',
    apiType: 'deleteVolume',
    target,
    volumeId: id,
    entities: { volumeId: id },
  });
  return { jobId };
}

/** Grows a disk; none ever shrinks. */
export function extendVolume(control: Control, id: string, input: { sizeGib: number }): { jobId: string } {
  const jobId = newJobId();
  const volume = control.volume(id);
  const extending = beginOnVolume(volume, 'extend', jobId);
  refuseWhileSnapshotted(control, id);
  if (volume.multiattach && volume.status === 'in-use') throw new Refusal('extend-shared');
  for (const { serverId } of volume.attachments) {
    const status = serverId === null ? undefined : control.servers.get(serverId)?.status;
    if (status === 'REBUILD' || status === 'ERROR') throw new Refusal('extend-server', { id, status });
  }
  const { sizeGib } = input;
  const sizeGibMax = volume.wasSystem ? SYSTEM_SIZE_GIB_MAX : QUOTA.perVolumeGigabytes;
  if (!Number.isInteger(sizeGib) || sizeGib <= volume.sizeGib) {
    throw new Refusal('extend-size', { value: sizeGib, size: volume.sizeGib });
  }
  if (sizeGib > sizeGibMax) throw new Refusal('invalid-size', { value: sizeGib, reason: `at most ${sizeGibMax} GiB` });
  checkGigabytes(control, sizeGib - volume.sizeGib);
  control.volumes.put(extending);
  const target = onDisk(control, volume, { kind: 'extend', sizeBytes: sizeGib * GIB });
  const entities = { volumeId: id, sizeGib };
  begin(control, { id: jobId, action: 'extendVolume', apiType: 'extendVolume', target, volumeId: id, entities });
  return { jobId };
}

/** A type is a promise about speed, which this software does not shape: changing it is bookkeeping. */
export function retypeVolume(control: Control, id: string, input: { type: string }): { jobId: string } {
  const jobId = newJobId();
  const volume = control.volume(id);
  const type = typeNamed(input.type);
  const retyped = endOnVolume(beginOnVolume(volume, 'retype', jobId), 'retype');
  if (type !== volume.type && !RETYPE[volume.type].includes(type)) {
    throw new Refusal('retype-direction', { from: volume.type, to: type });
  }
  save(control, retyped, { type });
  const entities = { volumeId: id, volumeType: type };
  begin(control, {
    id: jobId,
    action: 'none',
    apiType: 'retypeVolume',
    target: { kind: 'none' },
    volumeId: id,
    entities,
  });
  return { jobId };
}

/** Admin: says what a stuck volume is. A running operation keeps its say. */
export function resetVolumeStatus(control: Control, id: string, status: string): Volume {
  const volume = control.volume(id);
  const known: readonly string[] = ['in-use', ...VOLUME_STATES.delete.from];
  if (volume.jobId !== null || !known.includes(status)) {
    throw new Refusal('invalid-request', { reason: `The status of volume ${id} cannot be set to ${status} now.` });
  }
  return save(control, volume, { status: status as VolumeStatus });
}

/** Stores the changed fields of a volume, with the time of the change. */
export function save(control: Control, volume: VolumeRecord, changed: Partial<VolumeRecord>): Volume {
  return bare(control.volumes.put({ ...volume, ...changed, updatedMs: control.now() }));
}

/** The volume, or the refusal that it is on its way out. */
export function notDeleting(volume: VolumeRecord): VolumeRecord {
  if (volume.status === 'deleting') throw new Refusal('volume-deleting', { id: volume.id });
  return volume;
}
