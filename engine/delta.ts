// The format of a delta stream: what turns the content of one point into that of another (docs/delta-stream.md). A header,
// frames in the order of blocks, a trailer with the digest of all. Everything in it is little endian.

import type { Kernel } from './kernel.ts';
import { BLOCK_BYTES, bytesEqual, DIGEST_BYTES, type Digest, isHole } from './types.ts';

export const DELTA_VERSION = 1;
export const HEADER_BYTES = 128;
/** Every frame begins with as many bytes, whatever it is. */
export const FRAME_HEAD_BYTES = 48;

const MAGIC = new TextEncoder().encode('EVSDELTA');
/** Where the header's own digest begins. */
const HEADER_DIGEST_AT = HEADER_BYTES - DIGEST_BYTES;
const FRAME = { block: 1, holes: 2, end: 3 } as const;
/** Bytes of a head before its digest: u8 type, u8 encoding, u16 zero, u32 length, u64 index or count. */
export const FRAME_FIELDS_BYTES = 16;

/** Between which contents a stream leads. A commitment is derive_key(root, size): 32 bytes that stand for all bytes. */
export interface DeltaHeader {
  readonly fromSizeBytes: number;
  readonly toSizeBytes: number;
  readonly from: Digest;
  readonly to: Digest;
}

/** The head of a frame. */
export type FrameHead =
  | {
      readonly kind: 'block';
      readonly blockIndex: number;
      readonly digest: Digest;
      readonly encoding: number;
      /** Encoded bytes that follow, 1 to 65,536. */
      readonly length: number;
    }
  | { readonly kind: 'holes'; readonly firstBlock: number; readonly blockCount: number }
  /** `digest`: of everything before it. `frames`: how many came before. */
  | { readonly kind: 'end'; readonly frames: number; readonly digest: Digest };

export type DeltaErrorCode =
  /** The stream is broken, or says what cannot be. */
  | 'bad-stream'
  /** The stream does not begin at what the disk holds. */
  | 'wrong-base'
  | 'too-large';

export class DeltaError extends Error {
  override readonly name = 'DeltaError';
  readonly code: DeltaErrorCode;

  constructor(code: DeltaErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The error for a stream that is not as it was made. */
export function badStream(why: string): DeltaError {
  return new DeltaError('bad-stream', `The delta stream is broken: ${why}.`);
}

export function encodeHeader(kernel: Kernel, header: DeltaHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(8, DELTA_VERSION, true);
  view.setUint32(12, BLOCK_BYTES, true);
  view.setBigUint64(16, BigInt(header.fromSizeBytes), true);
  view.setBigUint64(24, BigInt(header.toSizeBytes), true);
  bytes.set(header.from, 32);
  bytes.set(header.to, 64);
  bytes.set(kernel.hash(bytes.subarray(0, HEADER_DIGEST_AT)), HEADER_DIGEST_AT);
  return bytes;
}

/** Throws DeltaError `bad-stream` on anything but a header of this version. */
export function decodeHeader(kernel: Kernel, bytes: Uint8Array): DeltaHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!bytesEqual(bytes.subarray(0, MAGIC.length), MAGIC)) throw badStream('it does not begin as one');
  const version = view.getUint32(8, true);
  if (version !== DELTA_VERSION) throw badStream(`its version is ${version}, and ${DELTA_VERSION} is what is known`);
  if (view.getUint32(12, true) !== BLOCK_BYTES) throw badStream(`its blocks have not ${BLOCK_BYTES} bytes`);
  if (!bytesEqual(kernel.hash(bytes.subarray(0, HEADER_DIGEST_AT)), bytes.subarray(HEADER_DIGEST_AT))) {
    throw badStream('its header does not match its digest');
  }
  return {
    fromSizeBytes: wholeAt(view, 16),
    toSizeBytes: wholeAt(view, 24),
    from: bytes.slice(32, 64),
    to: bytes.slice(64, 96),
  };
}

export function encodeFrameHead(head: FrameHead): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  bytes[0] = FRAME[head.kind];
  switch (head.kind) {
    case 'block':
      bytes[1] = head.encoding;
      view.setUint32(4, head.length, true);
      view.setBigUint64(8, BigInt(head.blockIndex), true);
      bytes.set(head.digest, FRAME_FIELDS_BYTES);
      break;
    case 'holes':
      view.setBigUint64(8, BigInt(head.firstBlock), true);
      view.setBigUint64(16, BigInt(head.blockCount), true);
      break;
    case 'end':
      view.setBigUint64(8, BigInt(head.frames), true);
      bytes.set(head.digest, FRAME_FIELDS_BYTES);
      break;
  }
  return bytes;
}

/** Throws DeltaError `bad-stream` on anything that `encodeFrameHead` does not make. */
export function decodeFrameHead(bytes: Uint8Array): FrameHead {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = frameHead(bytes, view);
  if (!bytesEqual(encodeFrameHead(head), bytes)) throw badStream('a frame has bytes where none may be');
  return head;
}

function frameHead(bytes: Uint8Array, view: DataView): FrameHead {
  const digest = bytes.slice(FRAME_FIELDS_BYTES);
  switch (bytes[0]) {
    case FRAME.block: {
      const length = view.getUint32(4, true);
      if (length < 1 || length > BLOCK_BYTES) throw badStream(`a block has ${length} encoded bytes`);
      if (isHole(digest)) throw badStream('a hole is written as a block');
      return { kind: 'block', blockIndex: wholeAt(view, 8), digest, encoding: bytes[1]!, length };
    }
    case FRAME.holes: {
      const blockCount = wholeAt(view, 16);
      if (blockCount < 1) throw badStream('a run of no holes');
      return { kind: 'holes', firstBlock: wholeAt(view, 8), blockCount };
    }
    case FRAME.end:
      return { kind: 'end', frames: wholeAt(view, 8), digest };
    default:
      throw badStream(`a frame of unknown type ${bytes[0]}`);
  }
}

function wholeAt(view: DataView, at: number): number {
  const value = Number(view.getBigUint64(at, true));
  if (!Number.isSafeInteger(value)) throw badStream(`${value} is too large a number`);
  return value;
}
