// Disks of three sizes, allocated in full, and a change of so many blocks on any of them.

import { BLOCK_BYTES, type Content, cheap, MIB } from './content.ts';
import type { PathContext } from './context.ts';
import { atRandom, writeAll } from './transfers.ts';
import { Volume } from './volumes.ts';

export interface Size {
  /** As in the ids of measures. */
  readonly id: '16m' | '256m' | '2g';
  readonly bytes: number;
}

/** The three sizes; in a tiny run as many MiB, so that every path is walked and nothing takes long. */
export function sizes(tiny: boolean): readonly Size[] {
  const [small, middle, large] = tiny ? [1, 2, 4] : [16, 256, 2048];
  return [
    { id: '16m', bytes: small! * MIB },
    { id: '256m', bytes: middle! * MIB },
    { id: '2g', bytes: large! * MIB },
  ];
}

/** A disk with every block of its first bytes allocated, and what it is filled with. */
export interface FilledDisk extends Size {
  readonly volume: Volume;
  /**
   * Overwrites `blocks` blocks. `same`: within what the smallest disk has allocated, so at the same places on all of
   * them. `spread`: over all that is allocated, the most scattered change for the tree.
   */
  change(blocks: number, places: 'same' | 'spread', seed: number): Promise<void>;
}

/** A disk of each size. What fills them compresses well: the tree is the same, and there is room for 2 GiB. */
export async function filledDisks(context: PathContext, content: Content = cheap()): Promise<FilledDisk[]> {
  const disks: FilledDisk[] = [];
  const [smallest] = sizes(context.tiny);
  for (const size of sizes(context.tiny)) {
    const volume = await Volume.create(context.service);
    context.progress(`filling ${size.id}`);
    await volume.fill(content, size.bytes);
    await volume.settled();
    disks.push({
      ...size,
      volume,
      change: (blocks, places, seed) => {
        const spanBytes = places === 'same' ? smallest!.bytes : size.bytes;
        return change(volume, content, spanBytes, blocks, seed);
      },
    });
  }
  return disks;
}

async function change(volume: Volume, content: Content, spanBytes: number, blocks: number, seed: number) {
  const stride = Math.floor(spanBytes / blocks / BLOCK_BYTES) * BLOCK_BYTES;
  const [shift = 0] = atRandom(Math.max(stride, BLOCK_BYTES), BLOCK_BYTES, 1, seed);
  const pieces = Array.from({ length: blocks }, (_, i) => ({
    offset: i * stride + shift,
    bytes: content.bytes(BLOCK_BYTES),
  }));
  await writeAll(volume.target, pieces, 4);
}
