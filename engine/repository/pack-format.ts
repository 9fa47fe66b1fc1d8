// The byte layout of a pack, and nothing else: head, frames with headers, trailer, footer. All numbers little-endian.
// The tables are in docs/repository-format.md; change both or neither, and only by a new magic.

import type { Kernel } from '../kernel.ts';
import { bytesEqual, DIGEST_BYTES, type Kind, type ObjectRef } from '../types.ts';
import { uuidBytes, uuidText } from './keys.ts';
import type { PackEntry } from './ports.ts';

export const PACK_HEAD_BYTES = 32;
export const FRAME_HEADER_BYTES = 48;
export const TRAILER_ENTRY_BYTES = 48;
export const PACK_FOOTER_BYTES = 96;

/**
 * A pack is shipped when it has reached this size: it is never larger than this plus one frame and its trailer. Larger
 * ones are fewer operations of object storage, smaller ones less memory: 1 TiB of blocks is 262,144 puts, $1.18.
 */
export const PACK_TARGET_BYTES = 4 * 2 ** 20;
/** Pages of a thin disk compress to a few bytes: a pack is also shipped when it has this many objects. */
export const PACK_ENTRIES_MAX = 8_192;
/** What a reader must be ready for. A larger pack is refused. */
export const PACK_BYTES_MAX = 16 * 2 ** 20;

const HEAD_MAGIC = ascii('EVSPACK1');
const FOOTER_MAGIC = ascii('EVSPEND1');
const FRAME_MAGIC = ascii('EVSF');
const CHECK_AT = 12;
const CHECK_BYTES = 4;
const FRAME_DIGEST_AT = 16;
const FOOTER_HASHED_BYTES = 64;

export function writeHead(pack: Uint8Array, uuid: string, kind: Kind): void {
  pack.set(HEAD_MAGIC, 0);
  pack[8] = kind;
  pack.set(uuidBytes(uuid), 16);
}

/** Writes a frame's header at `at`. */
export function writeFrameHeader(kernel: Kernel, pack: Uint8Array, at: number, entry: FrameHeader): void {
  const header = pack.subarray(at, at + FRAME_HEADER_BYTES);
  header.set(FRAME_MAGIC, 0);
  header[4] = entry.kind;
  header[5] = entry.encoding;
  header[6] = 0;
  header[7] = 0;
  view(header).setUint32(8, entry.length, true);
  header.set(entry.digest, FRAME_DIGEST_AT);
  header.set(headerCheck(kernel, header), CHECK_AT);
}

export interface FrameHeader extends ObjectRef {
  readonly encoding: number;
  readonly length: number;
}

/** The header at `at`, or null where there is none, or a damaged one. */
export function readFrameHeader(kernel: Kernel, pack: Uint8Array, at: number): FrameHeader | null {
  if (at + FRAME_HEADER_BYTES > pack.length) return null;
  const header = pack.subarray(at, at + FRAME_HEADER_BYTES);
  for (let i = 0; i < FRAME_MAGIC.length; i++) if (header[i] !== FRAME_MAGIC[i]) return null;
  if (!bytesEqual(headerCheck(kernel, header), header.subarray(CHECK_AT, CHECK_AT + CHECK_BYTES))) return null;
  return {
    kind: header[4] as Kind,
    encoding: header[5]!,
    length: view(header).getUint32(8, true),
    digest: header.slice(FRAME_DIGEST_AT, FRAME_DIGEST_AT + DIGEST_BYTES),
  };
}

/** Only so much that a flipped length is noticed before it is believed; content is checked against its digest. */
function headerCheck(kernel: Kernel, header: Uint8Array): Uint8Array {
  return kernel
    .hashParts([header.subarray(0, CHECK_AT), header.subarray(FRAME_DIGEST_AT, FRAME_HEADER_BYTES)])
    .subarray(0, CHECK_BYTES);
}

/** Also the form of a pack's directory in a Vault's table and of its list over RPC: 48 bytes an entry. */
export function encodeEntries(entries: readonly PackEntry[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * TRAILER_ENTRY_BYTES);
  const numbers = view(bytes);
  entries.forEach((entry, i) => {
    const at = i * TRAILER_ENTRY_BYTES;
    bytes.set(entry.digest, at);
    numbers.setUint32(at + 32, entry.offset, true);
    numbers.setUint32(at + 36, entry.length, true);
    bytes[at + 40] = entry.kind;
    bytes[at + 41] = entry.encoding;
  });
  return bytes;
}

/** The inverse. Throws RangeError when the length is no whole number of entries. */
export function decodeEntries(bytes: Uint8Array): PackEntry[] {
  if (bytes.length % TRAILER_ENTRY_BYTES !== 0) throw new RangeError('no whole number of pack entries');
  const numbers = view(bytes);
  return Array.from({ length: bytes.length / TRAILER_ENTRY_BYTES }, (_, i) => {
    const at = i * TRAILER_ENTRY_BYTES;
    return {
      digest: bytes.slice(at, at + DIGEST_BYTES),
      offset: numbers.getUint32(at + 32, true),
      length: numbers.getUint32(at + 36, true),
      kind: bytes[at + 40] as Kind,
      encoding: bytes[at + 41]!,
    };
  });
}

export interface PackFooter {
  readonly uuid: string;
  readonly kind: Kind;
  readonly entries: number;
  /** From the start of the pack. */
  readonly trailerOffset: number;
}

/** Footer bytes that go with this trailer. */
export function encodeFooter(kernel: Kernel, footer: PackFooter, trailer: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(PACK_FOOTER_BYTES);
  bytes.set(FOOTER_MAGIC, 0);
  bytes[8] = footer.kind;
  view(bytes).setUint32(12, footer.entries, true);
  view(bytes).setUint32(16, footer.trailerOffset, true);
  bytes.set(uuidBytes(footer.uuid), 24);
  bytes.set(kernel.hashParts([trailer, bytes.subarray(0, FOOTER_HASHED_BYTES)]), FOOTER_HASHED_BYTES);
  return bytes;
}

/** What a footer claims; null when it is none. Believe it only after `footerMatches`. */
export function decodeFooter(bytes: Uint8Array): PackFooter | null {
  for (let i = 0; i < FOOTER_MAGIC.length; i++) if (bytes[i] !== FOOTER_MAGIC[i]) return null;
  return {
    kind: bytes[8] as Kind,
    entries: view(bytes).getUint32(12, true),
    trailerOffset: view(bytes).getUint32(16, true),
    uuid: uuidText(bytes.subarray(24, 40)),
  };
}

/** Do trailer and footer carry the hash that the footer ends in? */
export function footerMatches(kernel: Kernel, footer: Uint8Array, trailer: Uint8Array): boolean {
  const hash = kernel.hashParts([trailer, footer.subarray(0, FOOTER_HASHED_BYTES)]);
  return bytesEqual(hash, footer.subarray(FOOTER_HASHED_BYTES));
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
