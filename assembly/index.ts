// The kernel: work on bytes, in batches, in one fixed arena. No imports, no allocator, no objects across the boundary.
//
// Glossary
//   unit     a block (65,536 bytes) or a page (8,192 bytes): what gets one digest
//   digest   32 bytes of BLAKE3: plain for blocks, derive_key for pages; 32 zero bytes for a unit of zeros
//   chunk    1,024 bytes, a leaf of BLAKE3's own tree
//   node     a chaining value of BLAKE3's tree, 32 bytes
//   message  the 64 bytes that one compression takes in
//   lane     one of the four 32-bit parts of a v128: four chunks, or four parents, are compressed side by side
//   key      the chaining value a chunk starts from: the IV, or what derive_key made of a context
//   mode     the flags that a key brings along
//
// Memory map (memory.ts; areas are 64-byte aligned, addresses are exported as globals and read by engine/kernel/arena.ts)
//   WINDOW_AT    262,144 + 3,072 slack   input of every call: 4 blocks, 32 pages, 8,192 digests, or part of a message
//   NODES_AT     259 x 32                chaining values, reduced in place level by level; result of the hash calls
//   UNITS_AT     32 x 4                  which unit a row of nodes belongs to (zero units have none)
//   RESULT_AT    8,192                   digests of units, flags of the set, positions, runs of bits
//   WORDS_AT     256                     transposed message of compress4
//   constants    192                     rotation masks, IV, keys of pages and roots
//   __heap_base  to the end              the digest set's slots and digests; grows up to the declared maximum (64 MiB)
//
// The host copies input to WINDOW_AT, calls once, and copies the result out. It checks every argument before: nothing
// here does.

import { combine, count, runs } from './bitmap';
import { changedParts, differs, positions, presentDigests } from './delta';
import { deriveKeys } from './derive';
import { DERIVE_KEY_MATERIAL } from './flags';
import {
  BLOCK_BYTES,
  DIGEST_BYTES,
  IV_AT,
  PAGE_BYTES,
  PAGE_CHILDREN,
  PAGE_KEY_AT,
  RESULT_AT,
  ROOT_KEY_AT,
  SECTOR_BYTES,
  WINDOW_AT,
  WINDOW_BYTES,
} from './memory';
import { hashEqualMessages } from './messages';
import { hashParent, hashTree, rootFlag } from './tree';
import { hashUnits } from './units';
import { isZero } from './zero';

export { NODES_AT, NODES_BYTES, RESULT_AT, RESULT_BYTES, WINDOW_AT, WINDOW_BYTES } from './memory';
export { SET_CAPACITY_MAX, setAdd, setClear, setHas, setReserve, setSize, setTruncate } from './set';

/** Digests of `count` blocks in the window, into RESULT_AT. */
export function hashBlocks(count: u32): void {
  hashUnits(count, BLOCK_BYTES, IV_AT, 0);
}

/** Digests of `count` pages in the window, into RESULT_AT. */
export function hashPages(count: u32): void {
  hashUnits(count, PAGE_BYTES, PAGE_KEY_AT, DERIVE_KEY_MATERIAL);
}

/**
 * The node of `bytes` in the window, into NODES_AT: a whole message when `isRoot`, otherwise the part of one that
 * begins at chunk `counter` (two halves; a multiple of 4, because JavaScript passes no 64-bit integers cheaply).
 */
export function hashMessage(bytes: u32, counterLow: u32, counterHigh: u32, isRoot: bool): void {
  hashTree(WINDOW_AT, bytes, IV_AT, 0, ((<u64>counterHigh) << 32) | counterLow, rootFlag(isRoot));
}

/** Plain digests of `count` messages of `bytesEach` (a power of two, 64 to a window) in the window, into NODES_AT. */
export function hashMessages(count: u32, bytesEach: u32): void {
  hashEqualMessages(count, bytesEach);
}

/** The parent of the two nodes at NODES_AT, into the first. */
export function hashNodes(isRoot: bool): void {
  hashParent(IV_AT, 0, rootFlag(isRoot));
}

/** derive_key of `bytes` in the window under the context of root commitments, into NODES_AT. */
export function hashRoot(bytes: u32): void {
  hashTree(WINDOW_AT, bytes, ROOT_KEY_AT, DERIVE_KEY_MATERIAL, 0, rootFlag(true));
}

/** Are the first `bytes` of the window all zero? */
export function isZeroWindow(bytes: u32): bool {
  return isZero(WINDOW_AT, bytes);
}

/** Are the first `bytes` (a multiple of 32) of the window's two halves equal? */
export function equalHalves(bytes: u32): bool {
  return !differs(WINDOW_AT, WINDOW_AT + WINDOW_BYTES / 2, bytes);
}

/** Children that differ in `count` (up to 16) pairs of pages in the window: 256 * pair + child. Returns how many. */
export function diffPages(count: u32): u32 {
  let out = RESULT_AT;
  for (let pair: u32 = 0; pair < count; pair++) {
    const before = WINDOW_AT + 2 * pair * PAGE_BYTES;
    out = changedParts(before, before + PAGE_BYTES, PAGE_CHILDREN, DIGEST_BYTES, pair * PAGE_CHILDREN, out);
  }
  return positions(RESULT_AT, out);
}

/** Children that are no holes in `count` (up to 16) pages in the window: 256 * page + child. Returns how many. */
export function presentChildren(count: u32): u32 {
  return positions(RESULT_AT, presentDigests(WINDOW_AT, count * PAGE_CHILDREN, 0, RESULT_AT));
}

/** Sectors in which the two blocks in the window differ. Returns how many. */
export function diffBlocks(): u32 {
  const sectors = BLOCK_BYTES / SECTOR_BYTES;
  return positions(RESULT_AT, changedParts(WINDOW_AT, WINDOW_AT + BLOCK_BYTES, sectors, SECTOR_BYTES, 0, RESULT_AT));
}

/** Combines the bitmaps of `bytes` in the window's halves, into the first: 0 or, 1 and, 2 and-not. */
export function bitmapCombine(operation: u32, bytes: u32): void {
  combine(operation, bytes);
}

/** Set bits of the bitmap of `bytes` in the window. */
export function bitmapCount(bytes: u32): u32 {
  return count(bytes);
}

/** Runs of set bits (first, end) of the bitmap of `bytes` in the window from bit `from` on, into RESULT_AT. */
export function bitmapRuns(bytes: u32, from: u32): u32 {
  return runs(bytes, from);
}

deriveKeys();
