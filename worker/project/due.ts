// What is to be done, and when. An object has one alarm: it is set to the earliest of these. Real time, not the project's:
// when a simulation moves the project's clock, what goes by that clock (all but jobs) is moved along.

import type { Store } from './store.ts';

export type DueKey = `job:${string}` | `policy:${string}` | 'sweep';

/** The policy that a key is about, if it is about one. */
export function policyOf(key: DueKey): string | null {
  return key.startsWith('policy:') ? key.slice('policy:'.length) : null;
}

/** Keys of jobs. */
const JOBS = "key >= 'job:' AND key < 'job;'";

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

  /** The same without jobs: what goes by the project's clock. */
  ofClock(nowMs: number): DueKey[] {
    const rows = this.#store.rows(
      `SELECT key FROM due WHERE due_ms <= ? AND NOT (${JOBS}) ORDER BY due_ms, key`,
      nowMs,
    );
    return rows.map((row) => row.key as DueKey);
  }

  /** The earliest that goes by the project's clock and comes up to `untilMs`. */
  nextOfClock(untilMs: number): { readonly key: DueKey; readonly dueMs: number } | null {
    const [row] = this.#store.rows(
      `SELECT key, due_ms FROM due WHERE due_ms <= ? AND NOT (${JOBS}) ORDER BY due_ms, key LIMIT 1`,
      untilMs,
    );
    return row === undefined ? null : { key: row.key as DueKey, dueMs: Number(row.due_ms) };
  }

  /** The project's clock was moved forward: what goes by it comes that much earlier. Inside a change. */
  shift(byMs: number): void {
    if (byMs !== 0) this.#store.rows(`UPDATE due SET due_ms = due_ms - ? WHERE NOT (${JOBS})`, byMs);
  }

  /** When the alarm must ring; null when nothing is to be done. */
  earliestMs(): number | null {
    const [row] = this.#store.rows('SELECT MIN(due_ms) AS earliest FROM due');
    return row?.earliest == null ? null : Number(row.earliest);
  }

  /** Ids of the jobs that are not over. */
  jobIds(): string[] {
    const rows = this.#store.rows(`SELECT key FROM due WHERE ${JOBS}`);
    return rows.map((row) => String(row.key).slice('job:'.length));
  }
}
