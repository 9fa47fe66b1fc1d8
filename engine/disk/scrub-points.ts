// The second half of a scrub: which ranges of a point of the disk cannot be read. A stretch at a time, each in one turn and
// over the state of that turn: guests write and fold meanwhile, as they do while somebody reads the disk from end to end.

import { digestAt } from '../objects.ts';
import { type Job, PAUSE } from '../steps.ts';
import {
  BLOCK_BYTES,
  blocksPerChild,
  type Digest,
  isHole,
  Kind,
  PAGE_CHILDREN,
  SECTOR_BYTES,
  SECTORS_PER_BLOCK,
  TREE_LEVELS,
} from '../types.ts';
import type { PointId } from './disk.ts';
import { LogData } from './log-data.ts';
import { type BlockRange, type LogIndex, loadLog, lowerBound, NEWEST } from './log-index.ts';
import { patchBytes, type View } from './read.ts';
import { OBJECTS_PER_STEP, type StoredObjects } from './scrub-objects.ts';
import { type Flaw, FlawedRanges } from './scrub-ranges.ts';
import type { DiskState } from './state.ts';

/** Blocks that the log writes to, in one stretch: up to 1 MiB of log data to check. */
const TOUCHED_PER_STRETCH = 16;
/** Stretches between two pauses, when there was nothing to read in them. */
const STRETCHES_PER_STEP = 32;

/** A run of blocks of the tree that cannot be read. */
interface FlawedBlocks extends BlockRange {
  readonly why: Flaw;
}

/** What the tree says from some block on. */
interface TreeStretch {
  /** One past the last block that this says something about. */
  readonly end: number;
  readonly flawed: readonly FlawedBlocks[];
}

/** What the log says as of a cut, prepared once for many stretches. */
interface LogSummary {
  readonly log: LogIndex;
  readonly entryCount: number;
  readonly cutSeq: number;
  /** Blocks with entries of their own, ascending. */
  readonly touched: readonly number[];
  readonly zeroes: readonly BlockRange[];
}

export class PointScan {
  readonly #state: DiskState;
  readonly #objects: StoredObjects;
  /** Of its own: what the disk remembers of its log may be better than what is stored. */
  readonly #logData: LogData;
  #summary: LogSummary | null = null;
  /** What was found of the stored log, as of a version of the head. */
  #broken: { readonly version: number; readonly seq: number } | null = null;
  /** Of the stretch that is being looked at. */
  #hasReadLog = false;

  constructor(state: DiskState, objects: StoredObjects) {
    this.#state = state;
    this.#objects = objects;
    this.#logData = new LogData(state.store);
  }

  /** What of a point cannot be read; null when the point is gone. `listedMax`: of ranges. */
  *flawsOf(point: PointId, listedMax: number): Job<FlawedRanges | null> {
    const sizeBytes = this.#view(point)?.sizeBytes;
    if (sizeBytes === undefined) return null;
    const ranges = new FlawedRanges(sizeBytes, listedMax);
    for (let block = 0, stretches = 1; block * BLOCK_BYTES < sizeBytes; stretches++) {
      const view = this.#view(point);
      if (view === null) return null;
      if (view.log !== null && view.cutSeq >= this.#firstBrokenRow()) {
        ranges.add(block * BLOCK_BYTES, sizeBytes, 'log');
        return ranges;
      }
      const { readCount } = this.#objects;
      this.#hasReadLog = false;
      block = this.#stretch(view, block, ranges);
      const hasRead = this.#hasReadLog || this.#objects.readCount > readCount;
      if (hasRead || stretches % STRETCHES_PER_STEP === 0) yield PAUSE;
    }
    return ranges;
  }

  /** The point as it is now, whether its log can be read or not. */
  #view(point: PointId): View | null {
    const { head, log, snapshots } = this.#state;
    if (point === 'head') return { root: head.root, log, cutSeq: NEWEST, sizeBytes: head.sizeBytes };
    const row = snapshots.get(point.snapshotId);
    if (!row) return null;
    const { root, cutSeq, sizeBytes } = row;
    return root ? { root, log: null, cutSeq, sizeBytes } : { root: head.root, log, cutSeq, sizeBytes };
  }

  /** First row of the stored log that cannot be trusted, infinity when all can: also a row that only memory still has. */
  #firstBrokenRow(): number {
    const { store, kernel, head, newestSeq } = this.#state;
    const { version } = head;
    // Until the next fold rows are only added.
    if (this.#broken?.version !== version) {
      const stored = loadLog(store, kernel, head.foldedSeq, head.anchor);
      const end = stored.newestSeq < newestSeq ? stored.newestSeq + 1 : Number.POSITIVE_INFINITY;
      this.#broken = { version, seq: stored.brokenSeq ?? end };
    }
    return this.#state.brokenSeq ?? this.#broken.seq;
  }

  /** Adds what cannot be read from block `first` on, as far as one turn goes. Returns the first block that is still to come. */
  #stretch(view: View, first: number, ranges: FlawedRanges): number {
    const tree = this.#treeStretch(view.root, first);
    if (view.log === null) {
      addBlocks(tree.flawed, first, tree.end, [], ranges);
      return tree.end;
    }
    const { touched, zeroes } = this.#summarise(view.log, view.cutSeq);
    const from = lowerBound(touched, first);
    const end = Math.min(tree.end, touched[from + TOUCHED_PER_STRETCH] ?? tree.end);
    let at = first;
    for (let i = from; i < touched.length && touched[i]! < end; i++) {
      const block = touched[i]!;
      addBlocks(tree.flawed, at, block, zeroes, ranges);
      this.#addTouched(view, block, tree.flawed, ranges);
      at = block + 1;
    }
    addBlocks(tree.flawed, at, end, zeroes, ranges);
    return end;
  }

  /** Looks at the path to block `first`, and at as many of the blocks from there on as one step may read. */
  #treeStretch(root: Digest, first: number): TreeStretch {
    let digest = root;
    let pageBlock = 0;
    for (let level = TREE_LEVELS; ; level--) {
      const span = blocksPerChild(level);
      const end = pageBlock + span * PAGE_CHILDREN;
      if (this.#isSound(digest)) return { end, flawed: [] };
      // Memory may still have a page that is flawed where it is stored. Once it is forgotten, all below it is out of reach.
      const [why] = this.#objects.look([{ kind: Kind.page, digest }]);
      if (why && why !== 'coming') return { end, flawed: [{ first, end, why }] };
      const page = this.#state.objects.readPage(digest);
      if (typeof page === 'string') return { end, flawed: [] };
      const child = Math.floor((first - pageBlock) / span);
      if (level === 1) return this.#leafStretch(page, pageBlock, child);
      let next = child;
      while (next < PAGE_CHILDREN && this.#isSound(digestAt(page, next))) next++;
      if (next > child) return { end: pageBlock + next * span, flawed: [] };
      digest = digestAt(page, child);
      pageBlock += child * span;
    }
  }

  /** Nothing below it has to be looked at. */
  #isSound(page: Digest): boolean {
    return isHole(page) || this.#objects.isWhole(page);
  }

  #leafStretch(page: Uint8Array, pageBlock: number, firstChild: number): TreeStretch {
    const children = [...this.#state.kernel.presentChildren(page)].filter((child) => child >= firstChild);
    const group = children.slice(0, OBJECTS_PER_STEP);
    const end = pageBlock + (children[group.length] ?? PAGE_CHILDREN);
    const findings = this.#objects.look(group.map((child) => ({ kind: Kind.block, digest: digestAt(page, child) })));
    const flawed = group.flatMap((child, i) => {
      const why = findings[i]!;
      const block = pageBlock + child;
      return why === null || why === 'coming' ? [] : [{ first: block, end: block + 1, why }];
    });
    return { end, flawed };
  }

  /** Sectors of a block with entries of its own: what it starts from, and what lies over that. */
  #addTouched(view: View, block: number, flawed: readonly FlawedBlocks[], ranges: FlawedRanges): void {
    const { base, patches } = view.log!.plan(block, view.cutSeq);
    const sectors = new Array<Flaw | null>(SECTORS_PER_BLOCK).fill(this.#flawOfBase(base, block, flawed));
    const context = { ...this.#state.readContext, logData: this.#logData };
    for (const patch of patches) {
      const isGood = patch.kind === 'zero-sectors' || patchBytes(context, view.log!, patch) !== null;
      sectors.fill(isGood ? null : 'log', patch.sector, patch.sector + patch.sectorCount);
      this.#hasReadLog = true;
    }
    sectors.forEach((why, sector) => {
      const offset = block * BLOCK_BYTES + sector * SECTOR_BYTES;
      if (why !== null) ranges.add(offset, offset + SECTOR_BYTES, why);
    });
  }

  #flawOfBase(base: Digest | 'tree', block: number, flawed: readonly FlawedBlocks[]): Flaw | null {
    if (base === 'tree') return flawed.find(({ first, end }) => first <= block && block < end)?.why ?? null;
    if (isHole(base)) return null;
    const [finding] = this.#objects.look([{ kind: Kind.block, digest: base }]);
    return finding === 'coming' ? null : finding!;
  }

  #summarise(log: LogIndex, cutSeq: number): LogSummary {
    const known = this.#summary;
    if (known?.log === log && known.entryCount === log.entryCount && known.cutSeq === cutSeq) return known;
    const touched = log.touchedBlocks(cutSeq);
    const zeroes = log.zeroRanges(cutSeq);
    this.#summary = { log, entryCount: log.entryCount, cutSeq, touched, zeroes };
    return this.#summary;
  }
}

/** Adds the parts of flawed blocks that lie in [first, end) and are not zero whatever the tree says. */
function addBlocks(
  flawed: readonly FlawedBlocks[],
  first: number,
  end: number,
  zeroes: readonly BlockRange[],
  ranges: FlawedRanges,
): void {
  for (const run of flawed) {
    const runEnd = Math.min(run.end, end);
    let at = Math.max(run.first, first);
    for (const zero of zeroes) {
      if (zero.end <= at || zero.first >= runEnd) continue;
      ranges.add(at * BLOCK_BYTES, zero.first * BLOCK_BYTES, run.why);
      at = zero.end;
    }
    ranges.add(at * BLOCK_BYTES, runEnd * BLOCK_BYTES, run.why);
  }
}
