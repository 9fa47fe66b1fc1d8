// Lists of the blocks that differ between two points, a part at a time.

import { listChangedBlocks, ROOT_BLOCKS } from '../../engine/delta-changes.ts';
import { BLOCK_BYTES, isHole, toHex } from '../../engine/types.ts';
import type { ChangedBlocks, PointName, PointState } from '../protocol.ts';
import { ChangeCursor } from './change-cursor.ts';
import { driveOver, type Point, type Points } from './points.ts';

/** Most blocks of one list, and of one part of a delta. */
export const CHANGES_PER_PAGE_MAX = 10_000;

/** One part of the list, from where the cursor of the query says. */
export async function listChanges(
  points: Points,
  names: readonly PointName[],
  query: URLSearchParams,
): Promise<ChangedBlocks> {
  const { from, to, objects, host } = points;
  const cursors = new ChangeCursor(host.kernel, names, [from, to]);
  const text = query.get('cursor');
  const firstBlock = text === null ? 0 : cursors.decode(text);
  const limit = Math.min(Number(query.get('limit')), CHANGES_PER_PAGE_MAX);
  const range = { from: from.root, to: to.root, firstBlock, endBlock: ROOT_BLOCKS };
  const part = await driveOver(points, listChangedBlocks(objects, host.kernel, range, limit));
  const blocks = part.blocks.map(({ blockIndex, digest }) => {
    const hole = isHole(digest);
    return { blockIndex, digest: hole ? null : toHex(digest), hole };
  });
  return {
    from: pointState(points, from),
    to: pointState(points, to),
    blockBytes: BLOCK_BYTES,
    blocks,
    next: part.next === null ? null : cursors.encode(part.next),
    counts: {
      blocks: blocks.length,
      holes: blocks.filter(({ hole }) => hole).length,
      pagesRead: part.pagesRead,
    },
    cost: points.cost(),
  };
}

/** A point in 32 bytes, as proofs and delta streams name it. */
export function pointState({ host }: Points, { root, sizeBytes }: Point): PointState {
  return { sizeBytes, commitment: toHex(host.kernel.rootCommitment(root, sizeBytes)) };
}
