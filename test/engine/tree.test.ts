// Walking trees that are wider than one group of pages, against lists of digests.

import { describe, expect, test } from 'vitest';
import { Meter } from '../../engine/cost.ts';
import { buildTree } from '../../engine/kernel/merkle.ts';
import { MemoryObjectStore } from '../../engine/memory/object-store.ts';
import { Objects } from '../../engine/objects.ts';
import { runLocal, type Step } from '../../engine/steps.ts';
import { allocatedBlocks, type ChangedStep, countAllocatedBlocks, walkChanges } from '../../engine/tree.ts';
import { DIGEST_BYTES, type Digest, HOLE, Kind, PAGE_BYTES, PAGE_CHILDREN, toHex } from '../../engine/types.ts';
import { testHost } from '../support/host.ts';

const host = testHost();

/** Digests of n blocks, made up: `seedOf` gives 0 for a hole. */
function digestsOf(count: number, seedOf: (block: number) => number): Uint8Array {
  const digests = new Uint8Array(count * DIGEST_BYTES);
  const view = new DataView(digests.buffer);
  for (let i = 0; i < count; i++) {
    if (seedOf(i) === 0) continue;
    view.setUint32(i * DIGEST_BYTES, i + 1);
    view.setUint32(i * DIGEST_BYTES + 28, seedOf(i));
  }
  return digests;
}

/** Stores the pages over these digests; returns the root. */
function store(objects: Objects, digests: Uint8Array): Digest {
  const { root, levels } = buildTree(host.kernel, digests);
  for (const pages of levels) {
    const each = Array.from({ length: pages.length / PAGE_BYTES }, (_, i) =>
      pages.slice(i * PAGE_BYTES, (i + 1) * PAGE_BYTES),
    );
    objects.insert(Kind.page, each);
  }
  return root;
}

const at = (digests: Uint8Array, block: number): string =>
  toHex(digests.subarray(block * DIGEST_BYTES, (block + 1) * DIGEST_BYTES));
const isChange = (step: Step | ChangedStep): step is ChangedStep => 'changed' in step;
const hole = toHex(HOLE);

describe('trees of forty pages', () => {
  const blocks = 40 * PAGE_CHILDREN;
  // Page 7 is a hole before, page 9 after; pages 20 to 29 are equal.
  const pageOf = (block: number): number => Math.floor(block / PAGE_CHILDREN);
  const before = digestsOf(blocks, (block) => (block % 3 === 0 || pageOf(block) === 7 ? 0 : 1));
  const after = digestsOf(blocks, (block) => {
    const page = pageOf(block);
    if (page >= 20 && page < 30) return block % 3 === 0 ? 0 : 1;
    if (page === 9 || block % 7 === 0) return 0;
    return block % 5 === 0 ? 2 : 1;
  });
  const objects = new Objects(new MemoryObjectStore(new Meter()), host);
  const [rootBefore, rootAfter] = [store(objects, before), store(objects, after)];

  test('what differs, in block order, each page after its blocks', () => {
    const steps = [...walkChanges(objects, host, rootBefore, rootAfter)].filter(isChange);
    const changed = Array.from({ length: blocks }, (_, i) => i).filter((i) => at(before, i) !== at(after, i));
    const named = changed.filter((i) => at(after, i) !== hole);
    const refs = steps.flatMap((step) => step.changed.map((ref, i) => ({ ...ref, block: step.blockIndexes[i]! })));
    const found = refs.filter((ref) => ref.kind === Kind.block);
    expect(found.map(({ block }) => block)).toEqual(named);
    expect(found.map(({ digest }) => toHex(digest))).toEqual(named.map((i) => at(after, i)));
    const gone = changed.filter((i) => at(before, i) !== hole).length;
    expect(steps.reduce((sum, step) => sum + step.allocatedDelta, 0)).toBe(named.length - gone);
    // Pages of level 1 in order, each right behind its blocks, then those above.
    const pages = refs.flatMap((ref, i) => (ref.kind === Kind.page ? [{ first: ref.block, i }] : []));
    const wanted = [...new Set(changed.map(pageOf))].filter((page) => page !== 9).map((page) => page * PAGE_CHILDREN);
    expect(pages.map(({ first }) => first)).toEqual([...wanted, 0, 0, 0]);
    for (const { first, i } of pages.slice(0, -3)) expect(pageOf(refs[i - 1]!.block)).toBe(pageOf(first));
  });

  test('nothing differs between a root and itself; everything between a root and nothing', () => {
    expect([...walkChanges(objects, host, rootAfter, rootAfter)]).toEqual([]);
    const steps = [...walkChanges(objects, host, HOLE, rootAfter)].filter(isChange);
    const all = Array.from({ length: blocks }, (_, i) => i).filter((i) => at(after, i) !== hole);
    expect(steps.reduce((sum, step) => sum + step.allocatedDelta, 0)).toBe(all.length);
  });

  test('asks for all pages of a group at once', () => {
    const empty = new Objects(new MemoryObjectStore(new Meter()), host);
    const needs: number[] = [];
    for (const step of walkChanges(empty, host, HOLE, rootAfter)) {
      if (!('need' in step)) continue;
      needs.push(step.need.length);
      for (const ref of step.need) empty.insert(Kind.page, [objects.readPage(ref.digest) as Uint8Array]);
    }
    expect(needs).toEqual([1, 1, 1, 16, 16, 7]);
  });

  test('what is allocated, from anywhere, and how much', () => {
    const all = Array.from({ length: blocks }, (_, i) => i).filter((i) => at(after, i) !== hole);
    expect(runLocal(countAllocatedBlocks(objects, rootAfter))).toBe(all.length);
    expect(runLocal(countAllocatedBlocks(objects, HOLE))).toBe(0);
    for (const from of [0, 1, 255, 256, 9 * 256 + 3, blocks - 1, blocks]) {
      const part = runLocal(allocatedBlocks(objects, rootAfter, from, 300));
      const wanted = all.filter((block) => block >= from);
      expect(part.blocks.map(({ blockIndex }) => blockIndex)).toEqual(wanted.slice(0, 300));
      expect(part.next).toBe(wanted[300] ?? null);
    }
  });
});
