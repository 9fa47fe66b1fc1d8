// Verifying a backup: is everything under its root in the vault, and, if asked, does every byte match its name?

import type { ByteRange } from '../errors.ts';
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
/** Blocks that are read and checked in one go: 2 MiB. */
const READ_BLOCKS = 32;

export interface Verification {
  /** Pages read, and blocks that were looked up (or read), each as often as the tree names it. */
  readonly pages: number;
  readonly blocks: number;
  /** Byte ranges that could not be restored, in order. */
  readonly damaged: readonly ByteRange[];
  /** What is behind them: hand it to `VaultCore.report`. */
  readonly bad: readonly ObjectRef[];
}

/**
 * `structure`: reads every page, looks every block up. `bytes`: reads every block too. Throws only when object storage
 * cannot be reached.
 */
export async function verifyBackup(
  vault: VaultContext,
  backup: Readable,
  mode: 'structure' | 'bytes',
): Promise<Verification> {
  const objects = new Objects(new FrameCache(PAGE_CACHE_BYTES), vault.host);
  const reader = new PageReader(vault, objects);
  const damaged: { offset: number; length: number }[] = [];
  const bad: ObjectRef[] = [];
  let pages = 0;
  let blocks = 0;
  await descend(TREE_LEVELS, backup.root, 0);
  return { pages, blocks, damaged, bad };

  async function descend(level: number, digest: Digest, firstBlock: number): Promise<void> {
    if (isHole(digest)) return;
    const ref: ObjectRef = { kind: Kind.page, digest };
    await reader.bring([ref]);
    const page = objects.readPage(digest);
    const span = blocksPerChild(level);
    if (typeof page === 'string') return lost(ref, firstBlock, span * PAGE_CHILDREN);
    pages++;
    if (level === 1) return checkBlocks(page, firstBlock);
    for (const child of vault.host.kernel.presentChildren(page)) {
      await descend(level - 1, digestAt(page, child), firstBlock + child * span);
    }
  }

  async function checkBlocks(page: Uint8Array, firstBlock: number): Promise<void> {
    const at = [...vault.host.kernel.presentChildren(page)];
    blocks += at.length;
    for (let start = 0; start < at.length; start += READ_BLOCKS) {
      const group = at.slice(start, start + READ_BLOCKS);
      const refs = group.map((child): ObjectRef => ({ kind: Kind.block, digest: digestAt(page, child) }));
      const good = mode === 'bytes' ? await readable(refs) : vault.locate(refs).map((location) => location !== null);
      group.forEach((child, i) => {
        if (!good[i]) lost(refs[i]!, firstBlock + child, 1);
      });
    }
    await vault.pause();
  }

  async function readable(refs: readonly ObjectRef[]): Promise<boolean[]> {
    const frames = await vault.source.fetch(refs);
    return new Objects(new FrameCache(READ_BLOCKS * BLOCK_BYTES), vault.host).adopt(refs, frames);
  }

  function lost(ref: ObjectRef, firstBlock: number, count: number): void {
    bad.push(ref);
    const offset = firstBlock * BLOCK_BYTES;
    const end = Math.min(offset + count * BLOCK_BYTES, backup.sizeBytes);
    const last = damaged.at(-1);
    if (last && last.offset + last.length === offset) last.length = end - last.offset;
    else if (end > offset) damaged.push({ offset, length: end - offset });
  }
}
