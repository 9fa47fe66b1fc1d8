// Frames of the WebSocket protocol (RFC 6455), the client's side: no extensions, messages in one piece going out.
import { randomFillSync } from 'node:crypto';

export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Larger ones are nobody's who means well. */
const PAYLOAD_BYTES_MAX = 64 * 2 ** 20;

export interface Frame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly payload: Uint8Array;
}

/** A frame as a client sends it: masked, so that what lies between cannot be made to take it for something else. */
export function encodeFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const lengthBytes = payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8;
  const maskAt = 2 + lengthBytes;
  // The payload begins at a multiple of four, so that it can be masked by words.
  const start = (4 - ((maskAt + 4) % 4)) % 4;
  const whole = new Uint8Array(start + maskAt + 4 + Math.ceil(payload.length / 4) * 4);
  const frame = whole.subarray(start, start + maskAt + 4 + payload.length);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (lengthBytes === 0 ? payload.length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) view.setUint16(2, payload.length);
  if (lengthBytes === 8) view.setBigUint64(2, BigInt(payload.length));
  const mask = frame.subarray(maskAt, maskAt + 4);
  randomFillSync(mask);
  frame.set(payload, maskAt + 4);
  // Whatever the order of bytes in a word is, it is the same for mask and payload.
  const [word] = new Uint32Array(mask.slice().buffer);
  const words = new Uint32Array(whole.buffer, start + maskAt + 4);
  for (let i = 0; i < words.length; i++) words[i] = words[i]! ^ word!;
  return frame;
}

/** Frames out of a stream of bytes: each payload is put together once, in a buffer of its own. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  /** Bytes of a header that has not come whole. */
  #header: number[] = [];
  #payload: Uint8Array | null = null;
  #filled = 0;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /** Takes in what has come. Throws RangeError on a frame that no server may send. */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#payload === null) {
        this.#header.push(chunk[at]!);
        at += 1;
        this.#begin();
      } else {
        const part = chunk.subarray(at, at + this.#payload.length - this.#filled);
        this.#payload.set(part, this.#filled);
        this.#filled += part.length;
        at += part.length;
      }
      if (this.#payload !== null && this.#filled === this.#payload.length) this.#finish(this.#payload);
    }
  }

  /** Makes the payload's buffer once the header is whole. */
  #begin(): void {
    const header = this.#header;
    if (header.length < 2) return;
    const short = header[1]!;
    if ((short & 0x80) !== 0 || (header[0]! & 0x70) !== 0) throw new RangeError('a masked or extended frame');
    const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
    if (header.length < 2 + lengthBytes) return;
    const length = lengthBytes === 0 ? short : header.slice(2).reduce((sum, byte) => sum * 256 + byte, 0);
    if (length > PAYLOAD_BYTES_MAX) throw new RangeError(`a frame of ${length} bytes`);
    this.#payload = new Uint8Array(length);
    this.#filled = 0;
  }

  #finish(payload: Uint8Array): void {
    const first = this.#header[0]!;
    this.#header = [];
    this.#payload = null;
    this.#onFrame({ opcode: first & 0x0f, isFinal: (first & 0x80) !== 0, payload });
  }
}
