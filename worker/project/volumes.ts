// Volumes: list, read, describe, delete, extend, retype.

import { Refusal } from '../faults.ts';
import type {
  DeleteVolume,
  MetadataChange,
  Page,
  UpdateDetails,
  Volume,
  VolumeFlags,
  VolumeQuery,
  VolumeStatus,
  VolumeSummary,
} from './contract.ts';
import type { Control } from './control.ts';
import { isOfDisk } from './create-backups.ts';
import { changedDetails, changedPairs, checkMetadata, checkTags } from './fields.ts';
import { refuseWhileCloned, refuseWhileSnapshotted } from './in-use.ts';
import { begin, newJobId, onDisk } from './jobs.ts';
import { GIB, SIZE_GIB_MAX, SYSTEM_SIZE_GIB_MAX } from './limits.ts';
import { commonKeys, holdsAll, page, type SortKeys } from './list.ts';
import { checkGigabytes, checkRetypeQuota, checkSize, renameTypeLimits } from './quotas.ts';
import type { VolumeRecord } from './records.ts';
import { beginOnVolume, endOnVolume, RESET_VOLUME_STATUSES, VOLUME_STATES } from './states.ts';
import { mustBecome, mustBeMakeable, typeNamed, usableTypes } from './types.ts';

/** What volumes may be ordered by. */
export const VOLUME_SORT_KEYS: SortKeys<Volume> = {
  ...commonKeys<Volume>(),
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
  const type = usableTypes(control).find((known) => known.id === query.type)?.name ?? query.type;
  const volumes = control.volumes
    .all()
    .filter(
      (volume) =>
        (ids === null || ids.has(volume.id)) &&
        (query.name === undefined || volume.name === query.name) &&
        (query.status === undefined || volume.status === query.status) &&
        (query.zone === undefined || volume.zone === query.zone) &&
        (type === undefined || volume.type === type || volume.typeId === type) &&
        (query.bootable === undefined || volume.bootable === query.bootable) &&
        (query.multiattach === undefined || volume.multiattach === query.multiattach) &&
        (query.sizeGib === undefined || volume.sizeGib === query.sizeGib) &&
        (query.serverId === undefined || volume.attachments.some((at) => at.serverId === query.serverId)) &&
        (query.metadata === undefined || holdsAll(volume.metadata, query.metadata)),
    );
  const found = page(volumes, query, VOLUME_SORT_KEYS);
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
export function setVolumeFlags(control: Control, id: string, flags: VolumeFlags): Volume {
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
  const backingUp = control.backups
    .by('volumeId', id)
    .some((backup) => isOfDisk(backup) && backup.status === 'creating');
  if (backingUp) throw new Refusal('volume-delete-backing-up', { id });
  const forced = input.force === true && volume.jobId === null;
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
  refuseWhileCloned(control, id, snapshots);
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
  const sizeGibMax = volume.wasSystem ? SYSTEM_SIZE_GIB_MAX : SIZE_GIB_MAX;
  if (!Number.isInteger(sizeGib) || sizeGib <= volume.sizeGib) {
    throw new Refusal('extend-size', { value: sizeGib, size: volume.sizeGib });
  }
  if (sizeGib > sizeGibMax) throw new Refusal('invalid-size', { value: sizeGib, reason: `at most ${sizeGibMax} GiB` });
  checkSize(control, sizeGib);
  checkGigabytes(control, sizeGib - volume.sizeGib, volume.type);
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
  const { id: typeId, name: type } = mustBeMakeable(typeNamed(control, input.type));
  const retyped = endOnVolume(beginOnVolume(volume, 'retype', jobId), 'retype');
  mustBecome(volume.type, type);
  checkRetypeQuota(control, volume, control.snapshots.by('volumeId', id), type);
  save(control, retyped, { type, typeId });
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

/** Notes about the image of a bootable volume; they decide nothing. */
export function changeImageMetadata(control: Control, id: string, change: MetadataChange): Volume {
  const volume = notDeleting(control.volume(id));
  return save(control, volume, { imageMetadata: checkMetadata(changedPairs(volume.imageMetadata ?? {}, change)) });
}

/** Admin: says what a stuck volume is; `detached` ends its attachments. A running operation keeps its say. */
export function resetVolumeStatus(
  control: Control,
  id: string,
  input: { readonly status?: string | undefined; readonly attachStatus?: string | undefined },
): Volume {
  const volume = control.volume(id);
  const status = input.status?.toLowerCase() ?? volume.status;
  const known: readonly string[] = RESET_VOLUME_STATUSES;
  const unattached = status === 'in-use' && volume.attachments.length === 0;
  if (volume.jobId !== null || unattached || (input.status !== undefined && !known.includes(status))) {
    throw new Refusal('invalid-request', { reason: `The status of volume ${id} cannot be set to ${status} now.` });
  }
  const attachments = input.attachStatus?.toLowerCase() === 'detached' ? [] : volume.attachments;
  return save(control, volume, { status: status as VolumeStatus, attachments });
}

/** A type has another name: its volumes say so, and the limits that were set for it. Saying it again mends what was missed. */
export function renameType(control: Control, typeId: string, from: string, to: string): null {
  renameTypeLimits(control, from, to);
  for (const volume of control.volumes.by('typeId', typeId)) {
    if (volume.type !== to) control.volumes.put({ ...volume, type: to });
  }
  return null;
}

/** Volumes of a type, so that nobody takes away a type that is used. By its id: they may not know its latest name yet. */
export function countOfType(control: Control, typeId: string): number {
  return control.volumes.by('typeId', typeId).length;
}

export function summarizeVolumes(control: Control): VolumeSummary {
  const metadata: Record<string, string[]> = {};
  let sizeGib = 0;
  const volumes = control.volumes.all();
  for (const volume of volumes) {
    sizeGib += volume.sizeGib;
    for (const [key, value] of Object.entries(volume.metadata)) {
      const values = Object.hasOwn(metadata, key) ? metadata[key]! : [];
      metadata[key] = values.includes(value) ? values : [...values, value];
    }
  }
  return { count: volumes.length, sizeGib, metadata };
}

/** The disk is gone, or another project's: its records go. Its backups stay, and the vault that has them keeps them. */
export function forgetVolume(control: Control, id: string): void {
  for (const snapshot of control.snapshots.by('volumeId', id)) control.snapshots.delete(snapshot.id);
  control.volumes.delete(id);
  for (const vault of control.vaults.all()) {
    const resources = vault.resources.filter((resource) => resource.id !== id);
    if (resources.length < vault.resources.length) control.vaults.put({ ...vault, resources });
  }
  // An admin may have deleted it by force.
  for (const server of control.servers.by('systemVolumeId', id)) {
    control.servers.put({ ...server, systemVolumeId: null });
  }
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
