// How stored rows are keyed and bounded. Shared by the memory and the SQLite stores, so that both collide, order and
// refuse in the same way, and a test against one says something about the other.

import type { Digest, Kind, ObjectRef } from '../types.ts';

/** The platform refuses rows of 2 MB; local runs do not, so the stores do it themselves, with room for the header. */
export const STORED_ROW_BYTES_MAX = 1_900_000;

/** How many objects may share the first 48 bits of their digest (and, with kinds apart, of a digest as such). */
export const SLOTS = 32;

/** Row key of slot 0 for this digest: its first 48 bits times 32. The last slot's key is at most 2 ** 53 - 1. */
export function slotBase(digest: Digest): number {
  const high = digest[0]! * 65_536 + digest[1]! * 256 + digest[2]!;
  const low = digest[3]! * 65_536 + digest[4]! * 256 + digest[5]!;
  return (high * 16_777_216 + low) * SLOTS;
}

/** Lowest slot that is not in use. Throws when 32 objects share the prefix: by chance that never happens. */
export function freeSlot(used: readonly number[]): number {
  for (let slot = 0; slot < SLOTS; slot++) if (!used.includes(slot)) return slot;
  throw new Error(`object store: ${SLOTS} objects share the first 48 bits of their digest; no slot is left`);
}

/** A row's `m`: kind and encoding in one number. */
export function packMark(kind: Kind, encoding: number): number {
  return encoding * 2 + kind;
}

export function markKind(mark: number): Kind {
  return (mark & 1) as Kind;
}

export function markEncoding(mark: number): number {
  return mark >> 1;
}

/** Throws RangeError when a row with these values would be refused by the platform. */
export function checkRowBytes(what: string, bytes: number): void {
  if (bytes > STORED_ROW_BYTES_MAX) {
    throw new RangeError(`${what} of ${bytes} bytes exceeds the ${STORED_ROW_BYTES_MAX} bytes that a row may hold`);
  }
}

/** A copy with one bit changed; null when there is no bit to change. */
export function flipBit(bytes: Uint8Array, random: number): Uint8Array | null {
  if (bytes.length === 0) return null;
  const flipped = bytes.slice();
  const bit = random % (bytes.length * 8);
  flipped[bit >> 3]! ^= 1 << (bit & 7);
  return flipped;
}

/** Key of a ref for maps and sets: shorter and faster to make than hex, and different for the two kinds. */
export function refKey({ kind, digest: d }: ObjectRef): string {
  let key = String.fromCharCode(kind);
  for (let i = 0; i < d.length; i += 2) key += String.fromCharCode(d[i]! | (d[i + 1]! << 8));
  return key;
}
