// DiskStore in memory: for property tests, drills and the browser. It counts rows written as a Durable Object's SQLite
// bills them (one for each row inserted, updated or deleted) and rows read nearly so (a look-up that finds nothing is
// one, too).

import { Meter } from '../cost.ts';
import type { DiskStore, HeadRow, LogRow, PinRow, SnapshotRow, StoredFault, UpstreamRow } from '../ports.ts';
import { MemoryObjectStore } from './object-store.ts';
import { checkRowBytes, flipBit } from './rows.ts';
import { Table } from './table.ts';

type StoredLogRow = LogRow & { readonly data: Uint8Array };

/** Bytes are copied in and out; rows that come back are the caller's to keep. */
export class MemoryDiskStore implements DiskStore {
  readonly meter = new Meter();
  readonly objects: MemoryObjectStore;
  readonly #head: Table<0, HeadRow>;
  readonly #log: Table<number, StoredLogRow>;
  readonly #snapshots: Table<string, SnapshotRow>;
  readonly #pins: Table<string, PinRow>;
  readonly #upstreams: Table<string, UpstreamRow>;
  #inTransaction = false;

  /** An empty store, or an independent copy of another (see `fork`). */
  constructor(origin?: MemoryDiskStore) {
    this.objects = new MemoryObjectStore(this.meter, origin?.objects);
    this.#head = origin ? origin.#head.fork() : new Table();
    this.#log = origin ? origin.#log.fork() : new Table();
    this.#snapshots = origin ? origin.#snapshots.fork() : new Table();
    this.#pins = origin ? origin.#pins.fork() : new Table();
    this.#upstreams = origin ? origin.#upstreams.fork() : new Table();
  }

  /** What a crash leaves behind: an independent store with everything committed so far, and a meter of its own. */
  fork(): MemoryDiskStore {
    return new MemoryDiskStore(this);
  }

  transaction<T>(body: () => T): T {
    if (this.#inTransaction) throw new Error('disk store: transactions do not nest');
    const tables = [this.objects, this.#head, this.#log, this.#snapshots, this.#pins, this.#upstreams];
    this.#inTransaction = true;
    for (const table of tables) table.begin();
    try {
      const result = body();
      for (const table of tables) table.commit();
      return result;
    } catch (error) {
      for (const table of tables) table.rollback();
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  readHead(): HeadRow | null {
    const row = this.#head.get(0);
    this.#read(1);
    return row ? { ...row, root: row.root.slice(), anchor: row.anchor.slice() } : null;
  }

  writeHead(row: HeadRow): void {
    this.#head.set(0, { ...row, root: row.root.slice(), anchor: row.anchor.slice() });
    this.#wrote(1);
  }

  appendLog(row: LogRow, data: Uint8Array): void {
    checkRowBytes('log row', row.dir.length + row.sum.length + data.length);
    if (this.#log.has(row.seq)) throw new Error(`disk store: log row ${row.seq} is already there`);
    this.#log.set(row.seq, { seq: row.seq, dir: row.dir.slice(), sum: row.sum.slice(), data: data.slice() });
    this.#wrote(1);
  }

  scanLog(afterSeq: number): (LogRow & { readonly dataBytes: number })[] {
    const rows = [...this.#log.values()].filter((row) => row.seq > afterSeq).sort((a, b) => a.seq - b.seq);
    this.#read(rows.length);
    return rows.map(({ seq, dir, sum, data }) => ({
      seq,
      dir: dir.slice(),
      sum: sum.slice(),
      dataBytes: data.length,
    }));
  }

  readLogData(seq: number, offset: number, length: number): Uint8Array | null {
    const row = this.#log.get(seq);
    this.#read(1);
    return row && offset + length <= row.data.length ? row.data.slice(offset, offset + length) : null;
  }

  deleteLog(throughSeq: number): void {
    for (const seq of [...this.#log.keys()]) if (seq <= throughSeq && this.#log.delete(seq)) this.#wrote(1);
  }

  listSnapshots(): SnapshotRow[] {
    return this.#list(this.#snapshots, (row) => ({ ...row, root: row.root?.slice() ?? null }));
  }

  writeSnapshot(row: SnapshotRow): void {
    this.#snapshots.set(row.id, { ...row, root: row.root?.slice() ?? null });
    this.#wrote(1);
  }

  deleteSnapshot(id: string): void {
    if (this.#snapshots.delete(id)) this.#wrote(1);
  }

  listPins(): PinRow[] {
    return this.#list(this.#pins, (row) => ({ ...row, root: row.root.slice() }));
  }

  writePin(row: PinRow): void {
    this.#pins.set(row.id, { ...row, root: row.root.slice() });
    this.#wrote(1);
  }

  deletePin(id: string): void {
    if (this.#pins.delete(id)) this.#wrote(1);
  }

  listUpstreams(): UpstreamRow[] {
    return this.#list(this.#upstreams, (row) => ({ ...row }));
  }

  writeUpstream(row: UpstreamRow): void {
    this.#upstreams.set(row.id, { ...row });
    this.#wrote(1);
  }

  deleteUpstream(id: string): void {
    if (this.#upstreams.delete(id)) this.#wrote(1);
  }

  damage(fault: StoredFault): boolean {
    if (fault.target === 'object') return this.objects.damage(fault);
    const row = this.#log.get(fault.seq);
    if (!row) return false;
    if (fault.kind === 'lose') return this.#log.delete(fault.seq);
    const whole = new Uint8Array(row.dir.length + row.data.length);
    whole.set(row.dir);
    whole.set(row.data, row.dir.length);
    const flipped = flipBit(whole, fault.random);
    if (!flipped) return false;
    this.#log.set(row.seq, { ...row, dir: flipped.slice(0, row.dir.length), data: flipped.slice(row.dir.length) });
    return true;
  }

  /** In order of ids, as a table with that primary key returns them. */
  #list<R extends { readonly id: string }>(table: Table<string, R>, copy: (row: R) => R): R[] {
    this.#read(table.size);
    return [...table.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).map(copy);
  }

  #read(rows: number): void {
    this.meter.counts.rowsRead += rows;
  }

  #wrote(rows: number): void {
    this.meter.counts.rowsWritten += rows;
  }
}
