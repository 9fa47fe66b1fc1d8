// Making backups. One record stands behind the Cinder, VBS and CBR forms; it belongs to a vault and outlives its disk.

import { Refusal } from '../faults.ts';
import { bare } from './backup-places.ts';
import type { CreateBackup, CreatedBackup } from './contract.ts';
import type { Actor, Control } from './control.ts';
import { checkDescription, checkMetadata, checkName, checkTags } from './fields.ts';
import { refuseWhileHandedOver } from './in-use.ts';
import { begin, newJobId, onDisk } from './jobs.ts';
import { VBS_BACKUPS_PER_DISK_MAX } from './limits.ts';
import { checkBackupQuota } from './quotas.ts';
import type { BackupRecord, SnapshotRecord, VaultRecord, VolumeRecord } from './records.ts';
import { expiryOf } from './retention.ts';
import { beginOnSnapshot, beginOnVolume } from './states.ts';
import { beginTask } from './tasks.ts';
import { capacityBytes, vaultForBackup } from './vault-records.ts';

/** The backup location's name: object storage, which is in no zone (B3, B6). */
export const BACKUP_ZONE = 'obs';

/** What only the schedule and checkpoints say. */
export interface BackupOrigin {
  readonly checkpointId?: string;
  readonly automatic?: boolean;
  readonly policyId?: string;
}

/** All checks come before the first write, so that a checkpoint may skip a disk that refuses. */
export function createBackup(
  control: Control,
  actor: Actor,
  input: CreateBackup,
  origin: BackupOrigin = {},
): CreatedBackup {
  const jobId = newJobId();
  const volume = control.volume(input.volumeId);
  refuseWhileHandedOver(control, volume.id);
  const siblings = control.backups.by('volumeId', volume.id).filter((backup) => backup.sharedFrom === undefined);
  if (siblings.some((backup) => isOfDisk(backup) && backup.status === 'creating'))
    throw new Refusal('backup-running', { id: volume.id });
  if (input.face === 'vbs' && siblings.length >= VBS_BACKUPS_PER_DISK_MAX) {
    throw new Refusal('backup-limit', { limit: VBS_BACKUPS_PER_DISK_MAX });
  }
  const snapshot = input.snapshotId === undefined ? null : snapshotOf(control, volume, input.snapshotId);
  const snapshotBegun = snapshot === null ? null : beginOnSnapshot(snapshot, 'backup', jobId);
  const isCinder = input.face === 'cinder';
  // To Cinder the volume has no part in the backup of a snapshot.
  const volumeBegun = isCinder && snapshot !== null ? null : beginOnVolume(volume, 'backup', jobId);
  if (isCinder && snapshot === null && volume.status === 'in-use' && input.force !== true) {
    throw new Refusal('backup-in-use', { id: volume.id });
  }
  const owned = siblings.filter((backup) => backup.projectId === ownerOf(control, actor));
  const parent = isCinder && input.incremental === true ? parentAmong(owned, snapshot) : null;
  const details = {
    name: checkName(input.name ?? (isCinder ? '' : madeUpName('manualbk'))),
    description: checkDescription(input.description ?? null),
    metadata: checkMetadata(input.metadata ?? {}),
    tags: checkTags(input.tags ?? {}),
    ...(input.face === 'vbs' ? { madeBy: 'vbs' as const } : {}),
  };
  checkBackupQuota(control, volume.sizeGib);
  const vault = vaultForBackup(control, actor, volume.id, input.vaultId);

  if (volumeBegun !== null) control.volumes.put(volumeBegun);
  if (snapshotBegun !== null) control.snapshots.put(snapshotBegun);
  const full = input.full ?? false;
  const incremental = !full && siblings.some((backup) => backup.vaultId === vault.id && backup.status === 'available');
  const backup = control.backups.put({
    ...newRecord(control, actor, volume, vault, snapshot),
    ...details,
    container: input.container ?? null,
    incremental,
    parentId: parent?.id ?? null,
    checkpointId: origin.checkpointId ?? null,
    automatic: origin.automatic ?? false,
    policyId: origin.policyId ?? null,
    expiresMs: origin.automatic && origin.policyId !== undefined ? expiryOf(control, origin.policyId) : null,
    jobId,
  });
  beginBackupJob(control, backup, volume, vault, full);
  return { backup: bare(backup), jobId: isCinder ? null : jobId };
}

function beginBackupJob(
  control: Control,
  backup: BackupRecord,
  volume: VolumeRecord,
  vault: VaultRecord,
  full: boolean,
): void {
  const { id: backupId, snapshotId, name } = backup;
  const jobId = backup.jobId!;
  const subjects = { volumeId: volume.id, backupId, ...(snapshotId === null ? {} : { snapshotId }) };
  begin(control, {
    id: jobId,
    action: 'createBackup',
    apiType: 'bksCreateBackup',
    target: onDisk(control, volume, {
      kind: 'backup',
      vaultId: vault.id,
      backupId,
      ...(snapshotId === null ? {} : { snapshotId }),
      full,
      capacityBytes: capacityBytes(vault),
      label: {
        name,
        volumeId: volume.id,
        volumeName: volume.name,
        zone: volume.zone,
        createdMs: backup.createdMs,
        automatic: backup.automatic,
        extra: { ...bare(backup) },
      },
    }),
    ...subjects,
    vaultId: vault.id,
    afterJobId: vault.createJobId,
    entities: { ...subjects, name },
  });
  beginTask(
    control,
    jobId,
    {
      kind: 'backup',
      vaultId: vault.id,
      vaultName: vault.name,
      policyId: backup.policyId,
      checkpointId: backup.checkpointId,
      resourceId: volume.id,
      resourceName: volume.name,
      backupId,
      backupName: name,
      incremental: backup.incremental,
    },
    backup.projectId,
  );
}

/** A copy between vaults is no work of the disk. */
export function isOfDisk(backup: BackupRecord): boolean {
  return backup.copyOf === undefined;
}

/** `autobk_1f2e`, `manualbk_1f2e`. */
export function madeUpName(prefix: 'autobk' | 'manualbk'): string {
  const [bits = 0] = crypto.getRandomValues(new Uint16Array(1));
  return `${prefix}_${bits.toString(16).padStart(4, '0')}`;
}

function snapshotOf(control: Control, volume: VolumeRecord, snapshotId: string): SnapshotRecord {
  const snapshot = control.snapshot(snapshotId);
  if (snapshot.volumeId !== volume.id) throw new Refusal('volume-no-snapshot', { id: volume.id, snapshotId });
  return snapshot;
}

/** Whose a backup is: an administrator of another project keeps what he makes here. */
function ownerOf(control: Control, actor: Actor): string {
  return actor.homeProjectId ?? control.projectId;
}

/** Cinder's choice: the newest available one, for a snapshot's backup the newest that is older than the snapshot. */
function parentAmong(backups: readonly BackupRecord[], snapshot: SnapshotRecord | null): BackupRecord {
  const older = backups.filter(
    (backup) => backup.status === 'available' && (snapshot === null || backup.dataMs < snapshot.createdMs),
  );
  const [newest] = older.toSorted((a, b) => b.dataMs - a.dataMs);
  if (newest === undefined) throw new Refusal('backup-no-parent');
  return newest;
}

function newRecord(
  control: Control,
  actor: Actor,
  volume: VolumeRecord,
  vault: VaultRecord,
  snapshot: SnapshotRecord | null,
): BackupRecord {
  const nowMs = control.now();
  return {
    id: crypto.randomUUID(),
    vaultId: vault.id,
    checkpointId: null,
    name: '',
    description: null,
    status: 'creating',
    volumeId: volume.id,
    volumeName: volume.name,
    volumeZone: volume.zone,
    volumeBootable: volume.bootable,
    volumeSystem: volume.system,
    volumeMetadata: volume.metadata,
    sizeGib: snapshot?.sizeGib ?? volume.sizeGib,
    zone: BACKUP_ZONE,
    snapshotId: snapshot?.id ?? null,
    automatic: false,
    policyId: null,
    incremental: false,
    objectCount: 0,
    logicalBytes: 0,
    storedBytes: 0,
    progressPercent: 0,
    container: null,
    metadata: {},
    projectId: ownerOf(control, actor),
    userId: actor.userId,
    createdMs: nowMs,
    updatedMs: nowMs,
    dataMs: snapshot?.createdMs ?? nowMs,
    expiresMs: null,
    failReason: null,
    jobId: null,
  };
}
