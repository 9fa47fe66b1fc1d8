// Prune among damage: what cannot be read is never deleted for it, and what landed late or belongs to nobody goes.

import { describe, expect, test } from 'vitest';
import type { MemoryObs } from '../../engine/memory/obs.ts';
import { decodeRecord } from '../../engine/repository/manifest.ts';
import { readPack } from '../../engine/repository/pack-reader.ts';
import { PackState } from '../../engine/repository/ports.ts';
import { verifyBackup } from '../../engine/repository/verify.ts';
import { BLOCK_BYTES, Kind, toHex } from '../../engine/types.ts';
import { EVERYBODY, expectBackups, expectNoGarbage, makeThree, packKeys, pruneWorld } from '../support/prune.ts';
import { CrashPlan, host, NEVER, TestDisk, uuid } from '../support/repository.ts';

describe('damage and strays', () => {
  test('a page that cannot be read stops it before anything is deleted', async () => {
    const { world } = await makeThree();
    await world.vault().deleteBackup(uuid(12));
    const [pages] = await world.keys('/pages/');
    world.obs.tamper(pages!, (bytes) => bytes.map((byte, i) => (i > 100 ? byte ^ 1 : byte)));
    const before = await packKeys(world);
    await expect(pruneWorld(world)).rejects.toMatchObject({ code: 'damaged', message: expect.stringMatching(/check/) });
    expect(await packKeys(world)).toEqual(before);
  });

  test('a block in use that cannot be read keeps its pack, which is named', async () => {
    const { world, disk, contents } = await makeThree();
    await world.vault().deleteBackup(uuid(12));
    const ref = { kind: Kind.block, digest: disk.blocks.get(5 * 13)! };
    const [location] = await world.vault().locate([ref]);
    world.obs.tamper(location!.key, (bytes) => bytes.fill(7, location!.offset, location!.offset + 9));
    const { done } = await pruneWorld(world);
    expect(done!.packsUnreadable).toEqual({ count: 1, first: [location!.key] });
    expect(await packKeys(world)).toContain(location!.key);
    expect(await world.content(uuid(11))).toEqual(contents[0]);
    const row = world.vault().available(uuid(13));
    const { damaged } = await verifyBackup(world.vault().context, row, 'bytes');
    expect(damaged).toEqual([{ offset: 5 * 13 * BLOCK_BYTES, length: BLOCK_BYTES }]);
  });

  test('a bad block that no backup needs any more is forgotten, and no sooner', async () => {
    const { world, disk, contents } = await makeThree();
    const { entries } = (await readPack(world.obs, host.kernel, (await world.keys('/blocks/'))[0]!))!;
    const held = new Set([...disk.blocks.values()].map(toHex));
    // Of the first backup alone: the disk has other bytes there by now.
    const lost = entries.find(({ digest }) => !held.has(toHex(digest)))!;
    const [location] = await world.vault().locate([lost]);
    world.obs.tamper(location!.key, (bytes) => bytes.fill(7, location!.offset, location!.offset + 9));
    expect(await world.vault().report([lost])).toBe(1);
    await pruneWorld(world);
    expect(world.store.listBad(9)).toHaveLength(1);
    await world.vault().deleteBackup(uuid(11));
    await pruneWorld(world, { dryRun: true });
    expect(world.store.listBad(9)).toHaveLength(1);
    // A backup that is under way may rest on it.
    const other = new TestDisk(uuid(2));
    await world.vault().begin({ ...world.request(other, uuid(20)), backupId: uuid(20) });
    await pruneWorld(world, { owners: EVERYBODY });
    expect(world.store.listBad(9)).toHaveLength(1);
    await world.vault().abort(uuid(20));
    await pruneWorld(world);
    expect(world.store.listBad(9)).toEqual([]);
    disk.write(7, 900);
    expect(await world.backUp(disk, uuid(14))).toMatchObject({ incremental: true, objectCount: 1 + 4 });
    await expectBackups(world, { 12: contents[1]!, 13: contents[2]!, 14: disk.content() });
  });

  test('packs of a session that ended, a put that landed late, and a manifest that came back', async () => {
    const { world, disk, contents } = await makeThree();
    const manifest = (await world.keys(`/manifest/${uuid(12)}`))[0]!;
    const bytes = (await world.obs.get(manifest))!;
    await world.vault().deleteBackup(uuid(12));
    await world.obs.putOnce(manifest, bytes);
    const label = world.request(disk, uuid(14)).label;
    const vault = world.vault();
    await vault.begin({ backupId: uuid(14), diskId: disk.id, full: false, label });
    const { key } = await vault.reserve(uuid(14), uuid(70), Kind.block);
    await pruneWorld(world, { owners: EVERYBODY });
    expect(world.store.findSessionPack(uuid(14), uuid(70))).toMatchObject({ state: PackState.pending });
    await vault.abort(uuid(14));
    await pruneWorld(world);
    expect(world.store.listPacks(0, 100).some((pack) => pack.uuid === uuid(70))).toBe(false);
    await world.obs.putOnce(key, new Uint8Array(9));
    expect((await pruneWorld(world)).done).toMatchObject({ strays: 1 });
    expect(await world.keys(`/manifest/${uuid(12)}`)).toEqual([]);
    await expectBackups(world, { 11: contents[0]!, 13: contents[2]! });
    await expectNoGarbage(world);
  });

  test('an old vault deletes nothing once a newer generation has begun, at whatever moment', async () => {
    const { world: origin } = await makeThree();
    await origin.vault().deleteBackup(uuid(12));
    const plan = new CrashPlan(NEVER);
    await pruneWorld(origin.fork(), { obs: plan.wrap(origin.fork().obs) });
    let refused = 0;
    for (let at = 0; at < plan.count; at++) {
      const world = origin.fork();
      const key = world.vault().context.keys().generation(2);
      const condemned = new Set<string>();
      let count = 0;
      // What the rebuild finds when it lists: packs that are named there it does not rely on.
      let found: string[] | null = null;
      const before = async () => {
        if (count++ !== at) return;
        await world.obs.putOnce(key, new Uint8Array(1));
        found = (await packKeys(world)).filter((pack) => !condemned.has(pack));
      };
      const obs = watched(world.obs, before, (record) => {
        for (const pack of record) condemned.add(pack);
      });
      await pruneWorld(world, { obs }).catch((error: unknown) => {
        refused++;
        expect(error).toMatchObject({ code: 'unavailable' });
      });
      expect(await packKeys(world)).toEqual(expect.arrayContaining(found!));
    }
    expect(refused).toBeGreaterThan(plan.count / 2);
  });
});

/** `obs` with `before` awaited before each call, and the packs told that a record condemns. */
function watched(obs: MemoryObs, before: () => Promise<void>, told: (packs: readonly string[]) => void): MemoryObs {
  return new Proxy(obs, {
    get: (target, name) => {
      const member = Reflect.get(target, name) as unknown;
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        await before();
        const result: unknown = await member.apply(target, args);
        if (name !== 'putOnce') return result;
        const [key, bytes] = args as [string, Uint8Array];
        const record = key.includes('/condemned/') ? decodeRecord(host.kernel, bytes) : null;
        if (record?.kind === 'condemned') told(record.packs);
        return result;
      };
    },
  });
}
