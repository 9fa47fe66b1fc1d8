// Scrub: what is damaged is named precisely, and nothing else is, whatever happens meanwhile.

import { describe, expect, test } from 'vitest';
import { damageDisk } from '../../engine/disk/damage.ts';
import { Disk } from '../../engine/disk/disk.ts';
import { Scrub } from '../../engine/disk/scrub.ts';
import { type Job, runLocal } from '../../engine/steps.ts';
import { BLOCK_BYTES, bytesEqual, Kind, type ObjectRef, toHex } from '../../engine/types.ts';
import {
  damageAtRandom,
  generator,
  pointsOf,
  randomDisk,
  readSpots,
  reportedSpots,
  SPOTS,
} from '../support/damaged-disks.ts';
import { blocks, host, newDisk, settle } from '../support/disks.ts';

const PAGE_SPAN = 256 * BLOCK_BYTES;

function scrubbed(disk: Disk) {
  return runLocal(new Scrub(disk.state).run());
}

/** The stored block with this content. */
function refOf(disk: Disk, content: Uint8Array): ObjectRef {
  const digest = disk.state.kernel.hashBlocksOf([content]);
  return { kind: Kind.block, digest };
}

describe('a scrub', () => {
  test('of a disk without damage reads each object once, reports nothing and changes nothing', () => {
    const { disk, store } = newDisk();
    disk.write(0, blocks(40, 1));
    settle(disk);
    disk.createSnapshot('a');
    disk.write(BLOCK_BYTES, blocks(3, 2));
    settle(disk);
    disk.createSnapshot('b');
    disk.write(7 * BLOCK_BYTES + 512, blocks(1, 3).slice(0, 1_024));
    const wrote = store.meter.counts.rowsWritten;
    const asked = new Map<string, number>();
    const { getMany } = store.objects;
    store.objects.getMany = (refs) => {
      for (const ref of refs) asked.set(toHex(ref.digest), (asked.get(toHex(ref.digest)) ?? 0) + 1);
      return getMany.call(store.objects, refs);
    };
    const report = scrubbed(disk);
    store.objects.getMany = getMany;
    const { objects } = store.objects.usage();
    expect(report).toMatchObject({ pointCount: 3, damagedPointCount: 0, damagedPoints: [] });
    expect(report.objects).toMatchObject({ checked: objects, lost: 0, flipped: 0, misdirected: 0 });
    expect(report.objects.checkedBytes).toBeGreaterThan(0);
    // Pages are read a second time, for what is in them.
    for (const { kind, digest } of store.objects.scan(null, 1_000).refs) {
      expect(asked.get(toHex(digest)) ?? 0).toBeLessThanOrEqual(kind === Kind.block ? 1 : 2);
    }
    expect(store.meter.counts.rowsWritten).toBe(wrote);
  });

  test.each([
    ['flip', 'flipped'],
    ['lose', 'lost'],
    ['misdirect', 'misdirected'],
  ] as const)('names the ranges of a block after %s, in the head and in every snapshot that has it', (fault, why) => {
    const { disk } = newDisk();
    disk.write(0, blocks(8, 1));
    disk.write(2 ** 32, blocks(8, 1));
    settle(disk);
    disk.createSnapshot('has');
    disk.write(3 * BLOCK_BYTES, blocks(2, 9));
    disk.write(2 ** 32 + 3 * BLOCK_BYTES, blocks(2, 9));
    disk.createSnapshot('has-not');
    settle(disk);
    disk.write(2 ** 32 + 4 * BLOCK_BYTES, blocks(8, 1).slice(4 * BLOCK_BYTES, 5 * BLOCK_BYTES));
    const victim = refOf(disk, blocks(8, 1).slice(4 * BLOCK_BYTES, 5 * BLOCK_BYTES));
    const other = refOf(disk, blocks(8, 1).slice(0, BLOCK_BYTES));
    const { store } = disk.state;
    if (fault === 'misdirect') store.damage({ target: 'object', ref: victim, kind: fault, other });
    else store.damage({ target: 'object', ref: victim, kind: fault, random: 5 });
    disk.dropCaches();
    const at = (offset: number) => ({ offset, length: BLOCK_BYTES, why });
    const report = scrubbed(disk);
    expect(report.objects[why]).toBe(1);
    expect(report.damagedPoints).toEqual([
      { point: 'head', unreadableBytes: BLOCK_BYTES, rangeCount: 1, ranges: [at(2 ** 32 + 4 * BLOCK_BYTES)] },
      {
        point: { snapshotId: 'has' },
        unreadableBytes: 2 * BLOCK_BYTES,
        rangeCount: 2,
        ranges: [at(4 * BLOCK_BYTES), at(2 ** 32 + 4 * BLOCK_BYTES)],
      },
    ]);
  });

  test('names all that lies below a page, but not what the log has over it', () => {
    const { disk } = newDisk({ sizeBytes: 2 ** 30 });
    disk.write(0, blocks(2, 1));
    disk.write(PAGE_SPAN, blocks(2, 2));
    settle(disk);
    const { refs } = disk.state.store.objects.scan(null, 100);
    const leaf = refs.find(({ kind, digest }) => {
      const page = kind === Kind.page ? disk.state.objects.readPage(digest) : null;
      return page instanceof Uint8Array && bytesEqual(page.slice(0, 32), refOf(disk, blocks(1, 2)).digest);
    })!;
    disk.state.store.damage({ target: 'object', ref: leaf, kind: 'flip', random: 77 });
    disk.dropCaches();
    disk.write(PAGE_SPAN + 5 * BLOCK_BYTES, blocks(1, 7));
    disk.write(PAGE_SPAN + 9 * BLOCK_BYTES + 512, blocks(1, 7).slice(0, 512));
    disk.writeZeroes(PAGE_SPAN + 100 * BLOCK_BYTES, 1_000 * BLOCK_BYTES);
    const hole = 9 * BLOCK_BYTES + 512;
    const [head] = scrubbed(disk).damagedPoints;
    expect(head!.ranges.map(({ offset, length, why }) => [offset - PAGE_SPAN, length, why])).toEqual([
      [0, 5 * BLOCK_BYTES, 'flipped'],
      [6 * BLOCK_BYTES, 3 * BLOCK_BYTES + 512, 'flipped'],
      [hole + 512, 100 * BLOCK_BYTES - hole - 512, 'flipped'],
    ]);
  });

  test('names the sectors whose log data is damaged; all of the head when a row is gone', () => {
    const { disk, store } = newDisk({ sizeBytes: 2 ** 30 });
    disk.write(512, blocks(1, 2).slice(0, 1_024));
    disk.write(8_192, blocks(1, 3).slice(0, 1_024));
    disk.createSnapshot('open');
    const [row] = store.scanLog(0);
    for (let random = 0; ; random++) {
      const trial = store.fork();
      trial.damage({ target: 'log', seq: row!.seq, kind: 'flip', random });
      const reopened = Disk.open(trial, host)!;
      if (reopened.state.brokenSeq !== null) continue;
      const ranges = [{ offset: 512, length: 1_024, why: 'log' }];
      expect(scrubbed(reopened).damagedPoints).toMatchObject([{ ranges }, { ranges }]);
      break;
    }
    // Also while memory still has what is gone: it is what is stored that counts.
    store.damage({ target: 'log', seq: row!.seq + 1, kind: 'lose', random: 0 });
    const ranges = [{ offset: 0, length: 2 ** 30, why: 'log' }];
    expect(scrubbed(disk).damagedPoints).toMatchObject([{ ranges }, { ranges }]);
  });

  test('lists no more ranges and points than somebody reads, and counts them all', () => {
    const { disk } = newDisk();
    for (let i = 0; i < 600; i += 60) disk.write(i * BLOCK_BYTES, blocks(60, 1 + i));
    settle(disk);
    for (let i = 0; i < 33; i++) disk.createSnapshot(`s${i}`);
    for (let i = 0; i < 600; i += 2) {
      const found = blocks(60, 1 + Math.floor(i / 60) * 60).slice((i % 60) * BLOCK_BYTES, ((i % 60) + 1) * BLOCK_BYTES);
      disk.state.store.damage({ target: 'object', ref: refOf(disk, found), kind: 'flip', random: i });
    }
    disk.dropCaches();
    const report = scrubbed(disk);
    expect(report).toMatchObject({ pointCount: 34, damagedPointCount: 34, objects: { flipped: 300 } });
    expect(report.damagedPoints).toHaveLength(32);
    expect(report.damagedPoints[0]).toMatchObject({ rangeCount: 300, unreadableBytes: 300 * BLOCK_BYTES });
    expect(report.damagedPoints.slice(0, 3).map(({ ranges }) => ranges.length)).toEqual([256, 64, 0]);
    expect(JSON.stringify(report).length).toBeLessThan(32_768);
  });

  test('takes what is still to arrive for what it is', () => {
    const origin = newDisk();
    origin.disk.write(0, blocks(4, 1));
    settle(origin.disk);
    const upstream = { id: 'u', locator: '{}', heals: false };
    const { disk } = newDisk({ root: origin.disk.state.head.root, upstream });
    expect(scrubbed(disk)).toMatchObject({ damagedPointCount: 0, objects: { checked: 0, lost: 0 } });
  });

  test('says the same as reading every sector of every point, for random disks and damage', () => {
    let damaged = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const next = generator(seed);
      const { disk, store } = randomDisk(next);
      damageAtRandom(disk, next, true);
      const report = scrubbed(disk);
      const reopened = Disk.open(store.fork(), host)!;
      for (const point of pointsOf(disk)) {
        const found = report.damagedPoints.find((one) => JSON.stringify(one.point) === JSON.stringify(point));
        const read = readSpots(reopened, point).isBad;
        expect(reportedSpots(found), `seed ${seed}, ${JSON.stringify(point)}`).toEqual(read);
        if (read.includes(true)) damaged += 1;
      }
    }
    expect(damaged).toBeGreaterThan(70);
  });

  test('finds nothing on a healthy disk, whatever guests, folds and collections do meanwhile', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const next = generator(seed);
      const { disk } = randomDisk(next);
      const scrub = new Scrub(disk.state).run();
      const others: Job<unknown>[] = [];
      for (let step = scrub.next(); ; step = scrub.next()) {
        if (step.done) {
          expect(step.value, `seed ${seed}`).toMatchObject({ damagedPointCount: 0, objects: { lost: 0, flipped: 0 } });
          break;
        }
        for (const other of others) if (other.next().done) others.splice(others.indexOf(other), 1);
        const choice = next(8);
        const offset = SPOTS[next(SPOTS.length)]! + next(5) * BLOCK_BYTES;
        if (choice === 0) disk.write(offset, blocks(1, next(50)));
        else if (choice === 1) disk.write(offset + 512, blocks(1, next(50)).slice(0, 512));
        else if (choice === 2) disk.writeZeroes(offset, 3 * BLOCK_BYTES);
        else if (choice === 3) for (const id of [...disk.state.snapshots.keys()].slice(0, 1)) disk.deleteSnapshot(id);
        else if (choice === 4 && others.length === 0) others.push(disk.fold());
        else if (choice === 5 && others.length === 0) others.push(disk.collect({ pages: 2, objects: 4 }));
      }
      for (const other of others) other.return(undefined);
    }
  });
});

describe('a write', () => {
  test('of content that a scrub found damaged stores it anew', () => {
    const { disk, store } = newDisk();
    disk.write(0, blocks(2, 1));
    settle(disk);
    // Written twice, so that it is trusted without a look.
    disk.write(2 ** 32, blocks(2, 1));
    const ref = refOf(disk, blocks(2, 1).slice(0, BLOCK_BYTES));
    store.damage({ target: 'object', ref, kind: 'flip', random: 3 });
    expect(scrubbed(disk).objects.flipped).toBe(1);
    disk.write(2 ** 33, blocks(2, 1));
    expect(scrubbed(disk).damagedPointCount).toBe(0);
    expect(damageDisk(disk, { target: { kind: 'all' }, fault: 'lose', count: 1, seed: 1 })).toBe(1);
  });
});
