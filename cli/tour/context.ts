// What the steps of the tour share.

import { type Comparison, compare, type Place } from './bytes.ts';
import type { Cleanup } from './cleanup.ts';
import type { Cloud } from './cloud.ts';
import { type Measured, measure } from './cost.ts';
import type { Image } from './image.ts';
import { type Report, size } from './report.ts';

/** The operations that the last table compares. */
export type MeasuredName = 'snapshot' | 'rollback' | 'backup' | 'incremental' | 'restore';

export interface Tour {
  readonly cloud: Cloud;
  readonly cleanup: Cleanup;
  readonly report: Report;
  readonly project: string;
  readonly image: Image;
  /** Scratch folder on this machine. */
  readonly folder: string;
  /** Makes names of one run different from those of another. */
  readonly tag: string;
  readonly zones: readonly [string, string];
  readonly measured: Map<MeasuredName, Measured>;
}

/** Size of every disk: the image and room behind it. */
export function diskGib(tour: Tour): number {
  return Math.ceil(tour.image.sizeBytes / 2 ** 30);
}

/** Compares a place with a file, and records the result under an id of the table. */
export async function expectSame(tour: Tour, id: string, what: string, place: Place, file: string): Promise<void> {
  const { ok, detail } = await compare(tour.cloud.api, place, file);
  tour.report.check(id, what, ok, detail);
}

/** Records that a place cannot be read any more. */
export async function expectUnreadable(
  tour: Tour,
  id: string,
  what: string,
  place: Place,
  file: string,
): Promise<void> {
  const { ok, detail }: Comparison = await compare(tour.cloud.api, place, file);
  tour.report.check(id, what, !ok && detail.startsWith('reading failed'), detail);
}

/** Runs one of the compared operations of a disk. */
export async function timed<T>(tour: Tour, name: MeasuredName, diskId: string, run: () => Promise<T>): Promise<T> {
  let result: T | undefined;
  const measured = await measure(tour.cloud.api, diskId, async () => {
    result = await run();
  });
  tour.measured.set(name, measured);
  const { seconds, obsBytes, rowsWritten } = measured;
  tour.report.note(`${name}: ${seconds.toFixed(2)} s, ${size(obsBytes)} moved, ${rowsWritten} rows written`);
  return result as T;
}
