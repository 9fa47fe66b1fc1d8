// Restoring a backup: over a given disk (B7), or into a new one that is made for it (B8).

import { Refusal } from '../faults.ts';
import { placeOf, sourceOf } from './backup-places.ts';
import { visibleBackup } from './backups.ts';
import type { Caller, RestoreBackup, RestoreStarted } from './contract.ts';
import type { Actor, Control } from './control.ts';
import { beginCreate, eagerness, emptyVolume } from './create-volumes.ts';
import { checkName } from './fields.ts';
import { refuseWhileSnapshotted } from './in-use.ts';
import { begin, newJobId, onDisk } from './jobs.ts';
import { checkVolumeQuota } from './quotas.ts';
import type { BackupRecord, VolumeRecord } from './records.ts';
import { beginOnBackup, beginOnVolume } from './states.ts';
import { beginTask } from './tasks.ts';

/** Over the named disk, else into a new one. The backup serves nobody else meanwhile. */
export function restoreBackup(control: Control, caller: Caller, id: string, input: RestoreBackup): RestoreStarted {
  const backup = visibleBackup(control, caller, id);
  const jobId = newJobId();
  const restoring = beginOnBackup(backup, 'restore', jobId);
  const volume = input.volumeId
    ? restoreOver(control, backup, input.volumeId, jobId)
    : restoreNew(control, caller, backup, input, jobId);
  control.backups.put(restoring);
  beginTask(
    control,
    jobId,
    {
      kind: 'restore',
      vaultId: backup.vaultId,
      vaultName: control.vaults.get(backup.vaultId)?.name ?? null,
      checkpointId: backup.checkpointId,
      resourceId: backup.volumeId,
      resourceName: backup.volumeName,
      backupId: id,
      backupName: backup.name,
      targetId: volume.id,
      targetName: volume.name,
    },
    backup.sharedFrom === undefined ? backup.projectId : control.projectId,
  );
  const named = input.face === 'native' || input.face === 'vbs';
  return { backupId: id, volumeId: volume.id, volumeName: volume.name, jobId: named ? jobId : null };
}

function restoreOver(control: Control, backup: BackupRecord, volumeId: string, jobId: string): VolumeRecord {
  const volume = control.volume(volumeId);
  if (backup.sharedFrom !== undefined) throw new Refusal('share-restore', { id: backup.id });
  if (volume.status === 'backing-up') throw new Refusal('restore-volume-busy', { id: volumeId });
  if (volume.status === 'restoring-backup') throw new Refusal('restore-running', { id: volumeId });
  const restoring = beginOnVolume(volume, 'restore', jobId);
  refuseWhileSnapshotted(control, volumeId);
  if (volume.sizeGib < backup.sizeGib)
    throw new Refusal('backup-size', { value: volume.sizeGib, size: backup.sizeGib });
  if (volume.system && !backup.volumeSystem) throw new Refusal('restore-system');
  const { vaultId, backupId } = placeOf(control, backup);
  begin(control, {
    id: jobId,
    action: 'restore',
    apiType: 'bksRestoreBackup',
    target: onDisk(control, volume, { kind: 'restore', vaultId, backupId, ...eagerness(volume) }),
    volumeId,
    backupId: backup.id,
    entities: { volumeId, backupId: backup.id },
  });
  return control.volumes.put(restoring);
}

function restoreNew(
  control: Control,
  actor: Actor,
  backup: BackupRecord,
  input: RestoreBackup,
  jobId: string,
): VolumeRecord {
  const blank = emptyVolume(control, actor);
  checkVolumeQuota(control, 1, backup.sizeGib, blank.type);
  const volume = control.volumes.put({
    ...blank,
    name: checkName(input.name || `restore_backup_${backup.id}`),
    status: 'restoring-backup',
    zone: control.zone(input.zone ?? control.defaultZone().name).name,
    sizeGib: backup.sizeGib,
    bootable: backup.volumeBootable,
    metadata: input.face === 'cinder' ? (backup.volumeMetadata ?? {}) : {},
    backupId: backup.id,
    jobId,
  });
  beginCreate(control, volume, jobId, { source: sourceOf(control, backup) });
  return volume;
}
