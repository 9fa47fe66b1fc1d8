// Two backups of one vault, looked at together; or one and nothing.

import type { Meter } from '../../engine/cost.ts';
import { Objects } from '../../engine/objects.ts';
import { FrameCache } from '../../engine/repository/frame-cache.ts';
import { PageReader } from '../../engine/repository/page-reader.ts';
import type { VaultCore } from '../../engine/repository/vault.ts';
import { HOLE, Kind, type ObjectRef } from '../../engine/types.ts';
import type { Point, Points } from '../disk/points.ts';
import { DataRefusal } from '../disk/refusal.ts';
import { engineHost } from '../host.ts';
import type { PointName } from '../protocol.ts';

/** A window of pages of each backup, and the blocks of one group. */
const CACHE_BYTES = 4 * 2 ** 20;

export async function openVaultPoints(core: VaultCore, meter: Meter, from: PointName, to: PointName): Promise<Points> {
  const mark = meter.mark();
  const host = engineHost();
  const objects = new Objects(new FrameCache(CACHE_BYTES), host);
  const pages = new PageReader(core.context, objects);
  const toPoint = resolve(core, to);
  return {
    from: from.kind === 'empty' ? { root: HOLE, sizeBytes: toPoint.sizeBytes } : resolve(core, from),
    to: toPoint,
    objects,
    host,
    async bring(refs) {
      const ofKind = (kind: Kind): ObjectRef[] => refs.filter((ref) => ref.kind === kind);
      const blocks = ofKind(Kind.block);
      await pages.bring(ofKind(Kind.page));
      if (blocks.length > 0) objects.adopt(blocks, await core.context.source.fetch(blocks));
    },
    async pause() {
      await core.context.pause();
      // Throws when the vault is gone.
      core.context.meta();
    },
    cost: () => meter.since(mark),
    close: () => undefined,
  };
}

function resolve(core: VaultCore, name: PointName): Point {
  if (name.kind !== 'backup') throw new DataRefusal('bad-points', 'a vault has backups, and nothing else');
  return core.available(name.backupId);
}
