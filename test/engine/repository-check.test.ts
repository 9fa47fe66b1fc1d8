// Checking a vault: each fault is named with what it takes, nothing else is; nothing changes but what is marked bad.

import { describe, expect, test } from 'vitest';
import { MemoryVaultStore } from '../../engine/memory/vault-store.ts';
import { type CheckReport, checkVault } from '../../engine/repository/check.ts';
import { PACK_FOOTER_BYTES } from '../../engine/repository/pack-format.ts';
import { BLOCK_BYTES, type Digest, Kind, type ObjectRef, toHex } from '../../engine/types.ts';
import { EVERYBODY, packKeys, pruneWorld } from '../support/prune.ts';
import { Heir, pausedAt } from '../support/rebuilds.ts';
import { CrashPlan, NEVER, TestDisk, uuid, World } from '../support/repository.ts';

/** Two backups: 20 blocks, then 6 of them changed. */
async function makeOrigin(): Promise<{ world: World; disk: TestDisk; first: Digest[] }> {
  const world = await World.make();
  const disk = new TestDisk(uuid(1), 2_000);
  for (let i = 0; i < 20; i++) disk.write(i * 13, 100 + i);
  await world.backUp(disk, uuid(11));
  const first = [...disk.blocks.values()];
  for (let i = 0; i < 6; i++) disk.write(i * 13, 300 + i);
  await world.backUp(disk, uuid(12));
  return { world, disk, first };
}

const check = (world: World, mode: 'structure' | 'bytes'): Promise<CheckReport> => checkVault(world.vault(), {}, mode);

const NOTHING = { count: 0, first: [] };
const CLEAN = { damagedPacks: NOTHING, badObjects: NOTHING, damagedManifests: NOTHING, damagedBackups: NOTHING };
const BOTH = ['structure', 'bytes'] as const;

async function locate(world: World, ref: ObjectRef) {
  const [location] = await world.vault().locate([ref]);
  return location!;
}

async function flip(world: World, ref: ObjectRef): Promise<string> {
  const { key, offset, length } = await locate(world, ref);
  world.obs.tamper(key, (bytes) => bytes.fill(bytes[offset + length - 1]! ^ 1, offset + length - 1, offset + length));
  return key;
}

async function rows(world: World): Promise<string> {
  const { store } = world;
  const index = (await packKeys(world)).length;
  return JSON.stringify([store.readMeta(), store.listPacks(0, 100), store.listBackups(), store.listBad(10), index]);
}

describe.each(BOTH)('a check of the %s', (mode) => {
  test('of a whole vault finds nothing, and changes nothing', async () => {
    const { world } = await makeOrigin();
    const before = await rows(world);
    expect(await check(world, mode)).toMatchObject({ ...CLEAN, mode, backups: 2, strayPacks: 0 });
    expect(await rows(world)).toBe(before);
  });

  test('tells how far it is', async () => {
    const { world } = await makeOrigin();
    const told: [number, number][] = [];
    await checkVault(world.vault(), { progress: (done, total) => told.push([done, total]) }, mode);
    const bytes = world.store.listPacks(0, 100).reduce((sum, pack) => sum + pack.bytes, 0);
    expect(told).toHaveLength(world.store.listPacks(0, 100).length);
    expect(told.at(-1)).toEqual([bytes, bytes]);
  });

  test('names a lost pack, and what it takes of which backup', async () => {
    const { world, disk } = await makeOrigin();
    const { key } = await locate(world, { kind: Kind.block, digest: disk.blocks.get(0)! });
    world.obs.tamper(key, () => null);
    const report = await check(world, mode);
    expect(report.damagedPacks).toEqual({ count: 1, first: [{ key, problem: 'missing', badObjects: 6 }] });
    expect(report.badObjects.count).toBe(6);
    expect(report.damagedBackups.count).toBe(1);
    const [backup] = report.damagedBackups.first;
    expect(backup).toMatchObject({ backupId: uuid(12), name: 'nightly', lostBytes: 6 * BLOCK_BYTES, objectsLost: 6 });
    expect(backup!.ranges).toEqual(
      [0, 1, 2, 3, 4, 5].map((i) => ({ offset: i * 13 * BLOCK_BYTES, length: BLOCK_BYTES })),
    );
    // The disk still has them: the next backup makes both whole.
    await world.backUp(disk, uuid(13));
    expect(await check(world, mode)).toMatchObject({ damagedBackups: NOTHING, backups: 3 });
    expect(await world.content(uuid(12))).toEqual(disk.content());
  });

  test('names a page that flipped, with all that is under it', async () => {
    const { world, disk } = await makeOrigin();
    const ref = { kind: Kind.page, digest: disk.root() };
    const key = await flip(world, ref);
    const report = await check(world, mode);
    expect(report.badObjects).toEqual({ count: 1, first: [{ kind: 'page', digest: toHex(disk.root()), key }] });
    expect(report.damagedBackups.first).toMatchObject([
      { backupId: uuid(12), ranges: [{ offset: 0, length: disk.sizeBytes }], objectsLost: 1 },
    ]);
    expect(await world.vault().locate([ref])).toEqual([null]);
  });

  test('names a trailer that is damaged, and believes the index', async () => {
    const { world } = await makeOrigin();
    const [key] = await world.keys('/blocks/');
    world.obs.tamper(key!, (bytes) => bytes.fill(9, bytes.length - PACK_FOOTER_BYTES, bytes.length));
    const report = await check(world, mode);
    expect(report.damagedPacks).toEqual({ count: 1, first: [{ key, problem: 'list', badObjects: 0 }] });
    expect(report).toMatchObject({ badObjects: NOTHING, damagedBackups: NOTHING });
  });

  test('names a pack that was cut short, and only what lay behind the cut', async () => {
    const { world, first } = await makeOrigin();
    const { key, offset } = await locate(world, { kind: Kind.block, digest: first[7]! });
    world.obs.tamper(key, (bytes) => bytes.slice(0, offset));
    const report = await check(world, mode);
    expect(report.damagedPacks).toEqual({ count: 1, first: [{ key, problem: 'list', badObjects: 1 }] });
    expect(report.damagedBackups.count).toBe(2);
  });

  test('names manifests that are missing, damaged, or of something else', async () => {
    const { world } = await makeOrigin();
    const [first, second] = await world.keys('/manifest/');
    world.obs.tamper(first!, (bytes) => bytes.fill(0, 20, 21));
    const other = (await world.obs.get(second!))!;
    expect((await check(world, mode)).damagedManifests).toMatchObject({ count: 1, first: [{ key: first }] });
    world.obs.tamper(first!, () => other);
    const { reason } = (await check(world, mode)).damagedManifests.first[0]!;
    expect(reason).toMatch(/something else/);
    world.obs.tamper(first!, () => null);
    const report = await check(world, mode);
    expect(report.damagedManifests.first).toEqual([{ key: first, reason: 'it is missing' }]);
    expect(report).toMatchObject({ damagedPacks: NOTHING, damagedBackups: NOTHING });
  });

  test('counts packs that belong to nothing, and does not touch them', async () => {
    const { world } = await makeOrigin();
    const key = world.vault().context.keys().pack(1, Kind.block, uuid(99));
    await world.obs.putOnce(key, new Uint8Array(5));
    expect(await check(world, mode)).toMatchObject({ ...CLEAN, strayPacks: 1 });
    expect(await packKeys(world)).toContain(key);
  });

  test('that fails at any await is begun again, and has marked nothing that is good', async () => {
    const { world: origin } = await makeOrigin();
    const plan = new CrashPlan(NEVER);
    await checkVault(origin.fork().vault(plan.wrap(origin.fork().obs)), {}, mode);
    expect(plan.count).toBeGreaterThan(8);
    for (let at = 0; at < plan.count; at++) {
      const world = origin.fork();
      const crash = new CrashPlan(at, 'before');
      await expect(checkVault(world.vault(crash.wrap(world.obs)), {}, mode)).rejects.toThrow();
      expect(world.store.listBad(1)).toEqual([]);
      expect(await check(world, mode)).toMatchObject(CLEAN);
    }
  });

  test('finds nothing wrong with what is deleted and pruned beside it, at any await', async () => {
    const { world: origin } = await makeOrigin();
    const plan = new CrashPlan(NEVER);
    await checkVault(origin.vault(plan.wrap(origin.obs)), {}, mode);
    for (let at = 0; at < plan.count; at++) {
      const world = origin.fork();
      const vault = world.vault();
      const pruned = pausedAt(world.obs, at, async () => {
        for (const n of [11, 12]) await vault.deleteBackup(uuid(n));
        await pruneWorld(world, { vault, owners: EVERYBODY });
      });
      expect(await checkVault(world.vault(pruned), {}, mode), `await ${at}`).toMatchObject(CLEAN);
    }
  });

  test('on an old index says nothing once the vault was rebuilt elsewhere', async () => {
    const { world } = await makeOrigin();
    const old = world.vault();
    await new Heir(world, new MemoryVaultStore()).rebuilt(world.obs, uuid(900));
    await expect(checkVault(old, {}, mode)).rejects.toThrow(/this is its old index/);
  });

  test('goes beside a backup and after a prune', async () => {
    const { world, disk } = await makeOrigin();
    const vault = world.vault();
    disk.write(700, 9);
    let begun: Promise<unknown> | null = null;
    const pause = async () => {
      begun ??= world.backUp(disk, uuid(13), false, { vault });
      for (let i = 0; i < 20; i++) await Promise.resolve();
    };
    expect(await checkVault(vault, { pause }, mode)).toMatchObject(CLEAN);
    await begun;
    await vault.deleteBackup(uuid(11));
    await pruneWorld(world, { owners: EVERYBODY });
    expect(await check(world, mode)).toMatchObject({ ...CLEAN, backups: 2, strayPacks: 0 });
  });
});

test('only reading every byte finds a block that flipped', async () => {
  const { world, disk, first } = await makeOrigin();
  const shared: ObjectRef = { kind: Kind.block, digest: disk.blocks.get(10 * 13)! };
  expect(toHex(shared.digest)).toBe(toHex(first[10]!));
  const key = await flip(world, shared);
  expect(await check(world, 'structure')).toMatchObject(CLEAN);
  const report = await check(world, 'bytes');
  expect(report.damagedPacks).toEqual({ count: 1, first: [{ key, problem: 'objects', badObjects: 1 }] });
  expect(report.badObjects.first).toEqual([{ kind: 'block', digest: toHex(shared.digest), key }]);
  const ranges = [{ offset: 130 * BLOCK_BYTES, length: BLOCK_BYTES }];
  expect(report.damagedBackups.first).toMatchObject([
    { backupId: uuid(11), ranges },
    { backupId: uuid(12), ranges },
  ]);
  expect(world.store.listBad(10)).toEqual([shared]);
  await world.backUp(disk, uuid(13));
  expect(await check(world, 'bytes')).toMatchObject({ badObjects: NOTHING, damagedBackups: NOTHING });
});
