// The project's rows. Each kind of thing has one table of JSON documents under its id: one row written per change, and
// new fields need no migration. Nothing is created before the first change, so asking an unused project writes nothing.

import { Meter } from '../../engine/cost.ts';
import { Refusal } from '../faults.ts';

/** Written into `meta`. A newer one is refused in words, never guessed at. */
export const PROJECT_FORMAT = 1;

const DOCUMENTS = [
  'volume',
  'snapshot',
  'backup',
  'vault',
  'policy',
  'checkpoint',
  'task',
  'server',
  'job',
  'transfer',
  'share',
  'message',
  'type',
  'qos',
  'offer',
] as const;

export type DocumentKind = (typeof DOCUMENTS)[number];

type SqlValue = string | number | null;

export class Store {
  readonly meter = new Meter();
  readonly #storage: DurableObjectStorage;
  /** Known only once a turn that saw or made the tables has been committed. */
  #created: boolean | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Runs `change` in one transaction, creating the tables when there are none. Throwing undoes all of it. */
  change<T>(projectId: string, change: () => T): T {
    const before = this.created(projectId);
    try {
      return this.#storage.transactionSync(() => {
        if (!before) this.#createTables();
        return change();
      });
    } catch (error) {
      this.#created = before;
      throw error;
    }
  }

  /** Has anything ever been stored? Refuses a format that this release does not know. */
  created(projectId: string): boolean {
    if (this.#created !== null) return this.#created;
    const [table] = this.#run("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'");
    if (table === undefined) return false;
    const found = Number(this.meta('format') ?? 0);
    if (found !== PROJECT_FORMAT) {
      throw new Refusal('format-newer', { what: `project ${projectId}`, found, known: PROJECT_FORMAT });
    }
    // A project of an earlier release lacks the tables that came later.
    this.#createDocuments();
    this.#created = true;
    return true;
  }

  /** After deleteAll(): look again. */
  forget(): void {
    this.#created = null;
  }

  /** Rows of a query; none when nothing was ever stored. */
  rows(sql: string, ...values: SqlValue[]): Record<string, SqlValue>[] {
    return this.#created === true ? this.#run(sql, ...values) : [];
  }

  /** A small value by name. */
  meta(name: string): string | null {
    const [row] = this.#run('SELECT value FROM meta WHERE name = ?', name);
    return row === undefined ? null : String(row.value);
  }

  setMeta(name: string, value: string): void {
    this.#run('INSERT OR REPLACE INTO meta VALUES (?, ?)', name, value);
  }

  /** A typed view of one table of documents. */
  documents<T extends { readonly id: string }>(kind: DocumentKind): Documents<T> {
    return new Documents<T>(this, kind);
  }

  #createTables(): void {
    this.#run('CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID');
    // What is to be done and when (real time): the alarm is the earliest of these.
    this.#run('CREATE TABLE due (key TEXT PRIMARY KEY, due_ms INTEGER NOT NULL) WITHOUT ROWID');
    this.#run('CREATE TABLE revoked (id TEXT PRIMARY KEY, expires_ms INTEGER NOT NULL) WITHOUT ROWID');
    this.#run('CREATE TABLE metric (kind TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID');
    this.#createDocuments();
    this.setMeta('format', String(PROJECT_FORMAT));
    this.#created = true;
  }

  #createDocuments(): void {
    for (const kind of DOCUMENTS) {
      this.#run(`CREATE TABLE IF NOT EXISTS ${kind} (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID`);
    }
  }

  #run(sql: string, ...values: SqlValue[]): Record<string, SqlValue>[] {
    const cursor = this.#storage.sql.exec<Record<string, SqlValue>>(sql, ...values);
    const rows = cursor.toArray();
    this.meter.counts.rowsRead += cursor.rowsRead;
    this.meter.counts.rowsWritten += cursor.rowsWritten;
    return rows;
  }
}

/** A table of documents. Reads of a project that never stored anything find nothing. */
export class Documents<T extends { readonly id: string }> {
  readonly #store: Store;
  readonly #kind: DocumentKind;

  constructor(store: Store, kind: DocumentKind) {
    this.#store = store;
    this.#kind = kind;
  }

  get(id: string): T | null {
    const [row] = this.#store.rows(`SELECT body FROM ${this.#kind} WHERE id = ?`, id);
    return row === undefined ? null : (JSON.parse(String(row.body)) as T);
  }

  put(document: T): T {
    this.#store.rows(`INSERT OR REPLACE INTO ${this.#kind} VALUES (?, ?)`, document.id, JSON.stringify(document));
    return document;
  }

  /** Writes the changed fields of a document that may be gone by now; null when it is. */
  patch(id: string, changed: Partial<T>): T | null {
    const document = this.get(id);
    return document === null ? null : this.put({ ...document, ...changed });
  }

  delete(id: string): void {
    this.#store.rows(`DELETE FROM ${this.#kind} WHERE id = ?`, id);
  }

  all(): T[] {
    return this.#parse(this.#store.rows(`SELECT body FROM ${this.#kind}`));
  }

  /** Those whose field has this value. The name is one of ours, never a client's. */
  by(field: keyof T & string, value: string): T[] {
    const sql = `SELECT body FROM ${this.#kind} WHERE json_extract(body, '$.${field}') = ?`;
    return this.#parse(this.#store.rows(sql, value));
  }

  /** One field of all, by id. */
  column(field: keyof T & string): Map<string, string> {
    const rows = this.#store.rows(`SELECT id, json_extract(body, '$.${field}') AS v FROM ${this.#kind}`);
    return new Map(rows.map((row) => [String(row.id), String(row.v)]));
  }

  count(): number {
    return Number(this.#store.rows(`SELECT COUNT(*) AS n FROM ${this.#kind}`)[0]?.n ?? 0);
  }

  /** Number of documents and sum of a number field, for each value of another field. */
  totals(sumField: keyof T & string, groupField: keyof T & string): { group: string; count: number; sum: number }[] {
    const rows = this.#store.rows(
      `SELECT json_extract(body, '$.${groupField}') AS g, COUNT(*) AS n, SUM(json_extract(body, '$.${sumField}')) AS s
       FROM ${this.#kind} GROUP BY g`,
    );
    return rows.map((row) => ({ group: String(row.g), count: Number(row.n), sum: Number(row.s) }));
  }

  #parse(rows: Record<string, SqlValue>[]): T[] {
    return rows.map((row) => JSON.parse(String(row.body)) as T);
  }
}
