// Damage: what cannot be read is named, never served; it does not spread, and it does not pin the log.

import { describe, expect, test } from 'vitest';
import { damageDisk } from '../../engine/disk/damage.ts';
import { Disk } from '../../engine/disk/disk.ts';
import { runLocal } from '../../engine/steps.ts';
import { BLOCK_BYTES, Kind, type ObjectRef } from '../../engine/types.ts';
import { blocks, driveFrom, host, mustRead, newDisk, settle } from '../support/disks.ts';

const BLOCKS_16 = 16 * BLOCK_BYTES;

describe('a damaged block', () => {
  for (const fault of ['flip', 'lose', 'misdirect'] as const) {
    test(`${fault}: reads name exactly its range, others are served`, () => {
      const { disk } = newDisk();
      const bytes = blocks(16, 1);
      disk.write(0, bytes);
      settle(disk);
      const range = {
        kind: 'range',
        offset: 3 * BLOCK_BYTES,
        length: fault === 'misdirect' ? 2 * BLOCK_BYTES : 1,
      } as const;
      expect(damageDisk(disk, { target: range, fault, count: 1, seed: 4 })).toBe(1);
      const found = disk.read('head', 0, BLOCKS_16);
      if (found.kind !== 'damaged') throw new Error(found.kind);
      expect(found.ranges.reduce((sum, r) => sum + r.length, 0)).toBe(BLOCK_BYTES);
      const [bad] = found.ranges;
      expect(mustRead(disk, 'head', 0, bad!.offset)).toEqual(bytes.slice(0, bad!.offset));
      disk.write(bad!.offset, bytes.slice(bad!.offset, bad!.offset + BLOCK_BYTES));
      expect(mustRead(disk, 'head', 0, BLOCKS_16)).toEqual(bytes);
    });
  }

  for (const fault of ['flip', 'misdirect'] as const) {
    test(`${fault}: a write of the same content elsewhere does not rest on it`, () => {
      const { disk, store } = newDisk();
      disk.write(0, blocks(4, 1));
      settle(disk);
      damageDisk(disk, { target: { kind: 'range', offset: 0, length: BLOCKS_16 }, fault, count: 4, seed: 1 });
      disk.write(BLOCKS_16, blocks(4, 1));
      for (const current of [disk, Disk.open(store.fork(), host)!]) {
        expect(mustRead(current, 'head', BLOCKS_16, 4 * BLOCK_BYTES)).toEqual(blocks(4, 1));
      }
    });
  }

  test('small writes over it survive folding, and it stays damaged beside them', () => {
    const { disk, store } = newDisk();
    disk.write(0, blocks(2, 1));
    settle(disk);
    disk.createSnapshot('before');
    damageDisk(disk, { target: { kind: 'range', offset: 0, length: 1 }, fault: 'flip', count: 1, seed: 1 });
    const sector = blocks(1, 9).slice(0, 512);
    disk.write(1_024, sector);
    disk.createSnapshot('after');
    runLocal(disk.sealAll());
    runLocal(disk.fold());
    for (const current of [disk, Disk.open(store.fork(), host)!]) {
      expect(mustRead(current, 'head', 1_024, 512)).toEqual(sector);
      expect(mustRead(current, 'head', BLOCK_BYTES, BLOCK_BYTES)).toEqual(blocks(2, 1).slice(BLOCK_BYTES));
      expect(current.read('head', 0, 1_024).kind).toBe('damaged');
      expect(current.read({ snapshotId: 'before' }, 0, 512).kind).toBe('damaged');
      expect(current.read({ snapshotId: 'after' }, 0, 512).kind).toBe('damaged');
      expect(current.wantsFold && runLocal(current.fold()) === 'nothing').toBe(false);
    }
    // Overwritten in full, the block is well again.
    disk.write(0, blocks(1, 5));
    settle(disk);
    expect(mustRead(disk, 'head', 0, BLOCK_BYTES)).toEqual(blocks(1, 5));
  });

  test('healed bytes under a fold never bring back what a snapshot did not hold', () => {
    const { disk, store } = newDisk();
    const old = blocks(1, 1);
    disk.write(0, old);
    settle(disk);
    const healthy = store.fork();
    damageDisk(disk, { target: { kind: 'range', offset: 0, length: 1 }, fault: 'lose', count: 1, seed: 1 });
    disk.write(0, blocks(1, 7).slice(0, 512));
    disk.createSnapshot('s');
    settle(disk);
    // The base comes back: the head is whole again, the snapshot still says that it lost the block.
    const { root } = disk.state.head;
    expect(root).toBeDefined();
    const { refs } = healthy.objects.scan(null, 100);
    store.transaction(() => disk.state.objects.adopt(refs, healthy.objects.getMany(refs)));
    disk.dropCaches();
    const expected = old.slice();
    expected.set(blocks(1, 7).slice(0, 512));
    expect(mustRead(disk, 'head', 0, BLOCK_BYTES)).toEqual(expected);
    expect(disk.read({ snapshotId: 's' }, 0, BLOCK_BYTES).kind).toBe('damaged');
  });
});

describe('a damaged page', () => {
  test('only what is under it is lost; writes over it are kept; collection gives up rather than guess', () => {
    const { disk } = newDisk();
    const region = 16 * 2 ** 20;
    disk.write(0, blocks(2, 1));
    disk.write(region, blocks(2, 2));
    settle(disk);
    disk.dropCaches();
    // The leaf page of the first region.
    const { refs } = disk.state.store.objects.scan(null, 1_000);
    const leaf = refs.find((ref) => {
      if (ref.kind !== Kind.page) return false;
      const page = disk.state.objects.readPage(ref.digest) as Uint8Array;
      const head = disk.state.objects.read([{ kind: Kind.block, digest: page.slice(0, 32) }])[0];
      return head instanceof Uint8Array && Buffer.from(head).equals(Buffer.from(blocks(1, 1)));
    })!;
    disk.state.store.damage({ target: 'object', ref: leaf, kind: 'flip', random: 5 });
    disk.dropCaches();
    expect(() => runLocal(disk.collect())).toThrow(/does not match/);
    expect(disk.read('head', 0, 512).kind).toBe('damaged');
    disk.write(BLOCK_BYTES, blocks(1, 3));
    disk.write(5 * BLOCK_BYTES + 512, blocks(1, 4).slice(0, 1_024));
    runLocal(disk.fold());
    expect(mustRead(disk, 'head', BLOCK_BYTES, BLOCK_BYTES)).toEqual(blocks(1, 3));
    expect(mustRead(disk, 'head', 5 * BLOCK_BYTES + 512, 1_024)).toEqual(blocks(1, 4).slice(0, 1_024));
    expect(disk.read('head', 0, 512).kind).toBe('damaged');
    expect(mustRead(disk, 'head', region, 2 * BLOCK_BYTES)).toEqual(blocks(2, 2));
    // What is lost has a name of its own now: collection knows that nothing is under it.
    expect(runLocal(disk.collect())).toBeGreaterThan(0);
    expect(mustRead(disk, 'head', region, 2 * BLOCK_BYTES)).toEqual(blocks(2, 2));
  });
});

describe('a damaged log', () => {
  function written() {
    const { disk, store } = newDisk();
    disk.write(0, blocks(2, 1));
    disk.createSnapshot('sealed');
    settle(disk);
    disk.write(512, blocks(1, 2).slice(0, 1_024));
    disk.write(8_192, blocks(1, 3).slice(0, 1_024));
    disk.createSnapshot('open');
    return { disk, store };
  }

  test('flipped bytes of one entry: exactly those sectors, until they are written again', () => {
    const { disk, store } = written();
    const [row] = store.scanLog(disk.state.head.foldedSeq);
    // A bit of the data, not of the directory.
    for (let random = 0; ; random++) {
      const trial = store.fork();
      trial.damage({ target: 'log', seq: row!.seq, kind: 'flip', random });
      const reopened = Disk.open(trial, host)!;
      if (reopened.state.brokenSeq !== null) continue;
      const found = reopened.read('head', 0, BLOCK_BYTES);
      expect(found).toEqual({ kind: 'damaged', ranges: [{ offset: 512, length: 1_024 }] });
      expect(mustRead(reopened, 'head', 8_192, 1_024)).toEqual(blocks(1, 3).slice(0, 1_024));
      reopened.write(512, blocks(1, 6).slice(0, 1_024));
      expect(mustRead(reopened, 'head', 512, 1_024)).toEqual(blocks(1, 6).slice(0, 1_024));
      return;
    }
  });

  test('a lost row: the head refuses, sealed snapshots serve, a rollback makes it whole', () => {
    const { disk } = written();
    damageDisk(disk, { target: { kind: 'log' }, fault: 'lose', count: 1, seed: 3 });
    expect(() => disk.read('head', 0, 512)).toThrow(/damaged/);
    expect(() => disk.write(0, blocks(1, 4))).toThrow(/damaged/);
    expect(mustRead(disk, { snapshotId: 'sealed' }, 0, 2 * BLOCK_BYTES)).toEqual(blocks(2, 1));
    runLocal(disk.sealAll());
    expect(disk.read({ snapshotId: 'open' }, 0, 512).kind).toBe('damaged');
    disk.rollback('sealed');
    expect(mustRead(disk, 'head', 0, 2 * BLOCK_BYTES)).toEqual(blocks(2, 1));
    disk.write(0, blocks(1, 4));
    settle(disk);
    expect(mustRead(disk, 'head', 0, BLOCK_BYTES)).toEqual(blocks(1, 4));
  });
});

describe('hydration', () => {
  function restored(heals: boolean) {
    const origin = newDisk();
    origin.disk.write(0, blocks(20, 1));
    origin.disk.write(2 ** 34, blocks(3, 2));
    settle(origin.disk);
    const { root } = origin.disk.state.head;
    const copy = newDisk({ root, upstream: { id: 'u', locator: '{}', heals } });
    return { origin, copy };
  }

  test('reads say what they need; hydration ends independent; guests may write meanwhile', () => {
    const { origin, copy } = restored(false);
    expect(copy.disk.read('head', 0, 512).kind).toBe('absent');
    copy.disk.write(BLOCK_BYTES, blocks(1, 8));
    copy.disk.write(3 * BLOCK_BYTES + 512, blocks(1, 8).slice(0, 512));
    let progress = driveFrom(copy.disk, origin.store, copy.disk.hydrate());
    while (!progress.complete) progress = driveFrom(copy.disk, origin.store, copy.disk.hydrate());
    expect(copy.store.listUpstreams()).toEqual([]);
    const expected = blocks(20, 1);
    expected.set(blocks(1, 8), BLOCK_BYTES);
    expected.set(blocks(1, 8).slice(0, 512), 3 * BLOCK_BYTES + 512);
    expect(mustRead(copy.disk, 'head', 0, 20 * BLOCK_BYTES)).toEqual(expected);
    expect(mustRead(copy.disk, 'head', 2 ** 34, 3 * BLOCK_BYTES)).toEqual(blocks(3, 2));
  });

  test('is not over while the source withholds anything; collection does nothing meanwhile', () => {
    const { origin, copy } = restored(false);
    let withheld = 0;
    const missing = driveFrom(copy.disk, origin.store, copy.disk.hydrate(), () => withheld++ === 5);
    expect(missing.complete).toBe(false);
    expect(missing.missing).toBe(1);
    expect(runLocal(copy.disk.collect())).toBe(0);
    expect(driveFrom(copy.disk, origin.store, copy.disk.hydrate()).complete).toBe(false);
    expect(driveFrom(copy.disk, origin.store, copy.disk.hydrate()).complete).toBe(true);
  });

  test('a healing restore replaces what is here and damaged', () => {
    const { origin, copy } = restored(false);
    while (!driveFrom(copy.disk, origin.store, copy.disk.hydrate()).complete);
    damageDisk(copy.disk, { target: { kind: 'all' }, fault: 'flip', count: 1_000, seed: 2 });
    expect(copy.disk.read('head', 0, 512).kind).toBe('damaged');
    copy.disk.adopt(origin.disk.state.head.root, { id: 'u2', locator: '{}', heals: true });
    expect(copy.disk.read('head', 0, 512).kind).toBe('absent');
    while (!driveFrom(copy.disk, origin.store, copy.disk.hydrate()).complete);
    expect(mustRead(copy.disk, 'head', 0, 20 * BLOCK_BYTES)).toEqual(blocks(20, 1));
  });

  test('damage that only snapshots have does not keep a restore from ending', () => {
    const { disk, store } = newDisk();
    disk.write(0, blocks(4, 1));
    settle(disk);
    const { root } = disk.state.head;
    const backup = store.fork();
    disk.write(0, blocks(4, 2));
    disk.createSnapshot('s');
    settle(disk);
    damageDisk(disk, { target: { kind: 'snapshot', snapshotId: 's' }, fault: 'lose', count: 2, seed: 1 });
    disk.adopt(root, { id: 'u', locator: '{}', heals: true });
    let passes = 1;
    while (!driveFrom(disk, backup, disk.hydrate()).complete) passes++;
    expect(passes).toBeLessThanOrEqual(3);
    expect(mustRead(disk, 'head', 0, 4 * BLOCK_BYTES)).toEqual(blocks(4, 1));
    expect(disk.read({ snapshotId: 's' }, 0, 4 * BLOCK_BYTES).kind).toBe('damaged');
  });

  test('giving up makes damage of what no upstream has, and the rest independent', () => {
    const { origin, copy } = restored(false);
    const [lost] = origin.disk.state.objects.insert(Kind.block, [blocks(20, 1).slice(0, BLOCK_BYTES)]);
    const withhold = (ref: ObjectRef) => Buffer.from(ref.digest).equals(Buffer.from(lost!));
    const pass = (giveUp = false) => driveFrom(copy.disk, origin.store, copy.disk.hydrate(giveUp), withhold);
    pass();
    expect(pass()).toEqual({ complete: false, missing: 1 });
    expect(pass(true).complete).toBe(true);
    const ranges = [{ offset: 0, length: BLOCK_BYTES }];
    expect(copy.disk.read('head', 0, 2 * BLOCK_BYTES)).toEqual({ kind: 'damaged', ranges });
    const second = blocks(20, 1).slice(BLOCK_BYTES, 2 * BLOCK_BYTES);
    expect(mustRead(copy.disk, 'head', BLOCK_BYTES, BLOCK_BYTES)).toEqual(second);
  });

  test('folding waits for absent bases', () => {
    const { origin, copy } = restored(false);
    copy.disk.write(3 * BLOCK_BYTES + 512, blocks(1, 8).slice(0, 512));
    copy.disk.createSnapshot('s');
    driveFrom(copy.disk, origin.store, copy.disk.sealAll());
    const expected = blocks(20, 1).slice(3 * BLOCK_BYTES, 4 * BLOCK_BYTES);
    expected.set(blocks(1, 8).slice(0, 512), 512);
    const read = () => copy.disk.read({ snapshotId: 's' }, 3 * BLOCK_BYTES, BLOCK_BYTES);
    expect(read()).toEqual({ kind: 'bytes', bytes: expected });
  });
});
