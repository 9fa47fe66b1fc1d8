// Moving disks from one vault to another, with their backups. The disks change at once; the backups are copied, and each copy
// takes the place of its original, under the same id, when it is complete. One that cannot be copied stays where it was.

import { Refusal } from '../faults.ts';
import type { Actor, Control } from './control.ts';
import { beginDeleteBackup } from './delete-backups.ts';
import { begin, newJobId, onVault } from './jobs.ts';
import { GIB, VAULT_RESOURCES_MAX } from './limits.ts';
import { refuseLockedVault } from './locks.ts';
import type { BackupRecord, JobRecord, VaultRecord } from './records.ts';
import { givenOf, tell } from './sharing-records.ts';
import { copyVault } from './vault-operations.ts';
import { available, checkCapacity, usedBytes } from './vault-records.ts';
import { isBusy, resourcesOf } from './vault-resources.ts';

/** Inside a change. Answers the ids of the disks, though their backups may still be on the way. */
export function migrateVaultResources(
  control: Control,
  actor: Actor,
  fromId: string,
  toId: string,
  resourceIds: readonly string[],
): string[] {
  const from = available(control.vault(fromId));
  const to = available(control.vault(toId));
  refuseLockedVault(from, 'its disks stay in it');
  const resources = resourcesOf(from, resourceIds);
  const ids = new Set(resources.map((resource) => resource.id));
  const backups = control.backups.by('vaultId', fromId).filter(({ volumeId }) => ids.has(volumeId));
  checkDestination(control, from, to, resources.length, backups);

  const updatedMs = control.now();
  control.vaults.put({ ...from, resources: from.resources.filter(({ id }) => !ids.has(id)), updatedMs });
  checkCapacity(control, control.vaults.put({ ...to, resources: [...to.resources, ...resources], updatedMs }));
  // What another project shares, or what failed, has no bytes to move.
  for (const backup of backups) {
    if (backup.sharedFrom !== undefined || backup.status === 'error') control.backups.put({ ...backup, vaultId: toId });
  }
  moveBackups(control, actor, from, to, backups);
  return [...ids];
}

function checkDestination(
  control: Control,
  from: VaultRecord,
  to: VaultRecord,
  added: number,
  backups: readonly BackupRecord[],
): void {
  const bad = (reason: string) => new Refusal('vault-destination', { id: to.id, reason });
  if (from.id === to.id) throw bad('they are in it already.');
  if (from.objectType !== to.objectType) throw bad('it is of another type.');
  if (to.resources.length + added > VAULT_RESOURCES_MAX) {
    throw new Refusal('resource-count', { limit: VAULT_RESOURCES_MAX });
  }
  if (backups.some(isBusy)) throw new Refusal('vault-running', { id: from.id });
  // As much as they would take in an empty vault: how much of it is there already shows when they are copied.
  const neededBytes = backups.reduce((sum, backup) => sum + backup.storedBytes, usedBytes(control, to.id));
  if (neededBytes > to.sizeGib * GIB) throw bad('its capacity does not suffice for their backups.');
}

function moveBackups(
  control: Control,
  actor: Actor,
  from: VaultRecord,
  to: VaultRecord,
  backups: readonly BackupRecord[],
): void {
  const movable = backups.filter((backup) => backup.status === 'available' && backup.sharedFrom === undefined);
  if (movable.length === 0) return;
  const backupIds = movable.map((backup) => backup.id);
  const operation = copyVault(control, actor, from.id, { toVaultId: to.id, backupIds });
  for (const copy of control.backups.by('jobId', operation.id.replaceAll('-', ''))) {
    control.backups.put({ ...copy, replaces: true });
  }
}

/** A copy has ended: what it was to move takes the place of the originals. Inside the change that settles the job. */
export function endMigration(control: Control, job: JobRecord): void {
  for (const copy of control.backups.by('vaultId', job.toVaultId ?? '')) {
    if (copy.replaces === true && copy.jobId === null) replaceOriginal(control, copy);
  }
}

function replaceOriginal(control: Control, copy: BackupRecord): void {
  const original = control.backups.get(copy.copyOf ?? '');
  const isCopied = copy.status === 'available';
  if (!isCopied || original === null || original.status !== 'available') {
    // Not copied, or meanwhile deleted, or just being restored: nobody asked for a second one.
    if (isCopied) beginDeleteBackup(control, copy);
    else control.backups.delete(copy.id);
    return;
  }
  const { id, vaultId: fromId, storedAs = id } = original;
  const { vaultId, zone, objectCount, storedBytes, incremental, storedAs: copiedAs = copy.id } = copy;
  const moved = { vaultId, zone, objectCount, storedBytes, incremental, storedAs: copiedAs };
  control.backups.delete(copy.id);
  control.backups.put({ ...original, ...moved, updatedMs: control.now() });
  dropOriginalBytes(control, fromId, storedAs);
  for (const share of givenOf(control, id)) {
    const place = { projectId: control.projectId, vaultId, backupId: copiedAs };
    const toldJobId = tell(control, share, { kind: 'moved', sharingId: share.id, place });
    control.shares.put({ ...share, toldJobId });
  }
}

/** Unless an imported record still rests on them. */
function dropOriginalBytes(control: Control, vaultId: string, storedAs: string): void {
  const isKept = control.backups.by('vaultId', vaultId).some((other) => (other.storedAs ?? other.id) === storedAs);
  if (isKept) return;
  const target = onVault(vaultId, { kind: 'deleteBackup', backupId: storedAs });
  begin(control, { id: newJobId(), action: 'deleteBackup', target, vaultId });
}
