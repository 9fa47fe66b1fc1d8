// A router that remembers what it found. Clients ask for few paths, over and over (the bytes of their volumes), and finding
// one among all operations costs a tenth of a small read.

import type { Result, Router } from 'hono/router';
import { TrieRouter } from 'hono/router/trie-router';

/** Paths that are remembered, by method; the oldest goes first. Longer ones are not: they are not what clients repeat. */
const REMEMBERED_MAX = 256;
const PATH_CHARS_MAX = 256;

export class RememberingRouter<T> implements Router<T> {
  readonly name = 'RememberingRouter';
  readonly #router = new TrieRouter<T>();
  readonly #found = new Map<string, Result<T>>();

  add(method: string, path: string, handler: T): void {
    this.#found.clear();
    this.#router.add(method, path, handler);
  }

  /** Handlers and parameters of a path. The same path gives the same object each time: nobody may change it. */
  match(method: string, path: string): Result<T> {
    if (path.length > PATH_CHARS_MAX) return this.#router.match(method, path);
    const key = `${method} ${path}`;
    const known = this.#found.get(key);
    if (known) return known;
    const result = this.#router.match(method, path);
    if (this.#found.size >= REMEMBERED_MAX) this.#found.delete(this.#found.keys().next().value!);
    this.#found.set(key, result);
    return result;
  }
}
