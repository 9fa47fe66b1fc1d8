// ObjectStore in memory, row for row like the SQLite one: same keys, same slots, same order, same rows counted.

import type { Meter } from '../cost.ts';
import type { Frame, ObjectStore, ScanCursor, StoredFault, StoredObject } from '../ports.ts';
import { bytesEqual, type Digest, type Kind, type ObjectRef } from '../types.ts';
import { checkRowBytes, flipBit, freeSlot, SLOTS, slotBase } from './rows.ts';
import { Table, type Transactional } from './table.ts';

interface ObjectRow {
  readonly slot: number;
  readonly kind: Kind;
  readonly digest: Digest;
  readonly encoding: number;
  readonly bytes: Uint8Array;
}

/** Rows that share the first 48 bits of their digest, by slot. */
type Bucket = readonly ObjectRow[];

const EMPTY: Bucket = [];

/** What a row takes besides its frame: digest, key, mark, lengths. */
const ROW_BYTES = 48;

interface Usage {
  readonly objects: number;
  readonly storedBytes: number;
}

/** Bytes are copied on their way in and on their way out: nobody can change what is stored, as with a database. */
export class MemoryObjectStore implements ObjectStore, Transactional {
  readonly #meter: Meter;
  readonly #buckets: Table<number, Bucket>;
  #usage: Usage;
  #usageBefore: Usage;
  /** Bases in ascending order for `scan`; may name emptied buckets; null when a base may be missing. */
  #sortedBases: Float64Array | null = null;

  /** An empty store, or an independent copy of another. */
  constructor(meter: Meter, origin?: MemoryObjectStore) {
    this.#meter = meter;
    this.#buckets = origin ? origin.#buckets.fork() : new Table();
    this.#usage = origin ? origin.#usage : { objects: 0, storedBytes: 0 };
    this.#usageBefore = this.#usage;
  }

  begin(): void {
    this.#buckets.begin();
    this.#usageBefore = this.#usage;
  }

  commit(): void {
    this.#buckets.commit();
  }

  rollback(): void {
    this.#buckets.rollback();
    this.#usage = this.#usageBefore;
    this.#sortedBases = null; // buckets have come back that the order may not name
  }

  getMany(refs: readonly ObjectRef[]): (Frame | null)[] {
    return refs.map((ref) => {
      const row = this.#find(ref);
      return row ? { encoding: row.encoding, bytes: row.bytes.slice() } : null;
    });
  }

  getPart(ref: ObjectRef, encoding: number, offset: number, length: number): Uint8Array | null {
    const row = this.#find(ref);
    const isThere = row?.encoding === encoding && offset + length <= row.bytes.length;
    return isThere ? row.bytes.slice(offset, offset + length) : null;
  }

  hasMany(refs: readonly ObjectRef[]): boolean[] {
    return refs.map((ref) => this.#find(ref) !== null);
  }

  putMany(objects: readonly StoredObject[]): number {
    let inserted = 0;
    for (const object of objects) {
      if (this.#find(object)) continue;
      this.#insert(object);
      inserted += 1;
    }
    return inserted;
  }

  replaceMany(objects: readonly StoredObject[]): void {
    for (const object of objects) {
      const row = this.#find(object);
      if (row) this.#replace(row, object.frame.encoding, object.frame.bytes.slice());
      else this.#insert(object);
    }
  }

  deleteMany(refs: readonly ObjectRef[]): void {
    for (const ref of refs) {
      const row = this.#find(ref);
      if (row) this.#delete(row);
    }
  }

  scan(cursor: ScanCursor | null, limit: number): { refs: ObjectRef[]; next: ScanCursor | null } {
    const after = cursor ?? -1;
    const bases = this.#bases();
    const refs: ObjectRef[] = [];
    let last = after;
    // The cursor's own bucket may go on behind it, so the walk starts at that bucket.
    for (let i = lowerBound(bases, after - (after % SLOTS)); i < bases.length && refs.length < limit; i++) {
      const rows = [...(this.#buckets.get(bases[i]!) ?? EMPTY)].sort((a, b) => a.slot - b.slot);
      for (const { slot, kind, digest } of rows) {
        if (bases[i]! + slot <= after || refs.length === limit) continue;
        last = bases[i]! + slot;
        refs.push({ kind, digest: digest.slice() });
      }
    }
    this.#meter.counts.rowsRead += Math.max(1, refs.length);
    return { refs, next: refs.length === limit ? last : null };
  }

  usage(): { objects: number; storedBytes: number } {
    return { ...this.#usage };
  }

  /** See DiskStore.damage. */
  damage(fault: Extract<StoredFault, { target: 'object' }>): boolean {
    const row = this.#find(fault.ref);
    if (!row) return false;
    if (fault.kind === 'lose') {
      this.#delete(row);
      return true;
    }
    const source = fault.kind === 'misdirect' ? this.#find(fault.other) : row;
    const bytes = fault.kind === 'misdirect' ? source?.bytes : flipBit(row.bytes, fault.random);
    if (!source || !bytes) return false;
    this.#replace(row, source.encoding, bytes);
    return true;
  }

  #find(ref: ObjectRef): ObjectRow | null {
    const bucket = this.#buckets.get(slotBase(ref.digest)) ?? EMPTY;
    this.#meter.counts.rowsRead += Math.max(1, bucket.length);
    return bucket.find((row) => row.kind === ref.kind && bytesEqual(row.digest, ref.digest)) ?? null;
  }

  #insert({ kind, digest, frame }: StoredObject): void {
    checkRowBytes('object', frame.bytes.length);
    const base = slotBase(digest);
    const bucket = this.#buckets.get(base) ?? EMPTY;
    const slot = freeSlot(bucket.map((row) => row.slot));
    if (bucket === EMPTY) this.#sortedBases = null;
    const row = { slot, kind, digest: digest.slice(), encoding: frame.encoding, bytes: frame.bytes.slice() };
    this.#buckets.set(base, [...bucket, row]);
    this.#wrote(1, ROW_BYTES + row.bytes.length);
  }

  #replace(row: ObjectRow, encoding: number, bytes: Uint8Array): void {
    checkRowBytes('object', bytes.length);
    const base = slotBase(row.digest);
    const bucket = this.#buckets.get(base) ?? EMPTY;
    this.#buckets.set(
      base,
      bucket.map((other) => (other === row ? { ...row, encoding, bytes } : other)),
    );
    this.#wrote(0, bytes.length - row.bytes.length);
  }

  #delete(row: ObjectRow): void {
    const base = slotBase(row.digest);
    const rest = (this.#buckets.get(base) ?? EMPTY).filter((other) => other !== row);
    if (rest.length === 0) this.#buckets.delete(base);
    else this.#buckets.set(base, rest);
    this.#wrote(-1, -ROW_BYTES - row.bytes.length);
  }

  #bases(): Float64Array {
    this.#sortedBases ??= Float64Array.from(this.#buckets.keys()).sort();
    return this.#sortedBases;
  }

  #wrote(objects: number, storedBytes: number): void {
    this.#meter.counts.rowsWritten += 1;
    if (objects >= 0) this.#meter.counts.rowsRead += 1; // an insert or update seeks its key; a delete has found it
    this.#usage = { objects: this.#usage.objects + objects, storedBytes: this.#usage.storedBytes + storedBytes };
  }
}

/** Index of the first element that is not smaller than `value`. */
function lowerBound(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
