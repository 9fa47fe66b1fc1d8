// Folding: the log up to a cut becomes part of the tree. In block order: patch, hash, insert blocks, then pages from the
// leaves up; one last transaction sets the root, seals the snapshots of that cut and deletes the rows. A crash anywhere
// before that loses nothing: the replay of the log over the old root is still the content.

import { EngineError } from '../errors.ts';
import { digestAt } from '../objects.ts';
import type { HeadRow, SnapshotRow } from '../ports.ts';
import { release } from '../release.ts';
import { type Job, PAUSE } from '../steps.ts';
import {
  BLOCK_BYTES,
  blocksPerChild,
  DIGEST_BYTES,
  type Digest,
  HOLE,
  isHole,
  Kind,
  type ObjectRef,
  PAGE_CHILDREN,
  SECTOR_BYTES,
  SECTORS_PER_BLOCK,
  TREE_LEVELS,
} from '../types.ts';
import { appendRows } from './append.ts';
import { FoldWindow } from './fold-window.ts';
import { type BlockRange, lowerBound } from './log-index.ts';
import { coversAll } from './read.ts';
import { type LostSpan, relocate } from './relocate.ts';
import type { DiskState } from './state.ts';

/** Blocks that one step patches: half a MiB, a few milliseconds. */
export const BLOCKS_PER_STEP = 8;
const WHOLE_BLOCK = { from: 0, to: SECTORS_PER_BLOCK };

/** 'done': the log up to the cut is in the tree. 'nothing': there was nothing to fold. 'aborted': the head changed meanwhile. */
export type FoldResult = 'done' | 'nothing' | 'aborted';

/** What one fold works on. */
interface FoldPlan {
  readonly cutSeq: number;
  readonly window: FoldWindow;
  /** Blocks with entries of their own, ascending. */
  readonly touched: readonly number[];
  /** Whole blocks that are zero before their own entries apply, ascending and disjoint. */
  readonly zeroes: readonly BlockRange[];
  /** Where the tree could not be read: their entries go back to the tail of the log. */
  readonly lost: LostSpan[];
  /** Every object that this fold stored: nothing refers to them until it commits. */
  readonly output: Digest[];
}

function insert(state: DiskState, plan: FoldPlan, kind: Kind, contents: readonly Uint8Array[]): Digest[] {
  const digests = state.store.transaction(() => state.objects.insert(kind, contents));
  plan.output.push(...digests);
  return digests;
}

function insertLost(state: DiskState, plan: FoldPlan, ref: ObjectRef): Digest {
  const digest = state.store.transaction(() => state.objects.insertLost(ref));
  plan.output.push(digest);
  return digest;
}

/** Up to which row to fold: the smallest cut of an unsealed snapshot, else everything. null when there is nothing to do. */
export function foldTarget(state: DiskState): number | null {
  const cuts = state.unsealed().map((row) => row.cutSeq);
  if (cuts.length > 0) return Math.min(...cuts);
  if (state.brokenSeq !== null || state.newestSeq <= Math.max(state.head.foldedSeq, state.stuckSeq)) return null;
  return state.newestSeq;
}

/** Folds once, up to `foldTarget`. Guests may write and snapshot between steps. */
export function* fold(state: DiskState): Job<FoldResult> {
  const cutSeq = foldTarget(state);
  if (cutSeq === null) return 'nothing';
  if (state.brokenSeq !== null && cutSeq >= state.brokenSeq) {
    sealAsLost(state, state.brokenSeq);
    return 'done';
  }
  const { version } = state.head;
  const { log } = state;
  const plan: FoldPlan = {
    cutSeq,
    window: new FoldWindow(state.readContext, log, cutSeq),
    touched: log.touchedBlocks(cutSeq),
    zeroes: log.zeroRanges(cutSeq),
    lost: [],
    output: [],
  };
  state.foldOutputs.add(plan.output);
  try {
    const root = yield* foldPage(state, plan, TREE_LEVELS, state.head.root, 0);
    if (state.head.version !== version) return 'aborted';
    commitFold(state, plan, root);
    return 'done';
  } finally {
    state.foldOutputs.delete(plan.output);
  }
}

/** Folds until no snapshot is unsealed: what a rollback, a restore and a collection need first. */
export function* sealAll(state: DiskState): Job<void> {
  while (state.unsealed().length > 0) yield* fold(state);
}

function* foldPage(state: DiskState, plan: FoldPlan, level: number, digest: Digest, first: number): Job<Digest> {
  const span = blocksPerChild(level);
  const end = first + span * PAGE_CHILDREN;
  const zeroed = plan.zeroes.some((range) => range.first <= first && range.end >= end);
  const base = zeroed ? HOLE : digest;
  if (isHole(base) && !touches(plan, first, end)) return HOLE;
  const page = yield* loadPage(state, base);
  if (page === 'lost') {
    plan.lost.push({ first, end, base: null });
    return insertLost(state, plan, { kind: Kind.page, digest });
  }
  const next = page.slice();
  if (level === 1) {
    zeroChildren(plan, next, first, end);
    yield* foldBlocks(state, plan, next, first, end);
  } else {
    for (const child of childrenToVisit(plan, level, first)) {
      const childFirst = first + child * span;
      next.set(yield* foldPage(state, plan, level - 1, digestAt(next, child), childFirst), child * DIGEST_BYTES);
    }
  }
  const [folded] = insert(state, plan, Kind.page, [next]);
  yield PAUSE;
  return folded!;
}

function* loadPage(state: DiskState, digest: Digest): Job<Uint8Array | 'lost'> {
  const ref: ObjectRef = { kind: Kind.page, digest };
  let found = state.objects.readPage(digest);
  if (typeof found === 'string' && canBring(state, found)) {
    yield { need: [ref] };
    found = state.objects.readPage(digest);
    if (typeof found === 'string') leaveToHydration(state, found);
  }
  return typeof found === 'string' ? 'lost' : found;
}

/** True when a block in [first, end) has entries of its own. */
function touches(plan: FoldPlan, first: number, end: number): boolean {
  const next = plan.touched[lowerBound(plan.touched, first)];
  return next !== undefined && next < end;
}

/** Children of this page that the log changes. */
function childrenToVisit(plan: FoldPlan, level: number, first: number): number[] {
  const span = blocksPerChild(level);
  const end = first + span * PAGE_CHILDREN;
  const children = new Set<number>();
  for (let i = lowerBound(plan.touched, first); i < plan.touched.length && plan.touched[i]! < end; i++) {
    children.add(Math.floor((plan.touched[i]! - first) / span));
  }
  for (const range of plan.zeroes) {
    const from = Math.max(range.first, first);
    const to = Math.min(range.end, end);
    if (from >= to) continue;
    const last = Math.floor((to - 1 - first) / span);
    for (let child = Math.floor((from - first) / span); child <= last; child++) children.add(child);
  }
  return [...children].sort((a, b) => a - b);
}

function zeroChildren(plan: FoldPlan, page: Uint8Array, first: number, end: number): void {
  for (const range of plan.zeroes) {
    const from = Math.max(range.first, first);
    const to = Math.min(range.end, end);
    if (from < to) page.fill(0, (from - first) * DIGEST_BYTES, (to - first) * DIGEST_BYTES);
  }
}

/** Gives each touched block of a level-1 page its new digest, a megabyte at a time. */
function* foldBlocks(state: DiskState, plan: FoldPlan, page: Uint8Array, first: number, end: number): Job<void> {
  let at = lowerBound(plan.touched, first);
  while (at < plan.touched.length && plan.touched[at]! < end) {
    const start = at;
    while (at - start < BLOCKS_PER_STEP && at < plan.touched.length && plan.touched[at]! < end) at += 1;
    const group = plan.touched.slice(start, at);
    if (!plan.window.has(group.at(-1)!)) yield* plan.window.load(plan.touched, start, group.length);
    yield* foldGroup(state, plan, page, first, group);
    yield PAUSE;
  }
}

function* foldGroup(
  state: DiskState,
  plan: FoldPlan,
  page: Uint8Array,
  first: number,
  group: readonly number[],
): Job<void> {
  const set = (block: number, digest: Digest) => page.set(digest, (block - first) * DIGEST_BYTES);
  const patched: { block: number; base: Digest }[] = [];
  for (const block of group) {
    const { base, patches } = plan.window.plan(block);
    const digest = base === 'tree' ? digestAt(page, block - first).slice() : base;
    if (patches.length === 0) set(block, digest);
    else patched.push({ block, base: coversAll(patches, WHOLE_BLOCK) ? HOLE : digest });
  }
  if (patched.length === 0) return;
  const refs = patched.map(({ base }) => ({ kind: Kind.block, digest: base }));
  let found = state.objects.read(refs);
  const need = refs.filter((_, i) => typeof found[i] === 'string' && canBring(state, found[i] as 'absent'));
  if (need.length > 0) {
    yield { need };
    found = state.objects.read(refs);
    for (const one of found) if (typeof one === 'string') leaveToHydration(state, one);
  }
  const contents: Uint8Array[] = [];
  const blocks: number[] = [];
  patched.forEach(({ block, base }, i) => {
    const before = found[i]!;
    const bytes = typeof before === 'string' ? null : patch(plan.window, block, before);
    // Zeros are shared.
    if (typeof before !== 'string' && !isHole(base)) release(before);
    if (bytes) {
      contents.push(bytes);
      blocks.push(block);
      return;
    }
    plan.lost.push({ first: block, end: block + 1, base });
    set(block, insertLost(state, plan, refs[i]!));
  });
  const digests = insert(state, plan, Kind.block, contents);
  for (const bytes of contents) release(bytes);
  blocks.forEach((block, i) => {
    set(block, digests[i]!);
  });
}

/** A block after its patches, or null when one of them is damaged. */
function patch(window: FoldWindow, block: number, base: Uint8Array): Uint8Array | null {
  const bytes = base.slice(0, BLOCK_BYTES);
  for (const entry of window.plan(block).patches) {
    const from = entry.sector * SECTOR_BYTES;
    const to = from + entry.sectorCount * SECTOR_BYTES;
    if (entry.kind === 'zero-sectors') bytes.fill(0, from, to);
    else {
      const data = window.bytesOf(entry);
      if (!data) return null;
      bytes.set(data, from);
    }
  }
  return bytes;
}

/**
 * Throws `unavailable` while an upstream may still come to have it (a vault gets objects back from other disks' backups):
 * folding waits, and the log keeps the content. It is hydration that gives up, and lets the upstream go; then it is lost.
 */
function leaveToHydration(state: DiskState, why: 'absent' | 'damaged'): void {
  if (!canBring(state, why)) return;
  throw new EngineError('unavailable', 'an object that the log rests on is not where this disk came from, or not yet');
}

/** True when an upstream may have it. */
function canBring(state: DiskState, why: 'absent' | 'damaged'): boolean {
  const { upstream } = state.readContext;
  return upstream === 'heal' || (upstream === 'fetch' && why === 'absent');
}

/** The one transaction that makes a fold true. */
function commitFold(state: DiskState, plan: FoldPlan, root: Digest): void {
  const { store } = state;
  const rows = store.scanLog(state.head.foldedSeq);
  const last = rows.filter((row) => row.seq <= plan.cutSeq).at(-1);
  const head: HeadRow = {
    ...state.head,
    root,
    foldedSeq: plan.cutSeq,
    anchor: last ? last.sum : state.head.anchor,
    version: state.head.version + 1,
  };
  const sealed: SnapshotRow[] = state
    .unsealed()
    .filter((row) => row.cutSeq === plan.cutSeq)
    .map((row) => ({ ...row, root }));
  const stuck = relocate(state, plan.lost, plan.zeroes);
  const allStuck = stuck.length > 0 && plan.cutSeq === state.newestSeq;
  store.transaction(() => {
    store.writeHead(head);
    for (const row of sealed) store.writeSnapshot(row);
    appendRows(state, stuck);
    store.deleteLog(plan.cutSeq);
  });
  state.head = head;
  for (const row of sealed) state.snapshots.set(row.id, row);
  state.reloadLog();
  if (allStuck) state.stuckSeq = state.newestSeq;
}

/** Snapshots whose part of the log is damaged become readable as what they are: lost. */
function sealAsLost(state: DiskState, brokenSeq: number): void {
  const rows = state.unsealed().filter((row) => row.cutSeq >= brokenSeq);
  state.store.transaction(() => {
    const root = state.objects.insertLost({ kind: Kind.page, digest: state.head.root });
    for (const row of rows) {
      const sealed = { ...row, root };
      state.store.writeSnapshot(sealed);
      state.snapshots.set(row.id, sealed);
    }
  });
}
