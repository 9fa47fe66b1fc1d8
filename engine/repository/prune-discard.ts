// How a pack goes: its rows leave the index while nothing in use is among them and no session relies on it; from then on
// it is condemned and never taken back; its name is put into object storage; only when no newer generation of the vault
// has begun is it deleted, and its row after it. A crash anywhere leaves a condemned pack, and the next prune goes on.

import { EngineError } from '../errors.ts';
import { requireGeneration } from './generation.ts';
import { encodeRecord, RECORD_VERSION } from './manifest.ts';
import { hasBit, type MarkSet } from './mark-set.ts';
import { decodeEntries } from './pack-format.ts';
import { type PackRow, PackState } from './ports.ts';
import { PACKS_PER_DELETE } from './prune-plan.ts';
import type { PruneScope } from './prune-scope.ts';

/** Rows of the index that change in one turn: about 8 ms. */
export const ROWS_PER_TURN = 256;

/**
 * Condemns a pack, unless an object in use is still indexed there, or a session of `safeEpoch` or later relies on it:
 * then it stays, without those rows that were taken out before (nobody had asked for them). True when it is condemned.
 */
export async function condemnPack(scope: PruneScope, marks: MarkSet, no: number, safeEpoch: number): Promise<boolean> {
  const { store } = scope.vault;
  const bits = marks.bitsOf(no);
  const entries = decodeEntries(store.readPackDirectory(no) ?? new Uint8Array(0));
  for (let from = 0; from < entries.length; from += ROWS_PER_TURN) {
    const isLast = from + ROWS_PER_TURN >= entries.length;
    const mayGo = scope.change(() => {
      const [pack] = store.readPacks([no]);
      if (pack?.state !== PackState.live || pack.touchedEpoch >= safeEpoch) return false;
      const group = entries.slice(from, from + ROWS_PER_TURN);
      const here = store.index.lookup(group).map((found, i) => found?.packNo === no && found.slot === from + i);
      if (here.some((isHere, i) => isHere && bits !== null && hasBit(bits, from + i))) return false;
      store.index.remove(group.filter((_, i) => here[i]));
      if (isLast) store.updatePack({ ...pack, state: PackState.condemned });
      return true;
    });
    if (!mayGo) return false;
    await scope.pause();
  }
  return entries.length > 0;
}

/** Deletes condemned packs for good. Throws `unavailable` when a newer generation has begun: then they are its own. */
export async function discardPacks(scope: PruneScope, nos: readonly number[]): Promise<void> {
  const { store } = scope.vault;
  const keys = scope.vault.keys();
  for (let from = 0; from < nos.length; from += PACKS_PER_DELETE) {
    const rows = store.readPacks(nos.slice(from, from + PACKS_PER_DELETE));
    const packs = rows.filter((pack): pack is PackRow => pack?.state === PackState.condemned);
    const named = packs.map((pack) => keys.pack(pack.generation, pack.kind, pack.uuid));
    await deletePacks(scope, named);
    scope.change(() => store.deletePacks(packs.map((pack) => pack.no)));
  }
}

/**
 * Deletes packs that the index does not name. What a rebuild may find of them is told first, under a number of its own:
 * either it sees that they are condemned, or we see its generation.
 */
export async function deletePacks(scope: PruneScope, keys: readonly string[]): Promise<void> {
  for (let from = 0; from < keys.length; from += PACKS_PER_DELETE) {
    await deleteGroup(scope, keys.slice(from, from + PACKS_PER_DELETE));
  }
}

async function deleteGroup(scope: PruneScope, packs: readonly string[]): Promise<void> {
  const { vault } = scope;
  const meta = scope.change(() => {
    const now = vault.meta();
    const next = { ...now, epoch: now.epoch + 1 };
    vault.store.writeMeta(next);
    return next;
  });
  const { epoch, generation } = meta;
  const decidedMs = vault.clock.nowMs();
  const record = { kind: 'condemned', version: RECORD_VERSION, epoch, packs, decidedMs } as const;
  const key = vault.keys(meta).condemned(generation, epoch);
  const put = await vault.obs.putOnce(key, encodeRecord(vault.host.kernel, record));
  // Nobody else may have used this number.
  if (put === 'exists') throw new EngineError('unavailable', `${key} is there already: try again`);
  await requireGeneration(vault, meta);
  await vault.obs.delete(packs);
}
