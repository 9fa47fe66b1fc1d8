// Ranges of any bytes over what knows sectors and blocks only.

import type { BlockRun } from '../../engine/disk/extents.ts';
import { BLOCK_BYTES, SECTOR_BYTES } from '../../engine/types.ts';
import type { Extent } from './export.ts';

/** Reads the sectors around a range and cuts the range out. */
export async function readAligned(
  offset: number,
  length: number,
  read: (from: number, bytes: number) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const from = offset - (offset % SECTOR_BYTES);
  const bytes = Math.ceil((offset + length) / SECTOR_BYTES) * SECTOR_BYTES - from;
  const sectors = await read(from, bytes);
  return bytes === length ? sectors : sectors.slice(offset - from, offset - from + length);
}

/** Runs of blocks as extents of bytes, cut to the range: as many as there are, at most `limit`. */
export function runsToExtents(runs: readonly BlockRun[], offset: number, length: number, limit: number): Extent[] {
  const end = offset + length;
  return runs.slice(0, limit).map(({ first, end: endBlock, isHole }) => ({
    length: Math.min(end, endBlock * BLOCK_BYTES) - Math.max(offset, first * BLOCK_BYTES),
    isHole,
  }));
}

/** Runs over [first, end) when the allocated blocks in it are these, in order. */
export function blocksToRuns(allocated: readonly number[], first: number, end: number): BlockRun[] {
  const runs: { first: number; end: number; isHole: boolean }[] = [];
  let at = first;
  for (const block of allocated) {
    if (block > at) runs.push({ first: at, end: block, isHole: true });
    const last = runs.at(-1);
    if (last && !last.isHole) last.end = block + 1;
    else runs.push({ first: block, end: block + 1, isHole: false });
    at = block + 1;
  }
  if (at < end) runs.push({ first: at, end, isHole: true });
  return runs;
}
