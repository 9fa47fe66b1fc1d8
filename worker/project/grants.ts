// Leave to read or write bytes. The control plane says which object to ask and as whom; whether bytes can be had this
// moment is for that object to say, which alone knows what runs on it.

import { Refusal } from '../faults.ts';
import { placeOf } from './backup-places.ts';
import { visibleBackup } from './backups.ts';
import type { Caller, DataGrant, DataTarget } from './contract.ts';
import type { Control } from './control.ts';
import { GIB, GRANT_LIFE_MS } from './limits.ts';
import { DATA_BACKUP_STATUSES, DATA_SNAPSHOT_STATUSES, DATA_VOLUME_STATUSES } from './states.ts';

/** Leave to read or write, or the refusal; nothing is stored. */
export function grant(control: Control, caller: Caller, target: DataTarget, right: 'read' | 'write'): DataGrant {
  const expiresMs = Date.now() + GRANT_LIFE_MS;
  if (target.kind === 'volume') {
    const volume = control.volume(target.id);
    if (!DATA_VOLUME_STATUSES.includes(volume.status)) throw unusable('Volume', volume);
    if (right === 'write' && volume.readonly) throw new Refusal('data-readonly', { kind: 'Volume', id: volume.id });
    const sizeBytes = volume.sizeGib * GIB;
    return { kind: 'disk', expiresMs, right, sizeBytes, snapshotId: null, ...onDisk(control, volume.id, volume.zone) };
  }
  if (target.kind === 'snapshot') {
    const snapshot = control.snapshot(target.id);
    if (right === 'write') throw new Refusal('data-readonly', { kind: 'Snapshot', id: snapshot.id });
    if (!DATA_SNAPSHOT_STATUSES.includes(snapshot.status)) throw unusable('Snapshot', snapshot);
    const sizeBytes = snapshot.sizeGib * GIB;
    const disk = onDisk(control, snapshot.volumeId, snapshot.zone);
    return { kind: 'disk', expiresMs, right, sizeBytes, snapshotId: snapshot.id, ...disk };
  }
  const backup = visibleBackup(control, caller, target.id);
  if (right === 'write') throw new Refusal('data-readonly', { kind: 'Backup', id: backup.id });
  if (!DATA_BACKUP_STATUSES.includes(backup.status)) throw unusable('Backup', backup);
  return { kind: 'vault', expiresMs, right, sizeBytes: backup.sizeGib * GIB, ...placeOf(control, backup) };
}

function onDisk(control: Control, diskId: string, zone: string) {
  const locationHint = control.zones.find((known) => known.name === zone)?.locationHint ?? null;
  return { diskId, owner: { projectId: control.projectId, zone }, locationHint };
}

function unusable(kind: string, held: { id: string; status: string }): Refusal {
  return new Refusal('data-status', { kind, id: held.id, status: held.status });
}
