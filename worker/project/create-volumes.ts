// Making volumes: empty, from a snapshot, from a backup, from another volume.

import { Refusal } from '../faults.ts';
import type { DiskSource } from '../protocol.ts';
import { sourceOf } from './backup-places.ts';
import { visibleBackup } from './backups.ts';
import { markForClone } from './clones.ts';
import type { Caller, CreatedVolumes, CreateVolumes, VolumeType } from './contract.ts';
import type { Actor, Control } from './control.ts';
import { checkDescription, checkMetadata, checkName, checkTags } from './fields.ts';
import { refuseWhileHandedOver } from './in-use.ts';
import { begin, newJobId, onDisk } from './jobs.ts';
import {
  BATCH_NAME_BYTES_MAX,
  DEFAULT_TYPE,
  GIB,
  NAME_BYTES_MAX,
  NATIVE_SIZE_GIB_MIN,
  SIZE_GIB_MAX,
  VOLUME_COUNT_MAX,
} from './limits.ts';
import { checkVolumeQuota } from './quotas.ts';
import type { BackupRecord, SnapshotRecord, VolumeRecord } from './records.ts';
import { beginOnBackup, CLONE_SOURCE_STATUSES, SNAPSHOT_STATES } from './states.ts';
import { isMultiattach, mustBeMakeable, typeNamed } from './types.ts';
import { bare } from './volumes.ts';

interface Plan {
  readonly zone: string;
  readonly type: VolumeType;
  readonly sizeGib: number;
  readonly bootable: boolean;
  readonly source?: DiskSource;
  /** The volume to clone: each clone marks a moment of its own. */
  readonly origin?: VolumeRecord;
}

/** Metadata of a disk that is to be available only when all of its content is local: when it is made, and after a restore. */
const EAGER = 'edge_evs:eager';

/** What the disk's jobs are told of it. */
export function eagerness(volume: VolumeRecord): { readonly eager?: true } {
  return volume.metadata[EAGER] === 'true' ? { eager: true } : {};
}

/** Where the content of a new disk comes from, and what is to be done before. */
export interface Origin {
  readonly source?: DiskSource | undefined;
  readonly parentId?: string | undefined;
  readonly afterJobId?: string | undefined;
  readonly sourceVolumeId?: string | undefined;
}

/** Checks everything, then stores the volumes and one job each; inside a change. */
export function createVolumes(control: Control, caller: Caller, input: CreateVolumes): CreatedVolumes {
  const count = input.count ?? 1;
  if (!Number.isInteger(count) || count < 1 || count > VOLUME_COUNT_MAX)
    throw new Refusal('invalid-count', { value: count });
  const sources = [input.snapshotId, input.backupId, input.sourceVolumeId].filter((id) => id !== undefined);
  if (sources.length > 1) throw new Refusal('several-sources');
  if (input.backupId !== undefined && count > 1) throw new Refusal('backup-batch');
  const name = checkName(input.name ?? '', count > 1 ? BATCH_NAME_BYTES_MAX : NAME_BYTES_MAX);
  const backup = input.backupId === undefined ? null : visibleBackup(control, caller, input.backupId);
  const { source, origin, type, ...plan } = planFor(control, input, backup);
  const inherited = input.face === 'cinder' ? (backup?.volumeMetadata ?? origin?.metadata) : undefined;
  const details = {
    description: checkDescription(input.description ?? null),
    metadata: checkMetadata({ ...inherited, ...input.metadata }),
    tags: checkTags(input.tags ?? {}),
    multiattach: input.multiattach === true || isMultiattach(mustBeMakeable(type)),
  };
  checkVolumeQuota(control, count, plan.sizeGib, type.name);

  const parentId = count > 1 ? newJobId() : undefined;
  const volumes: VolumeRecord[] = [];
  let jobId = parentId ?? '';
  for (let index = 1; index <= count; index++) {
    const id = newJobId();
    if (parentId === undefined) jobId = id;
    const volume = control.volumes.put({
      ...emptyVolume(control, caller),
      ...details,
      ...plan,
      type: type.name,
      typeId: type.id,
      imageMetadata: origin?.imageMetadata ?? {},
      name: count > 1 ? `${name}-${String(index).padStart(4, '0')}` : name,
      snapshotId: input.snapshotId ?? null,
      backupId: input.backupId ?? null,
      sourceVolumeId: input.sourceVolumeId ?? null,
      jobId: id,
    });
    volumes.push(volume);
    beginCreate(control, volume, id, {
      parentId,
      ...(origin === undefined ? { source } : markForClone(control, origin)),
    });
    if (backup !== null) {
      control.backups.put(beginOnBackup(backup, input.face === 'cinder' ? 'make disks' : 'restore', id));
    }
  }
  if (parentId !== undefined) {
    begin(control, { id: parentId, action: 'none', apiType: 'batchCreateVolume', target: { kind: 'none' } });
  }
  return { volumes: volumes.map(bare), jobId: input.face === 'native' ? jobId : null };
}

/** A volume's record before anything is known of it. */
export function emptyVolume(control: Control, actor: Actor): VolumeRecord {
  const nowMs = control.now();
  return {
    id: crypto.randomUUID(),
    name: '',
    description: null,
    status: 'creating',
    sizeGib: 1,
    zone: control.defaultZone().name,
    type: DEFAULT_TYPE,
    typeId: typeNamed(control, DEFAULT_TYPE).id,
    bootable: false,
    readonly: null,
    multiattach: false,
    system: false,
    metadata: {},
    tags: {},
    attachments: [],
    snapshotId: null,
    backupId: null,
    sourceVolumeId: null,
    imageMetadata: {},
    projectId: control.projectId,
    userId: actor.userId,
    createdMs: nowMs,
    updatedMs: nowMs,
    failReason: null,
    priorStatus: null,
    wasSystem: false,
    jobId: null,
  };
}

/** Stores the job that makes the volume's Disk. */
export function beginCreate(control: Control, volume: VolumeRecord, jobId: string, origin: Origin): void {
  const { source, parentId, afterJobId, sourceVolumeId } = origin;
  const sizeBytes = volume.sizeGib * GIB;
  begin(control, {
    id: jobId,
    action: 'createVolume',
    apiType: 'createVolume',
    target: onDisk(
      control,
      volume,
      source === undefined
        ? { kind: 'create', sizeBytes }
        : { kind: 'create', sizeBytes, source, ...eagerness(volume) },
    ),
    volumeId: volume.id,
    // The volume's own record has the backup's id, the source the id that its vault knows.
    ...(volume.backupId === null ? {} : { backupId: volume.backupId }),
    ...(source?.kind === 'snapshot' ? { snapshotId: source.snapshotId } : {}),
    ...(sourceVolumeId === undefined ? {} : { sourceVolumeId }),
    parentId,
    afterJobId,
    entities: { volumeId: volume.id, name: volume.name, sizeGib: volume.sizeGib, volumeType: volume.type },
  });
}

function planFor(control: Control, input: CreateVolumes, backup: BackupRecord | null): Plan {
  if (input.snapshotId !== undefined) return planFromSnapshot(control, input, control.snapshot(input.snapshotId));
  if (input.sourceVolumeId !== undefined) return planFromVolume(control, input, control.volume(input.sourceVolumeId));
  const zone = control.zone(input.zone ?? control.defaultZone().name).name;
  const type = typeNamed(control, input.type ?? DEFAULT_TYPE);
  if (backup === null) return { zone, type, sizeGib: sizeOf(input, undefined), bootable: false };
  const sizeGib = sizeOf(input, backup.sizeGib);
  const busy = input.face === 'cinder' && backup.status === 'restoring';
  if (backup.status !== 'available' && !busy) {
    throw new Refusal('backup-status', { id: backup.id, status: backup.status });
  }
  if (sizeGib < backup.sizeGib) throw new Refusal('backup-size', { value: sizeGib, size: backup.sizeGib });
  return { zone, type, sizeGib, bootable: backup.volumeBootable, source: sourceOf(control, backup) };
}

/** A clone begins as a snapshot does: in the zone of its origin. Another type is bookkeeping. */
function planFromVolume(control: Control, input: CreateVolumes, origin: VolumeRecord): Plan {
  if (!CLONE_SOURCE_STATUSES.includes(origin.status)) {
    throw new Refusal('clone-status', { id: origin.id, status: origin.status });
  }
  const zone = control.zone(input.zone ?? origin.zone).name;
  if (zone !== origin.zone) throw new Refusal('clone-zone', { zone: origin.zone });
  const type = typeNamed(control, input.type ?? origin.type);
  const sizeGib = sizeOf(input, origin.sizeGib);
  if (sizeGib < origin.sizeGib) throw new Refusal('clone-size', { value: sizeGib, size: origin.sizeGib });
  return { zone, type, sizeGib, bootable: origin.bootable, origin };
}

/** S5: what is made from a snapshot stays in its zone, and has its type. */
function planFromSnapshot(control: Control, input: CreateVolumes, snapshot: SnapshotRecord): Plan {
  const origin = control.volume(snapshot.volumeId);
  refuseWhileHandedOver(control, origin.id);
  if (!(SNAPSHOT_STATES.rollback.from as readonly string[]).includes(snapshot.status)) {
    throw new Refusal('snapshot-status', { id: snapshot.id, status: snapshot.status });
  }
  const zone = control.zone(input.zone ?? snapshot.zone).name;
  if (zone !== snapshot.zone) throw new Refusal('snapshot-zone', { zone: snapshot.zone });
  const type = typeNamed(control, input.type ?? origin.type);
  if (type.name !== origin.type) throw new Refusal('snapshot-type', { type: origin.type });
  const sizeGib = sizeOf(input, input.face === 'native' ? undefined : snapshot.sizeGib);
  if (sizeGib < snapshot.sizeGib) throw new Refusal('snapshot-size', { value: sizeGib, size: snapshot.sizeGib });
  const source = { kind: 'snapshot', diskId: origin.id, snapshotId: snapshot.id, zone: snapshot.zone } as const;
  return { zone, type, sizeGib, bootable: origin.bootable, source };
}

function sizeOf(input: CreateVolumes, fallbackGib: number | undefined): number {
  const given = input.sizeGib ?? fallbackGib;
  const native = input.face === 'native';
  if (given === undefined) throw new Refusal('invalid-size', { value: '(none)', reason: 'it is required' });
  // The vendor truncates decimals, Cinder refuses them.
  const sizeGib = native ? Math.trunc(given) : given;
  const min = native && input.backupId === undefined ? NATIVE_SIZE_GIB_MIN : 1;
  // To Cinder a size that is too large is a matter of quotas (413), which are looked at next.
  const max = native ? SIZE_GIB_MAX : Number.MAX_SAFE_INTEGER;
  if (!Number.isInteger(sizeGib) || sizeGib < min || sizeGib > max) {
    throw new Refusal('invalid-size', { value: given, reason: `whole GiB from ${min} to ${SIZE_GIB_MAX}` });
  }
  return sizeGib;
}
