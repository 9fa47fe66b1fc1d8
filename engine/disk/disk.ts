// A disk: what a guest sees (read, write, zeroes, extend) and what its owner sees (snapshots, rollback, a new root).
// Everything here is synchronous: one call, one transaction. Long work (fold.ts, collect.ts, hydrate.ts) is jobs.

import { EngineError } from '../errors.ts';
import type { EngineHost } from '../host.ts';
import type { DiskStore, UpstreamRow } from '../ports.ts';
import type { Job } from '../steps.ts';
import { type AllocatedPart, allocatedBlocks } from '../tree.ts';
import { DISK_BYTES_MAX, type Digest, HOLE, SECTOR_BYTES } from '../types.ts';
import { appendRows, remember } from './append.ts';
import { checkRange, WriteBatch } from './batch.ts';
import { Collection, type CollectionSteps } from './collect.ts';
import { type FoldResult, fold, foldTarget, sealAll } from './fold.ts';
import { type HydrationProgress, hydrate } from './hydrate.ts';
import { type ReadResult, readRange, type View } from './read.ts';
import { DiskState } from './state.ts';

/** Which state of a disk: what it holds now, or a snapshot by id. */
export type PointId = 'head' | { readonly snapshotId: string };

/** Beyond these the head folds while it is written to. Why these: docs/design/0009-small-writes.md. */
const LOG_SOFT = { bytes: 64 * 2 ** 20, entries: 16_384 };
/** Beyond these a write waits until folding has made room. */
const LOG_HARD = { bytes: 256 * 2 ** 20, entries: 65_536 };
/** Guest writes are refused beyond this, so that folding, deleting and collecting always have room (platform: 10 GB). */
export const STORED_BYTES_MAX = 9.0e9;
/** Bytes that are committed before the store is asked again how much it holds: asking costs as much as a small write. */
const ROOM_STEP_BYTES = 4 * 2 ** 20;
/** What a commit takes beside its bytes: a few pages of the database at most. */
const COMMIT_BYTES = 16_384;

export class Disk {
  readonly state: DiskState;
  #collection: Collection | null = null;
  /** Bytes that may be committed before the store is asked again. */
  #roomBytes = 0;

  private constructor(state: DiskState) {
    this.state = state;
  }

  /** Creates the disk in an empty store. `root` with an upstream: a restored disk or a clone. */
  static create(
    store: DiskStore,
    host: EngineHost,
    spec: { sizeBytes: number; root?: Digest; upstream?: UpstreamRow },
  ): Disk {
    checkSize(spec.sizeBytes);
    store.transaction(() => {
      if (store.readHead()) throw new EngineError('exists', 'the disk exists already');
      store.writeHead({
        root: spec.root ?? HOLE,
        sizeBytes: spec.sizeBytes,
        foldedSeq: 0,
        version: 1,
        anchor: HOLE,
      });
      if (spec.upstream) store.writeUpstream(spec.upstream);
    });
    return Disk.open(store, host)!;
  }

  /** Opens a disk as its store has it; null when the store holds none. */
  static open(store: DiskStore, host: EngineHost): Disk | null {
    const head = store.readHead();
    return head ? new Disk(new DiskState(store, host, head)) : null;
  }

  get sizeBytes(): number {
    return this.state.sizeBytes;
  }

  /** The size of a point: a snapshot keeps the size that the disk had. */
  pointBytes(point: PointId): number {
    return point === 'head' ? this.sizeBytes : this.state.snapshot(point.snapshotId).sizeBytes;
  }

  view(point: PointId): View {
    return point === 'head' ? this.state.headView() : this.state.snapshotView(point.snapshotId);
  }

  /**
   * Reads a range aligned to 512 bytes. `asIs`: what is not here is damaged, whatever an upstream may have.
   * Throws `unaligned`, `out-of-range`, `not-found`, `damaged` (the whole point).
   */
  read(point: PointId, offset: number, length: number, asIs: 'asIs' | 'fetching' = 'fetching'): ReadResult {
    const view = this.view(point);
    checkRange(offset, length, view.sizeBytes);
    if (length === 0) return { kind: 'bytes', bytes: new Uint8Array(0) };
    const context = this.state.readContext;
    return readRange(asIs === 'asIs' ? { ...context, upstream: 'none' } : context, view, offset, length);
  }

  /** Starts a batch of writes that becomes visible with `commit`. End it with `commit` or `drop`. */
  begin(): WriteBatch {
    const { store, objects, kernel, sizeBytes } = this.state;
    const batch = new WriteBatch({ store, objects, kernel, sizeBytes });
    this.state.openBatches.add(batch);
    return batch;
  }

  drop(batch: WriteBatch): void {
    this.state.openBatches.delete(batch);
  }

  /** Makes a batch visible and durable, all of it or nothing. Throws `full`, or `damaged` when the log cannot be continued. */
  commit(batch: WriteBatch): void {
    const { state } = this;
    try {
      state.headView();
      this.#takeRoom(batch.addedBytes + COMMIT_BYTES);
      const appended = state.store.transaction(() => appendRows(state, batch.takeRows()));
      remember(state, appended);
    } finally {
      this.drop(batch);
    }
  }

  /** Throws `full` when the store holds too much. Looks once in a while: the bound leaves room for what comes between. */
  #takeRoom(bytes: number): void {
    if (bytes > this.#roomBytes) {
      this.#roomBytes = 0;
      if (this.state.store.objects.usage().storedBytes > STORED_BYTES_MAX) {
        throw new EngineError('full', 'the disk object is full: delete snapshots, or write less');
      }
      this.#roomBytes = Math.max(ROOM_STEP_BYTES, bytes);
    }
    this.#roomBytes -= bytes;
  }

  /** Writes bytes at an offset, both aligned to 512 bytes. */
  write(offset: number, bytes: Uint8Array): void {
    this.#writeWith((batch) => batch.write(offset, bytes));
  }

  writeZeroes(offset: number, length: number): void {
    this.#writeWith((batch) => batch.writeZeroes(offset, length));
  }

  #writeWith(fill: (batch: WriteBatch) => void): void {
    const batch = this.begin();
    try {
      fill(batch);
    } catch (error) {
      this.drop(batch);
      throw error;
    }
    this.commit(batch);
  }

  /** How full the log is. 'soft': fold while writing; 'hard': fold before the next write is acknowledged. */
  get pressure(): 'none' | 'soft' | 'hard' {
    const { storedBytes, entryCount } = this.state.log;
    if (storedBytes > LOG_HARD.bytes || entryCount > LOG_HARD.entries) return 'hard';
    return storedBytes > LOG_SOFT.bytes || entryCount > LOG_SOFT.entries ? 'soft' : 'none';
  }

  /** Grows the disk; what is new reads as zeros. Throws `invalid` unless larger. */
  extend(sizeBytes: number): void {
    checkSize(sizeBytes);
    const { state } = this;
    if (sizeBytes <= state.sizeBytes) throw new EngineError('invalid', 'a disk can only grow');
    const head = { ...state.head, sizeBytes };
    state.store.transaction(() => state.store.writeHead(head));
    state.head = head;
  }

  /** One row, whatever the disk holds. Throws `exists`, or `damaged` when the log cannot be read. */
  createSnapshot(id: string, options: { hidden?: boolean } = {}): void {
    const { state } = this;
    state.headView();
    if (state.snapshots.has(id)) throw new EngineError('exists', `snapshot ${id} exists already`);
    const row = {
      id,
      cutSeq: state.newestSeq,
      root: state.log.isEmpty ? state.head.root : null,
      sizeBytes: state.sizeBytes,
      hidden: options.hidden ?? false,
    };
    state.store.transaction(() => state.store.writeSnapshot(row));
    state.snapshots.set(id, row);
  }

  /** One row; a collection frees the objects later. Throws `not-found`. */
  deleteSnapshot(id: string): void {
    const { state } = this;
    state.snapshot(id);
    state.store.transaction(() => state.store.deleteSnapshot(id));
    state.snapshots.delete(id);
  }

  /**
   * The head becomes the snapshot's content; its size stays, and what lies beyond the snapshot's size is zeros.
   * Throws `busy` while a snapshot is unsealed: run `sealAll` first, with I/O refused, in the same turn.
   */
  rollback(id: string): void {
    const { root } = this.state.snapshot(id);
    if (!root || this.state.unsealed().length > 0) throw new EngineError('busy', 'a snapshot is not sealed yet');
    this.#replaceRoot(root, null);
  }

  /** The head becomes a root whose objects come from an upstream (restore). Aborts a collection. Throws as `rollback`. */
  adopt(root: Digest, upstream: UpstreamRow): void {
    if (this.state.unsealed().length > 0) throw new EngineError('busy', 'a snapshot is not sealed yet');
    this.abortCollection();
    this.state.adoptions += 1;
    this.#replaceRoot(root, upstream);
  }

  /** Reinstalling an OS: all zeros, and every snapshot gone. */
  reinstall(): void {
    const { state } = this;
    const head = state.store.transaction(() => {
      for (const id of state.snapshots.keys()) state.store.deleteSnapshot(id);
      return state.storeNewRoot(HOLE);
    });
    state.snapshots.clear();
    state.reset(head);
  }

  /** Names a sealed snapshot's root for somebody else, who reads from it until `unpin`. Returns the root. */
  pin(pinId: string, snapshotId: string, owner: string): Digest {
    const { root } = this.state.snapshot(snapshotId);
    if (!root) throw new EngineError('busy', 'the snapshot is not sealed yet');
    this.state.store.transaction(() => this.state.store.writePin({ id: pinId, root, owner }));
    return root;
  }

  unpin(pinId: string): void {
    this.state.store.transaction(() => this.state.store.deletePin(pinId));
  }

  /** A part of the allocated blocks under one of this disk's roots, which is kept until the job has ended. */
  *allocatedBlocks(root: Digest, fromBlock: number, limit: number): Job<AllocatedPart> {
    // A copy: two walks of one root each hold their own.
    const kept = root.slice();
    this.state.walkedRoots.add(kept);
    try {
      return yield* allocatedBlocks(this.state.objects, kept, fromBlock, limit);
    } finally {
      this.state.walkedRoots.delete(kept);
    }
  }

  get wantsFold(): boolean {
    return foldTarget(this.state) !== null;
  }

  fold(): Job<FoldResult> {
    return fold(this.state);
  }

  sealAll(): Job<void> {
    return sealAll(this.state);
  }

  /** One pass of hydration; `giveUp` settles for what the upstreams have. */
  hydrate(giveUp = false): Job<HydrationProgress> {
    return hydrate(this.state, giveUp);
  }

  /** Frees what nothing refers to. Only one collection at a time; dropping the job forgets its marks. */
  *collect(steps?: CollectionSteps): Job<number> {
    const collection = new Collection(this.state, steps);
    this.#collection = collection;
    try {
      return yield* collection.run();
    } finally {
      collection.end();
      if (this.#collection === collection) this.#collection = null;
    }
  }

  abortCollection(): void {
    this.#collection?.abort();
  }

  /** Forgets what is only in memory, so that the next read sees what is stored (after damage). */
  dropCaches(): void {
    this.state.objects.dropCaches();
    this.state.reloadLog();
  }

  #replaceRoot(root: Digest, upstream: UpstreamRow | null): void {
    const { state } = this;
    const head = state.store.transaction(() => {
      if (upstream) state.store.writeUpstream(upstream);
      return state.storeNewRoot(root);
    });
    if (upstream) state.upstreams.set(upstream.id, upstream);
    state.reset(head);
  }
}

/** Throws EngineError `invalid` unless a disk can have this size. */
export function checkSize(sizeBytes: number): void {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0 || sizeBytes % SECTOR_BYTES !== 0) {
    throw new EngineError('invalid', 'the size must be a positive multiple of 512 bytes');
  }
  if (sizeBytes > DISK_BYTES_MAX) throw new EngineError('invalid', `a disk has at most ${DISK_BYTES_MAX} bytes`);
}
