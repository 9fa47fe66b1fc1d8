// Delta streams in memory: made of two roots, cut into the pieces that a reader asks for, applied to disks.

import { type AppliedDelta, applyDelta } from '../../engine/delta-apply.ts';
import { ROOT_BLOCKS } from '../../engine/delta-changes.ts';
import { type DeltaSpec, writeDelta } from '../../engine/delta-write.ts';
import type { Disk } from '../../engine/disk/disk.ts';
import type { MemoryDiskStore } from '../../engine/memory/disk-store.ts';
import type { Objects } from '../../engine/objects.ts';
import { HOLE } from '../../engine/types.ts';
import { host, settle } from './disks.ts';

/** A point of a disk: its root and size, after everything was folded. */
export function pointOf(disk: Disk, snapshotId?: string) {
  settle(disk);
  if (snapshotId === undefined) return { root: disk.state.head.root, sizeBytes: disk.sizeBytes };
  const { root, sizeBytes } = disk.state.snapshot(snapshotId);
  return { root: root!, sizeBytes };
}

export type TestPoint = ReturnType<typeof pointOf>;

export const emptyOf = (point: TestPoint): TestPoint => ({ root: HOLE, sizeBytes: point.sizeBytes });

export function specOf(from: TestPoint, to: TestPoint, firstBlock = 0, endBlock = ROOT_BLOCKS): DeltaSpec {
  const sizes = { fromSizeBytes: from.sizeBytes, toSizeBytes: to.sizeBytes };
  return { from: from.root, to: to.root, ...sizes, firstBlock, endBlock };
}

/** The whole stream. */
export function deltaBytes(objects: Objects, spec: DeltaSpec): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const step of writeDelta(objects, host.kernel, spec)) {
    if ('need' in step) throw new Error('something is not there');
    if ('bytes' in step) pieces.push(step.bytes);
  }
  return new Uint8Array(Buffer.concat(pieces));
}

/** What a reader takes of a stream. */
export function takeFrom(stream: Uint8Array): (length: number) => Promise<Uint8Array> {
  let at = 0;
  return async (length) => {
    const part = stream.slice(at, at + length);
    at += part.length;
    return part;
  };
}

/** Applies a stream; what the disk has not got comes from `source`. `meanwhile` happens at every pause. */
export function applyTo(
  disk: Disk,
  stream: Uint8Array,
  source?: MemoryDiskStore,
  meanwhile: () => void = () => undefined,
): Promise<AppliedDelta> {
  return applyDelta(disk, {
    take: takeFrom(stream),
    async bring(refs) {
      const frames = source?.objects.getMany(refs) ?? refs.map(() => null);
      disk.state.store.transaction(() => disk.state.objects.adopt(refs, frames));
    },
    async pause() {
      meanwhile();
    },
    check: () => undefined,
  });
}
