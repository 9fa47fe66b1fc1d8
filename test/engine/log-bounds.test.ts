// The log's own edges: directories survive encoding, rows stay under the platform's limit, pressure rises and falls.

import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { ROW_DATA_MAX } from '../../engine/disk/batch.ts';
import { STORED_BYTES_MAX } from '../../engine/disk/disk.ts';
import { decodeDirectory, encodeDirectory, type LogEntry, zeroEntries } from '../../engine/disk/log.ts';
import { runLocal } from '../../engine/steps.ts';
import { BLOCK_BYTES, SECTOR_BYTES } from '../../engine/types.ts';
import { blocks, mustRead, newDisk } from '../support/disks.ts';

const blockIndex = fc.nat({ max: 2 ** 29 - 1 });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const sectors = fc
  .tuple(fc.nat({ max: 126 }), fc.integer({ min: 1, max: 127 }))
  .map(([sector, count]) => ({ sector, sectorCount: Math.min(count, 128 - sector) }))
  .filter(({ sector, sectorCount }) => sector > 0 || sectorCount < 128);

const entry: fc.Arbitrary<LogEntry> = fc.oneof(
  fc.record({ kind: fc.constant('block' as const), blockIndex, digest: bytes(32) }),
  fc.tuple(blockIndex, sectors, fc.nat({ max: ROW_DATA_MAX }), bytes(16)).map(([index, place, dataOffset, check]) => ({
    kind: 'sectors' as const,
    blockIndex: index,
    ...place,
    dataOffset,
    check,
  })),
  fc
    .tuple(blockIndex, sectors)
    .map(([index, place]) => ({ kind: 'zero-sectors' as const, blockIndex: index, ...place })),
  fc.record({
    kind: fc.constant('zero-blocks' as const),
    blockIndex,
    blockCount: fc.integer({ min: 1, max: 2 ** 29 }),
  }),
);

test('a directory decodes to the entries that it was made of', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 50 }), (entries) => {
      expect(decodeDirectory(encodeDirectory(entries))).toEqual(entries);
    }),
  );
});

test('an entry of an unknown kind is refused, not skipped', () => {
  expect(() => decodeDirectory(Uint8Array.of(4, 0, 0, 0, 0, 0, 0))).toThrow(/newer version/);
});

test('zeros are at most three entries, whatever their length', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 36 }), fc.integer({ min: 1, max: 2 ** 36 }), (lba, count) => {
      const entries = zeroEntries(lba, count);
      expect(entries.length).toBeLessThanOrEqual(3);
      const covered = entries.reduce((sum, e) => {
        if (e.kind === 'zero-blocks') return sum + e.blockCount * 128;
        if (e.kind === 'block') return sum + 128;
        return sum + (e.kind === 'zero-sectors' ? e.sectorCount : 0);
      }, 0);
      expect(covered).toBe(count);
    }),
  );
});

test('a long batch of edges takes several rows, each under the limit, and is one commit', () => {
  const { disk, store } = newDisk();
  const batch = disk.begin();
  const piece = blocks(1, 3).slice(0, BLOCK_BYTES - SECTOR_BYTES);
  for (let i = 0; i < 40; i++) batch.write(i * BLOCK_BYTES, piece);
  disk.commit(batch);
  const rows = store.scanLog(0);
  expect(rows.length).toBe(3);
  for (const row of rows) expect(row.dir.length + row.dataBytes).toBeLessThan(1_900_000);
  expect(mustRead(disk, 'head', 39 * BLOCK_BYTES, piece.length)).toEqual(piece);
});

test('pressure rises with entries and bytes, and folding takes it away', () => {
  const { disk } = newDisk();
  const sector = blocks(1, 1).slice(0, SECTOR_BYTES);
  const write = (count: number) => {
    const batch = disk.begin();
    for (let i = 0; i < count; i++) batch.write((i % 64) * 4 * SECTOR_BYTES, sector);
    disk.commit(batch);
  };
  expect(disk.pressure).toBe('none');
  write(16_385);
  expect(disk.pressure).toBe('soft');
  write(49_160);
  expect(disk.pressure).toBe('hard');
  runLocal(disk.fold());
  expect(disk.pressure).toBe('none');
  expect(mustRead(disk, 'head', 63 * 4 * SECTOR_BYTES, SECTOR_BYTES)).toEqual(sector);
});

test('a full store is noticed within four mebibytes, without being asked at each write', () => {
  const { disk, store } = newDisk();
  const usage = vi.spyOn(store.objects, 'usage').mockReturnValue({ objects: 0, storedBytes: 0 });
  const block = blocks(1, 1);
  for (let i = 0; i < 50; i++) disk.write(i * BLOCK_BYTES, block);
  expect(usage).toHaveBeenCalledTimes(1);
  usage.mockReturnValue({ objects: 0, storedBytes: STORED_BYTES_MAX + 1 });
  const writeMore = () => {
    for (let i = 0; i < 64; i++) disk.write(i * BLOCK_BYTES, block);
  };
  expect(writeMore).toThrow(expect.objectContaining({ code: 'full' }));
  expect(() => disk.write(0, block.subarray(0, SECTOR_BYTES))).toThrow(expect.objectContaining({ code: 'full' }));
  usage.mockReturnValue({ objects: 0, storedBytes: 0 });
  disk.write(0, block);
});

test('a disk refuses what does not fit it', () => {
  const { disk } = newDisk({ sizeBytes: 2 ** 20 });
  expect(() => disk.write(100, new Uint8Array(512))).toThrow(expect.objectContaining({ code: 'unaligned' }));
  expect(() => disk.write(0, new Uint8Array(100))).toThrow(expect.objectContaining({ code: 'unaligned' }));
  expect(() => disk.write(2 ** 20, new Uint8Array(512))).toThrow(expect.objectContaining({ code: 'out-of-range' }));
  expect(() => disk.read('head', -512, 512)).toThrow(expect.objectContaining({ code: 'out-of-range' }));
  expect(() => disk.extend(2 ** 20)).toThrow(expect.objectContaining({ code: 'invalid' }));
  expect(() => disk.extend(33 * 2 ** 40)).toThrow(expect.objectContaining({ code: 'invalid' }));
  expect(() => disk.rollback('none')).toThrow(expect.objectContaining({ code: 'not-found' }));
  disk.createSnapshot('s');
  expect(() => disk.createSnapshot('s')).toThrow(expect.objectContaining({ code: 'exists' }));
});
