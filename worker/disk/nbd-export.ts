// A disk or one of its snapshots as NBD sees it.

import type { PointId } from '../../engine/disk/disk.ts';
import { type BlockRun, blockRuns } from '../../engine/disk/extents.ts';
import { damagedObject, EngineError } from '../../engine/errors.ts';
import { BLOCK_BYTES, SECTOR_BYTES } from '../../engine/types.ts';
import type { Change, Extent, NbdExport } from '../nbd/export.ts';
import { readAligned, runsToExtents } from '../nbd/ranges.ts';
import type { DiskRuntime } from './runtime.ts';

const floor = (bytes: number) => bytes - (bytes % SECTOR_BYTES);
const ceil = (bytes: number) => floor(bytes + SECTOR_BYTES - 1);

/** Who asks: the connection that a message came from. */
export interface Asking {
  /** Whether it still is there: what it asked for is not done any more once it is not. */
  isOpen(): boolean;
  /** Called after each commit. */
  wrote(): void;
}

export class DiskExport implements NbdExport {
  readonly name: string;
  readonly description: string;
  readonly isReadOnly: boolean;
  readonly #runtime: DiskRuntime;
  readonly #point: PointId;
  readonly #asking: Asking;

  constructor(runtime: DiskRuntime, point: PointId, mode: 'rw' | 'ro', asking: Asking) {
    this.#runtime = runtime;
    this.#point = point;
    this.#asking = asking;
    this.name = point === 'head' ? runtime.owner.diskId : point.snapshotId;
    this.description = `${point === 'head' ? 'volume' : 'snapshot'} ${this.name}`;
    this.isReadOnly = point !== 'head' || mode === 'ro';
  }

  get sizeBytes(): number {
    return this.#runtime.disk.pointBytes(this.#point);
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return readAligned(offset, length, (from, bytes) => this.#runtime.read(this.#point, from, bytes));
  }

  async write(changes: readonly Change[]): Promise<void> {
    const { disk } = this.#runtime;
    await this.#runtime.relievePressure();
    this.#assertUsable();
    let batch = disk.begin();
    try {
      for (const change of changes.flatMap(atSectors)) {
        if (change.kind === 'zeroes') batch.writeZeroes(change.offset, change.length);
        else if (isAligned(change)) batch.write(change.offset, change.bytes);
        else {
          // What is around the bytes must be as the changes before these left it, and as nobody changes it meanwhile.
          disk.commit(batch);
          const { from, bytes } = await this.#completed(change);
          batch = disk.begin();
          batch.write(from, bytes);
          disk.commit(batch);
          batch = disk.begin();
        }
      }
      disk.commit(batch);
    } finally {
      disk.drop(batch);
    }
    this.#asking.wrote();
  }

  async extents(offset: number, length: number, limit: number): Promise<Extent[]> {
    const first = Math.floor(offset / BLOCK_BYTES);
    const end = Math.ceil((offset + length) / BLOCK_BYTES);
    return runsToExtents(await this.#runs(first, end), offset, length, limit);
  }

  async #runs(first: number, end: number): Promise<readonly BlockRun[]> {
    const { disk } = this.#runtime;
    for (let brought: string | null = null; ; ) {
      const found = blockRuns(disk.state.objects, disk.view(this.#point), first, end);
      if (found.kind === 'runs') return found.runs;
      const key = found.ref.digest.join();
      if (found.why === 'damaged' || brought === key) throw damagedObject(found.ref);
      brought = key;
      await this.#runtime.bring([found.ref]);
    }
  }

  /** Whole sectors with the bytes in them. The caller must write them in the same turn. */
  async #completed({ offset, bytes }: ByteChange): Promise<{ from: number; bytes: Uint8Array }> {
    const from = floor(offset);
    const length = ceil(offset + bytes.length) - from;
    const { disk } = this.#runtime;
    for (;;) {
      this.#assertUsable();
      const found = disk.read('head', from, length);
      if (found.kind === 'bytes') {
        found.bytes.set(bytes, offset - from);
        return { from, bytes: found.bytes };
      }
      // Fetches what is absent, or says what is damaged.
      await this.#runtime.read('head', from, length);
    }
  }

  #assertUsable(): void {
    this.#runtime.assertOpen();
    this.#runtime.assertNotExclusive();
    // It may have been sent again on another connection, and been overwritten since.
    if (!this.#asking.isOpen()) throw new EngineError('busy', 'the connection ended before the write was done');
  }
}

type ByteChange = Extract<Change, { kind: 'bytes' }>;

function isAligned({ offset, bytes }: ByteChange): boolean {
  return offset % SECTOR_BYTES === 0 && bytes.length % SECTOR_BYTES === 0;
}

/** Zeros over parts of sectors are bytes; over whole ones they are an entry of the log, however many. */
function atSectors(change: Change): Change[] {
  if (change.kind === 'bytes') return [change];
  const { offset, length } = change;
  const end = offset + length;
  const [from, to] = [ceil(offset), floor(end)];
  const zeros = (at: number, until: number): Change[] =>
    until > at ? [{ kind: 'bytes', offset: at, bytes: new Uint8Array(until - at) }] : [];
  if (from >= to) return zeros(offset, end);
  return [...zeros(offset, from), { kind: 'zeroes', offset: from, length: to - from }, ...zeros(to, end)];
}
