// Ranges of a disk that cannot be read, and why, as a report shows them: in order, neighbours joined, and no more of them
// than somebody reads.

import type { ByteRange } from '../errors.ts';

/**
 * What is wrong with stored bytes. `lost`: they are not there, or stand for content that was lost earlier. `flipped`: they do
 * not match their name. `misdirected`: they are another object's, whole. `log`: bytes of the log do not match their check, or
 * the log itself is not whole.
 */
export type Flaw = 'lost' | 'flipped' | 'misdirected' | 'log';

export interface FlawedRange extends ByteRange {
  readonly why: Flaw;
}

/** What a point of a disk has lost. Ranges are added in ascending order and never overlap. */
export class FlawedRanges {
  readonly #ranges: { offset: number; length: number; why: Flaw }[] = [];
  readonly #sizeBytes: number;
  readonly #listedMax: number;
  /** The last range, whether it is listed or not. */
  #last: { offset: number; length: number; why: Flaw } | null = null;
  count = 0;
  unreadableBytes = 0;

  /** `sizeBytes`: of the point; what lies beyond it is nobody's loss. `listedMax`: ranges that are listed, the others count. */
  constructor(sizeBytes: number, listedMax: number) {
    this.#sizeBytes = sizeBytes;
    this.#listedMax = listedMax;
  }

  /** The first of the ranges. */
  get listed(): readonly FlawedRange[] {
    return this.#ranges;
  }

  add(offset: number, endOffset: number, why: Flaw): void {
    const length = Math.min(endOffset, this.#sizeBytes) - offset;
    if (length <= 0) return;
    this.unreadableBytes += length;
    const last = this.#last;
    if (last && last.why === why && last.offset + last.length === offset) {
      last.length += length;
      return;
    }
    this.count += 1;
    this.#last = { offset, length, why };
    if (this.#ranges.length < this.#listedMax) this.#ranges.push(this.#last);
  }
}
