// The tables of a Disk, and whether they exist. A Durable Object that was never created must answer "absent" and write
// nothing, so no table is made in a constructor: only the Disk's create job calls `create`.

import type { MeteredSql } from './metered-sql.ts';

/** Grows with every change that older code could not read. */
export const DISK_FORMAT_VERSION = 1;

/** No secondary index anywhere: each would bill a second row for every write. `object` is keyed by memory/rows.ts. */
const CREATE_TABLES = [
  'CREATE TABLE format(one INTEGER PRIMARY KEY, version INT)',
  'CREATE TABLE head(one INTEGER PRIMARY KEY, root BLOB, size INT, folded INT, version INT, anchor BLOB)',
  'CREATE TABLE log(seq INTEGER PRIMARY KEY, dir BLOB, sum BLOB, data BLOB)',
  'CREATE TABLE object(k INTEGER PRIMARY KEY, d BLOB, m INT, v BLOB)',
  'CREATE TABLE snap(id BLOB PRIMARY KEY, cut INT, root BLOB, size INT, hidden INT) WITHOUT ROWID',
  'CREATE TABLE pin(id BLOB PRIMARY KEY, root BLOB, owner BLOB) WITHOUT ROWID',
  'CREATE TABLE upstream(id BLOB PRIMARY KEY, locator BLOB, heals INT) WITHOUT ROWID',
] as const;

export class DiskTables {
  readonly #sql: MeteredSql;
  /** null: not looked up yet. */
  #exist: boolean | null = null;

  constructor(sql: MeteredSql) {
    this.#sql = sql;
  }

  /** Looked up once. Throws when a newer version of the code wrote them. */
  exist(): boolean {
    this.#exist ??= this.#lookUp();
    return this.#exist;
  }

  /** Makes the tables, if they are not there. */
  create(): void {
    if (this.exist()) return;
    for (const text of CREATE_TABLES) this.#sql.run(text);
    this.#sql.run('INSERT INTO format(one, version) VALUES (1, ?)', DISK_FORMAT_VERSION);
    this.#exist = true;
  }

  /** After a rollback or deleteAll(): look again. */
  forget(): void {
    this.#exist = null;
  }

  #lookUp(): boolean {
    if (this.#sql.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'format'").length === 0)
      return false;
    const [row] = this.#sql.rows<[number]>('SELECT version FROM format WHERE one = 1');
    const version = row?.[0] ?? 0;
    if (version > DISK_FORMAT_VERSION) {
      throw new Error(
        `this disk is stored in format ${version}; this version of edge-evs knows formats up to ${DISK_FORMAT_VERSION}`,
      );
    }
    return version > 0;
  }
}
