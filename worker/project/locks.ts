// Backup locking: in a locked vault, what a policy made stays until it expires, whoever asks, and the lock stays too.

import { Refusal } from '../faults.ts';
import type { Control } from './control.ts';
import type { BackupRecord, VaultRecord } from './records.ts';

/**
 * Must this backup stay for now? Made by hand: never. Without a time of expiry: until its policy's rules let it go, which
 * is not for a client to say. A failed one holds nothing.
 */
export function isLocked(control: Control, backup: BackupRecord): boolean {
  if (!backup.automatic || backup.status === 'error' || backup.status === 'error_deleting') return false;
  if (control.vaults.get(backup.vaultId)?.locked !== true) return false;
  return backup.expiresMs === null || backup.expiresMs > control.now();
}

/** Refuses what a client may not do to a locked backup, not even by force. */
export function refuseLocked(control: Control, backup: BackupRecord): void {
  if (isLocked(control, backup)) throw new Refusal('backup-locked', { id: backup.id, vaultId: backup.vaultId });
}

/** Refuses to take disks, or the vault itself, out of the lock. */
export function refuseLockedVault(vault: VaultRecord, action: string): void {
  if (vault.locked) throw new Refusal('vault-locked', { id: vault.id, action });
}
