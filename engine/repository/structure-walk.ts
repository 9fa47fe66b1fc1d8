// What of a backup is in a vault, by its pages and the index alone: no block is read. Walks in steps, so that a large
// backup may take many turns, and remembers what was whole, so that backups that share it are not walked again.

import type { ByteRange } from '../errors.ts';
import type { DigestSet } from '../kernel.ts';
import { digestAt, Objects } from '../objects.ts';
import {
  BLOCK_BYTES,
  blocksPerChild,
  type Digest,
  isHole,
  Kind,
  type ObjectRef,
  PAGE_CHILDREN,
  TREE_LEVELS,
} from '../types.ts';
import { FrameCache } from './frame-cache.ts';
import { PageReader } from './page-reader.ts';
import type { Readable } from './reader.ts';
import type { VaultContext } from './vault-context.ts';

const PAGE_CACHE_BYTES = 4 * 2 ** 20;
/** Pages that the set of whole ones holds, 40 bytes each: 16 TiB of blocks. Beyond it pages are read again. */
const WHOLE_MAX = 1_000_000;
/** More than this, and nobody reads the list. */
const RANGES_MAX = 64;
const MISSING_MAX = 65_536;

/** What of one backup is not there. */
export interface Lost {
  /** Bytes of the disk that cannot be restored. */
  bytes: number;
  /** The first of them, in order, neighbours joined, cut at the disk's size. */
  readonly ranges: ByteRange[];
  /** The first of the objects that are missing or unreadable. */
  readonly missing: ObjectRef[];
}

interface Frame {
  readonly level: number;
  readonly digest: Digest;
  readonly firstBlock: number;
  readonly page: Uint8Array;
  readonly children: Uint16Array;
  next: number;
  /** Nothing under it is missing, as far as was looked. */
  isWhole: boolean;
}

export class StructureWalk {
  readonly #vault: VaultContext;
  readonly #objects: Objects;
  readonly #pages: PageReader;
  /** Pages under which everything is there. */
  readonly #whole: DigestSet;

  constructor(vault: VaultContext) {
    this.#vault = vault;
    this.#objects = new Objects(new FrameCache(PAGE_CACHE_BYTES), vault.host);
    this.#pages = new PageReader(vault, this.#objects);
    this.#whole = vault.host.newDigestSet();
  }

  /** Walks one backup; yields after each page. Throws only when object storage cannot be reached. */
  async *walk({ root, sizeBytes }: Readable): AsyncGenerator<void, Lost, void> {
    const lost: Lost = { bytes: 0, ranges: [], missing: [] };
    const path: Frame[] = [];
    const top = await this.#open(TREE_LEVELS, root, 0, lost, sizeBytes);
    if (top) path.push(top);
    for (let frame = path.at(-1); frame; frame = path.at(-1)) {
      if (frame.level === 1) this.#checkBlocks(frame, lost, sizeBytes);
      const child = frame.level > 1 ? frame.children[frame.next++] : undefined;
      if (child !== undefined) {
        const digest = digestAt(frame.page, child);
        if (this.#whole.has(digest)[0] === 1) continue;
        const firstBlock = frame.firstBlock + child * blocksPerChild(frame.level);
        const opened = await this.#open(frame.level - 1, digest, firstBlock, lost, sizeBytes);
        if (opened) path.push(opened);
        else frame.isWhole = false;
        continue;
      }
      path.pop();
      if (frame.isWhole && this.#whole.size < WHOLE_MAX) this.#whole.add(frame.digest);
      const parent = path.at(-1);
      if (parent && !frame.isWhole) parent.isWhole = false;
      yield;
    }
    return lost;
  }

  async #open(level: number, digest: Digest, firstBlock: number, lost: Lost, sizeBytes: number): Promise<Frame | null> {
    if (isHole(digest)) return null;
    const ref: ObjectRef = { kind: Kind.page, digest };
    await this.#pages.bring([ref]);
    const page = this.#objects.readPage(digest);
    if (typeof page === 'string') {
      lose(lost, ref, firstBlock, blocksPerChild(level) * PAGE_CHILDREN, sizeBytes);
      return null;
    }
    const children = this.#vault.host.kernel.presentChildren(page);
    return { level, digest, firstBlock, page, children, next: 0, isWhole: true };
  }

  #checkBlocks(frame: Frame, lost: Lost, sizeBytes: number): void {
    const refs = Array.from(
      frame.children,
      (child): ObjectRef => ({
        kind: Kind.block,
        digest: digestAt(frame.page, child),
      }),
    );
    const found = this.#vault.lookup(refs, false);
    frame.children.forEach((child, i) => {
      if (found[i]) return;
      frame.isWhole = false;
      lose(lost, refs[i]!, frame.firstBlock + child, 1, sizeBytes);
    });
  }
}

function lose(lost: Lost, ref: ObjectRef, firstBlock: number, blocks: number, sizeBytes: number): void {
  if (lost.missing.length < MISSING_MAX) lost.missing.push(ref);
  const offset = firstBlock * BLOCK_BYTES;
  const length = Math.min(offset + blocks * BLOCK_BYTES, sizeBytes) - offset;
  if (length <= 0) return;
  lost.bytes += length;
  const last = lost.ranges.at(-1);
  if (last && last.offset + last.length === offset) {
    lost.ranges[lost.ranges.length - 1] = { offset: last.offset, length: last.length + length };
  } else if (lost.ranges.length < RANGES_MAX) lost.ranges.push({ offset, length });
}
