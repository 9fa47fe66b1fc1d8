// The tables of the Identity object: accounts as JSON documents under id and name, who has which role where, tokens.

import { Refusal } from '../faults.ts';

/** Written into `meta`. A newer one is refused in words, never guessed at. */
const IDENTITY_FORMAT = 2;

const DOCUMENTS = ['user', 'project', 'role'] as const;

/** Values of `token.revoked`. */
export const TOKEN = { good: 0, revokedTold: 1, revokedUntold: 2 } as const;

export class Tables {
  readonly sql: SqlStorage;
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.sql = storage.sql;
  }

  /** Runs `change` in one transaction; throwing undoes all of it. */
  change<T>(change: () => T): T {
    return this.#storage.transactionSync(change);
  }

  /** Makes the tables when there are none; refuses a format that this release does not know. */
  prepare(): void {
    const found = this.#exists() ? Number(this.meta('format')) : 0;
    if (found === IDENTITY_FORMAT) return;
    if (found > IDENTITY_FORMAT) {
      throw new Refusal('format-newer', { what: 'this domain', found, known: IDENTITY_FORMAT });
    }
    this.change(() => {
      if (found === 1) this.#leaveFormat1();
      else this.#create();
      this.setMeta('format', String(IDENTITY_FORMAT));
    });
  }

  meta(name: string): string | undefined {
    return this.sql.exec<{ value: string }>('SELECT value FROM meta WHERE name = ?', name).toArray()[0]?.value;
  }

  setMeta(name: string, value: string): void {
    this.sql.exec('INSERT OR REPLACE INTO meta VALUES (?, ?)', name, value);
  }

  documents<T extends Document>(kind: (typeof DOCUMENTS)[number]): Documents<T> {
    return new Documents<T>(this.sql, kind);
  }

  #exists(): boolean {
    const found = this.sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'");
    return found.toArray().length > 0;
  }

  #create(): void {
    this.sql.exec('CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID');
    this.sql.exec(
      'CREATE TABLE token (id TEXT PRIMARY KEY, expires_ms INTEGER NOT NULL, revoked INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID',
    );
    this.#createAccounts();
  }

  #createAccounts(): void {
    for (const kind of DOCUMENTS) {
      this.sql.exec(
        `CREATE TABLE ${kind} (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, configured INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID`,
      );
    }
    this.sql.exec(
      'CREATE TABLE assignment (user_id TEXT, place TEXT, role_id TEXT, configured INTEGER NOT NULL, PRIMARY KEY (user_id, place, role_id)) WITHOUT ROWID',
    );
  }

  /** Format 1 held what the settings say, which is made again, and tokens of which too little is known: they end. */
  #leaveFormat1(): void {
    this.sql.exec('DROP TABLE user');
    this.sql.exec('DROP TABLE project');
    this.sql.exec("DELETE FROM meta WHERE name = 'config'");
    this.sql.exec('UPDATE token SET revoked = ? WHERE revoked = ?', TOKEN.revokedUntold, TOKEN.good);
    this.sql.exec(
      `UPDATE token SET body = json_set(body, '$.place', json_object('kind', 'project', 'id', body ->> '$.projectId'))
       WHERE body ->> '$.projectId' IS NOT NULL`,
    );
    this.#createAccounts();
  }
}

interface Document {
  readonly id: string;
  readonly name: string;
  readonly configured: boolean;
}

/** One table of documents. Names are unique; who puts one looks first. */
export class Documents<T extends Document> {
  readonly #sql: SqlStorage;
  readonly #kind: string;

  constructor(sql: SqlStorage, kind: string) {
    this.#sql = sql;
    this.#kind = kind;
  }

  get(id: string): T | undefined {
    return this.#rows('WHERE id = ?', id)[0];
  }

  named(name: string): T | undefined {
    return this.#rows('WHERE name = ?', name)[0];
  }

  all(): T[] {
    return this.#rows('ORDER BY name');
  }

  put(document: T): T {
    this.#sql.exec(
      `INSERT INTO ${this.#kind} VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET name = excluded.name, configured = excluded.configured, body = excluded.body`,
      ...[document.id, document.name, Number(document.configured), JSON.stringify(document)],
    );
    return document;
  }

  delete(id: string): void {
    this.#sql.exec(`DELETE FROM ${this.#kind} WHERE id = ?`, id);
  }

  count(): number {
    return this.#sql.exec<{ n: number }>(`SELECT COUNT(*) AS n FROM ${this.#kind}`).one().n;
  }

  #rows(rest: string, ...values: string[]): T[] {
    const rows = this.#sql.exec<{ body: string }>(`SELECT body FROM ${this.#kind} ${rest}`, ...values).toArray();
    return rows.map((row) => JSON.parse(row.body) as T);
  }
}
