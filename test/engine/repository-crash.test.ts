// A backup that ends anywhere: at each await of Disk and Vault, before its effect or after it. Whatever is left must
// look like nothing, or be whole; and the same request again completes it.

import { describe, expect, test } from 'vitest';
import type { Obs } from '../../engine/ports.ts';
import { encodeRecord } from '../../engine/repository/manifest.ts';
import { PackState, type VaultClient, VaultState } from '../../engine/repository/ports.ts';
import { Kind, toHex } from '../../engine/types.ts';
import { Crash, CrashPlan, host, NEVER, PROJECT, TestDisk, uuid, VAULT, World } from '../support/repository.ts';

const MOMENTS = ['before', 'after'] as const;

/** A first backup of 20 blocks (three block packs), changed afterwards so that a second has two block packs to send. */
async function makeOrigin(): Promise<{ world: World; disk: TestDisk; first: [number, string][] }> {
  const world = await World.make();
  const disk = new TestDisk(uuid(1), 2_000);
  for (let i = 0; i < 20; i++) disk.write(i * 13, 100 + i);
  await world.backUp(disk, uuid(11));
  const first = disk.content();
  for (let i = 0; i < 12; i++) disk.write(i * 13, 300 + i);
  disk.write(1_500, 400);
  disk.root();
  return { world, disk, first };
}

/** Awaits of one undisturbed run. */
async function countAwaits(origin: World, disk: TestDisk): Promise<number> {
  const plan = new CrashPlan(NEVER);
  await origin.fork().backUpUntil(plan, disk, uuid(12));
  return plan.count;
}

describe.each(MOMENTS)('a crash %s the effect', (when) => {
  test('of any await of a backup: nothing half done is visible, and it completes', async () => {
    const { world: origin, disk, first } = await makeOrigin();
    const awaits = await countAwaits(origin, disk);
    expect(awaits).toBeGreaterThan(15);
    for (let at = 0; at < awaits; at++) {
      const world = origin.fork();
      expect(await world.backUpUntil(new CrashPlan(at, when), disk, uuid(12)), `await ${at}`).toBeNull();
      await world.check();
      const result = await world.backUp(disk, uuid(12));
      expect(result).toMatchObject({ incremental: true });
      expect(await world.content(uuid(12))).toEqual(disk.content());
      expect(await world.content(uuid(11))).toEqual(first);
      await expectSettled(world, [uuid(11), uuid(12)]);
    }
  });

  test('of any await of a first backup of many packs', { timeout: 120_000 }, async () => {
    const origin = await World.make();
    const disk = new TestDisk(uuid(1));
    for (let i = 0; i < 70; i++) disk.write(i * 256, 100 + i);
    const plan = new CrashPlan(NEVER);
    await origin.fork().backUpUntil(plan, disk, uuid(11));
    // Nine block packs and two page packs.
    expect(plan.count).toBeGreaterThan(45);
    for (let at = 0; at < plan.count; at++) {
      const world = origin.fork();
      expect(await world.backUpUntil(new CrashPlan(at, when), disk, uuid(11))).toBeNull();
      await world.check();
      await world.backUp(disk, uuid(11));
      // Every byte under the manifest's root was read and checked: an equal root is an equal disk.
      await expectSettled(world, [uuid(11)]);
      expect(world.vault().available(uuid(11)).root).toEqual(disk.root());
    }
  });

  test('of one call only: the run survives it, or the next one does', async () => {
    const { world: origin, disk } = await makeOrigin();
    const awaits = await countAwaits(origin, disk);
    let survived = 0;
    for (let at = 0; at < awaits; at++) {
      const world = origin.fork();
      const result = await world.backUpUntil(new CrashPlan(at, when, false), disk, uuid(12));
      await world.check();
      if (result) survived++;
      expect(await world.backUp(disk, uuid(12))).toMatchObject({ incremental: true });
      await expectSettled(world, [uuid(11), uuid(12)]);
      expect(await world.content(uuid(12))).toEqual(disk.content());
    }
    // Puts whose answer was lost, or that failed, are repaired by the run itself.
    expect(survived).toBeGreaterThanOrEqual(3);
  });

  test('twice, at any await and again at any await of the second run', async () => {
    const { world: origin, disk } = await makeOrigin();
    const awaits = await countAwaits(origin, disk);
    for (let at = 0; at < awaits; at += 3) {
      for (let again = at % 2; again < awaits; again += 5) {
        const world = origin.fork();
        await world.backUpUntil(new CrashPlan(at, when), disk, uuid(12));
        await world.backUpUntil(new CrashPlan(again, when === 'after' ? 'before' : 'after'), disk, uuid(12));
        await world.backUp(disk, uuid(12));
        expect(await world.content(uuid(12))).toEqual(disk.content());
        await expectSettled(world, [uuid(11), uuid(12)]);
      }
    }
  });

  test('of any await of a backup that is then given up: there is never such a backup', async () => {
    const { world: origin, disk, first } = await makeOrigin();
    const awaits = await countAwaits(origin, disk);
    for (let at = 0; at < awaits; at++) {
      const world = origin.fork();
      await world.backUpUntil(new CrashPlan(at, when), disk, uuid(12));
      await world.vault().deleteBackup(uuid(12));
      await expectSettled(world, [uuid(11)]);
      await expect(world.backUp(disk, uuid(12))).rejects.toMatchObject({ code: 'not-found' });
      expect(await world.content(uuid(11))).toEqual(first);
      // The disk is free for the next one.
      await world.backUp(disk, uuid(13));
      expect(await world.content(uuid(13))).toEqual(disk.content());
    }
  });

  test('of any await of aborting a half-made backup', async () => {
    const { world: origin, disk } = await makeOrigin();
    await origin.backUpUntil(new CrashPlan(12), disk, uuid(12));
    const whole = new CrashPlan(NEVER);
    await origin.fork().vault(whole.wrap<Obs>(origin.fork().obs)).abort(uuid(12));
    for (let at = 0; at < whole.count; at++) {
      const world = origin.fork();
      const plan = new CrashPlan(at, when);
      await expect(world.vault(plan.wrap<Obs>(world.obs)).abort(uuid(12))).rejects.toThrow(Crash);
      await world.check();
      // The next backup of the disk finishes the abort; the old one cannot come back.
      await world.backUp(disk, uuid(13));
      await expect(world.backUp(disk, uuid(12))).rejects.toMatchObject({ code: 'not-found' });
      await expectSettled(world, [uuid(11), uuid(13)]);
    }
  });

  test('of any await of deleting a backup', async () => {
    const { world: origin, disk } = await makeOrigin();
    await origin.backUp(disk, uuid(12));
    const whole = new CrashPlan(NEVER);
    const counted = origin.fork();
    await counted.vault(whole.wrap<Obs>(counted.obs)).deleteBackup(uuid(11));
    expect(whole.count).toBe(3);
    for (let at = 0; at < whole.count; at++) {
      const world = origin.fork();
      const plan = new CrashPlan(at, when);
      await expect(world.vault(plan.wrap<Obs>(world.obs)).deleteBackup(uuid(11))).rejects.toThrow(Crash);
      await world.check();
      // Invisible from the first moment, and the rest stays whole.
      expect(
        world
          .vault()
          .list()
          .map((row) => row.id),
      ).toEqual([uuid(12)]);
      await world.vault().deleteBackup(uuid(11));
      await expectSettled(world, [uuid(12)]);
      expect(await world.content(uuid(12))).toEqual(disk.content());
    }
  });

  test('of any await of creating and of deleting a vault', async () => {
    const { world: origin } = await makeOrigin();
    for (let at = 0; ; at++) {
      const world = origin.fork();
      const plan = new CrashPlan(at, when);
      const vault = world.vault(plan.wrap<Obs>(world.obs));
      const finish = async (core: typeof vault) => {
        while (!(await core.deleteObjects())) expect(world.vault).toBeDefined();
      };
      await finish(vault).catch((error: unknown) => expect(error).toBeInstanceOf(Crash));
      await finish(world.vault());
      expect(await world.keys('')).toEqual([
        expect.stringContaining('generation/0000000001'),
        expect.stringContaining('generation/closed'),
      ]);
      await expect(new World(world).vault().locate([])).rejects.toMatchObject({ code: 'not-found' });
      if (!plan.isDead) break;
    }
    for (let at = 0; at < 2; at++) {
      const world = new World();
      const plan = new CrashPlan(at, when);
      await expect(world.vault(plan.wrap<Obs>(world.obs)).create(PROJECT, VAULT)).rejects.toThrow(Crash);
      expect(world.store.readMeta()).toBeNull();
      await world.vault().create(PROJECT, VAULT);
      expect(world.store.readMeta()).toMatchObject({ generation: 1, state: VaultState.open });
    }
  });
});

/** After everything has ended: manifests and visible backups are the same set, no session is open. */
async function expectSettled(world: World, backups: string[]): Promise<void> {
  await world.check();
  expect(
    world
      .vault()
      .list()
      .map((row) => row.id),
  ).toEqual(backups);
  const manifests = await world.manifests();
  expect(manifests.map((record) => record.backupId).sort()).toEqual(backups);
  for (const record of manifests) {
    const row = world.vault().available(record.backupId);
    expect([toHex(row.root), row.committedMs, row.result]).toEqual([record.root, record.committedMs, record.result]);
  }
  expect(world.store.listSessions()).toEqual([]);
}

describe('messages that come late or twice', () => {
  /** An obs whose put number `n` fails and lands only when it is released. */
  function lateObs(obs: Obs, n: number): { obs: Obs; release: () => Promise<unknown> } {
    let puts = 0;
    let held: () => Promise<unknown> = async () => null;
    const putOnce: Obs['putOnce'] = async (key, bytes, checksum) => {
      if (puts++ !== n) return obs.putOnce(key, bytes, checksum);
      const copy = bytes.slice();
      held = () => obs.putOnce(key, copy, checksum);
      throw new Error('timed out');
    };
    const late = new Proxy(obs, {
      get: (object, name) => (name === 'putOnce' ? putOnce : (Reflect.get(object, name) as () => unknown).bind(object)),
    });
    return { obs: late, release: () => held() };
  }

  test('a pack that lands after another attempt took its place is garbage', async () => {
    const { world: origin, disk } = await makeOrigin();
    for (let n = 0; n < 3; n++) {
      const world = origin.fork();
      const late = lateObs(world.obs, n);
      const before = (await world.keys('/blocks/')).length + (await world.keys('/pages/')).length;
      await world.backUp(disk, uuid(12), false, { obs: late.obs });
      expect(await late.release()).toBe('created');
      expect((await world.keys('/blocks/')).length + (await world.keys('/pages/')).length).toBe(before + 4);
      expect(await world.content(uuid(12))).toEqual(disk.content());
      await expectSettled(world, [uuid(11), uuid(12)]);
    }
  });

  test('a manifest that lands after the backup was given up loses', async () => {
    const { world, disk } = await makeOrigin();
    const late = lateObs(world.obs, 0);
    const vault = world.vault(late.obs);
    await expect(world.backUp(disk, uuid(12), false, { vault })).rejects.toThrow(/timed out/);
    await world.vault().abort(uuid(12));
    expect(await late.release()).toBe('exists');
    await expectSettled(world, [uuid(11)]);
  });

  test('a manifest that lands before the backup is given up wins, or is deleted', async () => {
    const { world, disk } = await makeOrigin();
    const late = lateObs(world.obs, 0);
    await expect(world.backUp(disk, uuid(12), false, { vault: world.vault(late.obs) })).rejects.toThrow(/timed out/);
    await late.release();
    const other = world.fork();
    expect(await world.vault().abort(uuid(12))).toBe('done');
    await expectSettled(world, [uuid(11), uuid(12)]);
    await other.vault().deleteBackup(uuid(12));
    await expectSettled(other, [uuid(11)]);
  });

  test('a backup that is deleted between its manifest and its row is gone', async () => {
    const { world, disk } = await makeOrigin();
    const deleting = new Proxy<Obs>(world.obs, {
      get: (object, name) => {
        const member = (Reflect.get(object, name) as (...args: unknown[]) => Promise<unknown>).bind(object);
        if (name !== 'head') return member;
        return async (key: string) => {
          if (key.includes('/generation/')) await world.vault().deleteBackup(uuid(12));
          return member(key);
        };
      },
    });
    const vault = world.vault(deleting);
    await expect(world.backUp(disk, uuid(12), false, { vault })).rejects.toMatchObject({ code: 'not-found' });
    await expectSettled(world, [uuid(11)]);
  });

  test('an abort that another incarnation decided stands', async () => {
    const { world, disk } = await makeOrigin();
    const key = world.vault().context.keys().manifest(1, uuid(12));
    const decision = { kind: 'aborted', version: 1, backupId: uuid(12), decidedMs: 1 } as const;
    await world.obs.putOnce(key, encodeRecord(host.kernel, decision));
    await expect(world.backUp(disk, uuid(12))).rejects.toMatchObject({ code: 'not-found' });
    await expectSettled(world, [uuid(11)]);
    await expect(world.backUp(disk, uuid(12))).rejects.toMatchObject({ code: 'not-found' });
  });

  test('a put whose answer is lost is recognised by its checksum; every call may come twice', async () => {
    const { world, disk } = await makeOrigin();
    const before = (await world.keys('/blocks/')).length;
    const twice = <T extends object>(target: T): T =>
      new Proxy(target, {
        get: (object, name) => {
          const member = Reflect.get(object, name) as (...args: unknown[]) => Promise<unknown>;
          return async (...args: unknown[]) => {
            await member.apply(object, args);
            return member.apply(object, args);
          };
        },
      });
    const vault: VaultClient = twice(world.vault(twice(world.obs)));
    const result = await world.backUp(disk, uuid(12), false, { vault, obs: twice(world.obs) });
    expect((await world.keys('/blocks/')).length).toBe(before + 2);
    expect(result).toEqual(world.vault().available(uuid(12)).result);
    await expectSettled(world, [uuid(11), uuid(12)]);
  });

  test('another run of the same backup while the first still runs', async () => {
    const { world, disk } = await makeOrigin();
    const vault = world.vault();
    const [a, b] = await Promise.all([
      world.backUp(disk, uuid(12), false, { vault }),
      world.backUp(disk, uuid(12), false, { vault }),
    ]);
    expect(a).toEqual(b);
    expect(await world.content(uuid(12))).toEqual(disk.content());
    await expectSettled(world, [uuid(11), uuid(12)]);
  });
});

/** The calls of a vault as own properties, so that a test can replace some of them. */
function bound(vault: VaultClient): VaultClient {
  const names = ['begin', 'lookup', 'reserve', 'addPack', 'commit', 'abort', 'lease', 'release', 'locate', 'report'];
  const calls = names.map((name) => {
    const call = Reflect.get(vault, name) as (...args: unknown[]) => unknown;
    return [name, (...args: unknown[]) => call.apply(vault, args)];
  });
  return Object.fromEntries(calls) as VaultClient;
}

describe('sessions', () => {
  test('two disks at once into one vault', async () => {
    const { world, disk } = await makeOrigin();
    const other = new TestDisk(uuid(2), 2_000);
    for (let i = 0; i < 12; i++) other.write(i * 7, 300 + i);
    const vault = world.vault();
    await Promise.all([
      world.backUp(disk, uuid(12), false, { vault }),
      world.backUp(other, uuid(21), false, { vault }),
    ]);
    expect(await world.content(uuid(12))).toEqual(disk.content());
    expect(await world.content(uuid(21))).toEqual(other.content());
    await expectSettled(world, [uuid(11), uuid(12), uuid(21)]);
  });

  test('one disk has one backup at a time', async () => {
    const { world, disk } = await makeOrigin();
    await world.backUpUntil(new CrashPlan(12), disk, uuid(12));
    await expect(world.backUp(disk, uuid(13))).rejects.toMatchObject({ code: 'busy' });
    await world.backUp(disk, uuid(12));
    await world.backUp(disk, uuid(13));
  });

  test('a parent that is deleted during the session still carries it', async () => {
    const { world, disk } = await makeOrigin();
    await world.backUpUntil(new CrashPlan(12), disk, uuid(12));
    await world.vault().deleteBackup(uuid(11));
    await world.backUp(disk, uuid(12));
    expect(await world.content(uuid(12))).toEqual(disk.content());
  });

  test('a lease outlives its backup, and a vault with leases is not deleted', async () => {
    const { world, disk, first } = await makeOrigin();
    const vault = world.vault();
    const lease = await vault.lease('disk-1/restore', uuid(11), disk.id);
    await vault.deleteBackup(uuid(11));
    expect(await vault.lease('disk-1/restore', uuid(11), disk.id)).toEqual(lease);
    await expect(vault.lease('disk-2/restore', uuid(11), disk.id)).rejects.toMatchObject({ code: 'not-found' });
    await expect(vault.deleteObjects()).rejects.toMatchObject({ code: 'busy' });
    expect(first).toHaveLength(20);
    await vault.release('disk-1/restore');
    await vault.release('disk-1/restore');
    expect(await vault.deleteObjects()).toBe(false);
    await expect(world.backUp(disk, uuid(12))).rejects.toMatchObject({ code: 'not-found' });
  });

  test('an old vault stops for good once it learns of a newer generation', async () => {
    const { world, disk } = await makeOrigin();
    const key = world.vault().context.keys().generation(2);
    await world.obs.putOnce(key, new Uint8Array(1));
    await expect(world.backUp(disk, uuid(12))).rejects.toMatchObject({ code: 'unavailable' });
    const keys = await world.keys('');
    const old = () => world.vault();
    for (const call of [
      () => world.backUp(disk, uuid(13)),
      () => old().abort(uuid(12)),
      () => old().deleteBackup(uuid(11)),
      () => old().deleteObjects(),
      async () => old().list(),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('rebuilt') });
    }
    expect(await world.keys('')).toEqual(keys);
  });

  test('what a session relies on is marked with the epoch, and condemned packs are not relied on', async () => {
    const { world, disk } = await makeOrigin();
    const vault = world.vault();
    const { store } = world;
    store.writeMeta({ ...store.readMeta()!, epoch: 5 });
    const label = world.request(disk, uuid(12)).label;
    await vault.begin({ backupId: uuid(12), diskId: disk.id, full: false, label });
    expect(store.readSession(uuid(12))!.beginEpoch).toBe(5);
    const ref = { kind: Kind.block, digest: disk.blocks.get(19 * 13)! };
    const [entry] = store.index.lookup([ref]);
    await vault.locate([ref]);
    const touched = () => store.listPacks(0, 100).map((pack) => pack.touchedEpoch);
    expect(new Set(touched())).toEqual(new Set([1]));
    expect(await vault.lookup(uuid(12), [ref])).toEqual([true]);
    expect(store.listPacks(0, 100).filter((pack) => pack.touchedEpoch === 5)).toHaveLength(1);
    const [pack] = store.readPacks([entry!.packNo]);
    expect(pack!.touchedEpoch).toBe(5);
    store.updatePack({ ...pack!, state: PackState.condemned });
    expect(await vault.lookup(uuid(12), [ref])).toEqual([false]);
    expect(await vault.locate([ref])).toEqual([null]);
    await vault.reserve(uuid(12), uuid(60), Kind.block);
    const reserved = store.findSessionPack(uuid(12), uuid(60))!;
    store.updatePack({ ...reserved, state: PackState.condemned });
    const again = { ...ref, encoding: 0, offset: 80, length: 10 };
    await expect(vault.addPack(uuid(12), uuid(60), [again], 100)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('a commit of many pages goes in slices, and starts over after a restart', async () => {
    const { world } = await makeOrigin();
    const disk = new TestDisk(uuid(2), 256 * 600);
    // A block a page, at a different place in each: 600 different pages of few different blocks.
    for (let i = 0; i < 600; i++) disk.write(i * 256 + (i % 200), 1 + Math.floor(i / 200));
    let vault = world.vault();
    const states: string[] = [];
    const client: VaultClient = {
      ...bound(vault),
      commit: async (...args) => {
        const report = await vault.commit(...args);
        states.push(report.state);
        if (states.length === 1) vault = world.vault();
        return report;
      },
    };
    await world.backUp(disk, uuid(12), false, { vault: client });
    expect(states).toEqual(['running', 'running', 'done']);
    expect(await world.content(uuid(12))).toEqual(disk.content());
  });

  test('a vault of a newer format is refused in words', async () => {
    const { world, disk } = await makeOrigin();
    world.store.writeMeta({ ...world.store.readMeta()!, format: 2 });
    await expect(world.backUp(disk, uuid(12))).rejects.toThrow(/format 2/);
  });

  test('bad arguments change nothing', async () => {
    const { world, disk } = await makeOrigin();
    const vault = world.vault();
    const session = { backupId: uuid(12), diskId: disk.id, full: false, label: world.request(disk, uuid(12)).label };
    await expect(vault.begin({ ...session, backupId: '../x' })).rejects.toMatchObject({ code: 'invalid' });
    await vault.begin(session);
    await expect(vault.begin({ ...session, diskId: uuid(9) })).rejects.toMatchObject({ code: 'invalid' });
    await expect(vault.reserve(uuid(99), uuid(50), Kind.block)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(vault.reserve(uuid(12), 'a/b', Kind.block)).rejects.toMatchObject({ code: 'invalid' });
    const entry = { kind: Kind.block, digest: disk.blocks.get(0)!, encoding: 0, offset: 80, length: 10 };
    await expect(vault.addPack(uuid(12), uuid(50), [entry], 100)).rejects.toMatchObject({ code: 'invalid' });
    await vault.reserve(uuid(12), uuid(50), Kind.block);
    // Announced, but never put.
    await expect(vault.addPack(uuid(12), uuid(50), [entry], 100)).rejects.toMatchObject({ code: 'invalid' });
    await expect(vault.addPack(uuid(12), uuid(50), [entry], 85)).rejects.toMatchObject({ code: 'invalid' });
    const many = Array.from({ length: 1_025 }, () => entry);
    await expect(vault.lookup(uuid(12), many)).rejects.toMatchObject({ code: 'invalid' });
    expect(await vault.lookup(uuid(12), [entry])).toEqual([false]);
  });
});

describe('planted bugs are caught', () => {
  test('pages that come before their children', async () => {
    const { world: origin, disk } = await makeOrigin();
    const awaits = await countAwaits(origin, disk);
    let caught = 0;
    for (let at = 0; at < awaits; at++) {
      const world = origin.fork();
      const plan = new CrashPlan(at);
      const vault = plan.wrap(childrenLast(world.vault(plan.wrap<Obs>(world.obs))));
      await world.backUp(disk, uuid(12), false, { vault, obs: plan.wrap<Obs>(world.obs) }).catch(() => undefined);
      await world.check().catch(() => caught++);
    }
    expect(caught).toBeGreaterThan(0);
  });

  /** A vault to which block packs are added only after the first page pack. */
  function childrenLast(vault: VaultClient): VaultClient {
    const late: (() => Promise<void>)[] = [];
    const kinds = new Map<string, Kind>();
    const reserve: VaultClient['reserve'] = async (sessionId, packUuid, kind) => {
      kinds.set(packUuid, kind);
      return vault.reserve(sessionId, packUuid, kind);
    };
    const addPack: VaultClient['addPack'] = async (...args) => {
      if (kinds.get(args[1]) === Kind.block) return void late.push(() => vault.addPack(...args));
      await vault.addPack(...args);
      for (const add of late) await add();
    };
    const planted: Partial<VaultClient> = { reserve, addPack };
    return new Proxy(vault, {
      get: (object, name) =>
        planted[name as keyof VaultClient] ?? (Reflect.get(object, name) as () => unknown).bind(object),
    });
  }

  /** A vault that has every page of the disk's new root, but lost the blocks under them, as a prune may leave it. */
  async function garbagePages(): Promise<{ world: World; disk: TestDisk }> {
    const { world, disk } = await makeOrigin();
    const plan = new CrashPlan(NEVER);
    const vault = plan.wrap<VaultClient>(world.vault());
    const noCommit: VaultClient = { ...bound(vault), commit: () => Promise.reject(new Crash('before the commit')) };
    await expect(world.backUp(disk, uuid(12), false, { vault: noCommit })).rejects.toThrow(Crash);
    await world.vault().abort(uuid(12));
    const fresh = [...Array(12).keys()].map((i) => ({ kind: Kind.block, digest: disk.blocks.get(i * 13)! }));
    world.store.index.remove(fresh);
    return { world, disk };
  }

  test('known pages whose children are gone: the backup brings the children', async () => {
    const { world, disk } = await garbagePages();
    expect(await world.backUp(disk, uuid(13))).toMatchObject({ objectCount: 12 });
    expect(await world.content(uuid(13))).toEqual(disk.content());
  });

  test('a subtree skipped because the vault knows its page: the vault refuses to commit', async () => {
    const { world, disk } = await garbagePages();
    const core = world.vault();
    const vault = bound(core);
    const skipping: VaultClient = {
      ...vault,
      begin: async (request) => {
        const begun = await vault.begin(request);
        const [isKnown] = await vault.lookup(request.backupId, [{ kind: Kind.page, digest: disk.root() }]);
        if (begun.state !== 'open' || !isKnown) return begun;
        return { ...begun, parent: { root: disk.root(), allocatedBlocks: 0 } };
      },
    };
    await expect(world.backUp(disk, uuid(13), false, { vault: skipping })).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(
      world
        .vault()
        .list()
        .map((row) => row.id),
    ).toEqual([uuid(11)]);
    expect((await world.manifests()).map((record) => record.backupId)).toEqual([uuid(11)]);
  });
});
