// A map that can be rolled back and forked. Values are never changed in place, so a journal of replaced values undoes a
// transaction, and a shallow copy is an independent store.

/** What takes part in a transaction. */
export interface Transactional {
  begin(): void;
  commit(): void;
  rollback(): void;
}

export class Table<K, V> implements Transactional {
  readonly #rows: Map<K, V>;
  /** What each change of the open transaction replaced, oldest first; null outside of transactions. */
  #journal: [K, V | undefined][] | null = null;

  constructor(rows: Iterable<readonly [K, V]> = []) {
    this.#rows = new Map(rows);
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: K): V | undefined {
    return this.#rows.get(key);
  }

  has(key: K): boolean {
    return this.#rows.has(key);
  }

  keys(): Iterable<K> {
    return this.#rows.keys();
  }

  values(): Iterable<V> {
    return this.#rows.values();
  }

  set(key: K, value: V): void {
    this.#journal?.push([key, this.#rows.get(key)]);
    this.#rows.set(key, value);
  }

  delete(key: K): boolean {
    const old = this.#rows.get(key);
    if (old === undefined) return false;
    this.#journal?.push([key, old]);
    return this.#rows.delete(key);
  }

  begin(): void {
    this.#journal = [];
  }

  commit(): void {
    this.#journal = null;
  }

  rollback(): void {
    for (const [key, old] of this.#journal?.reverse() ?? []) {
      if (old === undefined) this.#rows.delete(key);
      else this.#rows.set(key, old);
    }
    this.#journal = null;
  }

  /** An independent table with the same rows. Refused while a transaction is open: its outcome is not known. */
  fork(): Table<K, V> {
    if (this.#journal) throw new Error('memory store: cannot be forked inside a transaction');
    return new Table(this.#rows);
  }
}
