// The state of one open disk: what its rows say, held in memory. Every change goes to the store in a transaction first
// and to memory after the commit, in the same turn. Behaviour lives in the modules beside this one.

import { EngineError } from '../errors.ts';
import type { EngineHost } from '../host.ts';
import { Objects } from '../objects.ts';
import type { DiskStore, HeadRow, SnapshotRow, UpstreamRow } from '../ports.ts';
import { type Digest, HOLE } from '../types.ts';
import type { WriteBatch } from './batch.ts';
import { LogData } from './log-data.ts';
import { LogIndex, loadLog, NEWEST } from './log-index.ts';
import type { ReadContext, View } from './read.ts';

export class DiskState {
  readonly store: DiskStore;
  readonly host: EngineHost;
  readonly objects: Objects;
  readonly logData: LogData;
  head: HeadRow;
  log = new LogIndex();
  newestSeq = 0;
  newestSum: Uint8Array = HOLE;
  /** First row of the log that cannot be trusted, or null. Until a rollback or restore drops the log, the head is unreadable. */
  brokenSeq: number | null = null;
  /** Rows up to here hold only entries that folding put back because their base is lost: folding them again is no use. */
  stuckSeq = 0;
  /** Grows when a foreign root is adopted. A hydration pass that saw one come must not end the hydration. */
  adoptions = 0;
  /** Bytes of blocks that the running hydration pass has found or brought. */
  hydratedBytes = 0;
  readonly snapshots = new Map<string, SnapshotRow>();
  readonly upstreams = new Map<string, UpstreamRow>();
  /** What running folds have stored so far, not referred to until they commit: roots of a collection, too. */
  readonly foldOutputs = new Set<Digest[]>();
  /** Roots that somebody is walking: what named them may be replaced, or deleted, meanwhile. */
  readonly walkedRoots = new Set<Digest>();
  /** Batches that have staged objects and are not committed: their digests are roots of a collection. */
  readonly openBatches = new Set<WriteBatch>();

  constructor(store: DiskStore, host: EngineHost, head: HeadRow) {
    this.store = store;
    this.host = host;
    this.objects = new Objects(store.objects, host);
    this.logData = new LogData(store);
    this.head = head;
    for (const row of store.listSnapshots()) this.snapshots.set(row.id, row);
    for (const row of store.listUpstreams()) this.upstreams.set(row.id, row);
    this.reloadLog();
  }

  /** Reads the log's directories again: at open, after folding, and when caches are dropped. */
  reloadLog(): void {
    const loaded = loadLog(this.store, this.host.kernel, this.head.foldedSeq, this.head.anchor);
    this.log = loaded.index;
    this.newestSeq = loaded.newestSeq;
    this.newestSum = loaded.newestSum;
    this.brokenSeq = loaded.brokenSeq;
    // The newest row may be lost without a gap; a snapshot that was cut after it knows.
    const newestCut = Math.max(0, ...this.unsealed().map((row) => row.cutSeq));
    if (newestCut > this.newestSeq) {
      this.brokenSeq ??= this.newestSeq + 1;
      this.newestSeq = newestCut;
    }
    this.logData.clear();
  }

  get sizeBytes(): number {
    return this.head.sizeBytes;
  }

  get kernel() {
    return this.host.kernel;
  }

  get readContext(): ReadContext {
    let upstream: ReadContext['upstream'] = 'none';
    for (const row of this.upstreams.values()) {
      if (row.heals) upstream = 'heal';
      else if (upstream === 'none') upstream = 'fetch';
    }
    return { objects: this.objects, logData: this.logData, host: this.host, upstream };
  }

  headView(): View {
    if (this.brokenSeq !== null) {
      throw new EngineError('damaged', `the disk's log is damaged at row ${this.brokenSeq}: roll back or restore`, [
        { offset: 0, length: this.sizeBytes },
      ]);
    }
    return { root: this.head.root, log: this.log, cutSeq: NEWEST, sizeBytes: this.sizeBytes };
  }

  /** Throws EngineError `not-found`, or `damaged` for an unsealed snapshot whose part of the log is damaged. */
  snapshotView(id: string): View {
    const row = this.snapshot(id);
    const { sizeBytes } = row;
    if (row.root) return { root: row.root, log: null, cutSeq: 0, sizeBytes };
    if (this.brokenSeq !== null && row.cutSeq >= this.brokenSeq) {
      throw new EngineError('damaged', `the log under snapshot ${id} is damaged`, [{ offset: 0, length: sizeBytes }]);
    }
    return { root: this.head.root, log: this.log, cutSeq: row.cutSeq, sizeBytes };
  }

  snapshot(id: string): SnapshotRow {
    const row = this.snapshots.get(id);
    if (!row) throw new EngineError('not-found', `snapshot ${id} could not be found`);
    return row;
  }

  unsealed(): SnapshotRow[] {
    return [...this.snapshots.values()].filter((row) => row.root === null);
  }

  /** Roots of everything that must stay readable: where marking and hydration start. The log's digests come on top. */
  roots(): Digest[] {
    const sealed = [...this.snapshots.values()].flatMap((row) => (row.root ? [row.root] : []));
    return [this.head.root, ...sealed, ...this.store.listPins().map((pin) => pin.root), ...this.walkedRoots];
  }

  /** Replaces the head's content by `root` and drops the log. Call inside a transaction; call `reset` after it. */
  storeNewRoot(root: Digest): HeadRow {
    const head: HeadRow = {
      ...this.head,
      root,
      foldedSeq: this.newestSeq,
      anchor: this.newestSum,
      version: this.head.version + 1,
    };
    this.store.writeHead(head);
    this.store.deleteLog(this.newestSeq);
    return head;
  }

  /** Memory after `storeNewRoot` has been committed. */
  reset(head: HeadRow): void {
    this.head = head;
    this.log = new LogIndex();
    this.logData.clear();
    this.brokenSeq = null;
    this.stuckSeq = 0;
  }
}
