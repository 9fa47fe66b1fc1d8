// The digest set, against a Set of strings.
import { describe, expect, test } from 'vitest';
import { DigestSet } from '../../engine/kernel.ts';
import { DIGEST_BYTES, toHex } from '../../engine/types.ts';
import { KERNEL_BUILDS, kernelModule } from '../support/kernel.ts';
import { concat, digestsOf, randomBytes, randomIntegers } from './bytes.ts';

const LIMIT = 1_048_576;

/** What DigestSet should answer. */
class Model {
  readonly known = new Set<string>();
  add(digests: Uint8Array): number[] {
    return digestsOf(digests).map((digest) => {
      const isNew = !this.known.has(digest);
      this.known.add(digest);
      return isNew ? 1 : 0;
    });
  }
  has(digests: Uint8Array): number[] {
    return digestsOf(digests).map((digest) => (this.known.has(digest) ? 1 : 0));
  }
}

const pick = (pool: Uint8Array, indices: readonly number[]): Uint8Array =>
  concat(indices.map((i) => pool.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES)));

/** Digests that all begin alike, and so all want the same slot. */
function collidingDigests(count: number, sameBytes: number): Uint8Array {
  const digests = randomBytes(count * DIGEST_BYTES, 7);
  for (let i = 0; i < count; i++) digests.fill(0xa5, i * DIGEST_BYTES, i * DIGEST_BYTES + sameBytes);
  for (let i = 0; i < count; i++) new DataView(digests.buffer).setUint32(i * DIGEST_BYTES + 28, i);
  return digests;
}

describe.each(KERNEL_BUILDS)('digest set, %s build', (build) => {
  const module = kernelModule(build);

  test('tells new, known and repeated apart', () => {
    const set = new DigestSet(module);
    const pool = randomBytes(3 * DIGEST_BYTES, 1);
    expect([...set.has(pool)]).toEqual([0, 0, 0]);
    expect([...set.add(pick(pool, [0, 1, 0]))]).toEqual([1, 1, 0]);
    expect([...set.add(pick(pool, [1, 2, 2]))]).toEqual([0, 1, 0]);
    expect([...set.has(pool)]).toEqual([1, 1, 1]);
    expect(set.size).toBe(3);
    expect(set.add(new Uint8Array(0)).length).toBe(0);
  });

  test('random batches, while it grows', () => {
    const below = randomIntegers(2);
    const set = new DigestSet(module);
    const model = new Model();
    const poolSize = 30_000;
    const pool = randomBytes(poolSize * DIGEST_BYTES, 3);
    // The last batches are larger than a window (8,192 digests).
    for (const batch of [1, 10, 500, 1_023, 2_000, 5_000, 12_000, 20_000]) {
      const digests = pick(
        pool,
        Array.from({ length: batch }, () => below(poolSize)),
      );
      expect([...set.has(digests)]).toEqual(model.has(digests));
      expect([...set.add(digests)]).toEqual(model.add(digests));
      expect(set.size).toBe(model.known.size);
    }
    expect([...set.has(pool)]).toEqual(model.has(pool));
  });

  test.each([4, 8, 16, 28])('digests whose first %i bytes are equal', (sameBytes) => {
    const set = new DigestSet(module);
    const digests = collidingDigests(3_000, sameBytes);
    const half = digests.subarray(0, digests.length / 2);
    expect(set.add(half).every((flag) => flag === 1)).toBe(true);
    expect([...set.has(digests)]).toEqual([...Array(1_500).fill(1), ...Array(1_500).fill(0)]);
    expect([...set.add(digests)]).toEqual([...Array(1_500).fill(0), ...Array(1_500).fill(1)]);
    expect(set.size).toBe(3_000);
  });

  test('one differing byte anywhere makes another digest', () => {
    const set = new DigestSet(module);
    const digest = randomBytes(DIGEST_BYTES, 5);
    set.add(digest);
    for (let i = 0; i < DIGEST_BYTES; i++) {
      const other = digest.slice();
      other[i]! ^= 0x10;
      expect([...set.has(other)]).toEqual([0]);
    }
  });

  test('a digest of zeros is like any other', () => {
    const set = new DigestSet(module);
    const zeros = new Uint8Array(DIGEST_BYTES);
    expect([...set.has(zeros)]).toEqual([0]);
    expect([...set.add(zeros)]).toEqual([1]);
    expect([...set.has(zeros)]).toEqual([1]);
  });

  test('clear forgets everything, and the set goes on', () => {
    const set = new DigestSet(module, { capacity: 5_000 });
    const digests = randomBytes(4_000 * DIGEST_BYTES, 6);
    set.add(digests);
    set.clear();
    expect(set.size).toBe(0);
    expect(set.has(digests).every((flag) => flag === 0)).toBe(true);
    expect(set.add(digests).every((flag) => flag === 1)).toBe(true);
    expect(set.size).toBe(4_000);
  });

  test('sets are separate', () => {
    const [one, other] = [new DigestSet(module), new DigestSet(module)];
    const digest = randomBytes(DIGEST_BYTES, 8);
    one.add(digest);
    expect([...other.has(digest)]).toEqual([0]);
  });

  test('refuses what is no digest, and no capacity', () => {
    const set = new DigestSet(module);
    expect(() => set.add(new Uint8Array(33))).toThrow(RangeError);
    expect(() => set.has(new Uint8Array(31))).toThrow(RangeError);
    for (const capacity of [-1, 0.5, LIMIT + 1, Number.NaN]) {
      expect(() => new DigestSet(module, { capacity })).toThrow(RangeError);
    }
    expect(new DigestSet(module, { capacity: 0 }).size).toBe(0);
  });
});

test('the set takes its limit, and says when it is full', () => {
  const set = new DigestSet(kernelModule(), { capacity: LIMIT });
  const batch = 8_192;
  const digests = new Uint8Array(batch * DIGEST_BYTES);
  const view = new DataView(digests.buffer);
  // Distinct words at the front are enough: they choose the slot.
  const load = (first: number): Uint8Array => {
    for (let i = 0; i < batch; i++) view.setUint32(i * DIGEST_BYTES, Math.imul(first + i, 2_654_435_761), true);
    return digests;
  };
  for (let first = 0; first < LIMIT - batch; first += batch) set.add(load(first));
  // The last ones that fit, after two that are known: a known digest needs no room.
  expect(() => set.add(load(LIMIT - batch - 2))).not.toThrow();
  expect(set.size).toBe(LIMIT - 2);
  expect(() => set.add(load(LIMIT - batch + 8))).toThrow(/full/);
  expect(set.size).toBe(LIMIT);
  expect(set.add(load(0)).every((flag) => flag === 0)).toBe(true);
  expect(toHex(set.has(load(LIMIT)).slice(0, 16))).toBe('00'.repeat(16));
});
