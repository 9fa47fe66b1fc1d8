// Reading a backup as a disk is read: bytes of a range, and the list of its allocated blocks.

import { EngineError } from '../errors.ts';
import type { EngineHost } from '../host.ts';
import { Objects } from '../objects.ts';
import type { ObjectSource } from '../ports.ts';
import { runFetching } from '../steps.ts';
import { type AllocatedPart, allocatedBlocks, lookupBlocks } from '../tree.ts';
import { BLOCK_BYTES, type Digest, isHole, Kind, type ObjectRef, SECTOR_BYTES } from '../types.ts';
import { FrameCache } from './frame-cache.ts';

export { ObsObjectSource } from './source.ts';

/** Blocks fetched together, neighbours in few reads: 4 MiB. */
const READ_BLOCKS = 64;
/** All that a reader remembers: pages, and the frames of one group of blocks. */
const CACHE_BYTES = 12 * 2 ** 20;
const ZERO_BLOCK = new Uint8Array(BLOCK_BYTES);

export interface Readable {
  readonly root: Digest;
  readonly sizeBytes: number;
}

/** Told which objects of the vault are missing or damaged. What it throws is nobody's concern. */
export type OnBad = (refs: readonly ObjectRef[]) => Promise<unknown>;

export class BackupReader {
  readonly #host: EngineHost;
  readonly #source: ObjectSource;
  readonly #backup: Readable;
  readonly #cache = new FrameCache(CACHE_BYTES);
  readonly #pages: Objects;
  readonly #onBad: OnBad;

  /** `onBad` is told what could not be read, before the error that says so. */
  constructor(host: EngineHost, source: ObjectSource, backup: Readable, onBad: OnBad = async () => undefined) {
    this.#host = host;
    this.#source = source;
    this.#backup = backup;
    this.#onBad = onBad;
    this.#pages = new Objects(this.#cache, host);
  }

  /** Throws `unaligned` or `out-of-range` for what no disk of this size has. */
  check(offset: number, length: number): void {
    if (offset % SECTOR_BYTES !== 0 || length % SECTOR_BYTES !== 0) {
      throw new EngineError('unaligned', `offset and length must be multiples of ${SECTOR_BYTES}`);
    }
    if (!(offset >= 0 && length >= 0 && offset + length <= this.#backup.sizeBytes)) {
      throw new EngineError('out-of-range', `the backup ends at ${this.#backup.sizeBytes}`);
    }
  }

  /**
   * The bytes of a range, checked, in parts of at most 65,536. Parts may be views of shared buffers: not to be changed.
   * Throws `damaged` with the disk's byte range, before any part of a group of 4 MiB that holds it.
   */
  async *read(offset: number, length: number): AsyncGenerator<Uint8Array, void, void> {
    this.check(offset, length);
    const end = offset + length;
    for (let at = offset; at < end; ) {
      const firstBlock = Math.floor(at / BLOCK_BYTES);
      const count = Math.min(READ_BLOCKS, Math.ceil(end / BLOCK_BYTES) - firstBlock);
      const blocks = await this.#readBlocks(firstBlock, count);
      for (let i = 0; i < count; i++) {
        const start = (firstBlock + i) * BLOCK_BYTES;
        yield blocks[i]!.subarray(at - start, Math.min(end - start, BLOCK_BYTES));
        at = Math.min(end, start + BLOCK_BYTES);
      }
    }
  }

  /** Allocated blocks in order, from `fromBlock`, at most `limit`; `next`: where to go on, or null. */
  async blocks(fromBlock: number, limit: number): Promise<AllocatedPart> {
    const job = allocatedBlocks(this.#pages, this.#backup.root, fromBlock, limit);
    return runFetching(job, (refs) => this.#bringPages(refs));
  }

  async #readBlocks(firstBlock: number, count: number): Promise<Uint8Array[]> {
    const digests = await this.#resolve(firstBlock, count);
    const blocks: Uint8Array[] = new Array(count).fill(ZERO_BLOCK);
    const wanted = digests.flatMap((digest, i) => (isHole(digest) ? [] : [i]));
    const refs = wanted.map((i): ObjectRef => ({ kind: Kind.block, digest: digests[i]! }));
    const frames = await this.#source.fetch(refs);
    // A cache of this call only: blocks are read once.
    const held = new FrameCache(Number.POSITIVE_INFINITY);
    held.replaceMany(refs.flatMap((ref, j) => (frames[j] ? [{ ...ref, frame: frames[j] }] : [])));
    const bad: ObjectRef[] = [];
    const at: number[] = [];
    new Objects(held, this.#host).read(refs).forEach((found, j) => {
      const block = wanted[j]!;
      if (typeof found !== 'string') blocks[block] = found;
      else {
        bad.push(refs[j]!);
        at.push(firstBlock + block);
      }
    });
    if (bad.length > 0) await this.#fail('the backup has blocks that cannot be read', bad, at);
    return blocks;
  }

  /** Digests of the blocks. Pages that are not at hand are brought, then everything is looked up again. */
  async #resolve(firstBlock: number, count: number): Promise<Digest[]> {
    const tried = new Set<Digest>();
    for (;;) {
      const found = lookupBlocks(this.#pages, this.#backup.root, firstBlock, count);
      const missing = new Map<Digest, ObjectRef>();
      for (const entry of found) if ('missing' in entry) missing.set(entry.missing.digest, entry.missing);
      if (missing.size === 0) return found as Digest[];
      const hopeless = found.flatMap((entry, i) =>
        'missing' in entry && (entry.why === 'damaged' || hasDigest(tried, entry.missing.digest))
          ? [{ ref: entry.missing, block: firstBlock + i }]
          : [],
      );
      if (hopeless.length > 0) {
        const bad = new Map(hopeless.map(({ ref }) => [ref.digest, ref]));
        const at = hopeless.map(({ block }) => block);
        await this.#fail('the backup has pages that cannot be read', [...bad.values()], at);
      }
      for (const digest of missing.keys()) tried.add(digest);
      await this.#bringPages([...missing.values()]);
    }
  }

  async #bringPages(refs: readonly ObjectRef[]): Promise<void> {
    this.#pages.adopt(refs, await this.#source.fetch(refs));
  }

  /** `at`: the blocks that cannot be read, ascending. */
  async #fail(message: string, bad: readonly ObjectRef[], at: readonly number[]): Promise<never> {
    await this.#onBad(bad).catch(() => undefined);
    const ranges: { offset: number; length: number }[] = [];
    for (const block of at) {
      const offset = block * BLOCK_BYTES;
      const length = Math.min(BLOCK_BYTES, this.#backup.sizeBytes - offset);
      const last = ranges.at(-1);
      if (last && last.offset + last.length === offset) last.length += length;
      else ranges.push({ offset, length });
    }
    throw new EngineError('damaged', message, ranges);
  }
}

function hasDigest(set: ReadonlySet<Digest>, digest: Digest): boolean {
  for (const other of set) if (other.every((byte, i) => byte === digest[i])) return true;
  return false;
}
