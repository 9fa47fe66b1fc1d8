// A Durable Object's SQLite with the meter in between: what the platform counts for each statement is added up here,
// and nowhere else. Cursors are drained at once: one held across an await may show rows that are never committed.

import type { Meter } from '../../engine/cost.ts';
import { countGarbage } from './collector.ts';

/** One value of a row as workerd returns it. */
export type SqlValue = ArrayBuffer | string | number | null;

export class MeteredSql {
  readonly #sql: SqlStorage;
  readonly #meter: Meter;

  constructor(sql: SqlStorage, meter: Meter) {
    this.#sql = sql;
    this.#meter = meter;
  }

  /** All rows of a query, as arrays in the order of its columns. The text is the key of workerd's statement cache. */
  rows<Row extends SqlValue[]>(text: string, ...values: (SqlValue | Uint8Array)[]): Row[] {
    const cursor = this.#sql.exec(text, ...values);
    const rows = Array.from(cursor.raw()) as unknown as Row[];
    this.#meter.counts.rowsRead += cursor.rowsRead;
    this.#meter.counts.rowsWritten += cursor.rowsWritten;
    for (const row of rows) for (const value of row) if (value instanceof ArrayBuffer) countGarbage(value.byteLength);
    return rows;
  }

  /** Runs a statement that returns nothing; the number of rows that it wrote. */
  run(text: string, ...values: (SqlValue | Uint8Array)[]): number {
    const cursor = this.#sql.exec(text, ...values);
    this.#meter.counts.rowsRead += cursor.rowsRead;
    this.#meter.counts.rowsWritten += cursor.rowsWritten;
    return cursor.rowsWritten;
  }

  /** Size of the object's whole database. */
  get databaseBytes(): number {
    return this.#sql.databaseSize;
  }
}

/** A BLOB column as bytes. */
export function blob(value: SqlValue | undefined): Uint8Array {
  if (!(value instanceof ArrayBuffer)) throw new TypeError('disk store: a stored value is not a blob');
  return new Uint8Array(value);
}
