// Disks that hold the same: a vault stores it once, whoever backs up first, one after the other or all at once.

import { describe, expect, test } from 'vitest';
import { BLOCK_BYTES } from '../../engine/types.ts';
import { expectNoGarbage, pruneWorld } from '../support/prune.ts';
import { Crash, CrashPlan, TestDisk, uuid, World } from '../support/repository.ts';

const DISKS = 10;
/** Blocks of the base image, which all disks were made from, and blocks that each has for itself. */
const BASE_BLOCKS = 96;
const OWN_BLOCKS = 4;

/** Ten disks with one base image, in which each has changed a few blocks. */
function makeDisks(count = DISKS, baseBlocks = BASE_BLOCKS): TestDisk[] {
  return Array.from({ length: count }, (_, n) => {
    const disk = new TestDisk(uuid(100 + n), 2_000);
    for (let i = 0; i < baseBlocks; i++) disk.write(i, 1 + i);
    for (let i = 0; i < OWN_BLOCKS; i++) disk.write(baseBlocks + i, 1_000 + n * OWN_BLOCKS + i);
    disk.root();
    return disk;
  });
}

/** Distinct objects: the base, and for each disk its own blocks and the four pages of its path. */
const OBJECTS = BASE_BLOCKS + DISKS * (OWN_BLOCKS + 4);

function storedBytes(world: World): number {
  return world.store.listPacks(0, 10_000).reduce((sum, pack) => sum + pack.bytes, 0);
}

function deadBytes(world: World): number {
  return world.store.listPacks(0, 10_000).reduce((sum, pack) => sum + pack.deadBytes, 0);
}

describe('ten disks with one base image', () => {
  test('one after the other store it once', async () => {
    const world = await World.make();
    const results = [];
    const disks = makeDisks();
    for (const [n, disk] of disks.entries()) results.push(await world.backUp(disk, uuid(200 + n)));
    expect(results.map(({ objectCount }) => objectCount)).toEqual([
      BASE_BLOCKS + OWN_BLOCKS + 4,
      ...Array.from({ length: DISKS - 1 }, () => OWN_BLOCKS + 4),
    ]);
    expect(results.reduce((sum, { objectCount }) => sum + objectCount, 0)).toBe(OBJECTS);
    expect(deadBytes(world)).toBe(0);
    for (const [n, disk] of disks.entries()) expect(await world.content(uuid(200 + n))).toEqual(disk.content());
  });

  test('all at once store it once, too', async () => {
    const world = await World.make();
    const vault = world.vault();
    const disks = makeDisks();
    const wait = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
    const changes = { vault, wait };
    const results = await Promise.all(disks.map((disk, n) => world.backUp(disk, uuid(200 + n), false, changes)));
    expect(results.reduce((sum, { objectCount }) => sum + objectCount, 0)).toBe(OBJECTS);
    expect(deadBytes(world)).toBe(0);
    // 96 blocks of the base and 40 others, incompressible: 8.9 MB; ten times the base alone would be 62.9 MB.
    expect(storedBytes(world)).toBeLessThan(1.05 * (BASE_BLOCKS + DISKS * OWN_BLOCKS) * BLOCK_BYTES);
    for (const [n, disk] of disks.entries()) expect(await world.content(uuid(200 + n))).toEqual(disk.content());
    await pruneWorld(world);
    await expectNoGarbage(world);
  });

  test('send themselves what another one was to send, when it does not come', async () => {
    const world = await World.make();
    const vault = world.vault();
    const [first, second] = makeDisks() as [TestDisk, TestDisk];
    let lookups = 0;
    const stuck = new Proxy(vault, {
      get: (target, name) => {
        const member = Reflect.get(target, name) as unknown;
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          const result: unknown = await member.apply(target, args);
          if (name === 'lookup' && ++lookups === 1) throw new Crash('told what is absent, and gone');
          return result;
        };
      },
    });
    await expect(world.backUp(first, uuid(200), false, { vault: stuck })).rejects.toThrow(Crash);
    let waits = 0;
    const wait = async () => void waits++;
    const result = await world.backUp(second, uuid(201), false, { vault, wait });
    expect(result.objectCount).toBe(BASE_BLOCKS + OWN_BLOCKS + 4);
    expect(waits).toBe(40);
    expect(await world.content(uuid(201))).toEqual(second.content());
    await world.check();
  });

  test.each(['before', 'after'] as const)('one that crashes %s any await leaves the others whole', async (when) => {
    const disks = makeDisks(3, 12);
    const wait = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
    for (let at = 0; at < 18; at++) {
      const world = await World.make();
      const vault = world.vault();
      const plan = new CrashPlan(at, when);
      await Promise.all([
        world.backUp(disks[0]!, uuid(200), false, { vault: plan.wrap(vault), wait }).catch(() => undefined),
        ...[1, 2].map((n) => world.backUp(disks[n]!, uuid(200 + n), false, { vault, wait })),
      ]);
      await world.check();
      await world.backUp(disks[0]!, uuid(200), false, { vault, wait });
      for (const [n, disk] of disks.entries()) expect(await world.content(uuid(200 + n))).toEqual(disk.content());
    }
  });
});
