// ObjectStore on a Durable Object's SQLite: one row an object, keyed by 48 bits of its digest and a slot. A rowid table
// needs one B-tree where a digest as primary key needs two, and a look-up is a range of at most 32 keys. Slots may have
// gaps (a delete leaves the later ones in place), so every look-up covers the whole range.

import {
  checkRowBytes,
  flipBit,
  freeSlot,
  markEncoding,
  markKind,
  packMark,
  SLOTS,
  slotBase,
} from '../../engine/memory/rows.ts';
import type { Frame, ObjectStore, ScanCursor, StoredFault, StoredObject } from '../../engine/ports.ts';
import { bytesEqual, type ObjectRef } from '../../engine/types.ts';
import type { DiskTables } from './disk-tables.ts';
import { blob, type MeteredSql } from './metered-sql.ts';

/** Selects the row of one ref; binds its range of keys, its digest, its kind. */
const OF_REF = 'k >= ? AND k < ? AND d = ? AND m & 1 = ?';
/** Without the limit SQLite would visit, and the platform bill, the row behind the one that was found. */
const GET = `SELECT m, v FROM object WHERE ${OF_REF} LIMIT 1`;
/** SQLite gets a value whole, but only the part of it becomes garbage here. */
const GET_PART = 'SELECT substr(v, ?, ?) FROM object WHERE k >= ? AND k < ? AND d = ? AND m = ? LIMIT 1';
/** `v` comes last in a row, and SQLite reads no further than the last column that it needs. */
const HAS = `SELECT k FROM object WHERE ${OF_REF} LIMIT 1`;
const DELETE = `DELETE FROM object WHERE ${OF_REF}`;
const BUCKET = 'SELECT k, d, m FROM object WHERE k >= ? AND k < ?';
const INSERT = 'INSERT INTO object(k, d, m, v) VALUES (?, ?, ?, ?)';
const UPDATE = 'UPDATE object SET m = ?, v = ? WHERE k = ?';
const SCAN = 'SELECT k, d, m FROM object WHERE k > ? ORDER BY k LIMIT ?';
const COUNT = 'SELECT count(*) FROM object';

export class SqlObjectStore implements ObjectStore {
  readonly #sql: MeteredSql;
  readonly #tables: DiskTables;
  /** Counted at the first `usage`, then kept up to date; null: not counted. */
  #objects: number | null = null;

  constructor(sql: MeteredSql, tables: DiskTables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  getMany(refs: readonly ObjectRef[]): (Frame | null)[] {
    if (!this.#tables.exist()) return refs.map(() => null);
    return refs.map((ref) => {
      const [row] = this.#ofRef<[number, ArrayBuffer]>(GET, ref);
      return row ? { encoding: markEncoding(row[0]), bytes: blob(row[1]) } : null;
    });
  }

  getPart({ digest, kind }: ObjectRef, encoding: number, offset: number, length: number): Uint8Array | null {
    if (!this.#tables.exist()) return null;
    const base = slotBase(digest);
    const key = [base, base + SLOTS, digest, packMark(kind, encoding)] as const;
    const [row] = this.#sql.rows<[ArrayBuffer]>(GET_PART, offset + 1, length, ...key);
    return row?.[0].byteLength === length ? blob(row[0]) : null;
  }

  hasMany(refs: readonly ObjectRef[]): boolean[] {
    if (!this.#tables.exist()) return refs.map(() => false);
    return refs.map((ref) => this.#ofRef(HAS, ref).length > 0);
  }

  putMany(objects: readonly StoredObject[]): number {
    let inserted = 0;
    for (const object of objects) {
      const { key, free } = this.#place(object);
      if (key !== null) continue;
      this.#insert(free, object);
      inserted += 1;
    }
    return inserted;
  }

  replaceMany(objects: readonly StoredObject[]): void {
    for (const object of objects) {
      const { key, free } = this.#place(object);
      if (key === null) this.#insert(free, object);
      else this.#update(key, packMark(object.kind, object.frame.encoding), object.frame.bytes);
    }
  }

  deleteMany(refs: readonly ObjectRef[]): void {
    if (!this.#tables.exist()) return;
    for (const { digest, kind } of refs) {
      const base = slotBase(digest);
      const deleted = this.#sql.run(DELETE, base, base + SLOTS, digest, kind);
      if (this.#objects !== null) this.#objects -= deleted;
    }
  }

  scan(cursor: ScanCursor | null, limit: number): { refs: ObjectRef[]; next: ScanCursor | null } {
    if (!this.#tables.exist()) return { refs: [], next: null };
    const rows = this.#sql.rows<[number, ArrayBuffer, number]>(SCAN, cursor ?? -1, limit);
    const refs = rows.map(([, digest, mark]) => ({ kind: markKind(mark), digest: blob(digest) }));
    return { refs, next: rows.length === limit ? (rows.at(-1)?.[0] ?? null) : null };
  }

  /** The first call after a start counts the table (one row read an object); later ones cost nothing. */
  usage(): { objects: number; storedBytes: number } {
    if (!this.#tables.exist()) return { objects: 0, storedBytes: 0 };
    this.#objects ??= this.#sql.rows<[number]>(COUNT)[0]![0];
    return { objects: this.#objects, storedBytes: this.#sql.databaseBytes };
  }

  /** After deleteAll(): count again when asked. */
  forget(): void {
    this.#objects = null;
  }

  /** For the DiskStore: what a rollback has to put back. */
  saveCount(): () => void {
    const objects = this.#objects;
    return () => {
      this.#objects = objects;
    };
  }

  /** See DiskStore.damage. A misdirected write puts another object's frame under this name; the kind is the name's. */
  damage(fault: Extract<StoredFault, { target: 'object' }>): boolean {
    if (!this.#tables.exist()) return false;
    const [key] = this.#ofRef<[number]>(HAS, fault.ref)[0] ?? [null];
    if (key === null) return false;
    if (fault.kind === 'lose') {
      this.deleteMany([fault.ref]);
      return true;
    }
    const source = this.getMany([fault.kind === 'misdirect' ? fault.other : fault.ref])[0];
    const bytes = source && (fault.kind === 'misdirect' ? source.bytes : flipBit(source.bytes, fault.random));
    if (!bytes) return false;
    this.#update(key, packMark(fault.ref.kind, source.encoding), bytes);
    return true;
  }

  #ofRef<Row extends (ArrayBuffer | number)[]>(text: string, { digest, kind }: ObjectRef): Row[] {
    const base = slotBase(digest);
    return this.#sql.rows<Row>(text, base, base + SLOTS, digest, kind);
  }

  /** The key of the object's row, or null and the key for a new one. */
  #place({ digest, kind }: ObjectRef): { key: number | null; free: number } {
    const base = slotBase(digest);
    const rows = this.#sql.rows<[number, ArrayBuffer, number]>(BUCKET, base, base + SLOTS);
    if (rows.length === 0) return { key: null, free: base };
    const own = rows.find(([, stored, mark]) => markKind(mark) === kind && bytesEqual(blob(stored), digest));
    return own ? { key: own[0], free: own[0] } : { key: null, free: base + freeSlot(rows.map(([k]) => k - base)) };
  }

  #insert(key: number, { digest, kind, frame }: StoredObject): void {
    checkRowBytes('object', frame.bytes.length);
    this.#sql.run(INSERT, key, digest, packMark(kind, frame.encoding), frame.bytes);
    if (this.#objects !== null) this.#objects += 1;
  }

  #update(key: number, mark: number, bytes: Uint8Array): void {
    checkRowBytes('object', bytes.length);
    this.#sql.run(UPDATE, mark, bytes, key);
  }
}
