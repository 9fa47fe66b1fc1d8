// What a fold takes from the log: each row is read once for a window, however its entries lie.

import { expect, test, vi } from 'vitest';
import { runLocal } from '../../engine/steps.ts';
import { BLOCK_BYTES } from '../../engine/types.ts';
import { blocks, mustRead, newDisk } from '../support/disks.ts';

/** Writes of 4 KiB all over 64 blocks, 32 a row, many of them over earlier ones. */
function scattered() {
  const { disk, store } = newDisk();
  const expected = new Uint8Array(64 * BLOCK_BYTES);
  for (let row = 0; row < 20; row++) {
    const batch = disk.begin();
    for (let i = 0; i < 32; i++) {
      const at = ((row * 37 + i * 151) % 1_024) * 4_096;
      const piece = blocks(1, row * 32 + i).subarray(0, 4_096);
      batch.write(at, piece);
      expected.set(piece, at);
    }
    disk.commit(batch);
  }
  return { disk, store, expected };
}

test('entries of one row that lie all over the disk are read together', () => {
  const { disk, store, expected } = scattered();
  const read = vi.spyOn(store, 'readLogData');
  expect(runLocal(disk.fold())).toBe('done');
  expect(read.mock.calls.length).toBeLessThanOrEqual(20);
  expect(mustRead(disk, 'head', 0, expected.length)).toEqual(expected);
});

test('a log of more than one window folds to the same content', () => {
  const { disk } = newDisk();
  const length = BLOCK_BYTES - 512;
  const pieces = [blocks(1, 1), blocks(1, 2), blocks(1, 3)].map((block) => block.subarray(0, length));
  // 600 blocks, each nearly in full: 37 MiB of patches.
  for (let at = 0; at < 600; at += 15) {
    const batch = disk.begin();
    for (let i = at; i < at + 15; i++) batch.write(i * BLOCK_BYTES, pieces[i % 3]!);
    disk.commit(batch);
  }
  expect(runLocal(disk.fold())).toBe('done');
  for (let i = 0; i < 600; i++) expect(mustRead(disk, 'head', i * BLOCK_BYTES, length)).toEqual(pieces[i % 3]);
});

test('bytes that are given to a batch are its own from `stage` on', () => {
  const { disk } = newDisk();
  const bytes = blocks(1, 1).slice(0, 4_096);
  const before = bytes.slice();
  const batch = disk.begin();
  batch.write(4_096, bytes);
  batch.stage();
  bytes.fill(0);
  disk.commit(batch);
  expect(mustRead(disk, 'head', 4_096, 4_096)).toEqual(before);
});
