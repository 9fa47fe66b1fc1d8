// The tree under a root: looking blocks up, listing what is allocated, walking what differs. Reading only; trees are
// made in engine/disk/fold.ts.

import { damagedObject } from './errors.ts';
import type { EngineHost } from './host.ts';
import { digestAt, type Objects } from './objects.ts';
import { type Job, type NeedStep, PAUSE, type Step } from './steps.ts';
import {
  blocksPerChild,
  bytesEqual,
  type Digest,
  HOLE,
  isHole,
  Kind,
  type ObjectRef,
  PAGE_BYTES,
  PAGE_CHILDREN,
  TREE_LEVELS,
} from './types.ts';

/** A block's digest, or the page on its path that could not be read. */
export type BlockLookup = Digest | { readonly missing: ObjectRef; readonly why: 'absent' | 'damaged' };

/** Digests of `count` blocks from `firstBlock`, in order; HOLE where nothing was ever written. */
export function lookupBlocks(objects: Objects, root: Digest, firstBlock: number, count: number): BlockLookup[] {
  const out: BlockLookup[] = new Array(count);
  descend(TREE_LEVELS, root, 0);
  return out;

  function descend(level: number, digest: Digest, pageBlock: number): void {
    const span = blocksPerChild(level);
    const from = Math.max(0, Math.floor((firstBlock - pageBlock) / span));
    const to = Math.min(PAGE_CHILDREN - 1, Math.floor((firstBlock + count - 1 - pageBlock) / span));
    const page = objects.readPage(digest);
    for (let child = from; child <= to; child++) {
      const childBlock = pageBlock + child * span;
      if (typeof page === 'string') {
        fill(childBlock, span, { missing: { kind: Kind.page, digest }, why: page });
        continue;
      }
      const childDigest = digestAt(page, child);
      if (level === 1) out[childBlock - firstBlock] = childDigest;
      else if (isHole(childDigest)) fill(childBlock, span, HOLE);
      else descend(level - 1, childDigest, childBlock);
    }
  }

  function fill(block: number, span: number, value: BlockLookup): void {
    const end = Math.min(block + span, firstBlock + count);
    for (let b = Math.max(block, firstBlock); b < end; b++) out[b - firstBlock] = value;
  }
}

/** Reads a page inside a job: asks the driver for it when it is absent, throws `damaged` when it cannot be read. */
export function* needPage(objects: Objects, digest: Digest): Generator<NeedStep, Uint8Array, void> {
  const ref: ObjectRef = { kind: Kind.page, digest };
  let found = objects.readPage(digest);
  if (found === 'absent') {
    yield { need: [ref] };
    found = objects.readPage(digest);
  }
  if (typeof found === 'string') throw damagedObject(ref);
  return found;
}

export interface AllocatedBlock {
  readonly blockIndex: number;
  readonly digest: Digest;
}

export interface AllocatedPart {
  readonly blocks: readonly AllocatedBlock[];
  /** Where to go on, null at the end. */
  readonly next: number | null;
}

/** Allocated blocks in order, from `fromBlock`, at most `limit`. */
export function* allocatedBlocks(objects: Objects, root: Digest, fromBlock: number, limit: number): Job<AllocatedPart> {
  const blocks: AllocatedBlock[] = [];
  const next = yield* descend(TREE_LEVELS, root, 0);
  return { blocks, next };

  function* descend(level: number, digest: Digest, pageBlock: number): Job<number | null> {
    if (isHole(digest)) return null;
    const span = blocksPerChild(level);
    const page = yield* needPage(objects, digest);
    for (let child = Math.max(0, Math.floor((fromBlock - pageBlock) / span)); child < PAGE_CHILDREN; child++) {
      const childDigest = digestAt(page, child);
      if (isHole(childDigest)) continue;
      const childBlock = pageBlock + child * span;
      if (level > 1) {
        const next = yield* descend(level - 1, childDigest, childBlock);
        if (next !== null) return next;
      } else if (blocks.length === limit) return childBlock;
      else blocks.push({ blockIndex: childBlock, digest: childDigest });
    }
    if (level === 1) yield PAUSE;
    return null;
  }
}

/** Blocks that are no holes. Reads pages only. */
export function* countAllocatedBlocks(objects: Objects, root: Digest): Job<number> {
  let count = 0;
  for (let from: number | null = 0; from !== null; ) {
    const { blocks, next }: AllocatedPart = yield* allocatedBlocks(objects, root, from, PAGE_CHILDREN * PAGE_CHILDREN);
    count += blocks.length;
    from = next;
  }
  return count;
}

/** A group of objects that are in `root` and not at the same place in `parent`. */
export interface ChangedStep {
  /** Blocks of one level-1 page, or one page after all that is under it: children always come before parents. */
  readonly changed: readonly ObjectRef[];
  /** Block index of each ref: its own, or the first one under the page. */
  readonly blockIndexes: readonly number[];
  /** Allocated blocks in `root` less those in `parent`, for this group. */
  readonly allocatedDelta: number;
}

/**
 * Walks what differs between two roots, in block order. Subtrees are skipped only where both digests are equal *at the
 * same place*: that a page is known somewhere says nothing about its children (STORAGE.md section 5).
 */
export function* walkChanges(
  objects: Objects,
  host: EngineHost,
  parent: Digest,
  root: Digest,
): Generator<Step | ChangedStep, void, void> {
  yield* descend(TREE_LEVELS, parent, root, 0);

  function* descend(level: number, before: Digest, after: Digest, pageBlock: number): Generator<Step | ChangedStep> {
    if (bytesEqual(before, after)) return;
    const pageBefore = isHole(before) ? new Uint8Array(PAGE_BYTES) : yield* needPage(objects, before);
    const pageAfter = isHole(after) ? new Uint8Array(PAGE_BYTES) : yield* needPage(objects, after);
    const children = host.kernel.changedChildren(pageBefore, pageAfter);
    if (level > 1) {
      for (const child of children) {
        const childBlock = pageBlock + child * blocksPerChild(level);
        yield* descend(level - 1, digestAt(pageBefore, child), digestAt(pageAfter, child), childBlock);
      }
    } else {
      const changed: ObjectRef[] = [];
      const blockIndexes: number[] = [];
      let allocatedDelta = 0;
      for (const child of children) {
        const digest = digestAt(pageAfter, child);
        if (!isHole(digestAt(pageBefore, child))) allocatedDelta--;
        if (isHole(digest)) continue;
        allocatedDelta++;
        changed.push({ kind: Kind.block, digest });
        blockIndexes.push(pageBlock + child);
      }
      yield { changed, blockIndexes, allocatedDelta };
    }
    if (!isHole(after)) {
      yield { changed: [{ kind: Kind.page, digest: after }], blockIndexes: [pageBlock], allocatedDelta: 0 };
    }
  }
}
