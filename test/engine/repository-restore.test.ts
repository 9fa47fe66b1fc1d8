// The first byte of a restored disk: how many reads of object storage it takes, whatever the disk's size.

import { expect, test } from 'vitest';
import { Disk } from '../../engine/disk/disk.ts';
import { MemoryDiskStore } from '../../engine/memory/disk-store.ts';
import { BLOCK_BYTES } from '../../engine/types.ts';
import { block, host, TestDisk, uuid, World } from '../support/repository.ts';

const READS_MAX = 5;
const TIB_BLOCKS = 2 ** 24;

/** Reads one sector of a new disk made from the backup; what was read of object storage for it. */
async function firstRead(world: World, backupId: string, blockIndex: number) {
  const { context } = world.vault();
  const { root, sizeBytes } = world.vault().available(backupId);
  const disk = Disk.create(new MemoryDiskStore(), host, {
    sizeBytes,
    root,
    upstream: { id: uuid(99), locator: '{}', heals: false },
  });
  const mark = world.obs.meter.mark();
  for (;;) {
    const found = disk.read('head', blockIndex * BLOCK_BYTES, 512);
    if (found.kind === 'bytes') return { bytes: found.bytes, reads: world.obs.meter.since(mark).obsClassB };
    if (found.kind === 'damaged') throw new Error('damaged');
    disk.state.objects.adopt(found.refs, await context.source.fetch(found.refs));
  }
}

test.each([
  ['16 MiB, dense', 256, Array.from({ length: 256 }, (_, i) => i)],
  ['2 GiB, spread', 2 ** 15, Array.from({ length: 128 }, (_, i) => i * 256 + i)],
  ['32 TiB, spread', 32 * TIB_BLOCKS, Array.from({ length: 64 }, (_, i) => i * (TIB_BLOCKS / 2) + i)],
])('of %s needs at most five reads', async (_, sizeBlocks, blocks) => {
  const world = await World.make();
  const disk = new TestDisk(uuid(1), sizeBlocks);
  for (const index of blocks) disk.write(index, index + 1);
  await world.backUp(disk, uuid(11));
  for (const index of [blocks[0]!, blocks.at(-1)!]) {
    const { bytes, reads } = await firstRead(world, uuid(11), index);
    expect(bytes).toEqual(block(index + 1).subarray(0, 512));
    expect(reads).toBeLessThanOrEqual(READS_MAX);
  }
});
