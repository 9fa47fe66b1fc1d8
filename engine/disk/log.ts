// The log of a head: what was written since the root was made. One row is one commit; its directory lists entries, its
// data holds the bytes of sector entries. content(head) = replay of the log over the root (docs/design/0001-disk-head.md).
//
//   B  a whole block now has this digest (HOLE: zeros)
//   S  n sectors inside one block now have these bytes
//   Z  a range of sectors is zero: inside one block, or whole blocks (then of any length)
//
// Directory, little-endian, one entry after the other:
//   B  u8 1 | u48 blockIndex | 32 digest
//   S  u8 2 | u48 lba | u8 sectorCount (1..127) | u32 offset in data | 16 check (first half of BLAKE3 of the bytes)
//   Z  u8 3 | u48 lba | u48 sectorCount
// Code 4 is reserved for "the page over this span has this digest".

import { EngineError } from '../errors.ts';
import { DIGEST_BYTES, type Digest, HOLE, isHole, SECTOR_BYTES, SECTORS_PER_BLOCK } from '../types.ts';

/** Half a digest: enough to notice damage of at most 64 KiB of log data. */
export const CHECK_BYTES = 16;

export interface BlockEntry {
  readonly kind: 'block';
  readonly blockIndex: number;
  readonly digest: Digest;
}

export interface SectorsEntry {
  readonly kind: 'sectors';
  readonly blockIndex: number;
  /** First sector inside the block, 0 to 127. */
  readonly sector: number;
  readonly sectorCount: number;
  /** Where the bytes start in the data of the row that holds this entry. */
  readonly dataOffset: number;
  readonly check: Uint8Array;
}

/** Zeros inside one block. */
export interface ZeroSectorsEntry {
  readonly kind: 'zero-sectors';
  readonly blockIndex: number;
  readonly sector: number;
  readonly sectorCount: number;
}

/** Zeros over whole blocks. */
export interface ZeroBlocksEntry {
  readonly kind: 'zero-blocks';
  readonly blockIndex: number;
  readonly blockCount: number;
}

export type LogEntry = BlockEntry | SectorsEntry | ZeroSectorsEntry | ZeroBlocksEntry;

const CODE = { block: 1, sectors: 2, zero: 3 } as const;
const ENTRY_BYTES_MAX = 1 + 6 + 32;

/** Directory bytes of these entries. */
export function encodeDirectory(entries: readonly LogEntry[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * ENTRY_BYTES_MAX);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const u48 = (value: number) => {
    view.setUint32(at, value % 2 ** 32, true);
    view.setUint16(at + 4, Math.floor(value / 2 ** 32), true);
    at += 6;
  };
  for (const entry of entries) {
    switch (entry.kind) {
      case 'block':
        view.setUint8(at++, CODE.block);
        u48(entry.blockIndex);
        bytes.set(entry.digest, at);
        at += DIGEST_BYTES;
        break;
      case 'sectors':
        view.setUint8(at++, CODE.sectors);
        u48(entry.blockIndex * SECTORS_PER_BLOCK + entry.sector);
        view.setUint8(at++, entry.sectorCount);
        view.setUint32(at, entry.dataOffset, true);
        at += 4;
        bytes.set(entry.check, at);
        at += CHECK_BYTES;
        break;
      case 'zero-sectors':
        view.setUint8(at++, CODE.zero);
        u48(entry.blockIndex * SECTORS_PER_BLOCK + entry.sector);
        u48(entry.sectorCount);
        break;
      case 'zero-blocks':
        view.setUint8(at++, CODE.zero);
        u48(entry.blockIndex * SECTORS_PER_BLOCK);
        u48(entry.blockCount * SECTORS_PER_BLOCK);
        break;
    }
  }
  return bytes.slice(0, at);
}

/** Entries of a directory. Throws EngineError `format` on a code that this version does not know. */
export function decodeDirectory(bytes: Uint8Array): LogEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: LogEntry[] = [];
  let at = 0;
  const u48 = () => {
    const value = view.getUint32(at, true) + view.getUint16(at + 4, true) * 2 ** 32;
    at += 6;
    return value;
  };
  while (at < bytes.length) {
    const code = view.getUint8(at++);
    if (code === CODE.block) {
      const blockIndex = u48();
      const digest = bytes.slice(at, at + DIGEST_BYTES);
      at += DIGEST_BYTES;
      entries.push({ kind: 'block', blockIndex, digest: isHole(digest) ? HOLE : digest });
    } else if (code === CODE.sectors) {
      const lba = u48();
      const sectorCount = view.getUint8(at++);
      const dataOffset = view.getUint32(at, true);
      at += 4;
      const check = bytes.slice(at, at + CHECK_BYTES);
      at += CHECK_BYTES;
      entries.push({ kind: 'sectors', ...blockAndSector(lba), sectorCount, dataOffset, check });
    } else if (code === CODE.zero) {
      const lba = u48();
      entries.push(zeroEntry(lba, u48()));
    } else throw new EngineError('format', `log entry of unknown kind ${code}: written by a newer version`);
  }
  return entries;
}

function blockAndSector(lba: number): { blockIndex: number; sector: number } {
  return { blockIndex: Math.floor(lba / SECTORS_PER_BLOCK), sector: lba % SECTORS_PER_BLOCK };
}

function zeroEntry(lba: number, sectorCount: number): LogEntry {
  const { blockIndex, sector } = blockAndSector(lba);
  if (sector === 0 && sectorCount % SECTORS_PER_BLOCK === 0) {
    return { kind: 'zero-blocks', blockIndex, blockCount: sectorCount / SECTORS_PER_BLOCK };
  }
  return { kind: 'zero-sectors', blockIndex, sector, sectorCount };
}

/** Splits a range of zeros into at most three entries: the edges inside a block, and the whole blocks between. */
export function zeroEntries(lba: number, sectorCount: number): LogEntry[] {
  const entries: LogEntry[] = [];
  let at = lba;
  const end = lba + sectorCount;
  while (at < end) {
    const { blockIndex, sector } = blockAndSector(at);
    const whole = sector === 0 ? Math.floor((end - at) / SECTORS_PER_BLOCK) : 0;
    if (whole > 0) {
      // A single block is found by its number; only ranges are searched.
      if (whole === 1) entries.push({ kind: 'block', blockIndex, digest: HOLE });
      else entries.push({ kind: 'zero-blocks', blockIndex, blockCount: whole });
      at += whole * SECTORS_PER_BLOCK;
    } else {
      const count = Math.min(SECTORS_PER_BLOCK - sector, end - at);
      entries.push({ kind: 'zero-sectors', blockIndex, sector, sectorCount: count });
      at += count;
    }
  }
  return entries;
}

/** Bytes of the sectors of an entry. */
export function entryBytes(entry: SectorsEntry): number {
  return entry.sectorCount * SECTOR_BYTES;
}
