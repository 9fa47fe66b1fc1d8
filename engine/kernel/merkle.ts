// The page tree over block digests, made or checked as a whole: the same shape as in engine/tree.ts, with holes as zeros
// at every level. Pages are hashed level by level, each level in as few kernel calls as it has windows.
import type { Kernel } from '../kernel.ts';
import { bytesEqual, DIGEST_BYTES, type Digest, PAGE_BYTES, PAGE_CHILDREN, TREE_LEVELS } from '../types.ts';
import { checkLength, checkMultiple } from './arena.ts';

export interface PageTree {
  readonly root: Digest;
  /** Pages of level 1, 2, 3 and 4, those of a level one after the other: n * 8,192 bytes. A page of holes is zeros. */
  readonly levels: readonly Uint8Array[];
}

/**
 * The tree over the digests of blocks 0 to n - 1 (n * 32 bytes, zeros for a hole). All other blocks are holes. Throws
 * RangeError when the digests are not whole, or more than a root covers.
 */
export function buildTree(kernel: Kernel, digests: Uint8Array): PageTree {
  checkMultiple('digests', digests, DIGEST_BYTES);
  if (digests.length / DIGEST_BYTES > PAGE_CHILDREN ** TREE_LEVELS) throw new RangeError('more blocks than a root has');
  const levels: Uint8Array[] = [];
  let children = digests;
  for (let level = 1; level <= TREE_LEVELS; level++) {
    const pages = new Uint8Array(Math.max(1, Math.ceil(children.length / PAGE_BYTES)) * PAGE_BYTES);
    pages.set(children);
    levels.push(pages);
    children = kernel.hashPages(pages);
  }
  return { root: children, levels };
}

/**
 * Do these pages lead from `root` to `digest` as the digest of block `blockIndex`? `path` has the pages of level 4, 3, 2
 * and 1 (8,192 bytes each; zeros for a hole). All are hashed in one call, whatever the answer. Throws RangeError when
 * there are not four pages, one has another length, or the index lies outside what a root covers.
 */
export function verifyPath(
  kernel: Kernel,
  root: Digest,
  blockIndex: number,
  digest: Digest,
  path: readonly Uint8Array[],
): boolean {
  if (path.length !== TREE_LEVELS) throw new RangeError(`a path of ${path.length} pages`);
  if (!Number.isInteger(blockIndex) || blockIndex < 0 || blockIndex >= PAGE_CHILDREN ** TREE_LEVELS) {
    throw new RangeError(`${blockIndex} is no block index`);
  }
  checkLength('root', root, DIGEST_BYTES);
  checkLength('digest', digest, DIGEST_BYTES);
  const names = kernel.hashPagesOf(path);
  let wanted = root;
  for (let i = 0; i < TREE_LEVELS; i++) {
    if (!bytesEqual(names.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES), wanted)) return false;
    const child = Math.floor(blockIndex / PAGE_CHILDREN ** (TREE_LEVELS - 1 - i)) % PAGE_CHILDREN;
    wanted = path[i]!.subarray(child * DIGEST_BYTES, (child + 1) * DIGEST_BYTES);
  }
  return bytesEqual(wanted, digest);
}
