// A vault whose rows are gone, made anew from object storage: everything that was promised is there again, whatever
// crashed on the way, and what is damaged is named.

import { describe, expect, test } from 'vitest';
import { EngineError } from '../../engine/errors.ts';
import type { Obs } from '../../engine/ports.ts';
import { decodeRecord, encodeRecord } from '../../engine/repository/manifest.ts';
import { readPack } from '../../engine/repository/pack-reader.ts';
import { PackState, VaultState } from '../../engine/repository/ports.ts';
import type { Rebuild } from '../../engine/repository/rebuild.ts';
import type { RebuildReport } from '../../engine/repository/rebuild-report.ts';
import { BLOCK_BYTES, Kind, toHex } from '../../engine/types.ts';
import { expectNoGarbage, pruneWorld } from '../support/prune.ts';
import { Heir, pausedAt } from '../support/rebuilds.ts';
import { Crash, CrashPlan, host, NEVER, PROJECT, TestDisk, uuid, VAULT, World } from '../support/repository.ts';

type Content = [number, string][];

/** Three backups of two disks, one of them deleted again, and one that was given up. */
async function makeVault(): Promise<{ world: World; disk: TestDisk; contents: Map<string, Content> }> {
  const world = await World.make();
  const contents = new Map<string, Content>();
  const disk = new TestDisk(uuid(1), 2_000);
  const other = new TestDisk(uuid(2), 2_000);
  const backUp = async (of: TestDisk, id: string) => {
    await world.backUp(of, id);
    contents.set(id, of.content());
  };
  for (let i = 0; i < 20; i++) disk.write(i * 13, 100 + i);
  await backUp(disk, uuid(11));
  for (let i = 0; i < 12; i++) disk.write(i * 13, 300 + i);
  await backUp(disk, uuid(12));
  for (let i = 0; i < 5; i++) other.write(i * 300, 100 + i);
  other.write(1_999, 900);
  await backUp(other, uuid(13));
  await world.vault().deleteBackup(uuid(11));
  contents.delete(uuid(11));
  await world.vault().begin({ ...world.request(other, uuid(14)), backupId: uuid(14) });
  await world.vault().abort(uuid(14));
  return { world, disk, contents };
}

/** To its end, or until it is told that another one took over for good. */
async function ended(rebuild: Rebuild): Promise<void> {
  for (let calls = 0; calls < 200; calls++) {
    try {
      if ((await rebuild.step()).state === 'done') return;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (error.code === 'invalid') return;
      if (error.code !== 'unavailable') throw error;
    }
  }
  throw new Error('the rebuild does not end');
}

/** All backups that were promised are there, each byte of them, and nothing else. */
async function expectWhole(world: World, contents: ReadonlyMap<string, Content>): Promise<void> {
  const listed = world
    .vault()
    .list()
    .map((row) => row.id);
  expect(listed).toEqual([...contents.keys()].sort());
  for (const [id, content] of contents) expect(await world.content(id)).toEqual(content);
  await world.check();
}

describe('a rebuilt vault', () => {
  test('has its backups, decisions and objects again, under the next generation', async () => {
    const { world, contents } = await makeVault();
    const heir = new Heir(world);
    const report = await heir.rebuilt();
    expect(report).toMatchObject({ generation: 2, backups: 2, condemnedPacks: 0 });
    for (const list of [report.damagedPacks, report.damagedRecords, report.damagedBackups]) expect(list.count).toBe(0);
    await expectWhole(heir, contents);
    // What the rows of the old vault said of its backups, packs and objects.
    for (const id of contents.keys()) expect(heir.vault().available(id)).toEqual(world.vault().available(id));
    const objects = (of: World) =>
      of.store.listPacks(0, 1_000).reduce((sum, pack) => sum + (of.store.readPackDirectory(pack.no)?.length ?? 0), 0);
    expect(objects(heir)).toBe(objects(world));
    expect(report.objects).toBe(objects(heir) / 48);
    await expect(heir.backUp(new TestDisk(uuid(1)), uuid(11))).rejects.toMatchObject({ code: 'not-found' });
    await expect(heir.backUp(new TestDisk(uuid(2)), uuid(14))).rejects.toMatchObject({ code: 'not-found' });
  });

  test('takes the next backup against the newest one, and deletes old ones', async () => {
    const { world, disk, contents } = await makeVault();
    const heir = new Heir(world);
    await heir.rebuilt();
    disk.write(700, 5_000);
    expect(await heir.backUp(disk, uuid(15))).toMatchObject({ incremental: true, objectCount: 4 + 1 });
    contents.set(uuid(15), disk.content());
    await heir.vault().deleteBackup(uuid(12));
    contents.delete(uuid(12));
    await expectWhole(heir, contents);
    // And so does the one after: the second generation's decisions count, with what it took over.
    const second = new Heir(heir);
    expect(await second.rebuilt()).toMatchObject({ generation: 3, backups: 2 });
    await expectWhole(second, contents);
    // What was decided two generations ago stays decided.
    for (const id of [uuid(11), uuid(12), uuid(14)]) {
      await expect(second.backUp(disk, id)).rejects.toMatchObject({ code: 'not-found' });
    }
  });

  test('takes no notice of what a replaced vault puts after it was replaced', async () => {
    const { world, disk, contents } = await makeVault();
    const heir = new Heir(world.fork());
    await heir.rebuilt();
    // A backup that both committed: the old one unheard. A deletion that was never acknowledged.
    await heir.backUp(disk, uuid(15));
    contents.set(uuid(15), disk.content());
    const keys = world.vault().context.keys();
    const manifest = (await heir.obs.get(keys.manifest(2, uuid(15))))!;
    await heir.obs.putOnce(keys.manifest(1, uuid(15)), manifest);
    await heir.obs.putOnce(keys.manifest(1, uuid(16)), manifest);
    const deleted = (id: string) => ({ kind: 'deleted', version: 1, backupId: id, decidedMs: 1 }) as const;
    for (const id of [uuid(13), uuid(15)]) {
      await heir.obs.putOnce(keys.deleted(1, id), encodeRecord(host.kernel, deleted(id)));
    }
    const second = new Heir(heir);
    expect(await second.rebuilt()).toMatchObject({ backups: 3, damagedRecords: { count: 0 } });
    const listed = second.vault().list();
    expect(listed.map((row) => row.id)).toEqual([...contents.keys()].sort());
    for (const [id, content] of contents) expect(await second.content(id)).toEqual(content);
  });

  test('comes back after a crash at any await of the rebuild, also with its memory lost after each slice', async () => {
    const { world, contents } = await makeVault();
    const whole = new CrashPlan(NEVER);
    await new Heir(world.fork()).rebuilt(whole.wrap<Obs>(world.fork().obs));
    expect(whole.count).toBeGreaterThan(20);
    for (const when of ['before', 'after'] as const) {
      for (let at = 0; at < whole.count; at++) {
        const heir = new Heir(world.fork());
        const plan = new CrashPlan(at, when);
        await expect(heir.rebuilt(plan.wrap<Obs>(heir.obs)), `await ${at}`).rejects.toThrow(Crash);
        expect(heir.store.readMeta()?.state ?? VaultState.rebuilding, `await ${at}`).toBe(VaultState.rebuilding);
        let report: RebuildReport | null = null;
        for (let slices = 0; report === null; slices++) {
          expect(slices).toBeLessThan(200);
          const step = await heir.rebuild(heir.obs, uuid(900), 10).step();
          if (step.state === 'done') report = step.report;
        }
        expect(report).toMatchObject({ backups: 2, damagedBackups: { count: 0 } });
        // Asked again by the same operation, it tells the same and does nothing.
        expect(await heir.rebuilt()).toEqual(report);
        await expectWhole(heir, contents);
      }
    }
  });

  test('survives any call of object storage that fails, or whose answer is lost: the same rebuild goes on', async () => {
    const { world, contents } = await makeVault();
    const whole = new CrashPlan(NEVER);
    const counted = new Heir(world.fork());
    await counted.rebuilt(whole.wrap<Obs>(counted.obs));
    for (const when of ['before', 'after'] as const) {
      for (let at = 0; at < whole.count; at++) {
        const heir = new Heir(world.fork());
        const rebuild = heir.rebuild(new CrashPlan(at, when, false).wrap<Obs>(heir.obs));
        await expect(rebuild.step(), `await ${at}`).rejects.toThrow(Crash);
        for (let ended = false; !ended; ) ended = (await rebuild.step()).state === 'done';
        await expectWhole(heir, contents);
      }
    }
  });

  test('costs one read a pack and a record, and what checking the pages costs', async () => {
    const { world } = await makeVault();
    const heir = new Heir(world.fork());
    const keys = (part: string) => heir.keys(part).then((found) => found.length);
    const packs = (await keys('/blocks/')) + (await keys('/pages/'));
    const manifests = await keys('/manifest/');
    const mark = heir.obs.meter.mark();
    await heir.rebuilt();
    const spent = heir.obs.meter.since(mark);
    // Besides: two looks for the end of the vault, one for a newer generation; a window of pages for each disk's root.
    expect(spent.obsClassB).toBe(packs + manifests + 3 + 2);
    // The generation and the record of what it took over.
    const puts = 2;
    const lists = spent.obsClassA - puts;
    expect(lists).toBeLessThan(15);
  });

  test('is not made of what object storage never had, and refuses to be made anew over what it has', async () => {
    const { world } = await makeVault();
    await expect(new Heir(new World()).rebuilt()).rejects.toMatchObject({ code: 'not-found' });
    const heir = new Heir(world);
    await expect(heir.vault().create(PROJECT, VAULT)).rejects.toMatchObject({ code: 'exists' });
    expect(heir.store.readMeta()).toBeNull();
  });

  test('serves nobody before it is whole', async () => {
    const { world, disk } = await makeVault();
    const heir = new Heir(world);
    await heir.rebuild(heir.obs, uuid(900), 0).step();
    expect(heir.store.readMeta()).toMatchObject({ state: VaultState.rebuilding, generation: 2 });
    for (const call of [
      () => heir.backUp(disk, uuid(15)),
      () => heir.vault().locate([]),
      () => heir.vault().lease('l', uuid(12), uuid(1)),
      () => heir.vault().deleteBackup(uuid(12)),
      () => heir.vault().deleteObjects(),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'unavailable' });
    }
  });

  test('is given up by a rebuild that another one overtook, for good', async () => {
    const { world, contents } = await makeVault();
    const slow = new Heir(world);
    await slow.rebuild(slow.obs, uuid(900), 0).step();
    const fast = new Heir(world);
    expect(await fast.rebuilt(undefined, uuid(901))).toMatchObject({ generation: 3 });
    await expect(slow.rebuilt()).rejects.toMatchObject({ code: 'unavailable' });
    const keys = await fast.keys('');
    await expect(slow.rebuilt()).rejects.toMatchObject({ code: 'invalid' });
    expect(await fast.keys('')).toEqual(keys);
    await expectWhole(fast, contents);
    await fast.vault().deleteBackup(uuid(12));
    // Asked for anew, it is a rebuild like any other.
    expect(await slow.rebuilt(undefined, uuid(902))).toMatchObject({ generation: 4, backups: 1 });
  });

  test('is made once when two rebuilds work on the same rows, wherever one of them waits', async () => {
    const { world, contents } = await makeVault();
    const whole = new CrashPlan(NEVER);
    const counted = new Heir(world.fork());
    await counted.rebuilt(whole.wrap<Obs>(counted.obs));
    const packsOf = (heir: Heir) => heir.store.listPacks(0, 1_000).map((pack) => pack.uuid);
    for (let at = 0; at < whole.count; at++) {
      for (const slices of [1, 7, NEVER]) {
        const heir = new Heir(world.fork());
        const other = heir.rebuild(heir.obs, uuid(901), 0);
        const slow = heir.rebuild(
          pausedAt(heir.obs, at, async () => {
            for (let i = 0; i < slices; i++) if ((await other.step()).state === 'done') return;
          }),
        );
        await ended(slow);
        if (heir.store.readMeta()?.state !== VaultState.open) await ended(other);
        const place = `await ${at}, ${slices} slices`;
        expect(packsOf(heir).length, place).toBe(new Set(packsOf(heir)).size);
        await expectWhole(heir, contents);
        await pruneWorld(heir);
        await expectNoGarbage(heir);
        await expectWhole(heir, contents);
      }
    }
  });

  test('keeps the leases that its rows still knew', async () => {
    const { world, contents } = await makeVault();
    await world.vault().lease('lease', uuid(12), uuid(1));
    const same = new Heir(world, world.store);
    await same.rebuilt();
    expect(same.store.listLeases()).toMatchObject([{ id: 'lease', backupId: uuid(12) }]);
    await expectWhole(same, contents);
  });

  test('leaves out packs that a prune had condemned, whether they are still there or not', async () => {
    const { world, contents } = await makeVault();
    // As a prune does it: what is live is copied into new packs, then the old ones are condemned.
    const keys = world.vault().context.keys();
    const old = (await world.keys('/blocks/')).slice(0, 2);
    for (const [i, key] of old.entries()) {
      const bytes = (await world.obs.get(key))!;
      await world.obs.putOnce(keys.pack(1, Kind.block, uuid(500 + i)), bytes);
    }
    const record = { kind: 'condemned', version: 1, epoch: 2, packs: old, decidedMs: 1 } as const;
    await world.obs.putOnce(keys.condemned(1, 2), encodeRecord(host.kernel, record));
    await world.obs.delete([old[0]!]);
    const heir = new Heir(world);
    expect(await heir.rebuilt()).toMatchObject({ condemnedPacks: 2, damagedBackups: { count: 0 } });
    const condemned = heir.store.listPacks(0, 1_000).filter((pack) => pack.state === PackState.condemned);
    expect(condemned.map((pack) => keys.pack(pack.generation, pack.kind, pack.uuid))).toEqual(old);
    await world.obs.delete(old);
    await expectWhole(heir, contents);
  });
});

describe('damage', () => {
  const flip = (at: number) => (bytes: Uint8Array) => {
    const damaged = bytes.slice();
    damaged[at < 0 ? damaged.length + at : at]! ^= 4;
    return damaged;
  };

  test('of any byte of a trailer or footer loses nothing, and is named', async () => {
    const { world, contents } = await makeVault();
    const [key] = await world.keys('/blocks/');
    const { entries, sizeBytes } = (await readPack(world.obs, host.kernel, key!))!;
    const tail = entries.length * 48 + 96;
    for (let at = 1; at <= tail; at += 37) {
      const fork = world.fork();
      fork.obs.tamper(key!, flip(sizeBytes - at));
      const heir = new Heir(fork);
      const report = await heir.rebuilt();
      expect(report.damagedPacks).toEqual({ count: 1, first: [{ key, objectsFound: entries.length }] });
      expect(report.damagedBackups.count).toBe(0);
      await expectWhole(heir, contents);
    }
  });

  test('of a frame in a pack that had to be scanned costs that object, and is told by backup and range', async () => {
    const { world, disk, contents } = await makeVault();
    const digest = disk.blocks.get(0)!;
    const [location] = world.vault().context.locate([{ kind: Kind.block, digest }]);
    world.obs.tamper(location!.key, flip(location!.offset + 5));
    world.obs.tamper(location!.key, flip(-1));
    const heir = new Heir(world);
    const report = await heir.rebuilt();
    expect(report.damagedPacks.first).toMatchObject([{ key: location!.key }]);
    expect(report.damagedBackups).toEqual({
      count: 1,
      first: [
        {
          ...{
            backupId: uuid(12),
            name: 'nightly',
            lostBytes: BLOCK_BYTES,
            ranges: [{ offset: 0, length: BLOCK_BYTES }],
          },
          ...{ objectsLost: 1, digests: [toHex(digest)] },
        },
      ],
    });
    await expect(heir.content(uuid(12))).rejects.toThrow(/damaged/);
    expect(await heir.content(uuid(13))).toEqual(contents.get(uuid(13)));
    // The next backup takes nothing on trust, and so heals the old one.
    expect(await heir.backUp(disk, uuid(15))).toMatchObject({ incremental: false, objectCount: 1 });
    await expectWhole(heir, new Map([...contents, [uuid(15), disk.content()]]));
  });

  test('of a pack of pages that is gone names everything below, and the next backup brings it again', async () => {
    const { world, disk, contents } = await makeVault();
    const page = { kind: Kind.page, digest: disk.root() };
    const [location] = world.vault().context.locate([page]);
    world.obs.tamper(location!.key, () => null);
    const heir = new Heir(world);
    const report = await heir.rebuilt();
    expect(report.damagedBackups.first).toMatchObject([{ backupId: uuid(12), lostBytes: disk.sizeBytes }]);
    await heir.backUp(disk, uuid(15));
    await expectWhole(heir, new Map([...contents, [uuid(15), disk.content()]]));
  });

  test('of a manifest is named; the backup is not there, and the others are', async () => {
    const { world, contents } = await makeVault();
    const key = world.vault().context.keys().manifest(1, uuid(12));
    world.obs.tamper(key, flip(60));
    const heir = new Heir(world);
    const report = await heir.rebuilt();
    expect(report.damagedRecords).toMatchObject({ count: 1, first: [{ key }] });
    const listed = heir.vault().list();
    expect(listed.map((row) => row.id)).toEqual([uuid(13)]);
    expect(await heir.content(uuid(13))).toEqual(contents.get(uuid(13)));
    // It was taken over all the same: mended, it counts again.
    world.obs.tamper(key, flip(60));
    const second = new Heir(heir);
    expect(await second.rebuilt()).toMatchObject({ backups: 2, damagedRecords: { count: 0 } });
  });

  test('of a manifest that stands in another one’s place is named, and serves nobody', async () => {
    const { world, contents } = await makeVault();
    const keys = world.vault().context.keys();
    const moved = (await world.obs.get(keys.manifest(1, uuid(13))))!;
    world.obs.tamper(keys.manifest(1, uuid(12)), () => moved);
    const heir = new Heir(world);
    expect((await heir.rebuilt()).damagedRecords.first).toMatchObject([{ reason: expect.stringContaining('another') }]);
    contents.delete(uuid(12));
    await expectWhole(heir, contents);
  });

  test('of the list of what a generation took over: all older manifests count again', async () => {
    const { world, disk, contents } = await makeVault();
    const heir = new Heir(world);
    await heir.rebuilt();
    await heir.backUp(disk, uuid(15));
    contents.set(uuid(15), disk.content());
    heir.obs.tamper(heir.vault().context.keys().inherited(2), flip(40));
    const second = new Heir(heir);
    await second.rebuilt();
    await expectWhole(second, contents);
  });

  test('a record of a newer program stops the rebuild in words', async () => {
    const { world } = await makeVault();
    const key = world.vault().context.keys().manifest(1, uuid(12));
    const record = decodeRecord(host.kernel, (await world.obs.get(key))!);
    world.obs.tamper(key, () => encodeRecord(host.kernel, { ...record, version: 2 }));
    await expect(new Heir(world).rebuilt()).rejects.toMatchObject({ code: 'format' });
  });
});
