// The tables of a Vault, and whether they exist. Nothing is made in a constructor: a vault that was never created
// answers "not found" and writes nothing, so probing random ids costs nothing.

import type { MeteredSql } from './metered-sql.ts';

/**
 * `obj` is the one that grows: a row for each object, 58 bytes, and no secondary index anywhere. A pack's directory has
 * a table of its own, so that marking a pack does not write its directory again.
 */
const TABLES: Readonly<Record<string, string>> = {
  meta: '(one INTEGER PRIMARY KEY, format INT, project TEXT, vault TEXT, epoch INT, gen INT, closing INT)',
  pack: '(no INTEGER PRIMARY KEY, uuid BLOB, gen INT, state INT, kind INT, bytes INT, dead INT, touched INT)',
  packdir: '(no INTEGER PRIMARY KEY, dir BLOB)',
  last_pack: '(one INTEGER PRIMARY KEY, no INT)',
  obj: '(d BLOB PRIMARY KEY, pack INT, i INT, off INT, len INT, m INT) WITHOUT ROWID',
  backup: `(id TEXT PRIMARY KEY, state TEXT, gen INT, disk TEXT, root BLOB, size INT, blocks INT,
    committed INT, result TEXT, label TEXT) WITHOUT ROWID`,
  session: `(id TEXT PRIMARY KEY, state TEXT, disk TEXT, parent_root BLOB, parent_blocks INT,
    begin_epoch INT, label TEXT, bytes INT, objects INT) WITHOUT ROWID`,
  session_pack: '(session TEXT, uuid BLOB, no INT, PRIMARY KEY(session, uuid)) WITHOUT ROWID',
  lease: '(id TEXT PRIMARY KEY, disk TEXT, backup TEXT, root BLOB, size INT, logical INT) WITHOUT ROWID',
  bad: '(d BLOB PRIMARY KEY, kind INT) WITHOUT ROWID',
  progress: '(job TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID',
  job: '(id TEXT PRIMARY KEY, report TEXT) WITHOUT ROWID',
};

/** What a reset leaves: leases are nowhere else, jobs are not the repository's, and numbers are never given again. */
const KEPT = ['lease', 'job', 'last_pack'];

export class VaultTables {
  readonly #sql: MeteredSql;
  /** null: not looked up yet. */
  #exist: boolean | null = null;

  constructor(sql: MeteredSql) {
    this.#sql = sql;
  }

  exist(): boolean {
    if (this.#exist !== null) return this.#exist;
    this.#exist = this.#sql.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'").length > 0;
    // A vault of an earlier release lacks the tables that came later.
    if (this.#exist) this.#createMissing();
    return this.#exist;
  }

  /** Makes the tables, if they are not there. */
  create(): void {
    if (this.exist()) return;
    this.#createMissing();
    this.#exist = true;
  }

  /** Empties all tables but those of leases and jobs, in the caller's transaction; makes them where there are none. */
  reset(): void {
    for (const name of Object.keys(TABLES)) if (!KEPT.includes(name)) this.#sql.run(`DROP TABLE IF EXISTS ${name}`);
    this.#createMissing();
    this.#exist = true;
  }

  /** After a rollback or deleteAll(): look again. */
  forget(): void {
    this.#exist = null;
  }

  #createMissing(): void {
    for (const [name, columns] of Object.entries(TABLES)) this.#sql.run(`CREATE TABLE IF NOT EXISTS ${name}${columns}`);
  }
}
