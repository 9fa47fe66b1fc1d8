// Digests of blocks and pages in batches: zero units among others, batches beyond the window, separate arrays.
import { blake3 } from '@noble/hashes/blake3.js';
import { describe, expect, test } from 'vitest';
import { Kernel } from '../../engine/kernel.ts';
import { BLOCK_BYTES, DIGEST_BYTES, HOLE, PAGE_BYTES, toHex } from '../../engine/types.ts';
import { KERNEL_BUILDS, kernelModule } from '../support/kernel.ts';
import { concat, digestsOf, randomBytes } from './bytes.ts';

const PAGE_CONTEXT = new TextEncoder().encode('edge-evs 2026-11 page');
const ROOT_CONTEXT = new TextEncoder().encode('edge-evs 2026-11 root');
const HOLE_HEX = toHex(HOLE);

/** Units of which some are zero, some nearly: the one byte that is set lies in the first, a middle and the last vector. */
function mixedUnits(unitBytes: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const unit = new Uint8Array(unitBytes);
    if (i % 7 === 1 || i % 7 === 2) return unit;
    if (i % 7 === 4) unit[[0, unitBytes / 2 + 77, unitBytes - 1][i % 3]!] = 1;
    else unit.set(randomBytes(unitBytes, i));
    return unit;
  });
}

const isZero = (unit: Uint8Array): boolean => unit.every((byte) => byte === 0);
const blocks = mixedUnits(BLOCK_BYTES, 11);
const pages = mixedUnits(PAGE_BYTES, 71);
const blockDigests = blocks.map((block) => (isZero(block) ? HOLE_HEX : toHex(blake3(block))));
const pageDigests = pages.map((page) => (isZero(page) ? HOLE_HEX : toHex(blake3(page, { context: PAGE_CONTEXT }))));

describe.each(KERNEL_BUILDS)('digests of units, %s build', (build) => {
  const kernel = new Kernel(kernelModule(build));

  test('the mix has holes and others', () => {
    expect(blockDigests.filter((digest) => digest === HOLE_HEX).length).toBeGreaterThan(1);
    expect(new Set(pageDigests).size).toBeGreaterThan(20);
  });

  test('blocks in batches of every size', () => {
    for (let first = 0; first < blocks.length; first++) {
      for (const count of [0, 1, 2, 3, 4, 5, 11]) {
        const part = blocks.slice(first, first + count);
        const expected = blockDigests.slice(first, first + count);
        expect(digestsOf(kernel.hashBlocks(concat(part)))).toEqual(expected);
        expect(digestsOf(kernel.hashBlocksOf(part))).toEqual(expected);
      }
    }
  });

  test('pages in batches of every size', () => {
    for (let count = 0; count <= pages.length; count++) {
      const part = pages.slice(pages.length - count);
      const expected = pageDigests.slice(pages.length - count);
      expect(digestsOf(kernel.hashPages(concat(part)))).toEqual(expected);
      expect(digestsOf(kernel.hashPagesOf(part))).toEqual(expected);
    }
  });

  test('a window of zeros only', () => {
    expect(digestsOf(kernel.hashBlocks(new Uint8Array(4 * BLOCK_BYTES)))).toEqual(Array(4).fill(HOLE_HEX));
    expect(digestsOf(kernel.hashPages(new Uint8Array(33 * PAGE_BYTES)))).toEqual(Array(33).fill(HOLE_HEX));
  });

  test('a block and its message have the same digest; a page does not', () => {
    expect(toHex(kernel.hash(blocks[0]!))).toBe(blockDigests[0]);
    expect(toHex(kernel.hash(pages[0]!))).not.toBe(pageDigests[0]);
  });

  test('unaligned input arrays', () => {
    const shifted = new Uint8Array(BLOCK_BYTES + 3).subarray(3);
    shifted.set(blocks[0]!);
    expect(digestsOf(kernel.hashBlocks(shifted))).toEqual([blockDigests[0]]);
  });

  test('results are copies', () => {
    const first = kernel.hashBlocks(blocks[0]!);
    kernel.hashBlocks(blocks[3]!);
    expect(digestsOf(first)).toEqual([blockDigests[0]]);
  });

  test('refuses what is no whole number of units', () => {
    expect(() => kernel.hashBlocks(new Uint8Array(BLOCK_BYTES + 1))).toThrow(RangeError);
    expect(() => kernel.hashPages(new Uint8Array(PAGE_BYTES - 1))).toThrow(RangeError);
    expect(() => kernel.hashBlocksOf([blocks[0]!, pages[0]!])).toThrow(RangeError);
    expect(() => kernel.hashPagesOf([new Uint8Array(0)])).toThrow(RangeError);
  });

  test('root commitment binds root and size', () => {
    const root = randomBytes(DIGEST_BYTES, 9);
    for (const sizeBytes of [0, 1, 65_536, 2 ** 32, 2 ** 40 + 512, Number.MAX_SAFE_INTEGER]) {
      const input = new Uint8Array(DIGEST_BYTES + 8);
      input.set(root);
      new DataView(input.buffer).setBigUint64(DIGEST_BYTES, BigInt(sizeBytes), true);
      expect(toHex(kernel.rootCommitment(root, sizeBytes))).toBe(toHex(blake3(input, { context: ROOT_CONTEXT })));
    }
    expect(() => kernel.rootCommitment(root.subarray(1), 0)).toThrow(RangeError);
    for (const size of [-1, 0.5, 2 ** 53, Number.NaN])
      expect(() => kernel.rootCommitment(root, size)).toThrow(RangeError);
  });
});
