// Bytes of log rows, the newest ones: reading a part of a stored value costs as much as reading all of it, folding asks for
// a part of nearly every row for each block, and guests read what they have just written.

import type { DiskStore } from '../ports.ts';

/** As much as the log has when folding begins; more only under pressure. */
const CACHE_BYTES_MAX = 16 * 2 ** 20;

export class LogData {
  readonly #store: DiskStore;
  readonly #rows = new Map<number, Uint8Array>();
  #bytes = 0;

  constructor(store: DiskStore) {
    this.#store = store;
  }

  /** `length` bytes of row `seq`, whose data is `rowDataBytes` long. null when they are gone. Not checked. */
  read(seq: number, rowDataBytes: number, offset: number, length: number): Uint8Array | null {
    const row = this.#rows.get(seq) ?? this.#load(seq, rowDataBytes);
    return row && offset + length <= row.length ? row.subarray(offset, offset + length) : null;
  }

  /** Remembers a row that has just been committed. */
  add(seq: number, row: Uint8Array): void {
    if (row.length === 0) return;
    this.#rows.set(seq, row);
    this.#bytes += row.length;
    for (const [oldest, data] of this.#rows) {
      if (this.#bytes <= CACHE_BYTES_MAX || oldest === seq) break;
      this.#rows.delete(oldest);
      this.#bytes -= data.length;
    }
  }

  clear(): void {
    this.#rows.clear();
    this.#bytes = 0;
  }

  #load(seq: number, rowDataBytes: number): Uint8Array | null {
    const row = this.#store.readLogData(seq, 0, rowDataBytes);
    if (!row) return null;
    this.add(seq, row);
    return row;
  }
}
