// Which blocks of a disk are allocated and which are holes: the tree under a view's root, with what the log says over it.
// A block that is written in part counts as allocated. Nothing is read but pages.

import { digestAt, type Objects } from '../objects.ts';
import { blocksPerChild, type Digest, isHole, Kind, type ObjectRef, PAGE_CHILDREN, TREE_LEVELS } from '../types.ts';
import type { BlockPlan } from './log-index.ts';
import type { View } from './read.ts';

/** Pages that one call reads: what lies beyond them is another call's. A few milliseconds. */
const PAGES_MAX = 64;

/** A run of blocks, all allocated or all holes. */
export interface BlockRun {
  readonly first: number;
  /** One past the last. */
  readonly end: number;
  readonly isHole: boolean;
}

export type RunsResult =
  /** In order, without gaps, from the first block on; at least one, and they may end before the range does. */
  | { readonly kind: 'runs'; readonly runs: readonly BlockRun[] }
  /** This page is not here, or cannot be read: nothing is known about what is under it. */
  | { readonly kind: 'missing'; readonly ref: ObjectRef; readonly why: 'absent' | 'damaged' };

/** Runs over the blocks [first, end) of a view; the range must not be empty. */
export function blockRuns(objects: Objects, view: View, first: number, end: number): RunsResult {
  const tree = treeRuns(objects, view.root, first, end);
  if (tree.kind !== 'runs' || !view.log) return tree;
  const { log, cutSeq } = view;
  const treeEnd = tree.runs.at(-1)!.end;
  const touched = log.touchedBlocks(cutSeq).filter((block) => block >= first && block < treeEnd);
  const zeroed = log.zeroRanges(cutSeq);
  const runs = new RunList();
  let nextTouched = 0;
  let nextZero = 0;
  for (const run of tree.runs) {
    for (let at = run.first; at < run.end; at = runs.end) {
      const block = touched[nextTouched];
      if (block === at) {
        runs.add(at, at + 1, isHoleAfter(log.plan(block, cutSeq), run.isHole));
        nextTouched += 1;
        continue;
      }
      while (nextZero < zeroed.length && zeroed[nextZero]!.end <= at) nextZero += 1;
      const zero = zeroed[nextZero];
      const isZeroed = zero !== undefined && zero.first <= at;
      const boundary = isZeroed ? zero.end : (zero?.first ?? run.end);
      runs.add(at, Math.min(run.end, block ?? run.end, boundary), run.isHole || isZeroed);
    }
  }
  return { kind: 'runs', runs: runs.list };
}

function isHoleAfter({ base, patches }: BlockPlan, treeHole: boolean): boolean {
  const isBaseHole = base === 'tree' ? treeHole : isHole(base);
  return isBaseHole && patches.every((patch) => patch.kind === 'zero-sectors');
}

/** What the tree alone says. Subtrees that are holes cost nothing, however large they are. */
function treeRuns(objects: Objects, root: Digest, first: number, end: number): RunsResult {
  const runs = new RunList();
  let pages = 0;
  const missing = descend(TREE_LEVELS, root, 0);
  return missing ?? { kind: 'runs', runs: runs.list };

  function descend(level: number, digest: Digest, pageBlock: number): RunsResult | null {
    const span = blocksPerChild(level);
    const from = Math.max(first, pageBlock);
    const to = Math.min(end, pageBlock + span * PAGE_CHILDREN);
    if (isHole(digest)) {
      runs.add(from, to, true);
      return null;
    }
    // The walk always gets down to the first block: that takes one page a level.
    if (pages >= PAGES_MAX) return null;
    pages += 1;
    const page = objects.readPage(digest);
    if (typeof page === 'string') return { kind: 'missing', ref: { kind: Kind.page, digest }, why: page };
    const lastChild = Math.floor((to - 1 - pageBlock) / span);
    for (let child = Math.floor((from - pageBlock) / span); child <= lastChild; child++) {
      const childDigest = digestAt(page, child);
      const childBlock = pageBlock + child * span;
      if (level === 1) runs.add(childBlock, childBlock + 1, isHole(childDigest));
      else {
        const stopped = descend(level - 1, childDigest, childBlock);
        if (stopped) return stopped;
        if (runs.end < Math.min(to, childBlock + span)) return null;
      }
    }
    return null;
  }
}

/** Runs without gaps; neighbours of one kind become one. */
class RunList {
  readonly list: { first: number; end: number; isHole: boolean }[] = [];

  get end(): number {
    return this.list.at(-1)?.end ?? 0;
  }

  add(first: number, end: number, hole: boolean): void {
    const last = this.list.at(-1);
    if (last?.isHole === hole) last.end = end;
    else this.list.push({ first, end, isHole: hole });
  }
}
