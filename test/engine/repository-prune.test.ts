// Prune: what nothing reaches goes, what anything reaches stays, whatever crashes or runs beside it.

import { describe, expect, test } from 'vitest';
import type { Owners } from '../../engine/repository/prune-owners.ts';
import { Kind } from '../../engine/types.ts';
import {
  EVERYBODY,
  expectBackups,
  expectNoGarbage,
  makeThree,
  NOBODY,
  packKeys,
  pruneWorld,
} from '../support/prune.ts';
import { Crash, CrashPlan, NEVER, uuid, type World } from '../support/repository.ts';

const MOMENTS = ['before', 'after'] as const;

/** Everything that a prune could have changed. */
async function state(world: World): Promise<string> {
  const rows = [world.store.readMeta(), world.store.listPacks(0, 1_000), world.store.listLeases()];
  return JSON.stringify([rows, world.store.listSessions(), await world.keys('')]);
}

describe('what nothing reaches', () => {
  test('goes with a threshold of 0, object by object; every backup that is left restores', async () => {
    const { world, contents } = await makeThree();
    await world.vault().deleteBackup(uuid(12));
    const bytes = world.obs.meter.mark();
    const { plan, done } = await pruneWorld(world);
    expect(world.obs.meter.since(bytes).obsDeletes).toBe(1);
    // A path of four pages each. Of the second one's twelve blocks the third still has eight.
    expect(plan).toMatchObject({ liveObjects: 20 + 4 + 8 + 4 + 4, deadObjects: 4 + 4 });
    expect(done).toMatchObject({ packsUnreadable: { count: 0 }, packsInUse: 0, strays: 0 });
    await expectBackups(world, { 11: contents[0]!, 13: contents[2]! });
    await expectNoGarbage(world);
    expect((await pruneWorld(world)).plan).toMatchObject({ repack: { count: 0 }, remove: { count: 0 } });
  });

  test('all of it, when the last backup is deleted: only records are left', async () => {
    const { world } = await makeThree();
    for (const n of [11, 12, 13]) await world.vault().deleteBackup(uuid(n));
    await pruneWorld(world);
    expect(await packKeys(world)).toEqual([]);
    expect(world.store.listPacks(0, 10)).toEqual([]);
    const folders = (await world.keys('')).map((key) => key.split('/').slice(3, 5).join('/'));
    const own = ['condemned', 'deleted', 'deleted', 'deleted'].map((folder) => `0000000001/${folder}`);
    expect(folders).toEqual([...own, 'generation/0000000001']);
  });

  test('stays in packs that are denser than the threshold', async () => {
    const { world, contents } = await makeThree();
    await world.vault().deleteBackup(uuid(11));
    const before = await packKeys(world);
    const { plan } = await pruneWorld(world, { thresholdPercent: 100 });
    expect(plan.repack.count).toBe(0);
    expect(plan.remove.count).toBeGreaterThan(0);
    expect((await packKeys(world)).length).toBe(before.length - plan.remove.count);
    await expectBackups(world, { 12: contents[1]!, 13: contents[2]! });
    await pruneWorld(world);
    await expectNoGarbage(world);
  });

  test('is only named by a dry run, and what it says then happens', async () => {
    const { world } = await makeThree();
    await world.vault().deleteBackup(uuid(12));
    const before = await state(world);
    const dry = await pruneWorld(world, { dryRun: true });
    expect(await state(world)).toBe(before);
    expect(dry).toMatchObject({ dryRun: true, done: null });
    const bytesOf = async () => {
      const sizes = await Promise.all(
        (await packKeys(world)).map(async (key) => (await world.obs.head(key))!.sizeBytes),
      );
      return sizes.reduce((sum, size) => sum + size, 0);
    };
    const bytes = await bytesOf();
    const mark = world.obs.meter.mark();
    const { plan, done } = await pruneWorld(world);
    expect(plan).toEqual(dry.plan);
    expect(done!.packsDeleted).toBe(plan.repack.count + plan.remove.count);
    // Heads and trailers of new packs are not in the plan.
    expect(Math.abs(bytes - plan.wonBytes - (await bytesOf()))).toBeLessThan(1_000);
    expect(world.obs.meter.since(mark).obsDeletes).toBe(plan.operations.deletes);
  });

  test('has its pack numbers for ever', async () => {
    const { world, disk } = await makeThree();
    const last = world.store.listPacks(0, 100).at(-1)!.no;
    for (const n of [11, 12, 13]) await world.vault().deleteBackup(uuid(n));
    await pruneWorld(world);
    await world.backUp(disk, uuid(14));
    expect(world.store.listPacks(0, 100)[0]!.no).toBeGreaterThan(last);
  });
});

describe('sessions and leases', () => {
  test('a lease keeps what it names, until its disk says that it does not hold it', async () => {
    const { world, contents } = await makeThree();
    const { root, sizeBytes } = await world.vault().lease('job-1', uuid(12), uuid(1));
    await world.vault().deleteBackup(uuid(12));
    const asked: unknown[] = [];
    const owners: Owners = {
      async holds(disk, ids) {
        asked.push([disk, ...ids]);
        return ids.map(() => true);
      },
    };
    await pruneWorld(world, { owners });
    expect(asked).toEqual([[uuid(1), 'job-1']]);
    const refs = [{ kind: Kind.page, digest: root }];
    expect(await world.vault().locate(refs)).not.toEqual([null]);
    expect(sizeBytes).toBeGreaterThan(0);
    await pruneWorld(world, { owners: { holds: () => Promise.reject(new Error('the zone is down')) } });
    expect(await world.vault().locate(refs)).not.toEqual([null]);
    expect((await pruneWorld(world, { owners: NOBODY })).done).toMatchObject({ leasesDropped: 1 });
    expect(await world.vault().locate(refs)).toEqual([null]);
    await expectBackups(world, { 11: contents[0]!, 13: contents[2]! });
    await expectNoGarbage(world);
  });

  test('a lease that is taken again while its disk is asked stays', async () => {
    const { world } = await makeThree();
    const vault = world.vault();
    await vault.lease('job-1', uuid(12), uuid(1));
    const owners: Owners = {
      async holds(_disk, ids) {
        await vault.lease('job-1', uuid(12), uuid(1));
        return ids.map(() => false);
      },
    };
    expect((await pruneWorld(world, { vault, owners })).done).toMatchObject({ leasesDropped: 0 });
    expect(world.store.listLeases()).toHaveLength(1);
  });

  test.each(MOMENTS)('a backup that stopped %s any await goes on after a prune, if its disk holds it', async (when) => {
    const { world: origin, disk } = await makeThree();
    for (let i = 0; i < 10; i++) disk.write(i * 13 + 1, 500 + i);
    disk.write(0, 100); // what the second backup replaced
    disk.root();
    const plan = new CrashPlan(NEVER);
    await origin.fork().backUpUntil(plan, disk, uuid(14));
    for (let at = 0; at < plan.count; at++) {
      const world = origin.fork();
      await world.backUpUntil(new CrashPlan(at, when), disk, uuid(14));
      // Its parent, too: the session alone keeps it.
      for (const n of [11, 12, 13]) await world.vault().deleteBackup(uuid(n));
      await pruneWorld(world, { owners: EVERYBODY });
      const parent = world.store.readSession(uuid(14))?.parent;
      const kept = parent ? await world.vault().locate([{ kind: Kind.page, digest: parent.root }]) : [];
      expect(kept).not.toContain(null);
      await world.check();
      await world.backUp(disk, uuid(14));
      expect(await world.content(uuid(14))).toEqual(disk.content());
      await world.check();
      await pruneWorld(world);
      await expectNoGarbage(world);
    }
  });

  test.each(MOMENTS)(
    'a backup that stopped %s any await and that nobody holds is gone without a trace',
    async (when) => {
      const { world: origin, disk, contents } = await makeThree();
      for (let i = 0; i < 10; i++) disk.write(i * 13 + 1, 500 + i);
      disk.root();
      const plan = new CrashPlan(NEVER);
      await origin.fork().backUpUntil(plan, disk, uuid(14));
      for (let at = 0; at < plan.count; at++) {
        const world = origin.fork();
        await world.backUpUntil(new CrashPlan(at, when), disk, uuid(14));
        const isThere = world
          .vault()
          .list()
          .some(({ id }) => id === uuid(14));
        const { done } = await pruneWorld(world);
        if (!isThere && done!.sessionsAborted === 0) expect(world.store.listSessions()).toEqual([]);
        await pruneWorld(world);
        const survived = world
          .vault()
          .list()
          .some(({ id }) => id === uuid(14));
        await expectBackups(world, {
          ...{ 11: contents[0]!, 12: contents[1]!, 13: contents[2]! },
          ...(survived ? { 14: disk.content() } : {}),
        });
        await expectNoGarbage(world);
      }
    },
  );
});

describe('beside a prune', () => {
  test('a whole backup runs at any of its pauses and awaits', { timeout: 60_000 }, async () => {
    const { world: origin, disk, contents } = await makeThree();
    // Its content is what was deleted, so that it relies on what the prune is about to take away.
    for (const [index] of contents[1]!) disk.write(index, 0);
    for (let i = 0; i < 12; i++) disk.write(i * 13, 200 + i);
    disk.write(1_999, 9);
    disk.root();
    for (const n of [11, 12]) await origin.vault().deleteBackup(uuid(n));
    const awaits = await pruneAwaits(origin);
    let shared = 0;
    for (let at = 0; at < awaits; at++) {
      const world = origin.fork();
      const vault = world.vault();
      let count = 0;
      const beside = async () => {
        if (count++ !== at) return;
        await world.backUp(disk, uuid(14), false, { vault });
      };
      const { done } = await pruneWorld(world, { vault, pause: beside, owners: EVERYBODY });
      if (done!.packsInUse > 0) shared++;
      expect(await world.content(uuid(14)), `pause ${at}`).toEqual(disk.content());
      await expectBackups(world, { 13: contents[2]!, 14: disk.content() });
      await pruneWorld(world);
      await pruneWorld(world);
      await expectNoGarbage(world);
    }
    expect(shared).toBeGreaterThan(0);
  });

  test('a backup that began before goes on step by step', { timeout: 60_000 }, async () => {
    const { world: origin, disk, contents } = await makeThree();
    for (let i = 0; i < 12; i++) disk.write(i * 13, 200 + i);
    disk.write(1_999, 9);
    disk.root();
    for (let lead = 0; lead < 12; lead++) {
      const world = origin.fork();
      const vault = world.vault();
      let open = lead;
      const steps: (() => void)[] = [];
      const step = () => (open-- > 0 ? Promise.resolve() : new Promise<void>((resolve) => steps.push(resolve)));
      const running = world.backUp(disk, uuid(14), false, { vault: paced(vault, step) });
      for (let i = 0; i < 50; i++) await Promise.resolve();
      for (const n of [11, 12]) await vault.deleteBackup(uuid(n));
      const pruning = pruneWorld(world, {
        ...{ vault, owners: EVERYBODY },
        async pause() {
          steps.shift()?.();
          for (let i = 0; i < 50; i++) await Promise.resolve();
        },
      });
      await pruning;
      open = NEVER;
      for (const go of steps) go();
      await running;
      await expectBackups(world, { 13: contents[2]!, 14: disk.content() });
      await pruneWorld(world);
      await expectNoGarbage(world);
    }
  });
});

describe.each(MOMENTS)('a crash %s the effect', (when) => {
  test('of any await of a prune loses nothing, and the next two leave nothing', { timeout: 60_000 }, async () => {
    const { world: origin, contents } = await makeThree();
    await origin.vault().deleteBackup(uuid(12));
    const plan = new CrashPlan(NEVER);
    await pruneWorld(origin.fork(), { obs: plan.wrap(origin.fork().obs) });
    expect(plan.count).toBeGreaterThan(8);
    for (let at = 0; at < plan.count; at++) {
      const world = origin.fork();
      const crash = new CrashPlan(at, when);
      await expect(pruneWorld(world, { obs: crash.wrap(world.obs) })).rejects.toThrow(Crash);
      await expectBackups(world, { 11: contents[0]!, 13: contents[2]! });
      await pruneWorld(world);
      await pruneWorld(world);
      await expectBackups(world, { 11: contents[0]!, 13: contents[2]! });
      await expectNoGarbage(world);
    }
  });

  test('of one call only: the run fails or goes on, and nothing is lost', async () => {
    const { world: origin, contents } = await makeThree();
    await origin.vault().deleteBackup(uuid(12));
    const plan = new CrashPlan(NEVER);
    await pruneWorld(origin.fork(), { obs: plan.wrap(origin.fork().obs) });
    for (let at = 0; at < plan.count; at++) {
      const world = origin.fork();
      const crash = new CrashPlan(at, when, false);
      await pruneWorld(world, { obs: crash.wrap(world.obs) }).catch(() => undefined);
      await expectBackups(world, { 11: contents[0]!, 13: contents[2]! });
      await pruneWorld(world);
      await pruneWorld(world);
      await expectNoGarbage(world);
    }
  });
});

async function pruneAwaits(origin: World): Promise<number> {
  let count = 0;
  await pruneWorld(origin.fork(), { pause: async () => void count++ });
  return count;
}

/** A vault of which each call waits for a step first. */
function paced<T extends object>(target: T, step: () => Promise<void>): T {
  return new Proxy(target, {
    get: (object, name) => {
      const member = Reflect.get(object, name) as unknown;
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        await step();
        return member.apply(object, args);
      };
    },
  });
}
