// DiskStore on a Durable Object's SQLite. Before `createTables` everything reads as absent, and deleting is no error.

import { Meter } from '../../engine/cost.ts';
import { checkRowBytes, flipBit } from '../../engine/memory/rows.ts';
import type { DiskStore, HeadRow, LogRow, PinRow, SnapshotRow, StoredFault, UpstreamRow } from '../../engine/ports.ts';
import { DiskTables } from './disk-tables.ts';
import { blob, MeteredSql, type SqlValue } from './metered-sql.ts';
import { SqlObjectStore } from './sql-object-store.ts';

/** Made in a Durable Object's constructor at no cost: nothing is read or written until it is asked for. */
export class SqlDiskStore implements DiskStore {
  readonly meter: Meter;
  readonly objects: SqlObjectStore;
  readonly #storage: DurableObjectStorage;
  readonly #sql: MeteredSql;
  readonly #tables: DiskTables;
  #inTransaction = false;

  /** `storage` is the object's `ctx.storage`. A meter may be shared with the object's other adapters. */
  constructor(storage: DurableObjectStorage, meter: Meter = new Meter()) {
    this.meter = meter;
    this.#storage = storage;
    this.#sql = new MeteredSql(storage.sql, meter);
    this.#tables = new DiskTables(this.#sql);
    this.objects = new SqlObjectStore(this.#sql, this.#tables);
  }

  /** False in an object where no disk was created. Throws when its data is of a newer format. */
  exists(): boolean {
    return this.#tables.exist();
  }

  /** Only for the Disk's create job: whatever else made tables would bring deleted disks back, empty. */
  createTables(): void {
    this.#tables.create();
  }

  /** After `deleteAll()`: nothing that was known about the tables holds any longer. */
  forget(): void {
    this.#tables.forget();
    this.objects.forget();
  }

  transaction<T>(body: () => T): T {
    if (this.#inTransaction) throw new Error('disk store: transactions do not nest');
    const restoreCount = this.objects.saveCount();
    this.#inTransaction = true;
    try {
      return this.#storage.transactionSync(body);
    } catch (error) {
      restoreCount();
      this.#tables.forget();
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  readHead(): HeadRow | null {
    const [row] = this.#read<[ArrayBuffer, number, number, number, ArrayBuffer]>(
      'SELECT root, size, folded, version, anchor FROM head WHERE one = 1',
    );
    if (!row) return null;
    const [root, sizeBytes, foldedSeq, version, anchor] = row;
    return { root: blob(root), sizeBytes, foldedSeq, version, anchor: blob(anchor) };
  }

  writeHead({ root, sizeBytes, foldedSeq, version, anchor }: HeadRow): void {
    this.#sql.run(
      'INSERT OR REPLACE INTO head(one, root, size, folded, version, anchor) VALUES (1, ?, ?, ?, ?, ?)',
      ...[root, sizeBytes, foldedSeq, version, anchor],
    );
  }

  appendLog({ seq, dir, sum }: LogRow, data: Uint8Array): void {
    checkRowBytes('log row', dir.length + sum.length + data.length);
    this.#sql.run('INSERT INTO log(seq, dir, sum, data) VALUES (?, ?, ?, ?)', seq, dir, sum, data);
  }

  scanLog(afterSeq: number): (LogRow & { readonly dataBytes: number })[] {
    // length() of a BLOB column is in the row's header: the data itself is not read.
    return this.#read<[number, ArrayBuffer, ArrayBuffer, number]>(
      'SELECT seq, dir, sum, length(data) FROM log WHERE seq > ? ORDER BY seq',
      afterSeq,
    ).map(([seq, dir, sum, dataBytes]) => ({ seq, dir: blob(dir), sum: blob(sum), dataBytes }));
  }

  /** SQLite reads a BLOB from its start: a small part of a row of 1 MiB takes as long as the whole row. */
  readLogData(seq: number, offset: number, length: number): Uint8Array | null {
    const [row] = this.#read<[number, ArrayBuffer | null]>(
      'SELECT length(data), substr(data, ?, ?) FROM log WHERE seq = ?',
      ...[offset + 1, length, seq],
    );
    if (!row || offset + length > row[0]) return null;
    return length === 0 ? new Uint8Array(0) : blob(row[1] ?? undefined);
  }

  deleteLog(throughSeq: number): void {
    this.#delete('DELETE FROM log WHERE seq <= ?', throughSeq);
  }

  listSnapshots(): SnapshotRow[] {
    return this.#read<[string, number, ArrayBuffer | null, number, number]>(
      'SELECT id, cut, root, size, hidden FROM snap ORDER BY id',
    ).map(([id, cutSeq, root, sizeBytes, hidden]) => ({
      id,
      cutSeq,
      root: root === null ? null : blob(root),
      sizeBytes,
      hidden: hidden !== 0,
    }));
  }

  writeSnapshot({ id, cutSeq, root, sizeBytes, hidden }: SnapshotRow): void {
    this.#sql.run(
      'INSERT OR REPLACE INTO snap(id, cut, root, size, hidden) VALUES (?, ?, ?, ?, ?)',
      ...[id, cutSeq, root, sizeBytes, hidden ? 1 : 0],
    );
  }

  deleteSnapshot(id: string): void {
    this.#delete('DELETE FROM snap WHERE id = ?', id);
  }

  listPins(): PinRow[] {
    const rows = this.#read<[string, ArrayBuffer, string]>('SELECT id, root, owner FROM pin ORDER BY id');
    return rows.map(([id, root, owner]) => ({ id, root: blob(root), owner }));
  }

  writePin({ id, root, owner }: PinRow): void {
    this.#sql.run('INSERT OR REPLACE INTO pin(id, root, owner) VALUES (?, ?, ?)', id, root, owner);
  }

  deletePin(id: string): void {
    this.#delete('DELETE FROM pin WHERE id = ?', id);
  }

  listUpstreams(): UpstreamRow[] {
    const rows = this.#read<[string, string, number]>('SELECT id, locator, heals FROM upstream ORDER BY id');
    return rows.map(([id, locator, heals]) => ({ id, locator, heals: heals !== 0 }));
  }

  writeUpstream({ id, locator, heals }: UpstreamRow): void {
    const values = [id, locator, heals ? 1 : 0];
    this.#sql.run('INSERT OR REPLACE INTO upstream(id, locator, heals) VALUES (?, ?, ?)', ...values);
  }

  deleteUpstream(id: string): void {
    this.#delete('DELETE FROM upstream WHERE id = ?', id);
  }

  damage(fault: StoredFault): boolean {
    if (fault.target === 'object') return this.objects.damage(fault);
    const [row] = this.#read<[ArrayBuffer, ArrayBuffer]>('SELECT dir, data FROM log WHERE seq = ?', fault.seq);
    if (!row) return false;
    if (fault.kind === 'lose') return this.#delete('DELETE FROM log WHERE seq = ?', fault.seq) > 0;
    const dir = blob(row[0]);
    const data = blob(row[1]);
    const whole = new Uint8Array(dir.length + data.length);
    whole.set(dir);
    whole.set(data, dir.length);
    const flipped = flipBit(whole, fault.random);
    if (!flipped) return false;
    const halves = [flipped.slice(0, dir.length), flipped.slice(dir.length)] as const;
    this.#sql.run('UPDATE log SET dir = ?, data = ? WHERE seq = ?', ...halves, fault.seq);
    return true;
  }

  #read<Row extends SqlValue[]>(text: string, ...values: (string | number)[]): Row[] {
    return this.#tables.exist() ? this.#sql.rows<Row>(text, ...values) : [];
  }

  #delete(text: string, key: string | number): number {
    return this.#tables.exist() ? this.#sql.run(text, key) : 0;
  }
}
