// Zero test and deltas, against plain loops.
import { describe, expect, test } from 'vitest';
import { Kernel } from '../../engine/kernel.ts';
import { BLOCK_BYTES, DIGEST_BYTES, PAGE_BYTES, SECTOR_BYTES } from '../../engine/types.ts';
import { KERNEL_BUILDS, kernelModule } from '../support/kernel.ts';
import { randomBytes, randomIntegers } from './bytes.ts';

function changedParts(a: Uint8Array, b: Uint8Array, partBytes: number): number[] {
  const changed = new Set<number>();
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) changed.add(Math.floor(i / partBytes));
  return [...changed];
}

describe.each(KERNEL_BUILDS)('zero test, %s build', (build) => {
  const kernel = new Kernel(kernelModule(build));

  test('finds a byte at every position of short ranges', () => {
    for (const length of [0, 1, 15, 16, 127, 128, 129, 300]) {
      const bytes = new Uint8Array(length);
      expect(kernel.isZero(bytes)).toBe(true);
      for (let i = 0; i < length; i++) {
        bytes[i] = 1 << (i & 7);
        expect(kernel.isZero(bytes), `${length} bytes, one at ${i}`).toBe(false);
        bytes[i] = 0;
      }
    }
  });

  test('looks beyond the window, and not at what lies in it from before', () => {
    const bytes = new Uint8Array(600_001);
    kernel.hash(randomBytes(262_144, 1));
    expect(kernel.isZero(bytes.subarray(0, 1_001))).toBe(true);
    expect(kernel.isZero(bytes)).toBe(true);
    for (const at of [0, 262_143, 262_144, 524_288, 600_000]) {
      bytes[at] = 128;
      expect(kernel.isZero(bytes), `one at ${at}`).toBe(false);
      bytes[at] = 0;
    }
  });
});

describe.each(KERNEL_BUILDS)('deltas, %s build', (build) => {
  const kernel = new Kernel(kernelModule(build));
  const kinds = [
    {
      what: 'children',
      bytes: PAGE_BYTES,
      part: DIGEST_BYTES,
      delta: (a: Uint8Array, b: Uint8Array) => [...kernel.changedChildren(a, b)],
    },
    {
      what: 'sectors',
      bytes: BLOCK_BYTES,
      part: SECTOR_BYTES,
      delta: (a: Uint8Array, b: Uint8Array) => [...kernel.changedSectors(a, b)],
    },
  ];

  describe.each(kinds)('changed $what', ({ bytes, part, delta }) => {
    test('equal, and different throughout', () => {
      const a = randomBytes(bytes, 1);
      expect(delta(a, a.slice())).toEqual([]);
      expect(
        delta(
          a,
          a.map((byte) => ~byte),
        ),
      ).toEqual(Array.from({ length: bytes / part }, (_, i) => i));
    });

    test('one bit anywhere', () => {
      const a = randomBytes(bytes, 2);
      const b = a.slice();
      for (let at = 0; at < bytes; at += 97) {
        b[at]! ^= 1 << (at & 7);
        expect(delta(a, b)).toEqual([Math.floor(at / part)]);
        b[at] = a[at]!;
      }
    });

    test('random changes', () => {
      const below = randomIntegers(3);
      for (let round = 0; round < 30; round++) {
        const a = randomBytes(bytes, round);
        const b = a.slice();
        for (let change = below(200); change > 0; change--) b[below(bytes)] = below(256);
        expect(delta(a, b)).toEqual(changedParts(a, b, part));
      }
    });

    test('refuses other lengths', () => {
      const right = new Uint8Array(bytes);
      expect(() => delta(right, new Uint8Array(bytes - 1))).toThrow(RangeError);
      expect(() => delta(new Uint8Array(bytes + part), right)).toThrow(RangeError);
    });
  });
});
