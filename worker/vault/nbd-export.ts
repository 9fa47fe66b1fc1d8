// A backup as NBD sees it: nothing but reading.

import { EngineError } from '../../engine/errors.ts';
import type { BackupReader } from '../../engine/repository/reader.ts';
import { BLOCK_BYTES } from '../../engine/types.ts';
import { concat } from '../nbd/bytes.ts';
import type { Extent, NbdExport } from '../nbd/export.ts';
import { blocksToRuns, readAligned, runsToExtents } from '../nbd/ranges.ts';

/** Allocated blocks that one question looks at: 64 MiB of them. */
const BLOCKS_AT_ONCE = 1_024;

export class BackupExport implements NbdExport {
  readonly name: string;
  readonly description: string;
  readonly sizeBytes: number;
  readonly isReadOnly = true;
  readonly #reader: BackupReader;

  constructor(backup: { readonly id: string; readonly sizeBytes: number }, reader: BackupReader) {
    this.name = backup.id;
    this.description = `backup ${backup.id}`;
    this.sizeBytes = backup.sizeBytes;
    this.#reader = reader;
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return readAligned(offset, length, async (from, bytes) => {
      const parts: Uint8Array[] = [];
      for await (const part of this.#reader.read(from, bytes)) parts.push(part);
      return concat(parts);
    });
  }

  async write(): Promise<void> {
    throw new EngineError('invalid', 'a backup can only be read');
  }

  async extents(offset: number, length: number, limit: number): Promise<Extent[]> {
    const first = Math.floor(offset / BLOCK_BYTES);
    const end = Math.ceil((offset + length) / BLOCK_BYTES);
    const { blocks, next } = await this.#reader.blocks(first, BLOCKS_AT_ONCE);
    const seenEnd = Math.min(end, next ?? end);
    const indexes = blocks.map(({ blockIndex }) => blockIndex).filter((index) => index < seenEnd);
    return runsToExtents(blocksToRuns(indexes, first, seenEnd), offset, length, limit);
  }
}
