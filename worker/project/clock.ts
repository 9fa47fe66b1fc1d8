// The project's clock: real time plus an offset that only a simulation moves, and never backwards.

import type { Store } from './store.ts';

const OFFSET = 'clockOffsetMs';

export class Clock {
  readonly #store: Store;
  #offsetMs: number | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Milliseconds of project time. */
  now(): number {
    return Date.now() + this.offsetMs();
  }

  offsetMs(): number {
    if (this.#offsetMs === null) {
      const [row] = this.#store.rows('SELECT value FROM meta WHERE name = ?', OFFSET);
      this.#offsetMs = row === undefined ? 0 : Number(row.value);
    }
    return this.#offsetMs;
  }

  /** Inside a change. A time that has passed leaves the clock as it is. Returns by how much it was moved. */
  moveTo(nowMs: number): number {
    const beforeMs = this.offsetMs();
    const offsetMs = nowMs - Date.now();
    if (offsetMs <= beforeMs) return 0;
    this.#store.setMeta(OFFSET, String(offsetMs));
    this.#offsetMs = offsetMs;
    return offsetMs - beforeMs;
  }

  /** Reads the stored offset again at the next question. */
  forget(): void {
    this.#offsetMs = null;
  }
}
