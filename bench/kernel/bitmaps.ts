// Bitmaps of a disk's blocks: counting and combining, against plain loops.
import { Kernel } from '../../engine/kernel.ts';
import { randomBytes, words32 } from './bytes.ts';
import { bytesOf, type KernelCase, mustAgree } from './cases.ts';

/** One bit for each block of a disk of 32 GiB. */
const BITMAP_BYTES = 65_536;

export const bitmaps: KernelCase = {
  id: 'bitmap',
  title: 'Bits set in one bitmap of 64 KiB but not in another, counted; copies included',
  prepare({ kernels }) {
    const { bitmaps } = new Kernel(kernels.relaxed);
    const [a, b] = [randomBytes(BITMAP_BYTES, 13), randomBytes(BITMAP_BYTES, 14)];
    const inKernel = () => bitmaps.count(bitmaps.combine('andNot', a, b));
    const inJs = () => countBits(without(words32(a), words32(b)));
    mustAgree('bitmaps', inKernel(), inJs());
    const work = bytesOf(2 * BITMAP_BYTES);
    return [
      { id: 'kernel', title: 'kernel', work, run: inKernel },
      { id: 'js-u32', title: 'loop over Uint32Arrays', work, run: inJs },
    ];
  },
};

function without(a: Uint32Array, b: Uint32Array): Uint32Array {
  const out = new Uint32Array(a.length);
  for (let i = 0; i < a.length; i++) out[i] = a[i]! & ~b[i]!;
  return out;
}

function countBits(words: Uint32Array): number {
  let bits = 0;
  for (let i = 0; i < words.length; i++) {
    let word = words[i]!;
    word -= (word >>> 1) & 0x5555_5555;
    word = (word & 0x3333_3333) + ((word >>> 2) & 0x3333_3333);
    word = (word + (word >>> 4)) & 0x0f0f_0f0f;
    bits += Math.imul(word, 0x0101_0101) >>> 24;
  }
  return bits;
}
