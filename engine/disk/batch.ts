// A batch of writes that becomes visible at once. Whole blocks become objects, edges become sector entries of the log.
// A long batch stages its blocks as it goes: objects that nothing refers to yet, so an abandoned batch changes nothing.
// A batch whose commit failed is dropped, never committed again.

import { EngineError } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import type { Objects } from '../objects.ts';
import type { DiskStore } from '../ports.ts';
import { BLOCK_BYTES, type Digest, isHole, Kind, SECTOR_BYTES } from '../types.ts';
import { CHECK_BYTES, type LogEntry, zeroEntries } from './log.ts';

/** Data of one log row. With its directory a row stays under the 1.9 MB that a stored value may have. */
export const ROW_DATA_MAX = 1_048_576;
/** Entries of one log row: 16,384 × 39 bytes of directory at most. */
export const ROW_ENTRIES_MAX = 16_384;

/** One future row of the log. */
export interface BatchRow {
  readonly entries: LogEntry[];
  readonly data: Uint8Array[];
  dataBytes: number;
}

/** What a batch needs of its disk. */
export interface BatchDisk {
  readonly store: DiskStore;
  readonly objects: Objects;
  readonly kernel: Kernel;
  readonly sizeBytes: number;
}

export class WriteBatch {
  readonly #disk: BatchDisk;
  readonly #rows: BatchRow[] = [];
  /** Whole blocks that have no digest yet, with the slot in a row that their digest goes to. */
  #waiting: { bytes: Uint8Array; row: BatchRow; slot: number }[] = [];
  /** Bytes of sectors that are still the caller's: where they are in a row. */
  #borrowed: { row: BatchRow; slot: number }[] = [];
  /** Digests of staged objects: roots of a collection until the batch is committed or dropped. */
  readonly staged: Digest[] = [];
  /** Bytes that were added so far. */
  addedBytes = 0;

  constructor(disk: BatchDisk) {
    this.#disk = disk;
  }

  /**
   * Adds bytes at a disk offset. Both must be multiples of 512 and inside the disk. They are not copied: they may not be
   * changed until `stage` or the commit. Later additions win over earlier ones.
   * Throws EngineError `unaligned` or `out-of-range`, and then adds nothing.
   */
  write(offset: number, bytes: Uint8Array): void {
    checkRange(offset, bytes.length, this.#disk.sizeBytes);
    this.addedBytes += bytes.length;
    let at = 0;
    while (at < bytes.length) {
      const position = offset + at;
      const blockIndex = Math.floor(position / BLOCK_BYTES);
      const inBlock = position - blockIndex * BLOCK_BYTES;
      const length = Math.min(BLOCK_BYTES - inBlock, bytes.length - at);
      const part = bytes.subarray(at, at + length);
      if (length === BLOCK_BYTES) this.#addBlock(blockIndex, part);
      else this.#addSectors(blockIndex, inBlock / SECTOR_BYTES, part);
      at += length;
    }
  }

  /** Adds zeros over any aligned range: a whole disk is one entry. */
  writeZeroes(offset: number, length: number): void {
    checkRange(offset, length, this.#disk.sizeBytes);
    for (const entry of zeroEntries(offset / SECTOR_BYTES, length / SECTOR_BYTES)) this.#row(0).entries.push(entry);
  }

  /**
   * Stores whole blocks as objects, in one transaction, so that memory stays bounded, and copies the rest: from here on
   * the bytes that were given are the caller's again. Nothing becomes visible.
   */
  stage(): void {
    for (const { row, slot } of this.#borrowed) row.data[slot] = row.data[slot]!.slice();
    this.#borrowed = [];
    if (this.#waiting.length === 0) return;
    this.#disk.store.transaction(() => this.#seal());
  }

  /** For the disk's commit, inside its transaction: seals what waits and hands over the rows. */
  takeRows(): readonly BatchRow[] {
    this.#seal();
    return this.#rows;
  }

  #seal(): void {
    const digests = this.#disk.objects.insert(
      Kind.block,
      this.#waiting.map((w) => w.bytes),
    );
    this.#waiting.forEach(({ row, slot }, i) => {
      const entry = row.entries[slot]!;
      row.entries[slot] = { kind: 'block', blockIndex: entry.blockIndex, digest: digests[i]! };
      if (!isHole(digests[i]!)) this.staged.push(digests[i]!);
    });
    this.#waiting = [];
  }

  #addBlock(blockIndex: number, bytes: Uint8Array): void {
    const row = this.#row(0);
    this.#waiting.push({ bytes, row, slot: row.entries.length });
    // Holds the place in the order; the digest comes when the block is sealed.
    row.entries.push({ kind: 'zero-blocks', blockIndex, blockCount: 1 });
  }

  #addSectors(blockIndex: number, sector: number, bytes: Uint8Array): void {
    const row = this.#row(bytes.length);
    const check = this.#disk.kernel.hash(bytes).subarray(0, CHECK_BYTES);
    const sectorCount = bytes.length / SECTOR_BYTES;
    row.entries.push({ kind: 'sectors', blockIndex, sector, sectorCount, dataOffset: row.dataBytes, check });
    this.#borrowed.push({ row, slot: row.data.length });
    row.data.push(bytes);
    row.dataBytes += bytes.length;
  }

  /** The row that takes the next entry with this many bytes of data. */
  #row(dataBytes: number): BatchRow {
    const last = this.#rows.at(-1);
    if (last && last.dataBytes + dataBytes <= ROW_DATA_MAX && last.entries.length < ROW_ENTRIES_MAX) return last;
    const row: BatchRow = { entries: [], data: [], dataBytes: 0 };
    this.#rows.push(row);
    return row;
  }
}

/** Throws EngineError `unaligned` or `out-of-range` unless the range is aligned to sectors and inside the disk. */
export function checkRange(offset: number, length: number, sizeBytes: number): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
    throw new EngineError('out-of-range', 'offset and length must be non-negative integers');
  }
  if (offset % SECTOR_BYTES !== 0 || length % SECTOR_BYTES !== 0) {
    throw new EngineError('unaligned', `offset and length must be multiples of ${SECTOR_BYTES} bytes`);
  }
  if (offset + length > sizeBytes) {
    throw new EngineError('out-of-range', `bytes ${offset} to ${offset + length} are beyond the disk's ${sizeBytes}`);
  }
}
