// A transfer: requests of one size to a target, in order or at random, one or several at a time. Both sides of every
// comparison are made of these.

import { KIB, MIB, type Piece } from './content.ts';
import { each, millisecondsOf } from './context.ts';
import type { Target } from './wire.ts';

/** Sizes of requests, by the names that measures have. */
export const REQUEST_BYTES = { '4k': 4 * KIB, '64k': 64 * KIB, '1m': MIB } as const;
export type RequestSize = keyof typeof REQUEST_BYTES;

/** Bytes that one turn moves in requests of that size: enough to be steady, few enough for many rounds. */
export function turnBytes(size: RequestSize, tiny: boolean): number {
  if (tiny) return 2 * REQUEST_BYTES[size];
  return { '4k': 2 * MIB, '64k': 16 * MIB, '1m': 64 * MIB }[size];
}

/** Rows of the raw peer for requests of that size: one row for a small request, which is the least that it can do. */
export function rowBytes(size: RequestSize): number {
  return Math.min(REQUEST_BYTES[size], 64 * KIB);
}

/** Writes the pieces, each a request; resolves to the milliseconds until the last is acknowledged. */
export function writeAll(target: Target, pieces: readonly Piece[], atATime = 1): Promise<number> {
  return millisecondsOf(() => each(pieces, atATime, ({ offset, bytes }) => target.write(offset, bytes)));
}

/** Reads at the offsets; resolves to the milliseconds until the last byte has come. */
export function readAll(target: Target, offsets: readonly number[], length: number, atATime = 1): Promise<number> {
  return millisecondsOf(() => each(offsets, atATime, (offset) => target.read(offset, length)));
}

/** Offsets one after the other, `count` of them, the first at `from`. */
export function inOrder(from: number, length: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i * length);
}

/** Offsets at random in the first `spanBytes`, the same for every contender of a round: `seed` decides. */
export function atRandom(spanBytes: number, length: number, count: number, seed: number): number[] {
  let state = seed * 2_654_435_761 + 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * (spanBytes / length)) * length;
  });
}
