// Parts of blocks. A block is stored and named as a whole, so a read of 4 KiB would read, decode and hash 64. The first one
// does. Then the block stays in memory for a while; and once it has gone, the digests of its parts stay, taken in the turn
// in which all of it matched its name. With those a part that is stored as it is can be read and checked by itself.

import { Encoding } from './codec.ts';
import type { Kernel } from './kernel.ts';
import type { Lookup } from './objects.ts';
import { PageCache, type PageShelf } from './page-cache.ts';
import type { ObjectStore } from './ports.ts';
import { release } from './release.ts';
import { bytesEqual, DIGEST_BYTES, type ObjectRef, toHex } from './types.ts';

/** What has a digest of its own. A file system's page. */
const PART_BYTES = 4_096;
/** Whole blocks: 16 MiB. */
const BLOCKS_MAX = 256;
/** Blocks whose parts' digests are known: 4 MiB of digests for 512 MiB of blocks. */
const CHECKED_MAX = 8_192;
/** Stands for the digests of a block that is compressed: its parts cannot be read. */
const COMPRESSED = new Uint8Array(0);

/** What an isolate remembers, for all of its disks together. */
export interface PartCaches {
  readonly blocks: PageCache;
  readonly checks: PageCache;
}

export function partCaches(): PartCaches {
  return { blocks: new PageCache(BLOCKS_MAX, release), checks: new PageCache(CHECKED_MAX) };
}

/** What parts are read from: `readBlock` gives checked bytes that nobody else has. */
export interface PartSource {
  readonly store: ObjectStore;
  readonly kernel: Kernel;
  readBlock(ref: ObjectRef): Lookup;
}

export class BlockParts {
  readonly #source: PartSource;
  readonly #blocks: PageShelf;
  readonly #checks: PageShelf;

  constructor(source: PartSource, { blocks, checks }: PartCaches) {
    this.#source = source;
    this.#blocks = blocks.shelf();
    this.#checks = checks.shelf();
  }

  /**
   * `length` checked bytes from `offset` of a block that is no hole, both multiples of 512, or why there are none. To be
   * used in the same turn, and not to be changed.
   */
  read(ref: ObjectRef, offset: number, length: number): Lookup {
    const key = toHex(ref.digest);
    const kept = this.#blocks.get(key);
    if (kept) return kept.subarray(offset, offset + length);
    const checks = this.#checks.get(key);
    if (checks && checks !== COMPRESSED) {
      const bytes = this.#readChecked(ref, checks, offset, length);
      if (bytes) return bytes;
    }
    const block = this.#source.readBlock(ref);
    if (typeof block === 'string') return block;
    this.#blocks.put(key, block);
    if (!checks) this.#checks.put(key, this.#source.kernel.hashMessages(block, PART_BYTES));
    return block.subarray(offset, offset + length);
  }

  clear(): void {
    this.#blocks.clear();
    this.#checks.clear();
  }

  /** Null when what is stored is compressed, or does not match: reading all of it says what is wrong. */
  #readChecked(ref: ObjectRef, checks: Uint8Array, offset: number, length: number): Uint8Array | null {
    const { store, kernel } = this.#source;
    const first = Math.floor(offset / PART_BYTES);
    const end = Math.ceil((offset + length) / PART_BYTES);
    const bytes = store.getPart(ref, Encoding.raw, first * PART_BYTES, (end - first) * PART_BYTES);
    if (!bytes) {
      this.#checks.put(toHex(ref.digest), COMPRESSED);
      return null;
    }
    const expected = checks.subarray(first * DIGEST_BYTES, end * DIGEST_BYTES);
    if (!bytesEqual(kernel.hashMessages(bytes, PART_BYTES), expected)) return null;
    const at = offset - first * PART_BYTES;
    return bytes.subarray(at, at + length);
  }
}
