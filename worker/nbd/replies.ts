// Replies of the transmission phase, as parts to be joined: simple ones, and structured ones once they were negotiated.

import { concat, u16, u32, u64 } from './bytes.ts';
import type { Extent } from './export.ts';
import type { Negotiation } from './handshake.ts';
import {
  ALLOCATION,
  CHUNK_DONE,
  ChunkType,
  type NbdErrno,
  SIMPLE_REPLY_MAGIC,
  STRUCTURED_REPLY_MAGIC,
} from './wire.ts';

/** Longest text of an error, in bytes. */
const TEXT_MAX = 160;

/** A request was done that has nothing to show. After the negotiation, reads must answer with a chunk even so. */
export function doneReply({ structured }: Negotiation, cookie: Uint8Array, isRead: boolean): Uint8Array[] {
  return [structured && isRead ? chunk(ChunkType.none, cookie, 0) : simple(0, cookie)];
}

/** The bytes of a read, in one chunk always: so the client's "do not fragment" needs no care. */
export function dataReply(
  { structured }: Negotiation,
  cookie: Uint8Array,
  offset: number,
  bytes: Uint8Array,
): Uint8Array[] {
  if (!structured) return [simple(0, cookie), bytes];
  return [chunk(ChunkType.offsetData, cookie, 8 + bytes.length), u64(offset), bytes];
}

/** What is allocated. Only with structured replies. */
export function statusReply(cookie: Uint8Array, extents: readonly Extent[]): Uint8Array[] {
  const body = extents.flatMap(({ length, isHole }) => [
    u32(length),
    u32(isHole ? ALLOCATION.hole | ALLOCATION.zero : 0),
  ]);
  return [chunk(ChunkType.blockStatus, cookie, 4 + 8 * extents.length), u32(ALLOCATION.id), ...body];
}

/** A failure; the text is lost where replies are simple. */
export function errorReply(
  { structured }: Negotiation,
  cookie: Uint8Array,
  errno: NbdErrno,
  text: string,
): Uint8Array[] {
  if (!structured) return [simple(errno, cookie)];
  const message = new TextEncoder().encode(text).subarray(0, TEXT_MAX);
  return [chunk(ChunkType.error, cookie, 6 + message.length), u32(errno), u16(message.length), message];
}

function simple(errno: number, cookie: Uint8Array): Uint8Array {
  return concat([u32(SIMPLE_REPLY_MAGIC), u32(errno), cookie]);
}

/** The header of a chunk that is the last of its reply. */
function chunk(type: number, cookie: Uint8Array, bytes: number): Uint8Array {
  return concat([u32(STRUCTURED_REPLY_MAGIC), u16(CHUNK_DONE), u16(type), cookie, u32(bytes)]);
}
