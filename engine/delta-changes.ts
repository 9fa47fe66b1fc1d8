// What differs between two roots, block by block and from any block on: what lists of changed blocks and delta streams
// are made of. Descends only where digests differ, so the work follows the change and not the disk.

import type { Kernel } from './kernel.ts';
import { digestAt, type Objects } from './objects.ts';
import { type Job, type NeedStep, PAUSE, type Step } from './steps.ts';
import { type ChangedPlace, changedChildren, LIST_PAGES_MAX, needPage, PAGES_AT_ONCE } from './tree.ts';
import { blocksPerChild, bytesEqual, DIGEST_BYTES, type Digest, isHole, PAGE_CHILDREN, TREE_LEVELS } from './types.ts';

/** A block that two roots have with different content. */
export interface ChangedBlock {
  readonly blockIndex: number;
  /** What the later root has there; HOLE for zeros. */
  readonly digest: Digest;
}

/** What differs, and from where to where to look: blocks [firstBlock, endBlock). */
export interface ChangeRange {
  readonly from: Digest;
  readonly to: Digest;
  readonly firstBlock: number;
  readonly endBlock: number;
}

/** A root covers this many blocks, whatever the disk's size. */
export const ROOT_BLOCKS = blocksPerChild(TREE_LEVELS + 1);

/** Changed blocks of up to 16 pages of level 1, in order; never none. */
export interface ChangedBlocksStep {
  readonly blocks: readonly ChangedBlock[];
  /** Pages that were read since the walk began, of both roots. */
  readonly pagesRead: number;
}

/** Walks the changed blocks of a range, in order. */
export function* walkChangedBlocks(
  objects: Objects,
  kernel: Kernel,
  { from, to, firstBlock, endBlock }: ChangeRange,
): Generator<Step | ChangedBlocksStep, void, void> {
  let pagesRead = 0;
  if (!bytesEqual(from, to)) yield* descend(TREE_LEVELS, [{ before: from, after: to, firstBlock: 0 }]);

  function* descend(level: number, pages: readonly ChangedPlace[]): Generator<Step | ChangedBlocksStep> {
    const inRange = (child: ChangedPlace) =>
      child.firstBlock + blocksPerChild(level) > firstBlock && child.firstBlock < endBlock;
    for (let at = 0; at < pages.length; at += PAGES_AT_ONCE) {
      const group = pages.slice(at, at + PAGES_AT_ONCE);
      const children = (yield* changedChildren(objects, kernel, level, group)).flat().filter(inRange);
      for (const { before, after } of group) pagesRead += (isHole(before) ? 0 : 1) + (isHole(after) ? 0 : 1);
      if (level > 1) yield* descend(level - 1, children);
      else if (children.length > 0) {
        yield { blocks: children.map((place) => ({ blockIndex: place.firstBlock, digest: place.after })), pagesRead };
      }
      if (level === 1) yield PAUSE;
    }
  }
}

export interface ChangedPart {
  readonly blocks: readonly ChangedBlock[];
  /** First changed block that is not in this part, null at the end. */
  readonly next: number | null;
  readonly pagesRead: number;
}

/** A part of the changed blocks: at most `limit`, fewer when that takes more than `pagesMax` pages, but always some. */
export function* listChangedBlocks(
  objects: Objects,
  kernel: Kernel,
  range: ChangeRange,
  limit: number,
  pagesMax: number = LIST_PAGES_MAX,
): Job<ChangedPart> {
  const blocks: ChangedBlock[] = [];
  let pagesRead = 0;
  for (const step of walkChangedBlocks(objects, kernel, range)) {
    if (!('blocks' in step)) {
      yield step;
      continue;
    }
    const isFull = blocks.length > 0 && step.pagesRead > pagesMax;
    pagesRead = step.pagesRead;
    const taken = isFull ? 0 : Math.min(step.blocks.length, limit - blocks.length);
    blocks.push(...step.blocks.slice(0, taken));
    if (taken < step.blocks.length) return { blocks, next: step.blocks[taken]!.blockIndex, pagesRead };
  }
  return { blocks, next: null, pagesRead };
}

/**
 * The root that has the blocks of `to` before `block` and those of `from` from it on: where a delta that was cut there
 * leads to. Makes the pages on one path, four at most, and stores none.
 */
export function* mixedRoot(
  objects: Objects,
  kernel: Kernel,
  from: Digest,
  to: Digest,
  block: number,
): Generator<NeedStep, Digest, void> {
  return block >= ROOT_BLOCKS ? to : yield* mix(TREE_LEVELS, from, to);

  function* mix(level: number, before: Digest, after: Digest): Generator<NeedStep, Digest, void> {
    if (bytesEqual(before, after)) return after;
    const child = Math.floor(block / blocksPerChild(level)) % PAGE_CHILDREN;
    const pageBefore = yield* needPage(objects, before);
    const page = pageBefore.slice();
    const pageAfter = yield* needPage(objects, after);
    page.set(pageAfter.subarray(0, child * DIGEST_BYTES));
    if (level > 1) {
      const mixed = yield* mix(level - 1, digestAt(pageBefore, child), digestAt(pageAfter, child));
      page.set(mixed, child * DIGEST_BYTES);
    }
    return kernel.hashPages(page);
  }
}
