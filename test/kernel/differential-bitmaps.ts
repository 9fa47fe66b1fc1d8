// Differential checks of the bitmap operations: against arrays of booleans.
import type { Bitmaps } from '../../engine/kernel/bitmaps.ts';
import { randomBytes, randomIntegers } from './bytes.ts';
import type { Check } from './differential-sets.ts';

const OPERATIONS = {
  or: (a: boolean, b: boolean) => a || b,
  and: (a: boolean, b: boolean) => a && b,
  andNot: (a: boolean, b: boolean) => a && !b,
};

/** Noise, runs and single bits, short ones and some that are longer than a window. */
export function checkBitmaps(
  bitmaps: Bitmaps,
  check: Check,
  { seed, rounds }: { readonly seed: number; readonly rounds: number },
): void {
  const below = randomIntegers(seed + 4);
  for (let round = 0; round < Math.ceil(rounds / 10); round++) {
    const bytes = below(round % 60 === 59 ? 600_000 : 200);
    const [a, b] = [randomBitmap(below, bytes), randomBitmap(below, bytes)];
    const [bitsA, bitsB] = [bitsOf(a), bitsOf(b)];
    const what = `round ${round}, ${bytes} bytes of bits`;
    for (const [name, operation] of Object.entries(OPERATIONS)) {
      const combined = bitmaps.combine(name as keyof typeof OPERATIONS, a, b);
      const expected = bitsA.map((bit, i) => operation(bit, bitsB[i]!));
      check(`${what}: ${name}`, textOf(bitsOf(combined)), textOf(expected));
    }
    check(`${what}: count`, `${bitmaps.count(a)}`, `${bitsA.filter((bit) => bit).length}`);
    check(`${what}: runs`, bitmaps.runs(a).join(), runsOf(bitsA).join());
  }
}

function randomBitmap(below: (bound: number) => number, bytes: number): Uint8Array {
  const kind = below(3);
  if (kind === 0) return randomBytes(bytes, below(2 ** 31));
  const bitmap = new Uint8Array(bytes);
  for (let i = below(6); i > 0; i--) {
    const start = below(8 * bytes + 1);
    const end = kind === 1 ? Math.min(start + 1, 8 * bytes) : start + below(8 * bytes - start + 1);
    for (let bit = start; bit < end; bit++) bitmap[bit >> 3]! |= 1 << (bit & 7);
  }
  return bitmap;
}

const bitsOf = (bitmap: Uint8Array): boolean[] =>
  Array.from({ length: 8 * bitmap.length }, (_, i) => ((bitmap[i >> 3]! >> (i & 7)) & 1) === 1);

const textOf = (bits: readonly boolean[]): string => bits.map(Number).join('');

function runsOf(bits: readonly boolean[]): number[] {
  const ends: number[] = [];
  bits.forEach((bit, i) => {
    if (bit !== (bits[i - 1] ?? false)) ends.push(i);
  });
  if (bits.at(-1)) ends.push(bits.length);
  return ends;
}
