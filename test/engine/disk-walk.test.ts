// Listing what is allocated, while the disk goes on changing.

import { expect, test } from 'vitest';
import { runLocal } from '../../engine/steps.ts';
import { BLOCK_BYTES } from '../../engine/types.ts';
import { blocks, newDisk } from '../support/disks.ts';

test('a walk sees its root to the end, whatever is folded and collected meanwhile', () => {
  const { disk } = newDisk();
  const indexes = Array.from({ length: 8 }, (_, i) => i * 256);
  for (const index of indexes) disk.write(index * BLOCK_BYTES, blocks(1, index + 1));
  runLocal(disk.fold());
  const { root } = disk.view('head');

  const walk = disk.allocatedBlocks(root, 0, 100);
  walk.next();
  for (const index of indexes) disk.write(index * BLOCK_BYTES, blocks(1, index + 2));
  runLocal(disk.fold());
  runLocal(disk.collect());
  expect(runLocal(walk).blocks.map(({ blockIndex }) => blockIndex)).toEqual(indexes);

  // Nobody walks it any more.
  expect(runLocal(disk.collect())).toBeGreaterThan(0);
  expect(disk.state.walkedRoots.size).toBe(0);
});
