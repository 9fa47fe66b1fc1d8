// The batch calls at their edges: what fills the window or the result area exactly, and what they refuse. That they agree
// with independent implementations on random input is differential.test.ts.
import { describe, expect, test } from 'vitest';
import { buildTree, verifyPath } from '../../engine/kernel/merkle.ts';
import { DigestSet, Kernel } from '../../engine/kernel.ts';
import { BLOCK_BYTES, DIGEST_BYTES, HOLE, PAGE_BYTES, toHex } from '../../engine/types.ts';
import { KERNEL_BUILDS, kernelModule } from '../support/kernel.ts';
import { digestsOf, randomBytes } from './bytes.ts';

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe.each(KERNEL_BUILDS)('batches, %s build', (build) => {
  const kernel = new Kernel(kernelModule(build));

  test('messages of one size have the digests of each alone', () => {
    const bytes = randomBytes(2 * 262_144, 1);
    for (const bytesEach of [64, 512, 1_024, 2_048, 4_096, 65_536, 262_144]) {
      // One more than a call takes.
      const count = Math.min(bytes.length / bytesEach, Math.min(256, 262_144 / bytesEach) + 1);
      const messages = bytes.subarray(0, count * bytesEach);
      const alone = range(count).map((i) => toHex(kernel.hash(messages.subarray(i * bytesEach, (i + 1) * bytesEach))));
      expect(digestsOf(kernel.hashMessages(messages, bytesEach)), `${bytesEach} bytes`).toEqual(alone);
    }
    expect(kernel.hashMessages(new Uint8Array(0), 4_096)).toEqual(new Uint8Array(0));
  });

  test('zeros are hashed like other messages', () => {
    const zeros = new Uint8Array(3 * 4_096);
    const each = toHex(kernel.hash(zeros.subarray(0, 4_096)));
    expect(digestsOf(kernel.hashMessages(zeros, 4_096))).toEqual([each, each, each]);
  });

  test('refuses messages of another size', () => {
    for (const bytesEach of [0, -64, 32, 63, 96, 3_072, 524_288, 64.5, Number.NaN]) {
      expect(() => kernel.hashMessages(new Uint8Array(0), bytesEach), `${bytesEach}`).toThrow(RangeError);
    }
    expect(() => kernel.hashMessages(new Uint8Array(4_097), 4_096)).toThrow(RangeError);
  });

  test('deltas of many pages, all children changed: the result area is full', () => {
    for (const count of [0, 1, 15, 16, 17, 33]) {
      const before = range(count).map(() => new Uint8Array(PAGE_BYTES));
      const after = range(count).map(() => new Uint8Array(PAGE_BYTES).fill(1));
      const all = range(count * 256);
      expect([...kernel.changedChildrenOf(before, after)]).toEqual(all);
      expect([...kernel.presentChildrenOf(after)]).toEqual(all);
      expect([...kernel.changedChildrenOf(after, after)]).toEqual([]);
      expect([...kernel.presentChildrenOf(before)]).toEqual([]);
    }
  });

  test('children that are there, of one page', () => {
    const page = new Uint8Array(PAGE_BYTES);
    page[5 * DIGEST_BYTES + 31] = 1;
    page[255 * DIGEST_BYTES] = 128;
    expect([...kernel.presentChildren(page)]).toEqual([5, 255]);
  });

  test('refuses pages of other lengths and lists that do not match', () => {
    const page = new Uint8Array(PAGE_BYTES);
    expect(() => kernel.changedChildrenOf([page], [])).toThrow(RangeError);
    expect(() => kernel.changedChildrenOf([page], [page.subarray(1)])).toThrow(RangeError);
    expect(() => kernel.presentChildrenOf([new Uint8Array(BLOCK_BYTES)])).toThrow(RangeError);
    expect(() => kernel.presentChildren(page.subarray(32))).toThrow(RangeError);
  });

  test('equality looks at every byte, and not behind the last', () => {
    for (const bytes of [0, 1, 31, 32, 33, 131_071, 131_072, 131_073]) {
      const a = randomBytes(bytes, 2);
      kernel.equal(randomBytes(131_072, 3), randomBytes(131_072, 4));
      expect(kernel.equal(a, a.slice()), `${bytes} bytes`).toBe(true);
      for (const at of bytes === 0 ? [] : [0, bytes >> 1, bytes - 1]) {
        const b = a.slice();
        b[at]! ^= 1;
        expect(kernel.equal(a, b), `${bytes} bytes, other at ${at}`).toBe(false);
      }
    }
    expect(kernel.equal(new Uint8Array(2), new Uint8Array(3))).toBe(false);
  });

  test('runs of bits across words, windows and full result areas', () => {
    const { bitmaps } = kernel;
    const long = new Uint8Array(262_144 + 5).fill(255);
    expect([...bitmaps.runs(long)]).toEqual([0, 8 * long.length]);
    long[262_144] = 0b1111_0111;
    expect([...bitmaps.runs(long)]).toEqual([0, 8 * 262_144 + 3, 8 * 262_144 + 4, 8 * long.length]);
    const alternating = new Uint8Array(1_000).fill(0b0101_0101);
    expect([...bitmaps.runs(alternating)]).toEqual(range(4_000).flatMap((i) => [2 * i, 2 * i + 1]));
    expect([...bitmaps.runs(new Uint8Array(3))]).toEqual([]);
    expect(bitmaps.count(long)).toBe(8 * long.length - 1);
    expect(() => bitmaps.combine('or', new Uint8Array(2), new Uint8Array(3))).toThrow(RangeError);
  });

  test('a tree over digests, and paths through it', () => {
    const digests = randomBytes(300 * DIGEST_BYTES, 6);
    digests.fill(0, 7 * DIGEST_BYTES, 8 * DIGEST_BYTES);
    const { root, levels } = buildTree(kernel, digests);
    expect(levels.map((pages) => pages.length / PAGE_BYTES)).toEqual([2, 1, 1, 1]);
    const path = [levels[3]!, levels[2]!, levels[1]!, levels[0]!.subarray(0, PAGE_BYTES)];
    const digest = digests.subarray(DIGEST_BYTES, 2 * DIGEST_BYTES);
    expect(verifyPath(kernel, root, 1, digest, path)).toBe(true);
    expect(verifyPath(kernel, root, 7, HOLE, path)).toBe(true);
    expect(verifyPath(kernel, root, 2, digest, path)).toBe(false);
    // The right page at the wrong place.
    expect(verifyPath(kernel, root, 257, digest, path)).toBe(false);
    expect(toHex(buildTree(kernel, new Uint8Array(0)).root)).toBe(toHex(HOLE));
    expect(() => verifyPath(kernel, root, 1, digest, path.slice(1))).toThrow(RangeError);
    for (const index of [-1, 0.5, 2 ** 32])
      expect(() => verifyPath(kernel, root, index, digest, path)).toThrow(RangeError);
    expect(() => buildTree(kernel, new Uint8Array(33))).toThrow(RangeError);
  });
});

describe.each(KERNEL_BUILDS)('classifying digests, %s build', (build) => {
  const module = kernelModule(build);
  const pool = randomBytes(20_000 * DIGEST_BYTES, 5);

  test('known, new and repeated, also when the repetition comes a window later', () => {
    const set = new DigestSet(module);
    set.add(pool.subarray(0, 2 * DIGEST_BYTES));
    const twice = new Uint8Array(2 * pool.length);
    twice.set(pool, 0);
    twice.set(pool, pool.length);
    const expected = [0, 0, ...Array(19_998).fill(1), 0, 0, ...Array(19_998).fill(2)];
    expect([...set.classify(twice, { insert: false })]).toEqual(expected);
    expect(set.size).toBe(2);
    expect(set.has(pool).filter((flag) => flag === 1).length).toBe(2);
    expect([...set.classify(twice, { insert: true })]).toEqual(expected);
    expect(set.size).toBe(20_000);
    expect(set.classify(twice, { insert: true }).every((flag) => flag === 0)).toBe(true);
  });

  test('a set that is too full to classify stays as it was', () => {
    const limit = 1_048_576;
    const set = new DigestSet(module, { capacity: limit });
    const batch = new Uint8Array(65_536 * DIGEST_BYTES);
    const view = new DataView(batch.buffer);
    const load = (first: number): Uint8Array => {
      for (let i = 0; i < 65_536; i++) view.setUint32(i * DIGEST_BYTES, Math.imul(first + i, 2_654_435_761), true);
      return batch;
    };
    for (let first = 0; first < limit - 65_536; first += 65_536) set.add(load(first));
    set.add(load(limit - 65_536).subarray(0, 65_535 * DIGEST_BYTES));
    expect(() => set.classify(load(limit - 2), { insert: true })).toThrow(/full/);
    expect(set.size).toBe(limit - 1);
    expect([...set.classify(load(limit - 2).subarray(0, 2 * DIGEST_BYTES), { insert: false })]).toEqual([0, 1]);
  });
});
