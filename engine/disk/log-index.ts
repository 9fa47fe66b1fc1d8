// The log in memory: for each block, which entries touch it and in which order. Holds directories only; the bytes of
// sector entries stay in the store until somebody reads them.

import type { Kernel } from '../kernel.ts';
import type { DiskStore } from '../ports.ts';
import { bytesEqual, type Digest, HOLE, isHole, SECTORS_PER_BLOCK } from '../types.ts';
import {
  type BlockEntry,
  decodeDirectory,
  type LogEntry,
  type SectorsEntry,
  type ZeroBlocksEntry,
  type ZeroSectorsEntry,
} from './log.ts';

/** Shows the whole log. */
export const NEWEST = Number.MAX_SAFE_INTEGER;

/** An entry in replay order. `order` grows over the whole log, `seq` is the row that holds it. */
export type Placed<E extends LogEntry = LogEntry> = E & { readonly seq: number; readonly order: number };

export type Patch = Placed<SectorsEntry> | Placed<ZeroSectorsEntry>;

/** How the content of one block comes about: something to start from, then patches in order. */
export interface BlockPlan {
  /** A digest, or 'tree': what the root says at this place. */
  readonly base: Digest | 'tree';
  readonly patches: readonly Patch[];
}

/** A run of whole blocks. */
export interface BlockRange {
  readonly first: number;
  /** One past the last. */
  readonly end: number;
}

const FROM_TREE: BlockPlan = { base: 'tree', patches: [] };

export class LogIndex {
  /** Entries of one block, in replay order. */
  readonly #byBlock = new Map<number, (Placed<BlockEntry> | Patch)[]>();
  /** Zeros over whole blocks, in replay order: kept apart, since one may cover the whole disk. */
  #wide: Placed<ZeroBlocksEntry>[] = [];
  #order = 0;
  /** Length of each row's data. */
  readonly dataBytes = new Map<number, number>();
  entryCount = 0;
  /** Bytes of directories and data: what the bounds of the log are about. */
  storedBytes = 0;

  add(seq: number, entries: readonly LogEntry[], dirBytes: number, dataBytes: number): void {
    for (const entry of entries) {
      const placed = { ...entry, seq, order: this.#order++ };
      if (placed.kind === 'zero-blocks') this.#wide.push(placed);
      else {
        const list = this.#byBlock.get(placed.blockIndex);
        if (list) list.push(placed);
        else this.#byBlock.set(placed.blockIndex, [placed]);
      }
    }
    this.entryCount += entries.length;
    this.storedBytes += dirBytes + dataBytes;
    this.dataBytes.set(seq, dataBytes);
  }

  get isEmpty(): boolean {
    return this.entryCount === 0;
  }

  /** How block `blockIndex` comes about as of `cutSeq`. */
  plan(blockIndex: number, cutSeq: number): BlockPlan {
    const own = this.#byBlock.get(blockIndex);
    const zero = this.#lastZero(blockIndex, cutSeq);
    if (!own) return zero < 0 ? FROM_TREE : { base: HOLE, patches: [] };
    let base: Digest | 'tree' = zero < 0 ? 'tree' : HOLE;
    let patches: Patch[] = [];
    for (const entry of own) {
      if (entry.seq > cutSeq) break;
      if (entry.order < zero) continue;
      if (entry.kind === 'block') {
        base = entry.digest;
        patches = [];
      } else patches.push(entry);
    }
    return { base, patches: patches.length < 2 ? patches : visible(patches) };
  }

  /** Blocks with entries of their own up to `cutSeq`, ascending. */
  touchedBlocks(cutSeq: number): number[] {
    const blocks: number[] = [];
    for (const [block, entries] of this.#byBlock) if (entries[0]!.seq <= cutSeq) blocks.push(block);
    return blocks.sort((a, b) => a - b);
  }

  /** Union of the zeros over whole blocks up to `cutSeq`: ascending, disjoint. What the tree says there is irrelevant. */
  zeroRanges(cutSeq: number): BlockRange[] {
    const ranges = this.#wide
      .filter((entry) => entry.seq <= cutSeq)
      .map((entry) => ({ first: entry.blockIndex, end: entry.blockIndex + entry.blockCount }))
      .sort((a, b) => a.first - b.first);
    const merged: { first: number; end: number }[] = [];
    for (const range of ranges) {
      const last = merged.at(-1);
      if (last && range.first <= last.end) last.end = Math.max(last.end, range.end);
      else merged.push(range);
    }
    return merged;
  }

  /** Every digest that an entry names: the log's part of a collection's roots. */
  digests(): Digest[] {
    const out: Digest[] = [];
    for (const entries of this.#byBlock.values())
      for (const entry of entries) if (entry.kind === 'block' && !isHole(entry.digest)) out.push(entry.digest);
    return out;
  }

  /** Order of the newest zero-blocks entry over this block, -1 when there is none. */
  #lastZero(blockIndex: number, cutSeq: number): number {
    for (let i = this.#wide.length - 1; i >= 0; i--) {
      const { seq, order, blockIndex: first, blockCount } = this.#wide[i]!;
      if (seq <= cutSeq && blockIndex >= first && blockIndex < first + blockCount) return order;
    }
    return -1;
  }
}

/**
 * Patches that show, in replay order: the ones whose every sector is written again later do not matter. A block that is
 * written all the time has hundreds of those, and each would be read and hashed.
 */
function visible(patches: readonly Patch[]): Patch[] {
  const covered = new Uint8Array(SECTORS_PER_BLOCK);
  const shown: Patch[] = [];
  let hidden = 0;
  for (let i = patches.length - 1; i >= 0 && hidden < SECTORS_PER_BLOCK; i--) {
    const patch = patches[i]!;
    const before = hidden;
    for (let sector = patch.sector; sector < patch.sector + patch.sectorCount; sector++) {
      if (covered[sector] === 1) continue;
      covered[sector] = 1;
      hidden += 1;
    }
    if (hidden > before) shown.push(patch);
  }
  return shown.reverse();
}

/** Index of the first of `sorted` that is not smaller than `value`; their number when all are. */
export function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The sum that chains a row to the one before it. */
export function logSum(kernel: Kernel, previous: Uint8Array, seq: number, dir: Uint8Array): Uint8Array {
  const number = new Uint8Array(8);
  new DataView(number.buffer).setBigUint64(0, BigInt(seq), true);
  return kernel.hashParts([previous, number, dir]);
}

export interface LoadedLog {
  readonly index: LogIndex;
  readonly newestSeq: number;
  readonly newestSum: Uint8Array;
  /** First row that does not match the chain of sums: nothing from here on can be trusted. null: all is well. */
  readonly brokenSeq: number | null;
}

/** Reads the directories of a store's log and checks the chain of sums. */
export function loadLog(store: DiskStore, kernel: Kernel, foldedSeq: number, anchor: Uint8Array): LoadedLog {
  const index = new LogIndex();
  let newestSeq = foldedSeq;
  let newestSum = anchor;
  let brokenSeq: number | null = null;
  for (const row of store.scanLog(foldedSeq)) {
    const follows = row.seq === newestSeq + 1 && bytesEqual(logSum(kernel, newestSum, row.seq, row.dir), row.sum);
    if (!follows) brokenSeq ??= newestSeq + 1;
    if (brokenSeq === null) index.add(row.seq, decodeDirectory(row.dir), row.dir.length, row.dataBytes);
    newestSeq = row.seq;
    newestSum = row.sum;
  }
  return { index, newestSeq, newestSum, brokenSeq };
}
