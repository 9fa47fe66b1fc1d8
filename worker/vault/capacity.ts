// How much a vault may hold. What it may is its project's to say, with each backup; what it holds only the vault knows,
// since several disks back up at once.

import { EngineError } from '../../engine/errors.ts';
import { PackState } from '../../engine/repository/ports.ts';
import type { SqlVaultStore } from '../adapters/sql-vault-store.ts';

type CapacityStore = Pick<SqlVaultStore, 'availableBytes' | 'listSessions' | 'findSessionPack'>;

/** Bytes that the vault's backups added to it, and those that are being made. */
function heldBytes(store: CapacityStore): number {
  return store.listSessions().reduce((sum, session) => sum + session.storedBytes, store.availableBytes());
}

/**
 * Throws `full` when one more pack would make the vault larger than `capacityBytes`. Packs that arrive in the same moment
 * do not see each other: a vault may end up larger by one pack for each that was on its way.
 */
export function refuseBeyond(
  store: CapacityStore,
  pack: { readonly sessionId: string; readonly uuid: string; readonly bytes: number },
  capacityBytes: number,
): void {
  // Asked again after a lost answer: it is counted already.
  if (store.findSessionPack(pack.sessionId, pack.uuid)?.state === PackState.live) return;
  if (heldBytes(store) + pack.bytes > capacityBytes) {
    throw new EngineError('full', 'the vault is full: make it larger, or delete backups from it');
  }
}
