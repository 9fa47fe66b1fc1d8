// Frames: how an object's bytes lie in storage. The rules of compression exist once, here; each runtime brings only the
// primitives (node:zlib in workerd and Node, a deflate in browsers). Why there are two zstd forms: workerd's compressor
// throws whenever its output passes about 40 KB (cloudflare/workerd#6769), so a block that compresses little is cut in two.

import type { Codec, Frame } from './ports.ts';
import { bytesEqual } from './types.ts';

/** The encoding byte of a frame. Stored for ever: codes are added, never changed or reused. */
export const Encoding = {
  raw: 0,
  /** One zstd frame. */
  zstd: 1,
  /** Two zstd frames, of the first 32 KiB and of the rest, each after its length in 4 bytes (little-endian). */
  zstdHalves: 2,
  /** One zlib stream (RFC 1950) after its length in 4 bytes: decoders ignore what follows a stream. */
  deflate: 3,
} as const;

/** Codes kept free for encodings relative to another object; no decoder knows them yet. */
export const DELTA_ENCODINGS = { first: 16, last: 31 } as const;

/** One compression format of a runtime. Both functions are synchronous and may throw. */
export interface Primitives {
  compress(bytes: Uint8Array): Uint8Array;
  /** May stop, or throw, once the output passes `maxBytes`. */
  decompress(bytes: Uint8Array, maxBytes: number): Uint8Array;
}

const HALF_BYTES = 32_768;
/** What is looked at to tell whether bytes will compress: 512 bytes at each of 8 places. */
const SAMPLE = { parts: 8, partBytes: 512 } as const;
/** Bits a byte of a sample beyond which compressing is no use. Random bytes come to 7.95, program code to 6 or 7. */
const SAMPLE_BITS_MAX = 7.6;
const PREFIX_BYTES = 4;

/** Stores everything as it is: for tests that want to see the bytes, and where no compressor exists. */
export const rawCodec: Codec = {
  encode: rawFrame,
  decode: (frame, sizeBytes) => decodeWith({}, frame, sizeBytes),
};

/** Writes zstd frames; reads those, and deflate frames when the runtime has that too. */
export function frameCodec(zstd: Primitives, deflate?: Primitives): Codec {
  const decoders = { zstd, deflate };
  return {
    encode(bytes) {
      if (looksRandom(bytes)) return rawFrame(bytes);
      const whole = attempt(() => oneFrame(zstd, bytes));
      if (whole !== null) return smallerOf(bytes, Encoding.zstd, whole);
      if (bytes.length <= HALF_BYTES) return rawFrame(bytes);
      const halves = attempt(() => joinHalves(zstd, bytes));
      return halves === null ? rawFrame(bytes) : smallerOf(bytes, Encoding.zstdHalves, halves);
    },
    decode: (frame, sizeBytes) => decodeWith(decoders, frame, sizeBytes),
  };
}

/** Writes and reads deflate frames: for browsers, which have no synchronous zstd. */
export function deflateCodec(deflate: Primitives): Codec {
  return {
    encode(bytes) {
      const packed = attempt(() => prefixed([deflate.compress(bytes)]));
      return packed === null ? rawFrame(bytes) : smallerOf(bytes, Encoding.deflate, packed);
    },
    decode: (frame, sizeBytes) => decodeWith({ deflate }, frame, sizeBytes),
  };
}

function rawFrame(bytes: Uint8Array): Frame {
  return { encoding: Encoding.raw, bytes };
}

/** Compressed bytes are kept only when they save an eighth: less does not pay for decoding at every read. */
function smallerOf(bytes: Uint8Array, encoding: number, encoded: Uint8Array): Frame {
  return encoded.length * 8 <= bytes.length * 7 ? { encoding, bytes: encoded } : rawFrame(bytes);
}

const counts = new Uint32Array(256);
/** n * log2(n), for every count that a sample can have. */
const N_LOG_N = Float64Array.from({ length: SAMPLE.parts * SAMPLE.partBytes + 1 }, (_, n) =>
  n === 0 ? 0 : n * Math.log2(n),
);

/**
 * True for media, archives and ciphertext, from the entropy of a sample: a quarter of what trying to compress 4 KiB
 * costs, and spread over all the bytes, so that a random beginning does not speak for the rest (docs/design/0005-data-path.md).
 */
function looksRandom(bytes: Uint8Array): boolean {
  const { parts, partBytes } = SAMPLE;
  const sampleBytes = parts * partBytes;
  if (bytes.length < sampleBytes) return false;
  counts.fill(0);
  const stride = Math.floor((bytes.length - partBytes) / (parts - 1));
  for (let part = 0; part < parts; part++) {
    const end = part * stride + partBytes;
    for (let at = part * stride; at < end; at++) counts[bytes[at]!]!++;
  }
  let sum = 0;
  for (const count of counts) sum += N_LOG_N[count]!;
  return Math.log2(sampleBytes) - sum / sampleBytes > SAMPLE_BITS_MAX;
}

function joinHalves(zstd: Primitives, bytes: Uint8Array): Uint8Array {
  return prefixed([oneFrame(zstd, bytes.subarray(0, HALF_BYTES)), oneFrame(zstd, bytes.subarray(HALF_BYTES))]);
}

/**
 * Compresses, and looks at what came of it: when a frame fills workerd's buffer of 40,960 bytes to the last one, a second,
 * empty frame of 9 bytes follows it. The two can be read, but no more are made: throws RangeError then.
 */
function oneFrame(zstd: Primitives, bytes: Uint8Array): Uint8Array {
  const frame = zstd.compress(bytes);
  if (zstdFrameEnd(frame, bytes.length) !== frame.length)
    throw new RangeError('the compressor made something else than one frame');
  return frame;
}

/** The parts one after the other, each behind its length. */
function prefixed(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + PREFIX_BYTES + part.length, 0));
  const view = new DataView(joined.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    joined.set(part, at + PREFIX_BYTES);
    at += PREFIX_BYTES + part.length;
  }
  return joined;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at, true);
}

interface Decoders {
  readonly zstd?: Primitives | undefined;
  readonly deflate?: Primitives | undefined;
}

function decodeWith(decoders: Decoders, frame: Frame, sizeBytes: number): Uint8Array | null {
  const { encoding, bytes } = frame;
  if (encoding === Encoding.raw) return bytes.length === sizeBytes ? bytes : null;
  if (encoding === Encoding.zstd && decoders.zstd) return decodeZstd(decoders.zstd, bytes, sizeBytes);
  if (encoding === Encoding.zstdHalves && decoders.zstd) return decodeHalves(decoders.zstd, bytes, sizeBytes);
  if (encoding === Encoding.deflate && decoders.deflate) return decodeDeflate(decoders.deflate, bytes, sizeBytes);
  return null;
}

function decodeZstd(zstd: Primitives, bytes: Uint8Array, sizeBytes: number): Uint8Array | null {
  const end = zstdFrameEnd(bytes, sizeBytes);
  // Frames with the empty one behind them (see oneFrame) were stored before that was known: they are good.
  if (end === null || !(end === bytes.length || bytesEqual(bytes.subarray(end), EMPTY_ZSTD_FRAME))) return null;
  const decoded = attempt(() => zstd.decompress(bytes.subarray(0, end), sizeBytes));
  return decoded?.length === sizeBytes ? decoded : null;
}

function decodeHalves(zstd: Primitives, bytes: Uint8Array, sizeBytes: number): Uint8Array | null {
  if (sizeBytes <= HALF_BYTES || bytes.length < 2 * PREFIX_BYTES) return null;
  const firstEnd = PREFIX_BYTES + readUint32(bytes, 0);
  const secondStart = firstEnd + PREFIX_BYTES;
  if (secondStart > bytes.length || readUint32(bytes, firstEnd) !== bytes.length - secondStart) return null;
  const first = decodeZstd(zstd, bytes.subarray(PREFIX_BYTES, firstEnd), HALF_BYTES);
  const second = first && decodeZstd(zstd, bytes.subarray(secondStart), sizeBytes - HALF_BYTES);
  if (!first || !second) return null;
  const decoded = new Uint8Array(sizeBytes);
  decoded.set(first);
  decoded.set(second, HALF_BYTES);
  return decoded;
}

function decodeDeflate(deflate: Primitives, bytes: Uint8Array, sizeBytes: number): Uint8Array | null {
  if (bytes.length < PREFIX_BYTES || readUint32(bytes, 0) !== bytes.length - PREFIX_BYTES) return null;
  const decoded = attempt(() => deflate.decompress(bytes.subarray(PREFIX_BYTES), sizeBytes));
  return decoded?.length === sizeBytes ? decoded : null;
}

const ZSTD_MAGIC = 0xfd2fb528;
/** A frame of no bytes: magic, a single segment of size 0, one last raw block of length 0. */
const EMPTY_ZSTD_FRAME = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0);
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
/** 8 MiB, the most that RFC 8878 asks of a decoder: a damaged header must not make one allocate more. */
const WINDOW_LOG_MAX = 23;

/**
 * Walks the headers of a zstd frame (RFC 8878, section 3.1.1): where it ends, or null when it claims anything but
 * `sizeBytes`. Decoders return the first frame and silently ignore what follows it, so this cannot be left to them.
 */
function zstdFrameEnd(bytes: Uint8Array, sizeBytes: number): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 6 || view.getUint32(0, true) !== ZSTD_MAGIC) return null;
  const descriptor = bytes[4]!;
  if ((descriptor & 0x0b) !== 0) return null; // a reserved bit, or a dictionary, which we never use
  const singleSegment = (descriptor & 0x20) !== 0;
  if (!singleSegment && 10 + (bytes[5]! >> 3) > WINDOW_LOG_MAX) return null;
  let at = singleSegment ? 5 : 6;
  const sizeField = singleSegment && descriptor >> 6 === 0 ? 1 : CONTENT_SIZE_BYTES[descriptor >> 6]!;
  if (at + sizeField > bytes.length) return null;
  if (sizeField > 0 && contentSize(view, at, sizeField) !== sizeBytes) return null;
  at += sizeField;
  for (let isLast = false; !isLast; ) {
    if (at + 3 > bytes.length) return null;
    const header = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    const type = (header >> 1) & 3;
    if (type === 3) return null;
    at += 3 + (type === 1 ? 1 : header >> 3);
    isLast = (header & 1) !== 0;
  }
  const end = at + ((descriptor & 4) !== 0 ? 4 : 0);
  return end <= bytes.length ? end : null;
}

function contentSize(view: DataView, at: number, fieldBytes: number): number {
  if (fieldBytes === 1) return view.getUint8(at);
  if (fieldBytes === 2) return view.getUint16(at, true) + 256;
  if (fieldBytes === 4) return view.getUint32(at, true);
  return Number(view.getBigUint64(at, true));
}

function attempt<T>(action: () => T): T | null {
  try {
    return action();
  } catch {
    return null;
  }
}
