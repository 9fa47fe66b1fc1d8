// Appending to the log: rows of a batch become rows of the store, chained by their sums.

import type { BatchRow } from './batch.ts';
import { encodeDirectory } from './log.ts';
import { logSum } from './log-index.ts';
import type { DiskState } from './state.ts';

interface AppendedRow {
  readonly seq: number;
  readonly row: BatchRow;
  readonly dirBytes: number;
}

/** What memory has to learn once the transaction is committed. */
export interface Appended {
  readonly newestSeq: number;
  readonly newestSum: Uint8Array;
  readonly rows: readonly AppendedRow[];
}

/** Appends rows to the store. Call inside a transaction, and `remember` after it. */
export function appendRows(state: DiskState, batch: readonly BatchRow[]): Appended {
  let { newestSeq, newestSum } = state;
  const rows: AppendedRow[] = [];
  for (const row of batch) {
    newestSeq += 1;
    const dir = encodeDirectory(row.entries);
    newestSum = logSum(state.kernel, newestSum, newestSeq, dir);
    state.store.appendLog({ seq: newestSeq, dir, sum: newestSum }, joinData(row));
    rows.push({ seq: newestSeq, row, dirBytes: dir.length });
  }
  return { newestSeq, newestSum, rows };
}

export function remember(state: DiskState, appended: Appended): void {
  for (const { seq, row, dirBytes } of appended.rows) {
    state.log.add(seq, row.entries, dirBytes, row.dataBytes);
  }
  state.newestSeq = appended.newestSeq;
  state.newestSum = appended.newestSum;
}

function joinData(row: BatchRow): Uint8Array {
  if (row.data.length === 1) return row.data[0]!;
  const joined = new Uint8Array(row.dataBytes);
  let at = 0;
  for (const part of row.data) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
