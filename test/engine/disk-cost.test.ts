// Snapshot and rollback cost what changed, never what the disk holds (ARCHITECTURE.md section 1): counted in rows.

import { expect, test } from 'vitest';
import { MemoryDiskStore } from '../../engine/memory/disk-store.ts';
import { BLOCK_BYTES } from '../../engine/types.ts';
import { ALLOCATED_BYTES, blocks, rowCosts, settle } from '../conformance/disk-cost.ts';
import { host, newDisk } from '../support/disks.ts';

test('rows written by snapshot and rollback are equal at 1 MiB, 64 MiB and 1 GiB allocated', {
  timeout: 120_000,
}, () => {
  const [small, middle, large] = ALLOCATED_BYTES.map((bytes) => rowCosts(new MemoryDiskStore(), host, bytes));
  expect(middle).toEqual(small);
  expect(large).toEqual(small);
  expect(small!.snapshot).toBe(1);
  expect(small!.rollback).toBeLessThanOrEqual(4);
});

test('a trim of 32 TiB is one row, and folding it touches nothing but the path to what is left', () => {
  const { disk, store } = newDisk({ sizeBytes: 32 * 2 ** 40 });
  disk.write(2 ** 44, blocks(2, 1));
  settle(disk);
  const mark = store.meter.mark();
  disk.writeZeroes(0, 32 * 2 ** 40);
  expect(store.meter.since(mark).rowsWritten).toBe(1);
  settle(disk);
  expect(store.meter.since(mark).rowsWritten).toBeLessThanOrEqual(3);
  const found = disk.read('head', 2 ** 44, BLOCK_BYTES);
  expect(found.kind === 'bytes' && found.bytes.every((byte) => byte === 0)).toBe(true);
});
