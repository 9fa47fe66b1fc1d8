// What a snapshot and a rollback cost in rows, on any store: it must depend on what changed, never on what the disk holds.

import { Disk } from '../../engine/disk/disk.ts';
import type { EngineHost } from '../../engine/host.ts';
import type { DiskStore } from '../../engine/ports.ts';
import { runLocal } from '../../engine/steps.ts';
import { BLOCK_BYTES, SECTOR_BYTES } from '../../engine/types.ts';

const MIB = 1_048_576;
const CHANGED_BLOCKS = 8;

export interface RowCosts {
  /** Of a snapshot after no change. */
  readonly snapshot: number;
  /** Of a change, a snapshot and the same change again, all folded. */
  readonly changed: number;
  readonly rollback: number;
}

/** `count` blocks, all different, and different for each `seed`. */
export function blocks(count: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(count * BLOCK_BYTES);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) {
    for (let at = 0; at < SECTOR_BYTES; at += 8) view.setFloat64(i * BLOCK_BYTES + at, seed + i / 7);
  }
  return bytes;
}

/** Folds until nothing is left in the log and every snapshot is sealed. */
export function settle(disk: Disk): void {
  while (disk.wantsFold) runLocal(disk.fold());
}

/** Measures on a new disk in `store` with this much allocated. Everything is counted until it is settled. */
export function rowCosts(store: DiskStore, host: EngineHost, allocatedBytes: number): RowCosts {
  const disk = Disk.create(store, host, { sizeBytes: 2 ** 40 });
  for (let offset = 0; offset < allocatedBytes; offset += 16 * MIB) {
    disk.write(offset, blocks(Math.min(16 * MIB, allocatedBytes - offset) / BLOCK_BYTES, 1 + offset / BLOCK_BYTES));
    settle(disk);
  }
  const change = (seed: number) => {
    disk.write(0, blocks(CHANGED_BLOCKS, seed));
    disk.write((CHANGED_BLOCKS + 1) * BLOCK_BYTES + SECTOR_BYTES, blocks(1, seed).slice(0, SECTOR_BYTES));
  };
  const rowsOf = (work: () => void) => {
    const mark = store.meter.mark();
    work();
    settle(disk);
    return store.meter.since(mark).rowsWritten;
  };
  return {
    snapshot: rowsOf(() => disk.createSnapshot('s0')),
    changed: rowsOf(() => {
      change(1e6);
      disk.createSnapshot('s1');
      change(2e6);
    }),
    rollback: rowsOf(() => {
      runLocal(disk.sealAll());
      disk.rollback('s0');
    }),
  };
}

export const ALLOCATED_BYTES = [MIB, 64 * MIB, 1_024 * MIB];
