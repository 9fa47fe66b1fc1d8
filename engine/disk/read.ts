// Reading a range of a disk as of one view: log entries over tree. Sectors that the log covers do not need their block.

import type { ByteRange } from '../errors.ts';
import type { EngineHost } from '../host.ts';
import type { Objects } from '../objects.ts';
import { release } from '../release.ts';
import { type BlockLookup, lookupBlocks } from '../tree.ts';
import {
  BLOCK_BYTES,
  bytesEqual,
  type Digest,
  isHole,
  Kind,
  type ObjectRef,
  SECTOR_BYTES,
  SECTORS_PER_BLOCK,
} from '../types.ts';
import { CHECK_BYTES, entryBytes, type SectorsEntry } from './log.ts';
import type { LogData } from './log-data.ts';
import type { BlockPlan, LogIndex, Patch, Placed } from './log-index.ts';

/** One state of a disk: a root, and how much of the log lies over it. */
export interface View {
  readonly root: Digest;
  /** null: a sealed snapshot, the root says it all. */
  readonly log: LogIndex | null;
  readonly cutSeq: number;
  readonly sizeBytes: number;
}

export type ReadResult =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Bring these and read again from the start. */
  | { readonly kind: 'absent'; readonly refs: readonly ObjectRef[] }
  | { readonly kind: 'damaged'; readonly ranges: readonly ByteRange[] };

/** What reading needs besides a view. */
export interface ReadContext {
  readonly objects: Objects;
  readonly logData: LogData;
  readonly host: EngineHost;
  /** 'none': what is absent is lost. 'fetch': it can be brought. 'heal': what is damaged can be brought again, too. */
  readonly upstream: 'none' | 'fetch' | 'heal';
}

/** Reads up to this take parts of blocks. */
const SMALL_BYTES_MAX = BLOCK_BYTES / 4;

const NO_LOG_PLAN: BlockPlan = { base: 'tree', patches: [] };

/** Reads `length` bytes from `offset`, both multiples of 512 and inside the disk (the caller has checked). */
export function readRange(context: ReadContext, view: View, offset: number, length: number): ReadResult {
  const firstBlock = Math.floor(offset / BLOCK_BYTES);
  const lastBlock = Math.floor((offset + length - 1) / BLOCK_BYTES);
  const out = new Uint8Array(length);
  const absent: ObjectRef[] = [];
  /** Sectors that cannot be read, by block; a later entry of the log may still cover them. */
  const bad = new Map<number, Uint8Array>();
  const wanted: { block: number; ref: ObjectRef }[] = [];
  const plans: BlockPlan[] = [];
  let fromTree: BlockLookup[] | null = null;

  for (let block = firstBlock; block <= lastBlock; block++) {
    const plan = view.log?.plan(block, view.cutSeq) ?? NO_LOG_PLAN;
    plans.push(plan);
    if (coversAll(plan.patches, sectorWindow(block, offset, length))) continue;
    fromTree ??= plan.base === 'tree' ? lookupBlocks(context.objects, view.root, block, lastBlock - block + 1) : null;
    const base = plan.base === 'tree' ? fromTree!.at(block - lastBlock - 1)! : plan.base;
    if (base instanceof Uint8Array) {
      if (!isHole(base)) wanted.push({ block, ref: { kind: Kind.block, digest: base } });
    } else fail(block, base.missing, base.why);
  }

  if (length <= SMALL_BYTES_MAX) {
    for (const { block, ref } of wanted) {
      const window = blockWindow(block, offset, length);
      const bytes = context.objects.parts.read(ref, window.offset - block * BLOCK_BYTES, window.length);
      if (typeof bytes === 'string') fail(block, ref, bytes);
      else out.set(bytes, window.offset - offset);
    }
  } else {
    const found = context.objects.read(wanted.map(({ ref }) => ref));
    wanted.forEach(({ block, ref }, i) => {
      const bytes = found[i]!;
      if (typeof bytes === 'string') fail(block, ref, bytes);
      else {
        copyWindow(out, offset, block, bytes);
        release(bytes);
      }
    });
  }
  if (absent.length > 0) return { kind: 'absent', refs: absent };

  plans.forEach((plan, i) => {
    const block = firstBlock + i;
    for (const patch of plan.patches) {
      const good = applyPatch(context, view.log!, patch, block, out, offset);
      if (!good || bad.has(block)) markSectors(block, patch.sector, patch.sector + patch.sectorCount, !good);
    }
  });
  const ranges = [...bad].flatMap(([block, sectors]) => badRanges(sectors, block, sectorWindow(block, offset, length)));
  return ranges.length > 0 ? { kind: 'damaged', ranges } : { kind: 'bytes', bytes: out };

  function fail(block: number, ref: ObjectRef, why: 'absent' | 'damaged'): void {
    const canBring = (why === 'absent' && context.upstream !== 'none') || context.upstream === 'heal';
    if (canBring) absent.push(ref);
    else markSectors(block, 0, SECTORS_PER_BLOCK, true);
  }

  function markSectors(block: number, from: number, to: number, isBad: boolean): void {
    const sectors = bad.get(block) ?? new Uint8Array(SECTORS_PER_BLOCK);
    bad.set(block, sectors.fill(isBad ? 1 : 0, from, to));
  }
}

/** Byte ranges of the marked sectors inside a window. */
function badRanges(sectors: Uint8Array, block: number, window: { from: number; to: number }): ByteRange[] {
  const ranges: { offset: number; length: number }[] = [];
  for (let sector = window.from; sector < window.to; sector++) {
    if (sectors[sector] === 0) continue;
    const offset = block * BLOCK_BYTES + sector * SECTOR_BYTES;
    const last = ranges.at(-1);
    if (last && last.offset + last.length === offset) last.length += SECTOR_BYTES;
    else ranges.push({ offset, length: SECTOR_BYTES });
  }
  return ranges;
}

/** Sectors [from, to) of a block that lie inside the range. */
function sectorWindow(block: number, offset: number, length: number): { from: number; to: number } {
  const { offset: start, length: bytes } = blockWindow(block, offset, length);
  const from = (start - block * BLOCK_BYTES) / SECTOR_BYTES;
  return { from, to: from + bytes / SECTOR_BYTES };
}

/** The part of the range that lies in a block, as disk offsets. */
function blockWindow(block: number, offset: number, length: number): ByteRange {
  const start = Math.max(block * BLOCK_BYTES, offset);
  return { offset: start, length: Math.min((block + 1) * BLOCK_BYTES, offset + length) - start };
}

function copyWindow(out: Uint8Array, offset: number, block: number, bytes: Uint8Array): void {
  const { offset: start, length } = blockWindow(block, offset, out.length);
  const inBlock = start - block * BLOCK_BYTES;
  out.set(bytes.subarray(inBlock, inBlock + length), start - offset);
}

/** True when the patches write every sector of the window: its old content does not matter. */
export function coversAll(patches: readonly Patch[], window: { from: number; to: number }): boolean {
  if (patches.length === 0) return false;
  const seen = new Uint8Array(SECTORS_PER_BLOCK);
  for (const patch of patches) seen.fill(1, patch.sector, patch.sector + patch.sectorCount);
  return seen.subarray(window.from, window.to).every((covered) => covered === 1);
}

/** Lays a patch over `out`, which begins at disk byte `offset`. False when the patch's bytes cannot be read. */
function applyPatch(
  context: ReadContext,
  log: LogIndex,
  patch: Patch,
  block: number,
  out: Uint8Array,
  offset: number,
): boolean {
  const patchOffset = block * BLOCK_BYTES + patch.sector * SECTOR_BYTES;
  const start = Math.max(patchOffset, offset);
  const end = Math.min(patchOffset + patch.sectorCount * SECTOR_BYTES, offset + out.length);
  if (start >= end) return true;
  if (patch.kind === 'zero-sectors') out.fill(0, start - offset, end - offset);
  else {
    const bytes = patchBytes(context, log, patch);
    if (!bytes) return false;
    out.set(bytes.subarray(start - patchOffset, end - patchOffset), start - offset);
  }
  return true;
}

/** The checked bytes of a sector entry, or null when they do not match their check. */
export function patchBytes(context: ReadContext, log: LogIndex, patch: Placed<SectorsEntry>): Uint8Array | null {
  const rowBytes = log.dataBytes.get(patch.seq) ?? 0;
  const bytes = context.logData.read(patch.seq, rowBytes, patch.dataOffset, entryBytes(patch));
  if (!bytes) return null;
  return bytesEqual(context.host.kernel.hash(bytes).subarray(0, CHECK_BYTES), patch.check) ? bytes : null;
}
