// One pack while it is being filled. Bytes go straight into the buffer that is sent, so a pack in assembly costs its
// own size once.

import type { Kernel } from '../kernel.ts';
import type { Frame } from '../ports.ts';
import { release } from '../release.ts';
import { BLOCK_BYTES, type Kind, type ObjectRef } from '../types.ts';
import {
  encodeEntries,
  encodeFooter,
  FRAME_HEADER_BYTES,
  PACK_ENTRIES_MAX,
  PACK_FOOTER_BYTES,
  PACK_HEAD_BYTES,
  PACK_TARGET_BYTES,
  TRAILER_ENTRY_BYTES,
  writeFrameHeader,
  writeHead,
} from './pack-format.ts';
import type { PackEntry } from './ports.ts';

/** Buffers start small, because most backups are, and double. */
const FIRST_BUFFER_BYTES = 256 * 1_024;
/** The largest pack that is written: the target, one more frame, and the longest trailer. About 4.5 MiB. */
export const PACK_BUFFER_BYTES =
  PACK_TARGET_BYTES + FRAME_HEADER_BYTES + BLOCK_BYTES + PACK_ENTRIES_MAX * TRAILER_ENTRY_BYTES + PACK_FOOTER_BYTES;

export class PackWriter {
  readonly kind: Kind;
  readonly #kernel: Kernel;
  readonly #targetBytes: number;
  #entries: PackEntry[] = [];
  #buffer = new Uint8Array(FIRST_BUFFER_BYTES);
  #used = PACK_HEAD_BYTES;

  /** `targetBytes`: at most PACK_TARGET_BYTES; smaller where many packs of few bytes are wanted (tests, drills). */
  constructor(kernel: Kernel, kind: Kind, targetBytes: number = PACK_TARGET_BYTES) {
    this.#kernel = kernel;
    this.kind = kind;
    this.#targetBytes = Math.min(targetBytes, PACK_TARGET_BYTES);
  }

  /** In the order in which they were added. */
  get entries(): readonly PackEntry[] {
    return this.#entries;
  }

  /** True when the pack is to be shipped before anything else is added. */
  get isFull(): boolean {
    return this.#used >= this.#targetBytes || this.#entries.length >= PACK_ENTRIES_MAX;
  }

  /** Forgets what was added and keeps the buffer, for the next pack: nobody may use a former view any more. */
  clear(): void {
    this.#entries = [];
    this.#used = PACK_HEAD_BYTES;
  }

  /** Gives the buffer back. The writer must not be used any more. */
  release(): void {
    release(this.#buffer);
  }

  /** Adds one object. The frame's bytes are copied. */
  add(ref: ObjectRef, frame: Frame): void {
    if (this.isFull) throw new RangeError('pack is full');
    if (ref.kind !== this.kind) throw new RangeError('blocks and pages never share a pack');
    const offset = this.#used + FRAME_HEADER_BYTES;
    const length = frame.bytes.length;
    this.#reserve(offset + length);
    const entry = { kind: ref.kind, digest: ref.digest.slice(), encoding: frame.encoding, offset, length };
    writeFrameHeader(this.#kernel, this.#buffer, this.#used, entry);
    this.#buffer.set(frame.bytes, offset);
    this.#entries.push(entry);
    this.#used = offset + length;
  }

  /**
   * The whole pack under this UUID: a view of the writer's buffer. May be called again with another UUID for another
   * attempt, when nobody uses the former view any more.
   */
  seal(uuid: string): Uint8Array {
    const trailer = encodeEntries(this.#entries);
    const trailerOffset = this.#used;
    const end = trailerOffset + trailer.length + PACK_FOOTER_BYTES;
    this.#reserve(end);
    writeHead(this.#buffer, uuid, this.kind);
    this.#buffer.set(trailer, trailerOffset);
    const footer = { uuid, kind: this.kind, entries: this.#entries.length, trailerOffset };
    this.#buffer.set(encodeFooter(this.#kernel, footer, trailer), end - PACK_FOOTER_BYTES);
    return this.#buffer.subarray(0, end);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#buffer.length) return;
    // Past half of the target, doubling would allocate what can never be used.
    const doubled = 2 * this.#buffer.length;
    const length = doubled < PACK_TARGET_BYTES && doubled >= bytes ? doubled : PACK_BUFFER_BYTES;
    this.#buffer = new Uint8Array(this.#buffer.buffer.transfer(length));
  }
}
