// Reads of little of a block: what memory and digests of parts save, and that nothing comes out that was not checked.

import { expect, test, vi } from 'vitest';
import { BlockParts, type PartSource } from '../../engine/block-parts.ts';
import { Encoding } from '../../engine/codec.ts';
import { Meter } from '../../engine/cost.ts';
import { MemoryObjectStore } from '../../engine/memory/object-store.ts';
import { PageCache } from '../../engine/page-cache.ts';
import { release } from '../../engine/release.ts';
import { BLOCK_BYTES, Kind, type ObjectRef } from '../../engine/types.ts';
import { blocks, host, mustRead, newDisk } from '../support/disks.ts';

/** Two raw blocks in a store, and parts of them with room for one whole block. */
function twoBlocks() {
  const store = new MemoryObjectStore(new Meter());
  const contents = [blocks(1, 1), blocks(1, 2)] as const;
  const refs = contents.map((bytes): ObjectRef => ({ kind: Kind.block, digest: host.kernel.hashBlocks(bytes) }));
  store.putMany(contents.map((bytes, i) => ({ ...refs[i]!, frame: { encoding: Encoding.raw, bytes } })));
  const readBlock = vi.fn<PartSource['readBlock']>((ref) => {
    const bytes = store.getMany([ref])[0]?.bytes;
    const isGood = bytes?.length === BLOCK_BYTES && host.kernel.hashBlocks(bytes).join() === ref.digest.join();
    return isGood ? bytes : 'damaged';
  });
  const caches = { blocks: new PageCache(1, release), checks: new PageCache(8) };
  const parts = new BlockParts({ store, kernel: host.kernel, readBlock }, caches);
  return { store, contents, refs, readBlock, parts };
}

test('a block is read whole once; then its parts are read and checked by themselves', () => {
  const { contents, refs, readBlock, parts } = twoBlocks();
  for (let round = 0; round < 3; round++) {
    for (const i of [0, 1] as const) {
      for (const [offset, length] of [
        [0, 512],
        [4_096, 4_096],
        [3_584, 1_024],
        [BLOCK_BYTES - 16_384, 16_384],
      ] as const) {
        const found = parts.read(refs[i]!, offset, length) as Uint8Array;
        expect(found).toEqual(contents[i].subarray(offset, offset + length));
      }
    }
  }
  expect(readBlock).toHaveBeenCalledTimes(2);
});

test('a part that does not match is not served, whatever memory says of its block', () => {
  const { contents, refs, store, parts } = twoBlocks();
  parts.read(refs[0]!, 0, 512);
  parts.read(refs[1]!, 0, 512);
  const flipped = contents[0].slice();
  flipped[5_000]! ^= 1;
  store.replaceMany([{ ...refs[0]!, frame: { encoding: Encoding.raw, bytes: flipped } }]);
  expect(parts.read(refs[0]!, 4_096, 4_096)).toBe('damaged');
  expect(parts.read(refs[0]!, 8_192, 512)).toEqual(contents[0].subarray(8_192, 8_704));
});

test('what has become shorter, or has gone, is found out by reading all of it', () => {
  const { contents, refs, store, parts } = twoBlocks();
  parts.read(refs[0]!, 0, 512);
  parts.read(refs[1]!, 0, 512);
  store.replaceMany([{ ...refs[0]!, frame: { encoding: Encoding.raw, bytes: contents[0].slice(0, 100) } }]);
  expect(parts.read(refs[0]!, 4_096, 512)).toBe('damaged');
});

test('small reads of a disk see every write at once, in the log, folded, and after memory was dropped', () => {
  const { disk } = newDisk();
  const before = blocks(4, 1);
  disk.write(0, before);
  const expected = before.slice();
  const check = () => {
    for (const at of [0, 512, 65_024, 65_536 + 4_096, 200_704]) {
      expect(mustRead(disk, 'head', at, 1_024)).toEqual(expected.subarray(at, at + 1_024));
    }
  };
  check();
  for (const [i, at] of [512, 65_536 + 4_608, 200_704].entries()) {
    const piece = blocks(1, 10 + i).subarray(0, 512);
    disk.write(at, piece);
    expected.set(piece, at);
    check();
  }
  for (const job = disk.fold(); !job.next().done; ) check();
  check();
  disk.dropCaches();
  check();
});
