// Taking in what a vault holds: after a rebuild, or when this project has lost its own records. Object storage is the
// truth about which backups there are; what it does not say (policies, later names) stays as this project has it.

import { z } from 'zod';
import type { VaultContents } from '../protocol.ts';
import type { Control } from './control.ts';
import { BACKUP_ZONE } from './create-backups.ts';
import { GIB } from './limits.ts';
import type { BackupRecord, VaultRecord } from './records.ts';

const Tags = z.array(z.object({ key: z.string(), value: z.string() }));

/** As settingsOf (vault-documents.ts) writes them; what is of another form is left out. */
const Settings = z.object({
  name: z.string(),
  description: z.string().nullable(),
  sizeGib: z.number(),
  consistentLevel: z.string(),
  autoBind: z.boolean(),
  autoExpand: z.boolean(),
  bindRules: Tags,
  tags: Tags,
  thresholdPercent: z.number(),
  smnNotify: z.boolean(),
  locked: z.boolean(),
  isDefault: z.boolean(),
  userId: z.string(),
  createdMs: z.number(),
});

export interface Adopted {
  /** Backups that this project did not know. */
  readonly adoptedBackups: number;
  /** Backups that it thought available, and that are not in the vault. */
  readonly missingBackups: number;
}

/** Compares the project's backups of a vault with what the vault holds; inside a change. */
export function adoptBackups(control: Control, vaultId: string, contents: VaultContents): Adopted {
  const known = control.backups.by('vaultId', vaultId).filter((backup) => backup.sharedFrom === undefined);
  const knownIds = new Set(known.map((backup) => backup.storedAs ?? backup.id));
  const unknown = contents.backups.filter((found) => !knownIds.has(found.id) && control.backups.get(found.id) === null);
  for (const found of unknown) control.backups.put(recordOf(control, vaultId, found));
  const heldIds = new Set(contents.backups.map((found) => found.id));
  const missing = known.filter(
    (backup) => backup.status === 'available' && backup.jobId === null && !heldIds.has(backup.storedAs ?? backup.id),
  );
  const failReason = 'The rebuild of its vault did not find it in object storage.';
  for (const backup of missing) {
    control.backups.put({ ...backup, status: 'error', failReason, updatedMs: control.now() });
  }
  return { adoptedBackups: unknown.length, missingBackups: missing.length };
}

/** A recovered vault under the settings that are kept beside its backups, if there are any. */
export function withSettings(control: Control, vault: VaultRecord, { settings }: VaultContents): VaultRecord {
  const found = Settings.safeParse(settings?.settings);
  const open = { ...vault, status: 'available', jobId: null, updatedMs: control.now() } as const;
  if (settings === null || !found.success) return open;
  const hasDefault = control.vaults.all().some((other) => other.isDefault && other.id !== vault.id);
  const isDefault = found.data.isDefault && !hasDefault;
  return { ...open, ...found.data, isDefault, settingsRevision: settings.revision };
}

/** A record made of what a manifest says. `extra` is the record as it was when the backup was begun. */
function recordOf(control: Control, vaultId: string, found: VaultContents['backups'][number]): BackupRecord {
  const { label, result } = found;
  const base: Omit<BackupRecord, 'id' | 'vaultId' | 'status'> = {
    checkpointId: null,
    name: label.name,
    description: null,
    volumeId: label.volumeId,
    volumeName: label.volumeName,
    volumeZone: label.zone,
    volumeBootable: false,
    volumeSystem: false,
    sizeGib: Math.ceil(found.sizeBytes / GIB),
    zone: BACKUP_ZONE,
    snapshotId: null,
    automatic: label.automatic,
    policyId: null,
    ...result,
    progressPercent: 100,
    container: null,
    metadata: {},
    projectId: control.projectId,
    userId: '',
    createdMs: label.createdMs,
    updatedMs: control.now(),
    dataMs: label.createdMs,
    expiresMs: null,
    failReason: null,
    jobId: null,
  };
  const written = (label.extra ?? {}) as Partial<BackupRecord>;
  const policyId =
    written.policyId != null && control.policies.get(written.policyId) !== null ? written.policyId : null;
  // What the manifest itself says comes last.
  const sure = { id: found.id, vaultId, name: label.name, createdMs: label.createdMs, automatic: label.automatic };
  const done = { status: 'available', progressPercent: 100, jobId: null, failReason: null } as const;
  return { ...base, ...written, ...result, ...sure, ...done, policyId, updatedMs: control.now() };
}
