// Bitmaps: bit i is bit i % 8 of byte i / 8. Sizes are in bytes; what lies behind the last byte is padded with zeros.

import { RESULT_AT, RESULT_BYTES, WINDOW_AT, WINDOW_BYTES } from './memory';

const WORD_BYTES: u32 = 8;
const RUN_BYTES: u32 = 8;
/** Runs that fit the result area. */
const RUNS_MAX: u32 = RESULT_BYTES / RUN_BYTES;

export const OR: u32 = 0;
export const AND: u32 = 1;
export const AND_NOT: u32 = 2;

/** Combines the bitmap in the window's first half with the one in its second, into the first. */
export function combine(operation: u32, bytes: u32): void {
  const end = WINDOW_AT + bytes;
  for (let a = WINDOW_AT; a < end; a += 16) {
    const left = v128.load(a);
    const right = v128.load(a, WINDOW_BYTES / 2);
    if (operation === OR) v128.store(a, v128.or(left, right));
    else if (operation === AND) v128.store(a, v128.and(left, right));
    else v128.store(a, v128.andnot(left, right));
  }
}

/** Zeros up to the next whole word, so that words can be read to the end. */
function pad(bytes: u32): u32 {
  const words = (bytes + WORD_BYTES - 1) / WORD_BYTES;
  memory.fill(WINDOW_AT + bytes, 0, words * WORD_BYTES - bytes);
  return words;
}

/** Number of bits that are set. Scalar words: the vector form of popcount is slower on x64. */
export function count(bytes: u32): u32 {
  const end = WINDOW_AT + pad(bytes) * WORD_BYTES;
  let bits: u64 = 0;
  for (let at = WINDOW_AT; at < end; at += WORD_BYTES) bits += popcnt<u64>(load<u64>(at));
  return <u32>bits;
}

/** First bit from `from` on that is `value` (all ones or all zeros), or `bits`. */
function next(from: u32, bits: u32, flip: u64): u32 {
  while (from < bits) {
    const word = (load<u64>(WINDOW_AT + (from >> 6) * WORD_BYTES) ^ flip) >> (from & 63);
    if (word !== 0) return min(bits, from + <u32>ctz<u64>(word));
    from = (from | 63) + 1;
  }
  return bits;
}

/**
 * Runs of set bits from bit `from` on, into RESULT_AT: first bit and the bit after the last, four bytes each. Returns
 * how many: RUNS_MAX when there may be more, from the end of the last one on.
 */
export function runs(bytes: u32, from: u32): u32 {
  pad(bytes);
  const bits = bytes * 8;
  let found: u32 = 0;
  while (found < RUNS_MAX) {
    const start = next(from, bits, 0);
    if (start === bits) break;
    from = next(start, bits, ~0);
    store<u32>(RESULT_AT + found * RUN_BYTES, start);
    store<u32>(RESULT_AT + found * RUN_BYTES, from, 4);
    found++;
  }
  return found;
}
