// What a prune would do with each pack, from the marks alone.

import type { MarkSet } from './mark-set.ts';
import { hasBit } from './mark-set.ts';
import { decodeEntries, FRAME_HEADER_BYTES, PACK_TARGET_BYTES, TRAILER_ENTRY_BYTES } from './pack-format.ts';
import { type PackRow, PackState } from './ports.ts';
import type { PruneScope } from './prune-scope.ts';
import { type Listed, note } from './rebuild-report.ts';
import type { VaultContext } from './vault-context.ts';

/** Keys that one request to delete may name, and so one record of condemned packs. */
export const PACKS_PER_DELETE = 1_000;

export interface PlannedPack {
  readonly key: string;
  readonly bytes: number;
  /** Encoded bytes of the objects in it that are in use. */
  readonly liveBytes: number;
}

export interface PrunePlan {
  /** Packs that stay as they are; those that are young, or that a running backup relies on, among them. */
  keepPacks: number;
  keepBytes: number;
  /** Packs whose objects in use move to new packs. */
  readonly repack: Listed<PlannedPack>;
  repackBytes: number;
  /** Packs of which nothing is in use. */
  readonly remove: Listed<PlannedPack>;
  removeBytes: number;
  /** Bytes of the new packs. */
  writeBytes: number;
  /** Bytes that object storage will hold less. */
  wonBytes: number;
  liveObjects: number;
  deadObjects: number;
  /** Operations of object storage from here on: class A (puts, and the lists that look for strays), class B, deletes. */
  operations: { classA: number; classB: number; deletes: number };
}

/** The plan, and the packs that it names, by number. */
export interface Planned {
  readonly plan: PrunePlan;
  readonly repackNos: readonly number[];
  readonly removeNos: readonly number[];
}

/**
 * Packs that were touched in `safeEpoch` or later stay. Of the others, those without anything in use are removed, and
 * those in which at least `thresholdPercent` of the encoded bytes (and one object) are dead are repacked.
 */
export async function planPrune(
  scope: PruneScope,
  marks: MarkSet,
  safeEpoch: number,
  thresholdPercent: number,
): Promise<Planned> {
  const { vault } = scope;
  const plan = emptyPlan();
  const repackNos: number[] = [];
  const removeNos: number[] = [];
  for (const no of marks.packNos) {
    const [pack] = vault.store.readPacks([no]);
    if (pack?.state !== PackState.live) continue;
    const { liveBytes, deadBytes, live, dead } = usage(vault, pack, marks.bitsOf(no)!);
    plan.liveObjects += live;
    plan.deadObjects += dead;
    const planned = { key: vault.keys().pack(pack.generation, pack.kind, pack.uuid), bytes: pack.bytes, liveBytes };
    const isSparse = dead > 0 && 100 * deadBytes >= thresholdPercent * (liveBytes + deadBytes);
    if (pack.touchedEpoch >= safeEpoch || (live > 0 && !isSparse)) {
      plan.keepPacks += 1;
      plan.keepBytes += pack.bytes;
    } else if (live === 0) {
      removeNos.push(no);
      note(plan.remove, planned);
      plan.removeBytes += pack.bytes;
    } else {
      repackNos.push(no);
      note(plan.repack, planned);
      plan.repackBytes += pack.bytes;
      plan.writeBytes += liveBytes + live * (FRAME_HEADER_BYTES + TRAILER_ENTRY_BYTES);
    }
    await scope.pause();
  }
  plan.wonBytes = plan.removeBytes + plan.repackBytes - plan.writeBytes;
  plan.operations = operationsOf(plan);
  return { plan, repackNos, removeNos };
}

function usage(vault: VaultContext, pack: PackRow, bits: Uint8Array) {
  const directory = vault.store.readPackDirectory(pack.no);
  const used = { live: 0, dead: 0, liveBytes: 0, deadBytes: 0 };
  if (directory === null) return used;
  const entries = decodeEntries(directory);
  used.live = vault.host.kernel.bitmaps.count(bits);
  used.dead = entries.length - used.live;
  entries.forEach(({ length }, slot) => {
    if (hasBit(bits, slot)) used.liveBytes += length;
    else used.deadBytes += length;
  });
  return used;
}

function emptyPlan(): PrunePlan {
  return {
    ...{ keepPacks: 0, keepBytes: 0, repackBytes: 0, removeBytes: 0, writeBytes: 0, wonBytes: 0 },
    ...{ liveObjects: 0, deadObjects: 0, operations: { classA: 0, classB: 0, deletes: 0 } },
    repack: { count: 0, first: [] },
    remove: { count: 0, first: [] },
  };
}

function operationsOf(plan: PrunePlan): PrunePlan['operations'] {
  const gone = plan.repack.count + plan.remove.count;
  const deletes = Math.ceil(gone / PACKS_PER_DELETE);
  const packs = Math.ceil(plan.writeBytes / PACK_TARGET_BYTES);
  const lists = Math.ceil((plan.keepPacks + gone) / 1_000);
  // A record of the condemned before each delete, and a look for a newer generation after it.
  return { classA: packs + deletes + lists, classB: plan.repack.count + deletes, deletes };
}
