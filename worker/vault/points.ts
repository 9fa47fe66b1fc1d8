// Two backups of one vault, looked at together; or one and nothing.

import type { Meter } from '../../engine/cost.ts';
import { Objects } from '../../engine/objects.ts';
import { FrameCache } from '../../engine/repository/frame-cache.ts';
import type { VaultCore } from '../../engine/repository/vault.ts';
import { HOLE } from '../../engine/types.ts';
import type { Point, Points } from '../disk/points.ts';
import { DataRefusal } from '../disk/refusal.ts';
import { engineHost } from '../host.ts';
import type { PointName } from '../protocol.ts';

/** Pages of one path of each backup with their neighbours, and the blocks of one group. */
const CACHE_BYTES = 4 * 2 ** 20;

/**
 * Opens the points. Nothing keeps their backups from being deleted meanwhile: then whoever reads them is told so at its next
 * turn, and what it had by then was right.
 */
export async function openVaultPoints(core: VaultCore, meter: Meter, from: PointName, to: PointName): Promise<Points> {
  const mark = meter.mark();
  const host = engineHost();
  const objects = new Objects(new FrameCache(CACHE_BYTES), host);
  const toPoint = resolve(core, to);
  return {
    from: from.kind === 'empty' ? { root: HOLE, sizeBytes: toPoint.sizeBytes } : resolve(core, from),
    to: toPoint,
    objects,
    host,
    async bring(refs) {
      objects.adopt(refs, await core.context.source.fetch(refs));
    },
    async pause() {
      await core.context.pause();
      for (const name of [from, to]) if (name.kind === 'backup') core.available(name.backupId);
    },
    cost: () => meter.since(mark),
    close: () => undefined,
  };
}

function resolve(core: VaultCore, name: PointName): Point {
  if (name.kind !== 'backup') throw new DataRefusal('bad-points', 'a vault has backups, and nothing else');
  return core.available(name.backupId);
}
