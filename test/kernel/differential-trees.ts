// Differential checks of blocks and pages: digests against the oracle's, deltas against plain loops.

import { buildTree, verifyPath } from '../../engine/kernel/merkle.ts';
import type { Kernel } from '../../engine/kernel.ts';
import {
  BLOCK_BYTES,
  DIGEST_BYTES,
  fromHex,
  HOLE,
  PAGE_BYTES,
  PAGE_CHILDREN,
  SECTOR_BYTES,
  TREE_LEVELS,
  toHex,
} from '../../engine/types.ts';
import { concat, digestsOf, randomBytes, randomIntegers } from './bytes.ts';
import type { Oracle } from './differential.ts';
import type { Check } from './differential-sets.ts';

type Below = (bound: number) => number;

const PAGE_CONTEXT = new TextEncoder().encode('edge-evs 2026-11 page');

export function checkTrees(
  kernel: Kernel,
  blake3: Oracle['blake3'],
  check: Check,
  { seed, rounds }: { readonly seed: number; readonly rounds: number },
): void {
  const below = randomIntegers(seed + 2);
  const expected = (unit: Uint8Array, context?: Uint8Array): string =>
    unit.every((byte) => byte === 0) ? toHex(HOLE) : toHex(blake3(unit, context && { context }));
  for (let round = 0; round < Math.ceil(rounds / 100); round++) {
    const blocks = randomUnits(below, BLOCK_BYTES, 1 + below(6));
    const blockDigests = blocks.map((block) => expected(block)).join();
    check(`round ${round}, ${blocks.length} blocks`, digestsOf(kernel.hashBlocks(concat(blocks))).join(), blockDigests);
    check(`round ${round}, block arrays`, digestsOf(kernel.hashBlocksOf(blocks)).join(), blockDigests);
    const pages = randomUnits(below, PAGE_BYTES, 1 + below(40));
    const pageDigests = pages.map((page) => expected(page, PAGE_CONTEXT)).join();
    check(`round ${round}, ${pages.length} pages`, digestsOf(kernel.hashPages(concat(pages))).join(), pageDigests);
    check(`round ${round}, page arrays`, digestsOf(kernel.hashPagesOf(pages)).join(), pageDigests);
  }
  for (let round = 0; round < Math.ceil(rounds / 50); round++) {
    const before = randomUnits(below, PAGE_BYTES, below(40));
    const after = before.map((page) => changed(below, page));
    check(
      `round ${round}, changed children of ${before.length} pairs`,
      kernel.changedChildrenOf(before, after).join(),
      changedParts(concat(before), concat(after), DIGEST_BYTES).join(),
    );
    check(
      `round ${round}, children of ${after.length} pages`,
      kernel.presentChildrenOf(after).join(),
      changedParts(new Uint8Array(after.length * PAGE_BYTES), concat(after), DIGEST_BYTES).join(),
    );
    checkTree(kernel, below, check, expected);
  }
  for (let round = 0; round < rounds / 4; round++) {
    const [block, page] = [randomUnits(below, BLOCK_BYTES, 1)[0]!, randomUnits(below, PAGE_BYTES, 1)[0]!];
    const [blockAfter, pageAfter] = [changed(below, block), changed(below, page)];
    check(
      `round ${round}, changed sectors`,
      kernel.changedSectors(block, blockAfter).join(),
      changedParts(block, blockAfter, SECTOR_BYTES).join(),
    );
    check(
      `round ${round}, changed children`,
      kernel.changedChildren(page, pageAfter).join(),
      changedParts(page, pageAfter, DIGEST_BYTES).join(),
    );
  }
}

/** A tree over some digests, and the path to one of them, against pages that are put together child by child. */
function checkTree(
  kernel: Kernel,
  below: Below,
  check: Check,
  expected: (unit: Uint8Array, context?: Uint8Array) => string,
): void {
  const count = below(below(4) === 0 ? 3_000 : 600);
  const digests = concat([new Uint8Array(0), ...randomUnits(below, DIGEST_BYTES, count)]);
  const tree = buildTree(kernel, digests);
  const known = new Map<string, string>();
  const name = (page: Uint8Array): string => {
    const key = toHex(page);
    const digest = known.get(key) ?? expected(page, PAGE_CONTEXT);
    known.set(key, digest);
    return digest;
  };
  // Pages by level and place, sparse: what is not there is a hole.
  let level = new Map(digestsOf(digests).map((digest, i) => [i, digest]));
  for (let height = 1; height <= TREE_LEVELS; height++) {
    const pages = new Map<number, Uint8Array>();
    for (const [i, digest] of level) {
      const at = Math.floor(i / PAGE_CHILDREN);
      const page = pages.get(at) ?? new Uint8Array(PAGE_BYTES);
      page.set(fromHex(digest), (i % PAGE_CHILDREN) * DIGEST_BYTES);
      pages.set(at, page);
    }
    level = new Map([...pages].map(([at, page]) => [at, name(page)]));
  }
  check(`root over ${count} digests`, toHex(tree.root), level.get(0) ?? toHex(HOLE));
  if (count === 0) return;
  const block = below(count);
  const digest = digests.slice(block * DIGEST_BYTES, (block + 1) * DIGEST_BYTES);
  const path = tree.levels.map((pages, i) => {
    const page = Math.floor(block / PAGE_CHILDREN ** (i + 1));
    return pages.slice(page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
  });
  path.reverse();
  check(`path to block ${block}`, `${verifyPath(kernel, tree.root, block, digest, path)}`, 'true');
  path[below(path.length)]![below(PAGE_BYTES)]! ^= 1 << below(8);
  check(`spoilt path to block ${block}`, `${verifyPath(kernel, tree.root, block, digest, path)}`, 'false');
}

/** Units of zeros, of one byte that is set, and of noise. */
function randomUnits(below: Below, unitBytes: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, () => {
    const kind = below(4);
    if (kind > 1) return randomBytes(unitBytes, below(2 ** 31));
    const unit = new Uint8Array(unitBytes);
    if (kind === 1) unit[below(unitBytes)] = 1 + below(255);
    return unit;
  });
}

/** A copy with a few bytes, or a run of them, changed. */
function changed(below: Below, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  for (let i = below(20); i > 0; i--) copy[below(copy.length)]! ^= 1 << below(8);
  if (below(3) === 0) copy.fill(below(256), below(copy.length), below(copy.length));
  return copy;
}

function changedParts(a: Uint8Array, b: Uint8Array, partBytes: number): number[] {
  const parts = new Set<number>();
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) parts.add(Math.floor(i / partBytes));
  return [...parts];
}
