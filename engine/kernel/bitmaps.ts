// Bitmaps of any length in the kernel: bit i is bit i % 8 of byte i / 8, as in assembly/bitmap.ts.
import type { Arena } from './arena.ts';

/** Numbers of the operations, as assembly/bitmap.ts has them. */
const OPERATIONS = { or: 0, and: 1, andNot: 2 } as const;

/** The bit positions of a longer bitmap are no 32-bit integers. */
const BYTES_MAX = 2 ** 29 - 1;

/** Operations on bitmaps. Stateless: the bitmaps are the caller's, all results are fresh copies. */
export class Bitmaps {
  readonly #arena: Arena;

  /** Use `Kernel.bitmaps`. */
  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** The bits of `a` or, and, and-not those of `b`. Throws RangeError when the lengths differ. */
  combine(operation: keyof typeof OPERATIONS, a: Uint8Array, b: Uint8Array): Uint8Array {
    if (a.length !== b.length) throw new RangeError(`bitmaps of ${a.length} and ${b.length} bytes`);
    const { window, windowBytes, exports } = this.#arena;
    const half = windowBytes / 2;
    const out = new Uint8Array(a.length);
    for (let at = 0; at < a.length; at += half) {
      const part = a.subarray(at, at + half);
      window.set(part, 0);
      window.set(b.subarray(at, at + half), half);
      exports.bitmapCombine(OPERATIONS[operation], part.length);
      out.set(window.subarray(0, part.length), at);
    }
    return out;
  }

  /** Number of bits that are set. */
  count(bitmap: Uint8Array): number {
    const { window, windowBytes, exports } = this.#arena;
    let bits = 0;
    for (let at = 0; at < bitmap.length; at += windowBytes) {
      const part = bitmap.subarray(at, at + windowBytes);
      window.set(part);
      bits += exports.bitmapCount(part.length);
    }
    return bits;
  }

  /**
   * Runs of set bits, ascending: first bit and the bit after the last, one run after the other. Throws RangeError on a
   * bitmap of 2^29 bytes or more.
   */
  runs(bitmap: Uint8Array): Uint32Array {
    if (bitmap.length > BYTES_MAX) throw new RangeError(`a bitmap of ${bitmap.length} bytes is too long`);
    const { window, windowBytes, numbers, exports } = this.#arena;
    const ends: number[] = [];
    for (let at = 0; at < bitmap.length; at += windowBytes) {
      const part = bitmap.subarray(at, at + windowBytes);
      window.set(part);
      for (let from = 0, found = numbers.length; found === numbers.length; ) {
        found = 2 * exports.bitmapRuns(part.length, from);
        for (let i = 0; i < found; i += 2) {
          const [start, end] = [8 * at + numbers[i]!, 8 * at + numbers[i + 1]!];
          // A run goes on where the window before it ended.
          if (ends.at(-1) === start) ends[ends.length - 1] = end;
          else ends.push(start, end);
        }
        if (found > 0) from = numbers[found - 1]!;
      }
    }
    return Uint32Array.from(ends);
  }
}
