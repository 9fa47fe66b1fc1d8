// Healing: head and snapshots read as they did, byte for byte, from whatever has the objects; what nobody has is named.

import { describe, expect, test } from 'vitest';
import { damageDisk } from '../../engine/disk/damage.ts';
import { Disk, type PointId } from '../../engine/disk/disk.ts';
import { Healing, type HealReport } from '../../engine/disk/heal.ts';
import type { MemoryDiskStore } from '../../engine/memory/disk-store.ts';
import { runLocal } from '../../engine/steps.ts';
import { BLOCK_BYTES, bytesEqual, Kind, type ObjectRef } from '../../engine/types.ts';
import { damageAtRandom, generator, pointsOf, randomDisk, readSpots, SPOTS } from '../support/damaged-disks.ts';
import { blocks, driveFrom, host, mustRead, newDisk, settle } from '../support/disks.ts';

const LENGTH = 8 * BLOCK_BYTES;

function healFrom(disk: Disk, source: MemoryDiskStore, withhold?: (ref: ObjectRef) => boolean): HealReport {
  return driveFrom(disk, source, new Healing(disk.state).run(), withhold);
}

/** Nobody else has anything. */
const nowhere = () => newDisk().store;

function refOf(disk: Disk, content: Uint8Array): ObjectRef {
  return { kind: Kind.block, digest: disk.state.kernel.hashBlocksOf([content]) };
}

function filled() {
  const { disk, store } = newDisk();
  disk.write(0, blocks(8, 1));
  disk.createSnapshot('s');
  settle(disk);
  disk.write(0, blocks(2, 9));
  settle(disk);
  return { disk, store, healthy: store.fork() };
}

function block(i: number): Uint8Array {
  return blocks(8, 1).slice(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES);
}

describe('healing', () => {
  for (const fault of ['flip', 'lose', 'misdirect'] as const) {
    test(`brings everything back after ${fault} of everything`, () => {
      const { disk, store, healthy } = filled();
      const { objects } = store.objects.usage();
      damageDisk(disk, { target: { kind: 'all' }, fault, count: 1_000, seed: 1 });
      const { before, healed, left } = healFrom(disk, healthy);
      expect(before).toMatchObject({ damagedPointCount: 2, damagedPoints: [{ point: 'head' }, {}] });
      // Of two objects one has the other's bytes, and the other may have its own.
      expect(healed.objects).toBeGreaterThan(objects / 2 - 1);
      expect(left).toMatchObject({ damagedPointCount: 0, damagedPoints: [] });
      for (const current of [disk, Disk.open(store.fork(), host)!]) {
        expect(mustRead(current, { snapshotId: 's' }, 0, LENGTH)).toEqual(blocks(8, 1));
        expect(mustRead(current, 'head', 0, 2 * BLOCK_BYTES)).toEqual(blocks(2, 9));
      }
    });
  }

  test('names what nobody has, and heals the rest', () => {
    const { disk, healthy } = filled();
    damageDisk(disk, { target: { kind: 'all' }, fault: 'flip', count: 1_000, seed: 1 });
    const missing = refOf(disk, block(5));
    const { left } = healFrom(disk, healthy, (ref) => bytesEqual(ref.digest, missing.digest));
    const ranges = [{ offset: 5 * BLOCK_BYTES, length: BLOCK_BYTES, why: 'flipped' }];
    expect(left.damagedPoints).toMatchObject([
      { point: 'head', ranges },
      { point: { snapshotId: 's' }, ranges },
    ]);
    expect(disk.read('head', 0, LENGTH)).toMatchObject({ kind: 'damaged' });
  });

  test('never takes bytes that do not match their name', () => {
    const { disk, store, healthy } = filled();
    const liar = healthy.fork();
    for (const ref of liar.objects.scan(null, 100).refs) {
      liar.damage({ target: 'object', ref, kind: 'flip', random: 11 });
    }
    damageDisk(disk, { target: { kind: 'all' }, fault: 'lose', count: 3, seed: 4 });
    const wrote = store.meter.counts.rowsWritten;
    expect(healFrom(disk, liar)).toMatchObject({ healed: { objects: 0 }, left: { damagedPointCount: 2 } });
    expect(store.meter.counts.rowsWritten).toBe(wrote);
    expect(healFrom(disk, healthy).left.damagedPointCount).toBe(0);
  });

  test('finds blocks of the disk that were swapped, in a ring too, and asks nobody for them', () => {
    for (const length of [2, 3, 5]) {
      const { disk, store } = filled();
      const refs = Array.from({ length }, (_, i) => refOf(disk, block(2 + i)));
      const frames = store.objects.getMany(refs);
      store.objects.replaceMany(refs.map((ref, i) => ({ ...ref, frame: frames[(i + 1) % length]! })));
      disk.dropCaches();
      const { before, healed, left } = healFrom(disk, nowhere());
      expect(before.objects.misdirected).toBe(length);
      expect(healed).toEqual({ objects: length, fromDisk: length });
      expect(left.damagedPointCount).toBe(0);
      expect(mustRead(disk, { snapshotId: 's' }, 0, LENGTH)).toEqual(blocks(8, 1));
    }
  });

  test('finds a block that was written over another, before it brings that other back', () => {
    const { disk, store, healthy } = filled();
    const [lost, holder] = [refOf(disk, block(3)), refOf(disk, block(6))];
    const [frame] = store.objects.getMany([lost]);
    store.objects.replaceMany([{ ...holder, frame: frame! }]);
    store.objects.deleteMany([lost]);
    disk.dropCaches();
    const { healed, left } = healFrom(disk, healthy, (ref) => bytesEqual(ref.digest, lost.digest));
    expect(healed).toEqual({ objects: 2, fromDisk: 1 });
    expect(left.damagedPointCount).toBe(0);
    expect(mustRead(disk, { snapshotId: 's' }, 0, LENGTH)).toEqual(blocks(8, 1));
  });

  test('stores a page anew that only memory still has', () => {
    const { disk, store } = filled();
    mustRead(disk, 'head', 0, 512);
    const pages = store.objects.scan(null, 100).refs.filter(({ kind }) => kind === Kind.page);
    for (const ref of pages) expect(disk.state.objects.readPage(ref.digest)).toBeInstanceOf(Uint8Array);
    pages.forEach((ref, i) => {
      store.damage({ target: 'object', ref, kind: i % 2 === 0 ? 'flip' : 'lose', random: 3 });
    });
    const { healed } = healFrom(disk, nowhere());
    expect(healed).toEqual({ objects: pages.length, fromDisk: pages.length });
    expect(mustRead(Disk.open(store.fork(), host)!, 'head', 0, 2 * BLOCK_BYTES)).toEqual(blocks(2, 9));
  });

  test('lets the log be folded again that lay over what was lost', () => {
    const { disk, healthy } = filled();
    damageDisk(disk, { target: { kind: 'range', offset: 0, length: 1 }, fault: 'lose', count: 1, seed: 1 });
    disk.write(512, blocks(1, 4).slice(0, 512));
    while (disk.wantsFold) runLocal(disk.fold());
    expect(disk.state.log.isEmpty).toBe(false);
    expect(healFrom(disk, healthy).left.damagedPointCount).toBe(0);
    expect(disk.wantsFold).toBe(true);
    settle(disk);
    expect(disk.state.log.isEmpty).toBe(true);
    const expected = blocks(2, 9);
    expected.set(blocks(1, 4).slice(0, 512), 512);
    expect(mustRead(disk, 'head', 0, 2 * BLOCK_BYTES)).toEqual(expected);
  });

  test('leaves damage of the log, and of a snapshot that was sealed over lost content, and says so', () => {
    const { disk, store, healthy } = filled();
    damageDisk(disk, { target: { kind: 'range', offset: 0, length: 1 }, fault: 'lose', count: 1, seed: 1 });
    disk.write(512, blocks(1, 4).slice(0, 512));
    disk.createSnapshot('over');
    settle(disk);
    const { left } = healFrom(disk, healthy);
    const lost = [{ offset: 0, length: BLOCK_BYTES, why: 'lost' }];
    expect(left.damagedPoints).toMatchObject([{ point: { snapshotId: 'over' }, ranges: lost }]);
    settle(disk);
    for (const size of [512, 1_024]) disk.write(BLOCK_BYTES, blocks(1, 5).slice(0, size));
    store.damage({ target: 'log', seq: disk.state.newestSeq - 1, kind: 'lose', random: 1 });
    disk.dropCaches();
    const again = healFrom(disk, healthy);
    expect(again.healed.objects).toBe(0);
    expect(again.left.damagedPoints).toMatchObject([
      { point: 'head', ranges: [{ offset: 0, length: disk.sizeBytes, why: 'log' }] },
      { point: { snapshotId: 'over' }, ranges: lost },
    ]);
  });

  test('that stops anywhere has changed nothing but for the better, and can be begun again', () => {
    const { disk, store, healthy } = filled();
    damageDisk(disk, { target: { kind: 'all' }, fault: 'flip', count: 6, seed: 3 });
    const damaged = store.fork();
    let steps = 0;
    for (let isOver = false; !isOver; steps += 2) {
      const stopped = Disk.open(damaged.fork(), host)!;
      const job = new Healing(stopped.state).run();
      for (let i = 0; i < steps && !isOver; i++) {
        const step = job.next();
        isOver = step.done ?? false;
        if (step.done || !('need' in step.value)) continue;
        const { need } = step.value;
        stopped.state.store.transaction(() => stopped.state.objects.adopt(need, healthy.objects.getMany(need)));
      }
      const reopened = Disk.open((stopped.state.store as MemoryDiskStore).fork(), host)!;
      expect(healFrom(reopened, healthy).left.damagedPointCount).toBe(0);
      expect(mustRead(reopened, { snapshotId: 's' }, 0, LENGTH)).toEqual(blocks(8, 1));
    }
    expect(steps).toBeGreaterThan(10);
  });

  test('after random damage of objects everything reads as before, for random disks', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const next = generator(seed);
      const { disk, store } = randomDisk(next);
      const healthy = store.fork();
      const content = new Map<PointId, Uint8Array[]>();
      for (const point of pointsOf(disk)) content.set(point, readSpots(disk, point).bytes);
      damageAtRandom(disk, next, false);
      const { left } = healFrom(disk, healthy);
      expect(left, `seed ${seed}`).toMatchObject({ damagedPointCount: 0, damagedPoints: [] });
      const reopened = Disk.open(store.fork(), host)!;
      for (const [point, bytes] of content) {
        const now = readSpots(reopened, point).bytes;
        const same = now.length === bytes.length && now.every((part, i) => bytesEqual(part, bytes[i]!));
        expect(same, `seed ${seed}, ${JSON.stringify(point)}`).toBe(true);
      }
    }
  });

  test('loses nothing that guests write meanwhile', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const next = generator(seed);
      const { disk, store } = randomDisk(next);
      const healthy = store.fork();
      damageAtRandom(disk, next, false);
      const job = new Healing(disk.state).run();
      const written = new Map<number, number>();
      for (let step = job.next(); !step.done; step = job.next()) {
        if ('need' in step.value) {
          const { need } = step.value;
          store.transaction(() => disk.state.objects.adopt(need, healthy.objects.getMany(need)));
        }
        const offset = SPOTS[next(SPOTS.length)]! + next(5) * BLOCK_BYTES;
        const content = next(100);
        if (content % 3 > 0) continue;
        disk.write(offset, blocks(1, content));
        written.set(offset, content);
        if (content % 2 === 0 && disk.wantsFold) runLocal(disk.fold());
      }
      const reopened = Disk.open(store.fork(), host)!;
      for (const [offset, content] of written) {
        expect(bytesEqual(mustRead(reopened, 'head', offset, BLOCK_BYTES), blocks(1, content)), `${seed}`).toBe(true);
      }
    }
  });
});
