// A backup's record written down, and taken in again: under the same id after the record was lost, or under another one
// beside it. The bytes stay where they are, in the vault of this project.

import { z } from 'zod';
import { Refusal } from '../faults.ts';
import { bare } from './backup-places.ts';
import { visibleBackup } from './backups.ts';
import type { Backup, BackupExport, Caller } from './contract.ts';
import type { Control } from './control.ts';
import { BACKUP_ZONE } from './create-backups.ts';
import { checkDescription, checkMetadata, checkName } from './fields.ts';
import { checkBackupQuota } from './quotas.ts';

/** What a record says of who keeps the bytes; clients look for a name of this form. */
const SERVICE = 'cinder.backup.drivers.edge_evs';

const text = z.string().max(255);
const count = z.number().int().min(0);
/** What a Date can be. */
const timeMs = count.max(8.64e15);

const Written = z.object({
  id: z.uuid(),
  display_name: text,
  display_description: text.nullable(),
  volume_id: text,
  size: z.number().int().min(1),
  container: text.nullable(),
  object_count: count,
  created_ms: timeMs,
  data_ms: timeMs,
  /** Where the bytes are: project, vault, and the id there. */
  service_metadata: z.object({ project_id: text, vault_id: text, stored_as: text }),
  volume: z.object({
    name: text,
    zone: text,
    bootable: z.boolean(),
    system: z.boolean(),
    metadata: z.record(z.string(), z.string()),
  }),
  incremental: z.boolean(),
  logical_bytes: count,
  stored_bytes: count,
});

/** A record as it was written down. */
export type WrittenBackup = z.output<typeof Written>;

/** Only what can be restored is worth writing down. */
export function exportBackup(control: Control, caller: Caller, id: string): BackupExport {
  const backup = visibleBackup(control, caller, id);
  // The project that shares it writes its record down.
  if (backup.sharedFrom !== undefined) throw new Refusal('backup-not-found', { id });
  if (backup.status !== 'available') throw new Refusal('backup-status', { id, status: backup.status });
  const written: WrittenBackup = {
    id,
    display_name: backup.name,
    display_description: backup.description,
    volume_id: backup.volumeId,
    size: backup.sizeGib,
    container: backup.container,
    object_count: backup.objectCount,
    created_ms: backup.createdMs,
    data_ms: backup.dataMs,
    service_metadata: {
      project_id: control.projectId,
      vault_id: backup.vaultId,
      stored_as: backup.storedAs ?? id,
    },
    volume: {
      name: backup.volumeName,
      zone: backup.volumeZone,
      bootable: backup.volumeBootable,
      system: backup.volumeSystem,
      metadata: backup.volumeMetadata ?? {},
    },
    incremental: backup.incremental,
    logical_bytes: backup.logicalBytes,
    stored_bytes: backup.storedBytes,
  };
  const bytes = new TextEncoder().encode(JSON.stringify(written));
  return { service: SERVICE, url: btoa(String.fromCharCode(...bytes)) };
}

/** Reads a record; the refusal when it is none of ours. */
export function readBackup(input: BackupExport): WrittenBackup {
  try {
    if (input.service !== SERVICE) throw new Error(input.service);
    const bytes = Uint8Array.from(atob(input.url), (char) => char.charCodeAt(0));
    return Written.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)));
  } catch {
    throw new Refusal('invalid-request', { reason: 'The backup record is not one that this service exported.' });
  }
}

/** The project whose vault has the bytes of a record; null when it cannot be read. */
export function placeOf(input: BackupExport): string | null {
  try {
    return readBackup(input).service_metadata.project_id;
  } catch {
    return null;
  }
}

/** Takes a record in. Whoever calls has made sure that the vault has the bytes. */
export function importBackup(control: Control, caller: Caller, written: WrittenBackup): Backup {
  const { id, service_metadata: place, volume } = written;
  if (control.backups.get(id) !== null) throw new Refusal('backup-exists', { id });
  if (control.vaults.get(place.vault_id) === null) {
    throw new Refusal('invalid-request', { reason: 'The vault of this backup record is not here.' });
  }
  checkBackupQuota(control, written.size);
  const nowMs = control.now();
  const record = control.backups.put({
    id,
    vaultId: place.vault_id,
    ...(place.stored_as === id ? {} : { storedAs: place.stored_as }),
    checkpointId: null,
    name: checkName(written.display_name),
    description: checkDescription(written.display_description),
    status: 'available',
    volumeId: written.volume_id,
    volumeName: volume.name,
    volumeZone: volume.zone,
    volumeBootable: volume.bootable,
    volumeSystem: volume.system,
    volumeMetadata: checkMetadata(volume.metadata),
    sizeGib: written.size,
    zone: BACKUP_ZONE,
    snapshotId: null,
    automatic: false,
    policyId: null,
    incremental: written.incremental,
    parentId: null,
    objectCount: written.object_count,
    logicalBytes: written.logical_bytes,
    // The record that it was exported from counts them, or did.
    storedBytes: control.backups.get(place.stored_as) === null ? written.stored_bytes : 0,
    progressPercent: 100,
    container: written.container,
    metadata: {},
    projectId: caller.homeProjectId ?? control.projectId,
    userId: caller.userId,
    createdMs: written.created_ms,
    updatedMs: nowMs,
    dataMs: written.data_ms,
    expiresMs: null,
    failReason: null,
    jobId: null,
  });
  return bare(record);
}
