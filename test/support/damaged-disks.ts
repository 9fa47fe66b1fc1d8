// Disks with random content and random damage, all from one seed, and what can be read of them, sector by sector.

import { type Damage, damageDisk } from '../../engine/disk/damage.ts';
import type { Disk, PointId } from '../../engine/disk/disk.ts';
import type { PointDamage } from '../../engine/disk/scrub.ts';
import { EngineError } from '../../engine/errors.ts';
import type { MemoryDiskStore } from '../../engine/memory/disk-store.ts';
import { runLocal } from '../../engine/steps.ts';
import { BLOCK_BYTES, SECTOR_BYTES } from '../../engine/types.ts';
import { blocks, newDisk } from './disks.ts';

/** Where something is written: at both sides of borders of pages of every level. */
export const SPOTS = [0, 254, 65_534, 2 ** 24 - 2].map((block) => block * BLOCK_BYTES);
/** Bytes at each spot that may be written. */
export const SPOT_BYTES = 6 * BLOCK_BYTES;
const SIZE_BYTES = 2 ** 40 + 2 ** 30;

/** Integers below `bound`, the same ones for a seed. */
export function generator(seed: number): (bound: number) => number {
  let state = (seed * 2_654_435_761 + 12_345) >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

/** A disk with a few snapshots, some of them not sealed, and something in its log. */
export function randomDisk(next: (bound: number) => number): { disk: Disk; store: MemoryDiskStore } {
  const made = newDisk({ sizeBytes: SIZE_BYTES });
  const { disk } = made;
  for (let step = 0; step < 24; step++) {
    const offset = SPOTS[next(SPOTS.length)]! + next(5) * BLOCK_BYTES;
    const sector = next(100) * SECTOR_BYTES;
    const choice = next(10);
    if (choice < 4) disk.write(offset, blocks(1 + next(2), 1 + next(5)));
    else if (choice < 6) disk.write(offset + sector, blocks(1, 1 + next(9)).slice(0, (1 + next(20)) * SECTOR_BYTES));
    else if (choice < 7) disk.writeZeroes(offset + sector, (1 + next(200)) * SECTOR_BYTES);
    else if (choice < 8) disk.createSnapshot(`s${step}`);
    else if (disk.wantsFold) runLocal(disk.fold());
  }
  return made;
}

/** Hits a few stored things. */
export function damageAtRandom(disk: Disk, next: (bound: number) => number, withLog: boolean): void {
  for (let hits = 1 + next(3); hits > 0; hits--) {
    const targets: Damage['target'][] = [
      { kind: 'all' },
      { kind: 'page' },
      ...(withLog ? [{ kind: 'log' } as const] : []),
    ];
    const fault = (['flip', 'lose', 'misdirect'] as const)[next(3)]!;
    damageDisk(disk, { target: targets[next(targets.length)]!, fault, count: 1 + next(2), seed: next(1e6) });
  }
}

export function pointsOf(disk: Disk): PointId[] {
  return ['head', ...[...disk.state.snapshots.keys()].map((snapshotId) => ({ snapshotId }))];
}

/** The bytes at all spots of a point, and for each sector whether it cannot be read. */
export function readSpots(disk: Disk, point: PointId): { bytes: Uint8Array[]; isBad: boolean[] } {
  const bytes: Uint8Array[] = [];
  const isBad: boolean[] = [];
  for (const spot of SPOTS) {
    for (let offset = spot; offset < spot + SPOT_BYTES; offset += BLOCK_BYTES) {
      const bad = badSectors(disk, point, offset);
      isBad.push(...bad);
      if (!bad.includes(true)) {
        const found = disk.read(point, offset, BLOCK_BYTES, 'asIs');
        if (found.kind === 'bytes') bytes.push(found.bytes);
      }
    }
  }
  return { bytes, isBad };
}

/** The same as a report says it. */
export function reportedSpots(damage: PointDamage | undefined): boolean[] {
  const isBad: boolean[] = [];
  for (const spot of SPOTS) {
    for (let offset = spot; offset < spot + SPOT_BYTES; offset += SECTOR_BYTES) {
      const ranges = damage?.ranges ?? [];
      isBad.push(ranges.some((range) => range.offset <= offset && offset < range.offset + range.length));
    }
  }
  return isBad;
}

function badSectors(disk: Disk, point: PointId, offset: number): boolean[] {
  const sectors = new Array<boolean>(BLOCK_BYTES / SECTOR_BYTES).fill(false);
  try {
    const found = disk.read(point, offset, BLOCK_BYTES, 'asIs');
    if (found.kind === 'bytes') return sectors;
    if (found.kind === 'absent') return sectors.fill(true);
    for (const range of found.ranges) {
      const from = (range.offset - offset) / SECTOR_BYTES;
      sectors.fill(true, from, from + range.length / SECTOR_BYTES);
    }
    return sectors;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'damaged') return sectors.fill(true);
    throw error;
  }
}
