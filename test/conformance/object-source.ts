// What every ObjectSource does, whatever it fetches from: order, absence, kinds, repetition, and bytes that match.

import { describe, expect, test } from 'vitest';
import type { EngineHost } from '../../engine/host.ts';
import { MemoryDiskStore } from '../../engine/memory/disk-store.ts';
import { Objects } from '../../engine/objects.ts';
import type { ObjectSource } from '../../engine/ports.ts';
import { BLOCK_BYTES, Kind, type ObjectRef, PAGE_BYTES } from '../../engine/types.ts';
import { DATA_CLASSES, randomBytes } from './data.ts';

/** Blocks of every class of data but zeros, which have no object; enough for several calls and packs. */
export function sourceBlocks(count: number): Uint8Array[] {
  const classes = DATA_CLASSES.slice(1);
  return Array.from({ length: count }, (_, i) => classes[i % classes.length]![1](1_000 + i, BLOCK_BYTES));
}

/**
 * `open` gives a source that has the blocks of `sourceBlocks(count)` (the suite looks for them), and at least one page,
 * whose ref it names.
 */
export function objectSourceConformance(
  name: string,
  host: EngineHost,
  open: (blocks: readonly Uint8Array[]) => Promise<{ source: ObjectSource; page: ObjectRef }>,
): void {
  describe(`object source: ${name}`, () => {
    const blocks = sourceBlocks(150);
    const digests = host.kernel.hashBlocksOf(blocks);
    const refs: ObjectRef[] = blocks.map((_, i) => ({ kind: Kind.block, digest: digests.slice(i * 32, i * 32 + 32) }));
    const absent: ObjectRef = { kind: Kind.block, digest: randomBytes(7, 32) };

    test('every object arrives, in order, and its bytes match its name', async () => {
      const { source, page } = await open(blocks);
      const wanted = [page, ...refs.toReversed()];
      const store = new MemoryDiskStore();
      const objects = new Objects(store.objects, host);
      const here = objects.adopt(wanted, await source.fetch(wanted));
      expect(here.every(Boolean)).toBe(true);
      expect(objects.read([refs[3]!])[0]).toEqual(blocks[3]);
      expect((objects.readPage(page.digest) as Uint8Array).length).toBe(PAGE_BYTES);
    });

    test('what is absent is null at its place, and a ref of the wrong kind is absent', async () => {
      const { source, page } = await open(blocks);
      const found = await source.fetch([
        absent,
        refs[0]!,
        { ...page, kind: Kind.block },
        { ...refs[1]!, kind: Kind.page },
      ]);
      expect(found.map((frame) => frame !== null)).toEqual([false, true, false, false]);
    });

    test('the same ref twice is two frames; no refs are no frames', async () => {
      const { source } = await open(blocks);
      const [first, second] = await source.fetch([refs[5]!, refs[5]!]);
      expect(first).not.toBeNull();
      expect(second).toEqual(first);
      expect(await source.fetch([])).toEqual([]);
    });
  });
}
