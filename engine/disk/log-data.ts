// Bytes of log rows, a few rows at a time: reading a part of a stored value costs as much as reading all of it, and
// folding asks for many parts of one row.

import type { DiskStore } from '../ports.ts';

/** Rows are at most 1 MiB; small rows are many. */
const CACHE_BYTES_MAX = 4 * 2 ** 20;

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

  clear(): void {
    this.#rows.clear();
    this.#bytes = 0;
  }

  #load(seq: number, rowDataBytes: number): Uint8Array | null {
    const row = this.#store.readLogData(seq, 0, rowDataBytes);
    if (!row) return null;
    this.#rows.set(seq, row);
    this.#bytes += row.length;
    for (const [oldest, data] of this.#rows) {
      if (this.#bytes <= CACHE_BYTES_MAX || oldest === seq) break;
      this.#rows.delete(oldest);
      this.#bytes -= data.length;
    }
    return row;
  }
}
