// Small helpers for tests of the disk engine in memory.

import { Disk, type PointId } from '../../engine/disk/disk.ts';
import type { EngineHost } from '../../engine/host.ts';
import { MemoryDiskStore } from '../../engine/memory/disk-store.ts';
import type { UpstreamRow } from '../../engine/ports.ts';
import type { Job } from '../../engine/steps.ts';
import type { Digest, ObjectRef } from '../../engine/types.ts';
import { testHost } from './host.ts';

export { blocks, settle } from '../conformance/disk-cost.ts';

export const host: EngineHost = testHost();

export function newDisk(spec: { sizeBytes?: number; root?: Digest; upstream?: UpstreamRow } = {}): {
  disk: Disk;
  store: MemoryDiskStore;
} {
  const store = new MemoryDiskStore();
  return { disk: Disk.create(store, host, { sizeBytes: 2 ** 40, ...spec }), store };
}

/** Bytes of a range; throws unless every one can be read. */
export function mustRead(disk: Disk, point: PointId, offset: number, length: number): Uint8Array {
  const found = disk.read(point, offset, length);
  if (found.kind !== 'bytes') throw new Error(`read: ${JSON.stringify(found)}`);
  return found.bytes;
}

/** Drives a job of `disk`, taking what it needs from `source` except for what `withhold` names. Returns its result. */
export function driveFrom<T>(
  disk: Disk,
  source: MemoryDiskStore,
  job: Job<T>,
  withhold: (ref: ObjectRef) => boolean = () => false,
): T {
  for (;;) {
    const step = job.next();
    if (step.done) return step.value;
    if (!('need' in step.value)) continue;
    const { need } = step.value;
    const frames = source.objects.getMany(need).map((frame, i) => (withhold(need[i]!) ? null : frame));
    disk.state.store.transaction(() => disk.state.objects.adopt(need, frames));
  }
}
