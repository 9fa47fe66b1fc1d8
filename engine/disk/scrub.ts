// A scrub: reads and verifies everything that a disk stores, each object once, and names what of its head and snapshots is
// unreadable. It changes nothing. Memory does not grow with the disk; guests, folds and collections may come in between.

import type { Job } from '../steps.ts';
import type { PointId } from './disk.ts';
import { type ObjectCounts, StoredObjects } from './scrub-objects.ts';
import { PointScan } from './scrub-points.ts';
import type { FlawedRange } from './scrub-ranges.ts';
import { type Mend, walkStored } from './scrub-walk.ts';
import type { DiskState } from './state.ts';

/** What a report names: 24 KB as JSON. All the rest is only counted. */
const POINTS_MAX = 32;
const RANGES_MAX = { report: 320, point: 256 };

/** What a point has lost. */
export interface PointDamage {
  readonly point: PointId;
  readonly unreadableBytes: number;
  readonly rangeCount: number;
  /** The first ranges, in order; `rangeCount` says how many there are. */
  readonly ranges: readonly FlawedRange[];
}

/** Plain data of bounded size. */
export interface ScrubReport {
  /** What the disk refers to, each object counted once. */
  readonly objects: ObjectCounts;
  readonly pointCount: number;
  readonly damagedPointCount: number;
  /** The head first, then snapshots; `damagedPointCount` says how many there are. */
  readonly damagedPoints: readonly PointDamage[];
}

/** One pass over a disk, or several: what was found good is not read again. */
export class Scrub {
  readonly objects: StoredObjects;
  readonly #state: DiskState;

  constructor(state: DiskState) {
    this.#state = state;
    this.objects = new StoredObjects(state);
  }

  /** Looks at everything, then says what is unreadable. `mend` is handed what is flawed. */
  *run(mend: Mend | null = null): Job<ScrubReport> {
    yield* this.walk(mend);
    const points: PointId[] = ['head', ...[...this.#state.snapshots.keys()].map((snapshotId) => ({ snapshotId }))];
    const scan = new PointScan(this.#state, this.objects);
    const damagedPoints: PointDamage[] = [];
    let damagedPointCount = 0;
    let listed = 0;
    for (const point of points) {
      const flaws = yield* scan.flawsOf(point, Math.min(RANGES_MAX.point, RANGES_MAX.report - listed));
      if (flaws === null || flaws.count === 0) continue;
      damagedPointCount += 1;
      if (damagedPoints.length === POINTS_MAX) continue;
      const { unreadableBytes, count: rangeCount, listed: ranges } = flaws;
      listed += ranges.length;
      damagedPoints.push({ point, unreadableBytes, rangeCount, ranges });
    }
    return { objects: this.objects.counts, pointCount: points.length, damagedPointCount, damagedPoints };
  }

  walk(mend: Mend | null): Job<void> {
    return walkStored(this.#state, this.objects, mend);
  }
}
