// What is to be done, and when. An object has one alarm: it is set to the earliest of these. Real time, not the project's.

import type { Store } from './store.ts';

export type DueKey = `job:${string}` | `policy:${string}` | 'sweep';

export class DueTimes {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  set(key: DueKey, dueMs: number): void {
    this.#store.rows('INSERT OR REPLACE INTO due VALUES (?, ?)', key, Math.ceil(dueMs));
  }

  clear(key: DueKey): void {
    this.#store.rows('DELETE FROM due WHERE key = ?', key);
  }

  has(key: DueKey): boolean {
    return this.#store.rows('SELECT 1 FROM due WHERE key = ?', key).length > 0;
  }

  /** Keys whose time has come, the longest overdue first. */
  ready(nowMs: number): DueKey[] {
    const rows = this.#store.rows('SELECT key FROM due WHERE due_ms <= ? ORDER BY due_ms, key', nowMs);
    return rows.map((row) => row.key as DueKey);
  }

  /** When the alarm must ring; null when nothing is to be done. */
  earliestMs(): number | null {
    const [row] = this.#store.rows('SELECT MIN(due_ms) AS earliest FROM due');
    return row?.earliest == null ? null : Number(row.earliest);
  }

  /** Ids of the jobs that are not over. */
  jobIds(): string[] {
    const rows = this.#store.rows("SELECT key FROM due WHERE key >= 'job:' AND key < 'job;'");
    return rows.map((row) => String(row.key).slice('job:'.length));
  }
}
