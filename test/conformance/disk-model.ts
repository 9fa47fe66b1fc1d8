// The reference model of a disk: plain blocks of bytes in a map, driven beside the real thing through the same random
// operations. Few contents and addresses at the edges of the tree, so that deduplication, freeing and page borders meet.

import fc from 'fast-check';
import { Disk } from '../../engine/disk/disk.ts';
import type { EngineHost } from '../../engine/host.ts';
import type { DiskStore } from '../../engine/ports.ts';
import { type Job, runLocal } from '../../engine/steps.ts';
import { BLOCK_BYTES, SECTOR_BYTES } from '../../engine/types.ts';

const KIB = 1024;
const START_BYTES = 2 ** 40 + 16 * 2 ** 20;
const EXTENDED_BYTES = 2 ** 41;
/** Both sides of each border of the tree: block, page, and the pages above. */
const ORIGINS = [0, 64 * KIB, 16 * 2 ** 20, 4 * 2 ** 30, 2 ** 40].flatMap((edge) =>
  edge === 0 ? [0] : [edge - BLOCK_BYTES, edge],
);
const SECTORS_PER_BLOCK = BLOCK_BYTES / SECTOR_BYTES;

/** Four contents; the first is zeros. */
const CONTENTS = [0, 1, 2, 3].map((id) =>
  Uint8Array.from({ length: 4 * BLOCK_BYTES }, (_, i) => (id === 0 ? 0 : (id * 37 + (i >> 9) * id) & 0xff)),
);

export type Op =
  | { op: 'write'; origin: number; sector: number; count: number; content: number }
  | { op: 'zero'; origin: number; sector: number; count: number; wide: boolean }
  | { op: 'stage'; origin: number; content: number }
  | { op: 'commit' }
  | { op: 'read'; origin: number; sector: number; count: number }
  | { op: 'extend' }
  | { op: 'snapshot' }
  | { op: 'deleteSnapshot'; which: number }
  | { op: 'rollback'; which: number }
  | { op: 'fold'; steps: number }
  | { op: 'collect'; steps: number }
  | { op: 'crash' };

const place = {
  origin: fc.nat({ max: ORIGINS.length - 1 }),
  sector: fc.oneof(fc.constant(0), fc.nat({ max: SECTORS_PER_BLOCK - 1 })),
  count: fc.oneof(fc.constantFrom(1, SECTORS_PER_BLOCK, 2 * SECTORS_PER_BLOCK), fc.integer({ min: 1, max: 300 })),
};
const content = fc.nat({ max: 3 });
const which = fc.nat({ max: 7 });
const steps = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(1_000_000));

export const opArbitrary: fc.Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant('write' as const), ...place, content }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('zero' as const), ...place, wide: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('stage' as const), origin: place.origin, content }) },
  { weight: 2, arbitrary: fc.constant({ op: 'commit' as const }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('read' as const), ...place }) },
  { weight: 1, arbitrary: fc.constant({ op: 'extend' as const }) },
  { weight: 3, arbitrary: fc.constant({ op: 'snapshot' as const }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('deleteSnapshot' as const), which }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('rollback' as const), which }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('fold' as const), steps }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('collect' as const), steps }) },
  { weight: 1, arbitrary: fc.constant({ op: 'crash' as const }) },
);

/** Bugs of STORAGE.md, to be planted: a suite that does not catch them proves nothing. */
export type PlantedBug = 'none' | 'no-barrier' | 'rollback-without-fold' | 'sweep-in-new-incarnation';

type Blocks = Map<number, Uint8Array>;

/** Runs the operations against a disk in `store` and against the model. Throws on the first difference. */
export function runDiskModel(store: DiskStore, host: EngineHost, ops: readonly Op[], bug: PlantedBug = 'none'): void {
  new Run(store, host, bug).run(ops);
}

class Run {
  readonly #store: DiskStore;
  readonly #host: EngineHost;
  readonly #bug: PlantedBug;
  #disk: Disk;
  #head: Blocks = new Map();
  readonly #snapshots = new Map<string, Blocks>();
  #fold: Job<unknown> | null = null;
  #collect: Job<unknown> | null = null;
  #batch: { batch: ReturnType<Disk['begin']>; writes: [offset: number, bytes: Uint8Array][] } | null = null;
  #nextSnapshot = 0;

  constructor(store: DiskStore, host: EngineHost, bug: PlantedBug) {
    this.#store = store;
    this.#host = host;
    this.#bug = bug;
    this.#disk = this.#prepare(Disk.create(store, host, { sizeBytes: START_BYTES }));
  }

  run(ops: readonly Op[]): void {
    for (const op of ops) this.#apply(op);
    this.#reopen();
    this.#compareAll();
    runLocal(this.#disk.sealAll());
    runLocal(this.#disk.fold());
    runLocal(this.#disk.collect());
    this.#compareAll();
  }

  #apply(op: Op): void {
    switch (op.op) {
      case 'write': {
        const offset = ORIGINS[op.origin]! + op.sector * SECTOR_BYTES;
        const bytes = CONTENTS[op.content]!.slice(0, op.count * SECTOR_BYTES);
        this.#disk.write(offset, bytes);
        patchModel(this.#head, offset, bytes);
        break;
      }
      case 'zero':
        this.#zero(op);
        break;
      case 'stage': {
        this.#batch ??= { batch: this.#disk.begin(), writes: [] };
        const offset = ORIGINS[op.origin]!;
        const bytes = CONTENTS[op.content]!.slice(0, 2 * BLOCK_BYTES);
        this.#batch.batch.write(offset, bytes);
        this.#batch.batch.stage();
        this.#batch.writes.push([offset, bytes]);
        break;
      }
      case 'commit': {
        if (!this.#batch) break;
        this.#disk.commit(this.#batch.batch);
        for (const [offset, bytes] of this.#batch.writes) patchModel(this.#head, offset, bytes);
        this.#batch = null;
        break;
      }
      case 'read':
        this.#compareRange('head', this.#head, ORIGINS[op.origin]! + op.sector * SECTOR_BYTES, op.count * SECTOR_BYTES);
        break;
      case 'extend':
        if (this.#disk.sizeBytes < EXTENDED_BYTES) this.#disk.extend(EXTENDED_BYTES);
        break;
      case 'snapshot': {
        if (this.#snapshots.size >= 8) break;
        const id = `s${this.#nextSnapshot++}`;
        this.#disk.createSnapshot(id);
        this.#snapshots.set(id, new Map(this.#head));
        break;
      }
      case 'deleteSnapshot': {
        const id = this.#pick(op.which);
        if (id === undefined) break;
        this.#disk.deleteSnapshot(id);
        this.#snapshots.delete(id);
        break;
      }
      case 'rollback':
        this.#rollback(this.#pick(op.which));
        break;
      case 'fold':
        this.#fold = advance(this.#fold ?? this.#disk.fold(), op.steps);
        break;
      case 'collect':
        this.#collect = advance(this.#collect ?? this.#disk.collect({ pages: 1, objects: 2 }), op.steps);
        break;
      case 'crash':
        this.#reopen();
        break;
    }
  }

  #zero(op: { origin: number; sector: number; count: number; wide: boolean }): void {
    const offset = ORIGINS[op.origin]! + op.sector * SECTOR_BYTES;
    const length = op.wide ? this.#disk.sizeBytes - offset : op.count * SECTOR_BYTES;
    this.#disk.writeZeroes(offset, length);
    for (const [block, bytes] of this.#head) {
      const from = Math.max(offset, block * BLOCK_BYTES);
      const to = Math.min(offset + length, (block + 1) * BLOCK_BYTES);
      if (from >= to) continue;
      const copy = bytes.slice();
      copy.fill(0, from - block * BLOCK_BYTES, to - block * BLOCK_BYTES);
      this.#head.set(block, copy);
    }
  }

  #rollback(id: string | undefined): void {
    if (id === undefined) return;
    this.#dropBatch();
    const { state } = this.#disk;
    if (this.#bug === 'rollback-without-fold') {
      const root = state.snapshot(id).root;
      if (!root) return;
      state.reset(state.store.transaction(() => state.storeNewRoot(root)));
    } else {
      runLocal(this.#disk.sealAll());
      this.#disk.rollback(id);
    }
    this.#head = new Map(this.#snapshots.get(id)!);
  }

  #reopen(): void {
    this.#dropBatch();
    this.#fold = null;
    if (this.#bug !== 'sweep-in-new-incarnation') this.#collect = null;
    this.#disk = this.#prepare(Disk.open(this.#store, this.#host)!);
  }

  #prepare(disk: Disk): Disk {
    if (this.#bug === 'no-barrier')
      Object.defineProperty(disk.state.objects, 'onReference', { get: () => null, set() {} });
    return disk;
  }

  #dropBatch(): void {
    if (this.#batch) this.#disk.drop(this.#batch.batch);
    this.#batch = null;
  }

  #pick(index: number): string | undefined {
    const ids = [...this.#snapshots.keys()];
    return ids.length > 0 ? ids[index % ids.length] : undefined;
  }

  #compareAll(): void {
    const blocks = new Set(ORIGINS.map((origin) => origin / BLOCK_BYTES));
    for (const model of [this.#head, ...this.#snapshots.values()]) for (const block of model.keys()) blocks.add(block);
    for (const block of blocks) {
      this.#compareRange('head', this.#head, block * BLOCK_BYTES, BLOCK_BYTES);
      for (const [snapshotId, model] of this.#snapshots) {
        this.#compareRange({ snapshotId }, model, block * BLOCK_BYTES, BLOCK_BYTES);
      }
    }
  }

  #compareRange(point: 'head' | { snapshotId: string }, model: Blocks, offset: number, length: number): void {
    const fits = Math.min(length, this.#disk.pointBytes(point) - offset);
    if (fits <= 0) return;
    const found = this.#disk.read(point, offset, fits);
    const where = `${JSON.stringify(point)} at ${offset}+${fits}`;
    if (found.kind !== 'bytes') throw new Error(`${where}: ${found.kind}`);
    if (!sameSectors(found.bytes, readModel(model, offset, fits)))
      throw new Error(`${where}: other bytes than the model`);
  }
}

function advance(job: Job<unknown>, count: number): Job<unknown> | null {
  for (let i = 0; i < count; i++) {
    const step = job.next();
    if (step.done) return null;
    if ('need' in step.value) throw new Error('a local disk needs nothing');
  }
  return job;
}

/** Compares fresh arrays of whole sectors, a word at a time. */
function sameSectors(a: Uint8Array, b: Uint8Array): boolean {
  const wordsA = new Uint32Array(a.buffer, a.byteOffset, a.length / 4);
  const wordsB = new Uint32Array(b.buffer, b.byteOffset, b.length / 4);
  return wordsA.every((word, i) => word === wordsB[i]);
}

function patchModel(model: Blocks, offset: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    const block = Math.floor((offset + at) / BLOCK_BYTES);
    const inBlock = offset + at - block * BLOCK_BYTES;
    const length = Math.min(BLOCK_BYTES - inBlock, bytes.length - at);
    const copy = model.get(block)?.slice() ?? new Uint8Array(BLOCK_BYTES);
    copy.set(bytes.subarray(at, at + length), inBlock);
    model.set(block, copy);
    at += length;
  }
}

function readModel(model: Blocks, offset: number, length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const block = Math.floor((offset + at) / BLOCK_BYTES);
    const inBlock = offset + at - block * BLOCK_BYTES;
    const part = Math.min(BLOCK_BYTES - inBlock, length - at);
    const bytes = model.get(block);
    if (bytes) out.set(bytes.subarray(inBlock, inBlock + part), at);
    at += part;
  }
  return out;
}
