// The tree under a root: looking blocks up, listing what is allocated, walking what differs. Reading only; trees are
// made in engine/disk/fold.ts.

import { damagedObject } from './errors.ts';
import type { EngineHost } from './host.ts';
import type { Kernel } from './kernel.ts';
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
  PAGE_CHILDREN,
  TREE_LEVELS,
} from './types.ts';

/** Pages that are read, and compared, in one go: what one kernel call takes. About 5 ms of a turn when none is cached. */
export const PAGES_AT_ONCE = 16;

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

/**
 * Reads pages inside a job, in order; a hole gives zeros. Asks the driver for those that are absent, all at once; throws
 * `damaged` when one cannot be read.
 */
export function* needPages(objects: Objects, digests: readonly Digest[]): Generator<NeedStep, Uint8Array[], void> {
  const refs = digests.map((digest): ObjectRef => ({ kind: Kind.page, digest }));
  let found = objects.read(refs);
  const need = refs.filter((_, i) => found[i] === 'absent');
  if (need.length > 0) {
    yield { need };
    found = objects.read(refs);
  }
  return found.map((page, i) => {
    if (typeof page === 'string') throw damagedObject(refs[i]!);
    return page;
  });
}

/** Reads one page inside a job, like `needPages`. */
export function* needPage(objects: Objects, digest: Digest): Generator<NeedStep, Uint8Array, void> {
  return (yield* needPages(objects, [digest]))[0]!;
}

/** Digests in a page that are no holes, in order. Views: the page must not be changed afterwards. */
export function childDigests(kernel: Kernel, page: Uint8Array): Digest[] {
  const children: Digest[] = [];
  for (const child of kernel.presentChildren(page)) children.push(digestAt(page, child));
  return children;
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

/** Pages that one list reads before it ends with a place to go on from: 16 MiB, less than a second when none is cached. */
export const LIST_PAGES_MAX = 2_048;

/**
 * Allocated blocks in order, from `fromBlock`: at most `limit`, fewer when that takes more than `pagesMax` pages, but
 * always some.
 */
export function* allocatedBlocks(
  objects: Objects,
  root: Digest,
  fromBlock: number,
  limit: number,
  pagesMax: number = LIST_PAGES_MAX,
): Job<AllocatedPart> {
  const blocks: AllocatedBlock[] = [];
  let pagesRead = 0;
  const next = yield* descend(TREE_LEVELS, root, 0);
  return { blocks, next };

  function* descend(level: number, digest: Digest, pageBlock: number): Job<number | null> {
    if (isHole(digest)) return null;
    const span = blocksPerChild(level);
    const page = yield* needPage(objects, digest);
    pagesRead += 1;
    const isFull = level === 1 && blocks.length > 0 && pagesRead > pagesMax;
    const first = Math.floor((fromBlock - pageBlock) / span);
    for (const child of objects.kernel.presentChildren(page)) {
      if (child < first) continue;
      const childDigest = digestAt(page, child);
      const childBlock = pageBlock + child * span;
      if (level > 1) {
        const next = yield* descend(level - 1, childDigest, childBlock);
        if (next !== null) return next;
      } else if (isFull || blocks.length === limit) return childBlock;
      else blocks.push({ blockIndex: childBlock, digest: childDigest });
    }
    if (level === 1) yield PAUSE;
    return null;
  }
}

/** Blocks that are no holes. Reads pages only. */
export function* countAllocatedBlocks(objects: Objects, root: Digest): Job<number> {
  return yield* count(TREE_LEVELS, isHole(root) ? [] : [root]);

  function* count(level: number, digests: readonly Digest[]): Job<number> {
    let blocks = 0;
    for (let from = 0; from < digests.length; from += PAGES_AT_ONCE) {
      const pages = yield* needPages(objects, digests.slice(from, from + PAGES_AT_ONCE));
      if (level === 1) blocks += objects.kernel.presentChildrenOf(pages).length;
      else for (const page of pages) blocks += yield* count(level - 1, childDigests(objects.kernel, page));
      yield PAUSE;
    }
    return blocks;
  }
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
  if (!bytesEqual(parent, root)) yield* descend(TREE_LEVELS, [{ before: parent, after: root, firstBlock: 0 }]);

  function* descend(level: number, places: readonly ChangedPlace[]): Generator<Step | ChangedStep> {
    for (let from = 0; from < places.length; from += PAGES_AT_ONCE) {
      const group = places.slice(from, from + PAGES_AT_ONCE);
      const changed = yield* changedChildren(objects, host.kernel, level, group);
      for (const [i, { after, firstBlock }] of group.entries()) {
        const children = changed[i]!;
        if (level > 1) yield* descend(level - 1, children);
        else yield changedBlocks(children);
        if (isHole(after)) continue;
        yield { changed: [{ kind: Kind.page, digest: after }], blockIndexes: [firstBlock], allocatedDelta: 0 };
      }
    }
  }
}

/** A place of the tree at which two roots differ: the digests there, and its first block. */
export interface ChangedPlace {
  readonly before: Digest;
  readonly after: Digest;
  readonly firstBlock: number;
}

/** Where the children of some pages at `level` (at most PAGES_AT_ONCE) differ, in order, for each of the pages. */
export function* changedChildren(
  objects: Objects,
  kernel: Kernel,
  level: number,
  pages: readonly ChangedPlace[],
): Generator<NeedStep, ChangedPlace[][], void> {
  const digests = (side: 'before' | 'after') => pages.map((place) => place[side]);
  const before = yield* needPages(objects, digests('before'));
  const after = yield* needPages(objects, digests('after'));
  const changed = kernel.changedChildrenOf(before, after);
  let read = 0;
  return pages.map(({ firstBlock }, i) => {
    const children: ChangedPlace[] = [];
    for (; read < changed.length && changed[read]! < (i + 1) * PAGE_CHILDREN; read++) {
      const child = changed[read]! % PAGE_CHILDREN;
      children.push({
        before: digestAt(before[i]!, child),
        after: digestAt(after[i]!, child),
        firstBlock: firstBlock + child * blocksPerChild(level),
      });
    }
    return children;
  });
}

function changedBlocks(places: readonly ChangedPlace[]): ChangedStep {
  const kept = places.filter(({ after }) => !isHole(after));
  return {
    changed: kept.map(({ after }) => ({ kind: Kind.block, digest: after })),
    blockIndexes: kept.map(({ firstBlock }) => firstBlock),
    allocatedDelta: kept.length - places.filter(({ before }) => !isHole(before)).length,
  };
}
