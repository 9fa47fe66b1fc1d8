// Where a list of changed blocks goes on. A cursor belongs to the two points that it was made for, and to what they held:
// with other points it means nothing, and over other content it would skip what changed behind it.

import type { Kernel } from '../../engine/kernel.ts';
import { bytesEqual, DIGEST_BYTES } from '../../engine/types.ts';
import type { PointName } from '../protocol.ts';
import type { Point } from './points.ts';
import { DataRefusal } from './refusal.ts';

const VERSION = 1;
/** Enough of a digest to tell requests apart: nobody gains anything by making two that are equal. */
const CHECK_BYTES = 8;
/** u8 version | 8 check of the points' names | 8 check of their content | u48 block. */
const CURSOR_BYTES = 1 + 2 * CHECK_BYTES + 6;

export class ChangeCursor {
  readonly #names: Uint8Array;
  readonly #content: Uint8Array;

  constructor(kernel: Kernel, names: readonly PointName[], points: readonly Point[]) {
    this.#names = kernel.hash(new TextEncoder().encode(JSON.stringify(names))).subarray(0, CHECK_BYTES);
    const content = new Uint8Array(points.length * DIGEST_BYTES);
    points.forEach(({ root, sizeBytes }, i) => {
      content.set(kernel.rootCommitment(root, sizeBytes), i * DIGEST_BYTES);
    });
    this.#content = kernel.hash(content).subarray(0, CHECK_BYTES);
  }

  encode(block: number): string {
    const bytes = new Uint8Array(CURSOR_BYTES);
    bytes[0] = VERSION;
    bytes.set(this.#names, 1);
    bytes.set(this.#content, 1 + CHECK_BYTES);
    const view = new DataView(bytes.buffer);
    view.setUint16(1 + 2 * CHECK_BYTES, Math.floor(block / 2 ** 32));
    view.setUint32(3 + 2 * CHECK_BYTES, block % 2 ** 32);
    return btoa(String.fromCharCode(...bytes))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', '');
  }

  /** The block to go on from. Throws `bad-cursor`, or `changed` when the points held something else. */
  decode(text: string): number {
    const bytes = fromBase64Url(text);
    if (bytes?.length !== CURSOR_BYTES || bytes[0] !== VERSION) {
      throw new DataRefusal('bad-cursor', 'The cursor is none that an answer gave in next.');
    }
    if (!bytesEqual(bytes.subarray(1, 1 + CHECK_BYTES), this.#names)) {
      throw new DataRefusal('bad-cursor', 'The cursor belongs to a list of other points.');
    }
    if (!bytesEqual(bytes.subarray(1 + CHECK_BYTES, 1 + 2 * CHECK_BYTES), this.#content)) {
      const text =
        'The disk was written to since the list began: begin again, or list a snapshot, which does not change.';
      throw new DataRefusal('changed', text);
    }
    const view = new DataView(bytes.buffer);
    return view.getUint16(1 + 2 * CHECK_BYTES) * 2 ** 32 + view.getUint32(3 + 2 * CHECK_BYTES);
  }
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[\w-]{1,64}$/.test(text)) return null;
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}
