// Bytes of log rows. SQLite reads a stored value from its start, so a part of a row costs nearly as much as all of it:
// whoever wants much of one row gets it from the row that was read last, and asks for rows one after the other. Nothing
// else is kept: what is written is seldom read before it is folded (docs/design/0009-small-writes.md).

import type { DiskStore } from '../ports.ts';
import { release } from '../release.ts';

export class LogData {
  readonly #store: DiskStore;
  /** The row that was asked for last; its bytes once it was asked for again. */
  #seq = -1;
  #row: Uint8Array | null = null;

  constructor(store: DiskStore) {
    this.#store = store;
  }

  /**
   * `length` bytes of row `seq`, whose data is `rowDataBytes` long. null when they are gone. Not checked, and good only
   * until something else is asked for.
   */
  read(seq: number, rowDataBytes: number, offset: number, length: number): Uint8Array | null {
    if (seq !== this.#seq) {
      this.clear();
      this.#seq = seq;
      return this.#store.readLogData(seq, offset, length);
    }
    this.#row ??= this.#store.readLogData(seq, 0, rowDataBytes);
    return this.#row && offset + length <= this.#row.length ? this.#row.subarray(offset, offset + length) : null;
  }

  /** Reads all of a row, of which several parts will be asked for next. */
  open(seq: number, rowDataBytes: number): void {
    this.clear();
    this.#seq = seq;
    this.#row = this.#store.readLogData(seq, 0, rowDataBytes);
  }

  clear(): void {
    if (this.#row) release(this.#row);
    this.#seq = -1;
    this.#row = null;
  }
}
