// PackIndex on a Durable Object's SQLite: one row an object, by digest. One prepared statement for each object: with a
// list of parameters the platform's limit of 100 would cut batches up, and a look-up takes 7 µs.

import { markEncoding, markKind, packMark } from '../../engine/memory/rows.ts';
import type { IndexEntry, PackIndex } from '../../engine/repository/ports.ts';
import type { ObjectRef } from '../../engine/types.ts';
import type { MeteredSql } from './metered-sql.ts';
import type { VaultTables } from './vault-tables.ts';

const LOOKUP = 'SELECT pack, i, off, len, m FROM obj WHERE d = ?';
const ADD = 'INSERT OR IGNORE INTO obj(d, pack, i, off, len, m) VALUES (?, ?, ?, ?, ?, ?)';
const MOVE = 'UPDATE obj SET pack = ?, i = ?, off = ?, len = ?, m = ? WHERE d = ? AND m & 1 = ?';
const REMOVE = 'DELETE FROM obj WHERE d = ? AND m & 1 = ?';

export class SqlPackIndex implements PackIndex {
  readonly #sql: MeteredSql;
  readonly #tables: VaultTables;

  constructor(sql: MeteredSql, tables: VaultTables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  lookup(refs: readonly ObjectRef[]): (IndexEntry | null)[] {
    if (!this.#tables.exist()) return refs.map(() => null);
    return refs.map(({ kind, digest }) => {
      const [row] = this.#sql.rows<[number, number, number, number, number]>(LOOKUP, digest);
      if (!row || markKind(row[4]) !== kind) return null;
      const [packNo, slot, offset, length, mark] = row;
      return { kind, digest: digest.slice(), packNo, slot, offset, length, encoding: markEncoding(mark) };
    });
  }

  add(entries: readonly IndexEntry[]): boolean[] {
    return entries.map(({ kind, digest, packNo, slot, offset, length, encoding }) => {
      const mark = packMark(kind, encoding);
      return this.#sql.run(ADD, digest, packNo, slot, offset, length, mark) > 0;
    });
  }

  move(entries: readonly IndexEntry[]): void {
    for (const { kind, digest, packNo, slot, offset, length, encoding } of entries) {
      this.#sql.run(MOVE, packNo, slot, offset, length, packMark(kind, encoding), digest, kind);
    }
  }

  remove(refs: readonly ObjectRef[]): void {
    for (const { kind, digest } of refs) this.#sql.run(REMOVE, digest, kind);
  }
}
