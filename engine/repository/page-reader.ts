// Pages of a vault, read ahead. A walk meets pages in the order in which a backup packed them, so one read brings the
// neighbours that it will ask for next: checking 1 TiB is a few hundred reads instead of 65,536.

import type { Objects } from '../objects.ts';
import { release } from '../release.ts';
import type { ObjectRef } from '../types.ts';
import { decodeEntries } from './pack-format.ts';
import type { IndexEntry, PackEntry } from './ports.ts';
import type { VaultContext } from './vault-context.ts';

/** Parents lie behind their children, and are met before them: most of the window lies behind, in file order before. */
const WINDOW_BEFORE_BYTES = 256 * 1_024;
const WINDOW_AFTER_BYTES = 768 * 1_024;

export class PageReader {
  readonly #vault: VaultContext;
  readonly #objects: Objects;
  /** Directory of the pack that was read last. */
  #directory: { readonly packNo: number; readonly entries: readonly PackEntry[] } | null = null;

  /** `objects`: over a FrameCache that holds a window and more. */
  constructor(vault: VaultContext, objects: Objects) {
    this.#vault = vault;
    this.#objects = objects;
  }

  /** Brings these pages and neighbours; what is not in the vault, or damaged there, stays absent. */
  async bring(refs: readonly ObjectRef[]): Promise<void> {
    for (const ref of refs) {
      if (this.#objects.store.hasMany([ref])[0]) continue;
      const [entry] = this.#vault.lookup([ref], false);
      if (entry && (await this.#readWindow(entry))) continue;
      this.#objects.adopt([ref], await this.#vault.source.fetch([ref]));
    }
  }

  /** False when the window could not be read: the page alone may still be. */
  async #readWindow(entry: IndexEntry): Promise<boolean> {
    const entries = this.#entries(entry.packNo);
    const [location] = this.#vault.locate([entry]);
    if (!location || !entries?.[entry.slot]) return false;
    let first = entry.slot;
    let last = entry.slot;
    while (first > 0 && entry.offset - entries[first - 1]!.offset <= WINDOW_BEFORE_BYTES) first--;
    while (last + 1 < entries.length && endOf(entries[last + 1]!) - entry.offset <= WINDOW_AFTER_BYTES) last++;
    const start = entries[first]!.offset;
    const bytes = await this.#vault.obs
      .getRange(location.key, start, endOf(entries[last]!) - start)
      .catch((error: unknown) => {
        if (error instanceof RangeError) return null; // the pack has become shorter than its directory says
        throw error;
      });
    if (bytes === null) return false;
    // The page that was asked for comes last, so that a small cache does not forget it for its neighbours.
    const order = [...entries.slice(first, last + 1).filter((other) => other.offset !== entry.offset), entry];
    const frames = order.map(({ encoding, offset, length }) => {
      return { encoding, bytes: bytes.slice(offset - start, offset - start + length) };
    });
    release(bytes);
    this.#objects.adopt(order, frames);
    return true;
  }

  #entries(packNo: number): readonly PackEntry[] | null {
    if (this.#directory?.packNo === packNo) return this.#directory.entries;
    const bytes = this.#vault.store.readPackDirectory(packNo);
    if (bytes === null) return null;
    this.#directory = { packNo, entries: decodeEntries(bytes) };
    return this.#directory.entries;
  }
}

function endOf(entry: PackEntry): number {
  return entry.offset + entry.length;
}
