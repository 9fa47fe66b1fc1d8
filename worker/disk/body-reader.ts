// A request body, taken in pieces of the lengths that a format asks for.

import { badStream } from '../../engine/delta.ts';
import { BLOCK_BYTES } from '../../engine/types.ts';
import { DataRefusal } from './refusal.ts';

/** Read from the body at a time, at most; and four of the longest pieces. */
const BUFFER_BYTES = 4 * BLOCK_BYTES;

export class BodyReader {
  readonly #reader: ReadableStreamBYOBReader | null;
  readonly #bytesMax: number;
  #buffer = new ArrayBuffer(BUFFER_BYTES);
  /** What was read and not taken yet. */
  #begin = 0;
  #end = 0;
  #readBytes = 0;

  /** A body of more than `bytesMax` bytes is refused when they have come. */
  constructor(body: ReadableStream<Uint8Array> | null, bytesMax: number) {
    this.#reader = body?.getReader({ mode: 'byob' }) ?? null;
    this.#bytesMax = bytesMax;
  }

  /**
   * The next `length` bytes (65,536 at most), good until the next call; fewer at the end of the body. Throws
   * DeltaError `bad-stream` when it breaks off, DataRefusal `too-large`.
   */
  async take(length: number): Promise<Uint8Array> {
    if (this.#end - this.#begin < length) await this.#fill(length);
    const part = new Uint8Array(this.#buffer, this.#begin, Math.min(length, this.#end - this.#begin));
    this.#begin += part.length;
    return part;
  }

  /** Lets go of what is left of the body. */
  async cancel(): Promise<void> {
    await this.#reader?.cancel().catch(() => undefined);
  }

  async #fill(length: number): Promise<void> {
    if (this.#reader === null) return;
    new Uint8Array(this.#buffer).copyWithin(0, this.#begin, this.#end);
    const held = this.#end - this.#begin;
    const view = new Uint8Array(this.#buffer, held);
    const { value } = await this.#reader.readAtLeast(length - held, view).catch((error: unknown) => {
      throw badStream(`it broke off (${error instanceof Error ? error.message : error})`);
    });
    this.#begin = 0;
    // At the end of the body some runtimes keep the buffer: then the piece is not whole anyway.
    this.#end = value === undefined ? 0 : held + value.length;
    this.#buffer = value === undefined ? new ArrayBuffer(BUFFER_BYTES) : (value.buffer as ArrayBuffer);
    this.#readBytes += value?.length ?? 0;
    if (this.#readBytes > this.#bytesMax) {
      throw new DataRefusal(
        'too-large',
        `One request takes at most ${this.#bytesMax} bytes: ask for the delta in parts.`,
      );
    }
  }
}
