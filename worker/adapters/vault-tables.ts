// The tables of a Vault, and whether they exist. Nothing is made in a constructor: a vault that was never created
// answers "not found" and writes nothing, so probing random ids costs nothing.

import type { MeteredSql } from './metered-sql.ts';

/**
 * `obj` is the one that grows: a row for each object, 58 bytes, and no secondary index anywhere. A pack's directory has
 * a table of its own, so that marking a pack does not write its directory again.
 */
const CREATE_TABLES = [
  'CREATE TABLE meta(one INTEGER PRIMARY KEY, format INT, project TEXT, vault TEXT, epoch INT, gen INT, closing INT)',
  'CREATE TABLE pack(no INTEGER PRIMARY KEY, uuid BLOB, gen INT, state INT, kind INT, bytes INT, dead INT, touched INT)',
  'CREATE TABLE packdir(no INTEGER PRIMARY KEY, dir BLOB)',
  'CREATE TABLE obj(d BLOB PRIMARY KEY, pack INT, i INT, off INT, len INT, m INT) WITHOUT ROWID',
  `CREATE TABLE backup(id TEXT PRIMARY KEY, state TEXT, gen INT, disk TEXT, root BLOB, size INT, blocks INT,
    committed INT, result TEXT, label TEXT) WITHOUT ROWID`,
  `CREATE TABLE session(id TEXT PRIMARY KEY, state TEXT, disk TEXT, parent_root BLOB, parent_blocks INT,
    begin_epoch INT, label TEXT, bytes INT, objects INT) WITHOUT ROWID`,
  'CREATE TABLE session_pack(session TEXT, uuid BLOB, no INT, PRIMARY KEY(session, uuid)) WITHOUT ROWID',
  'CREATE TABLE lease(id TEXT PRIMARY KEY, disk TEXT, backup TEXT, root BLOB, size INT, logical INT) WITHOUT ROWID',
  'CREATE TABLE bad(d BLOB PRIMARY KEY, kind INT) WITHOUT ROWID',
  'CREATE TABLE job(id TEXT PRIMARY KEY, report TEXT) WITHOUT ROWID',
] as const;

export class VaultTables {
  readonly #sql: MeteredSql;
  /** null: not looked up yet. */
  #exist: boolean | null = null;

  constructor(sql: MeteredSql) {
    this.#sql = sql;
  }

  exist(): boolean {
    this.#exist ??= this.#sql.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'").length > 0;
    return this.#exist;
  }

  /** Makes the tables, if they are not there. */
  create(): void {
    if (this.exist()) return;
    for (const text of CREATE_TABLES) this.#sql.run(text);
    this.#exist = true;
  }

  /** After a rollback or deleteAll(): look again. */
  forget(): void {
    this.#exist = null;
  }
}
