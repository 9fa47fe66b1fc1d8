// Generations: how a rebuild takes a vault over from a Vault that may still be running, without clocks and without asking
// it. The rebuild puts the record of its generation, then lists. The old Vault puts what it is about to do (a manifest, a
// deletion, the names of condemned packs), then looks for a newer generation, and only then acknowledges or deletes.
// Either it sees the new generation, or the rebuild sees its intent.

import { EngineError } from '../errors.ts';
import type { Obs } from '../ports.ts';
import type { VaultKeys } from './keys.ts';
import { encodeRecord, RECORD_VERSION } from './manifest.ts';
import { type VaultMeta, VaultState } from './ports.ts';
import { SUPERSEDED, type VaultContext } from './vault-context.ts';

/** What the records of generations say. */
export interface Generations {
  /** 0: there is no such vault. */
  readonly newest: number;
  /** The vault was deleted, for ever. */
  readonly closed: boolean;
}

export async function readGenerations(obs: Obs, keys: VaultKeys): Promise<Generations> {
  let newest = 0;
  let closed = false;
  for (let cursor: string | null = null; ; ) {
    const page: Awaited<ReturnType<Obs['list']>> = await obs.list(keys.generations, cursor);
    for (const key of page.keys) {
      const number = Number(key.slice(keys.generations.length));
      if (key === keys.closed()) closed = true;
      else if (number > newest) newest = number;
    }
    if (page.cursor === null) return { newest, closed };
    cursor = page.cursor;
  }
}

/**
 * Begins a generation newer than all others and returns its number. From here on every older Vault is fenced off: what it
 * has not acknowledged yet, it never will. A number whose answer got lost is left out.
 */
export async function takeGeneration(
  vault: Pick<VaultContext, 'obs' | 'host' | 'clock'>,
  keys: VaultKeys,
  ids: { readonly projectId: string; readonly vaultId: string },
): Promise<number> {
  for (;;) {
    const generation = (await readGenerations(vault.obs, keys)).newest + 1;
    const decidedMs = vault.clock.nowMs();
    const record = { kind: 'generation', version: RECORD_VERSION, ...ids, generation, decidedMs } as const;
    const put = await vault.obs.putOnce(keys.generation(generation), encodeRecord(vault.host.kernel, record));
    if (put === 'created') return generation;
  }
}

/**
 * After an intent was put, before anybody is told and before anything is deleted: throws `unavailable` when a newer
 * generation has begun, and then this Vault has stopped for good. `meta`: as it was when the intent was formed.
 */
export async function requireGeneration(vault: VaultContext, meta: VaultMeta): Promise<void> {
  const newer = await vault.obs.head(vault.keys(meta).generation(meta.generation + 1));
  if (newer !== null) supersede(vault, meta);
  requireSame(vault, meta);
}

/** Throws `unavailable` when the rows are another generation's by now: what was decided on the old ones is void. */
export function requireSame(vault: VaultContext, meta: VaultMeta): void {
  const now = vault.store.readMeta();
  if (now?.generation !== meta.generation || now.state === VaultState.superseded) {
    throw new EngineError('unavailable', SUPERSEDED);
  }
}

/** Writes down that this Vault is the old one, unless its rows are the new one's already. */
function supersede(vault: VaultContext, meta: VaultMeta): void {
  const { store } = vault;
  store.transaction(() => {
    const now = store.readMeta();
    if (now?.generation === meta.generation) store.writeMeta({ ...now, state: VaultState.superseded });
  });
}
