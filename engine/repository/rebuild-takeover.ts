// The beginning of a rebuild: a newer generation than any before, and empty rows for it. Or the discovery that the vault
// was deleted: then its rows say that, and its deletion can be finished.

import { EngineError } from '../errors.ts';
import { readGenerations, takeGeneration } from './generation.ts';
import { VaultKeys } from './keys.ts';
import { type VaultMeta, VaultState, type VaultStore } from './ports.ts';
import { VAULT_FORMAT, type VaultContext, type VaultPorts } from './vault-context.ts';

export interface VaultIds {
  readonly projectId: string;
  readonly vaultId: string;
}

/** Generations to read: `base` is the newest complete one (the first always is), `until` the last before the rebuild's. */
export interface Span {
  readonly base: number;
  readonly until: number;
}

/**
 * Takes the vault over from whoever has it. Throws `not-found` when object storage knows no such vault, or when it was
 * deleted: then the rows are those of a vault that is `closing`. The caller empties the rows for `until` + 1.
 */
export async function takeOver(vault: VaultContext, ids: VaultIds): Promise<Span> {
  const { obs, store } = vault;
  const keys = new VaultKeys(ids.projectId, ids.vaultId);
  const known = await readGenerations(obs, keys);
  if (known.newest === 0) throw new EngineError('not-found', 'object storage knows no such vault');
  if (known.closed) return refuseClosed(store, ids, known.newest);
  const generation = await takeGeneration(vault, keys, ids);
  const until = generation - 1;
  const base = await newestComplete(vault, keys, until);
  // The intent first: whoever deletes the vault puts it before the decision, and removes it after.
  const isClosing = await hasClosing(vault, keys, { base, until });
  if (isClosing || (await obs.head(keys.closed())) !== null) return refuseClosed(store, ids, generation);
  return { base, until };
}

/**
 * For a vault that is to be deleted and has lost its rows: gives it as many as deleteVaultObjects needs. False when object
 * storage knows no such vault, and then nothing was written.
 */
export async function claimForDeletion(ports: VaultPorts, ids: VaultIds): Promise<boolean> {
  const { newest } = await readGenerations(ports.obs, new VaultKeys(ids.projectId, ids.vaultId));
  if (newest === 0 || ports.store.readMeta() !== null) return false;
  ports.store.transaction(() => startRows(ports.store, ids, newest, VaultState.closing));
  return true;
}

/** Empties the rows for a generation, in the caller's transaction. */
export function startRows(store: VaultStore, ids: VaultIds, generation: number, state: VaultState): void {
  const meta: VaultMeta = { ...ids, format: VAULT_FORMAT, epoch: 1, generation, state };
  store.reset();
  store.writeMeta(meta);
}

function refuseClosed(store: VaultStore, ids: VaultIds, generation: number): never {
  store.transaction(() => startRows(store, ids, generation, VaultState.closing));
  throw new EngineError('not-found', 'the vault was deleted: it is not rebuilt');
}

/** The newest generation up to `last` that has taken over all before it. */
async function newestComplete(vault: VaultContext, keys: VaultKeys, last: number): Promise<number> {
  for (let generation = last; generation > 1; generation--) {
    if ((await vault.obs.head(keys.inherited(generation))) !== null) return generation;
  }
  return 1;
}

async function hasClosing(vault: VaultContext, keys: VaultKeys, { base, until }: Span): Promise<boolean> {
  for (let generation = base; generation <= until; generation++) {
    if ((await vault.obs.head(keys.closing(generation))) !== null) return true;
  }
  return false;
}
