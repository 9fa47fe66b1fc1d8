// Making volumes: empty, from a snapshot, from a backup.

import { Refusal } from '../faults.ts';
import type { DiskSource } from '../protocol.ts';
import type { CreatedVolumes, CreateVolumes, VolumeTypeName } from './contract.ts';
import type { Actor, Control } from './control.ts';
import { checkDescription, checkMetadata, checkName, checkTags, typeNamed } from './fields.ts';
import { begin, newJobId, onDisk } from './jobs.ts';
import {
  BATCH_NAME_BYTES_MAX,
  DEFAULT_TYPE,
  GIB,
  NAME_BYTES_MAX,
  NATIVE_SIZE_GIB_MIN,
  QUOTA,
  VOLUME_COUNT_MAX,
} from './limits.ts';
import { checkVolumeQuota } from './quotas.ts';
import type { BackupRecord, SnapshotRecord, VolumeRecord } from './records.ts';
import { beginOnBackup, SNAPSHOT_STATES } from './states.ts';
import { bare } from './volumes.ts';

interface Plan {
  readonly zone: string;
  readonly type: VolumeTypeName;
  readonly sizeGib: number;
  readonly bootable: boolean;
  readonly source?: DiskSource;
}

/** Checks everything, then stores the volumes and one job each; inside a change. */
export function createVolumes(control: Control, actor: Actor, input: CreateVolumes): CreatedVolumes {
  const count = input.count ?? 1;
  if (!Number.isInteger(count) || count < 1 || count > VOLUME_COUNT_MAX)
    throw new Refusal('invalid-count', { value: count });
  if (input.snapshotId !== undefined && input.backupId !== undefined) throw new Refusal('several-sources');
  if (input.backupId !== undefined && count > 1) throw new Refusal('backup-batch');
  const name = checkName(input.name ?? '', count > 1 ? BATCH_NAME_BYTES_MAX : NAME_BYTES_MAX);
  const details = {
    description: checkDescription(input.description ?? null),
    metadata: checkMetadata(input.metadata ?? {}),
    tags: checkTags(input.tags ?? {}),
    multiattach: input.multiattach ?? false,
  };
  const backup = input.backupId === undefined ? null : control.backup(input.backupId);
  const plan = planFor(control, input, backup);
  checkVolumeQuota(control, count, plan.sizeGib);

  const parentId = count > 1 ? newJobId() : undefined;
  const volumes: VolumeRecord[] = [];
  let jobId = parentId ?? '';
  for (let index = 1; index <= count; index++) {
    const id = newJobId();
    if (parentId === undefined) jobId = id;
    const volume = control.volumes.put({
      ...emptyVolume(control, actor),
      ...details,
      ...plan,
      name: count > 1 ? `${name}-${String(index).padStart(4, '0')}` : name,
      snapshotId: input.snapshotId ?? null,
      backupId: input.backupId ?? null,
      jobId: id,
    });
    volumes.push(volume);
    beginCreate(control, volume, id, plan.source, parentId);
    if (backup !== null) control.backups.put(beginOnBackup(backup, 'restore', id));
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
    bootable: false,
    readonly: null,
    multiattach: false,
    system: false,
    metadata: {},
    tags: {},
    attachments: [],
    snapshotId: null,
    backupId: null,
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
export function beginCreate(
  control: Control,
  volume: VolumeRecord,
  jobId: string,
  source: DiskSource | undefined,
  parentId?: string,
): void {
  const sizeBytes = volume.sizeGib * GIB;
  begin(control, {
    id: jobId,
    action: 'createVolume',
    apiType: 'createVolume',
    target: onDisk(
      control,
      volume,
      source === undefined ? { kind: 'create', sizeBytes } : { kind: 'create', sizeBytes, source },
    ),
    volumeId: volume.id,
    ...(source?.kind === 'backup' ? { backupId: source.backupId } : {}),
    ...(source?.kind === 'snapshot' ? { snapshotId: source.snapshotId } : {}),
    parentId,
    entities: { volumeId: volume.id, name: volume.name, sizeGib: volume.sizeGib, volumeType: volume.type },
  });
}

function planFor(control: Control, input: CreateVolumes, backup: BackupRecord | null): Plan {
  if (input.snapshotId !== undefined) return planFromSnapshot(control, input, control.snapshot(input.snapshotId));
  const zone = control.zone(input.zone ?? control.defaultZone().name).name;
  const type = typeNamed(input.type ?? DEFAULT_TYPE);
  if (backup === null) return { zone, type, sizeGib: sizeOf(input, undefined), bootable: false };
  const sizeGib = sizeOf(input, backup.sizeGib);
  if (backup.status !== 'available') throw new Refusal('backup-status', { id: backup.id, status: backup.status });
  if (sizeGib < backup.sizeGib) throw new Refusal('backup-size', { value: sizeGib, size: backup.sizeGib });
  const source = { kind: 'backup', vaultId: backup.vaultId, backupId: backup.id } as const;
  return { zone, type, sizeGib, bootable: backup.volumeBootable, source };
}

/** S5: what is made from a snapshot stays in its zone, and has its type. */
function planFromSnapshot(control: Control, input: CreateVolumes, snapshot: SnapshotRecord): Plan {
  const origin = control.volume(snapshot.volumeId);
  if (!(SNAPSHOT_STATES.rollback.from as readonly string[]).includes(snapshot.status)) {
    throw new Refusal('snapshot-status', { id: snapshot.id, status: snapshot.status });
  }
  const zone = control.zone(input.zone ?? snapshot.zone).name;
  if (zone !== snapshot.zone) throw new Refusal('snapshot-zone', { zone: snapshot.zone });
  const type = typeNamed(input.type ?? origin.type);
  if (type !== origin.type) throw new Refusal('snapshot-type', { type: origin.type });
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
  const max = native ? QUOTA.perVolumeGigabytes : Number.MAX_SAFE_INTEGER;
  if (!Number.isInteger(sizeGib) || sizeGib < min || sizeGib > max) {
    throw new Refusal('invalid-size', { value: given, reason: `whole GiB from ${min} to ${QUOTA.perVolumeGigabytes}` });
  }
  return sizeGib;
}
