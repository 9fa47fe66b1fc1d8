// Reading a delta stream: frames one after the other, each checked, and all of them against the trailer. Nothing that a
// stream says is believed before it was checked; what it wants held is bounded.

import {
  badStream,
  type DeltaHeader,
  decodeFrameHead,
  decodeHeader,
  FRAME_FIELDS_BYTES,
  FRAME_HEAD_BYTES,
  type FrameHead,
  HEADER_BYTES,
} from './delta.ts';
import type { EngineHost } from './host.ts';
import type { Hasher } from './kernel/hasher.ts';
import { BLOCK_BYTES, bytesEqual, DISK_BYTES_MAX, type Digest } from './types.ts';

/**
 * Exactly so many of the next bytes of a stream, good until the next call; fewer when it has ended. At most 65,536 are
 * asked for.
 */
export type Take = (length: number) => Promise<Uint8Array>;

/** A block with its bytes, or a run of holes. Blocks come in ascending order. */
export type DeltaChange =
  | { readonly kind: 'block'; readonly blockIndex: number; readonly digest: Digest; readonly bytes: Uint8Array }
  | { readonly kind: 'holes'; readonly firstBlock: number; readonly blockCount: number };

export class DeltaReader {
  readonly #host: EngineHost;
  readonly #take: Take;
  readonly #hasher: Hasher;

  constructor(host: EngineHost, take: Take) {
    this.#host = host;
    this.#take = take;
    this.#hasher = host.kernel.hasher();
  }

  /** Comes first. Throws DeltaError `bad-stream`. */
  async header(): Promise<DeltaHeader> {
    const header = decodeHeader(this.#host.kernel, await this.#exactly(HEADER_BYTES, 'its header'));
    for (const sizeBytes of [header.fromSizeBytes, header.toSizeBytes]) {
      const isSize = sizeBytes > 0 && sizeBytes <= DISK_BYTES_MAX && sizeBytes % BLOCK_BYTES === 0;
      if (!isSize) throw badStream(`no disk has ${sizeBytes} bytes`);
    }
    return header;
  }

  /**
   * The changes, to the trailer. What was yielded is sound in itself; that the stream is whole is known when the
   * generator ends. Throws DeltaError `bad-stream`.
   */
  async *changes({ fromSizeBytes, toSizeBytes }: DeltaHeader): AsyncGenerator<DeltaChange, void, void> {
    // Only zeros can lie beyond the end, where the first point had something.
    const end = { block: toSizeBytes / BLOCK_BYTES, holes: Math.max(fromSizeBytes, toSizeBytes) / BLOCK_BYTES };
    let frames = 0;
    let next = 0;
    for (;;) {
      const head = await this.#head();
      if (head.kind === 'end') return await this.#end(head, frames);
      const first = head.kind === 'block' ? head.blockIndex : head.firstBlock;
      const count = head.kind === 'block' ? 1 : head.blockCount;
      if (first < next) throw badStream(`block ${first} comes after block ${next - 1}`);
      if (first + count > end[head.kind]) throw badStream(`block ${first + count - 1} lies beyond the end`);
      next = first + count;
      frames += 1;
      yield head.kind === 'holes' ? head : await this.#block(head);
    }
  }

  async #head(): Promise<FrameHead> {
    const bytes = await this.#read(FRAME_HEAD_BYTES, 'the head of a frame');
    const head = decodeFrameHead(bytes);
    // The trailer's digest is of all before it, and cannot be of itself.
    this.#hasher.update(head.kind === 'end' ? bytes.subarray(0, FRAME_FIELDS_BYTES) : bytes);
    return head;
  }

  async #block(head: Extract<FrameHead, { kind: 'block' }>): Promise<DeltaChange> {
    const { blockIndex, digest, encoding, length } = head;
    const encoded = await this.#exactly(length, `block ${blockIndex}`);
    const decoded = this.#host.codec.decode({ encoding, bytes: encoded }, BLOCK_BYTES);
    if (decoded === null || !bytesEqual(this.#host.kernel.hashBlocks(decoded), digest)) {
      throw badStream(`block ${blockIndex} does not match its digest`);
    }
    // A raw frame decodes to itself, and its bytes are the stream's own.
    const bytes = decoded.buffer === encoded.buffer ? decoded.slice() : decoded;
    return { kind: 'block', blockIndex, digest, bytes };
  }

  async #end(head: Extract<FrameHead, { kind: 'end' }>, frames: number): Promise<void> {
    if (head.frames !== frames) throw badStream(`it had ${head.frames} frames and has ${frames}`);
    if (!bytesEqual(this.#hasher.digest(), head.digest)) throw badStream('it does not match the digest at its end');
    if ((await this.#take(1)).length > 0) throw badStream('bytes follow its end');
  }

  async #exactly(length: number, what: string): Promise<Uint8Array> {
    const bytes = await this.#read(length, what);
    this.#hasher.update(bytes);
    return bytes;
  }

  async #read(length: number, what: string): Promise<Uint8Array> {
    const bytes = await this.#take(length);
    if (bytes.length < length) throw badStream(`it ends in ${what}`);
    return bytes;
  }
}
