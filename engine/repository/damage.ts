// Which byte ranges of a disk an unreadable object takes with it. Only asked after something was found bad, so it may
// walk the whole tree.

import type { ByteRange } from '../errors.ts';
import { refKey } from '../memory/rows.ts';
import { digestAt, type Objects } from '../objects.ts';
import { type Job, PAUSE } from '../steps.ts';
import {
  BLOCK_BYTES,
  blocksPerChild,
  type Digest,
  isHole,
  Kind,
  type ObjectRef,
  PAGE_CHILDREN,
  TREE_LEVELS,
} from '../types.ts';

/** More than this, and nobody reads the list. */
const RANGES_MAX = 1_024;

/**
 * Ranges under `root`, in order, neighbours joined, cut at `sizeBytes`: those under pages that cannot be read, and those
 * of `badBlocks`. One block may be at many places: that is why this walks instead of asking where it was found.
 */
export function* damagedRanges(
  objects: Objects,
  root: Digest,
  sizeBytes: number,
  badBlocks: readonly ObjectRef[],
): Job<ByteRange[]> {
  const bad = new Set(badBlocks.map(refKey));
  const ranges: { offset: number; length: number }[] = [];
  yield* descend(TREE_LEVELS, root, 0);
  return ranges;

  function* descend(level: number, digest: Digest, firstBlock: number): Job<void> {
    if (isHole(digest) || ranges.length >= RANGES_MAX) return;
    const page = objects.readPage(digest);
    const span = blocksPerChild(level);
    if (typeof page === 'string') return add(firstBlock, span * PAGE_CHILDREN);
    for (let child = 0; child < PAGE_CHILDREN; child++) {
      const childDigest = digestAt(page, child);
      if (level > 1) yield* descend(level - 1, childDigest, firstBlock + child * span);
      else if (bad.has(refKey({ kind: Kind.block, digest: childDigest }))) add(firstBlock + child, 1);
    }
    if (level === 1) yield PAUSE;
  }

  function add(firstBlock: number, blocks: number): void {
    const offset = firstBlock * BLOCK_BYTES;
    const end = Math.min(offset + blocks * BLOCK_BYTES, sizeBytes);
    if (end <= offset) return;
    const last = ranges.at(-1);
    if (last && last.offset + last.length === offset) last.length = end - last.offset;
    else ranges.push({ offset, length: end - offset });
  }
}
