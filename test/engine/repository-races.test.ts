// Races that the repository's model found, each alone: two ends of one backup at a time, and rows that are lost under a
// backup that is still being made.

import { expect, test } from 'vitest';
import type { Obs } from '../../engine/ports.ts';
import type { VaultClient } from '../../engine/repository/ports.ts';
import { prune } from '../../engine/repository/prune.ts';
import { EVERYBODY, pruneWorld } from '../support/prune.ts';
import { Heir } from '../support/rebuilds.ts';
import { sha256, uuid, World } from '../support/repository.ts';
import { makeScene, NEW, OLD, type Scene } from '../support/repository-jobs.ts';

async function scene(): Promise<Scene> {
  return makeScene(await World.make());
}

/** `target`, in which calls of `name` are another one; the rest is as it was. */
function replaced<T extends object, K extends keyof T & string>(target: T, name: K, call: T[K]): T {
  return new Proxy(target, {
    get: (object, key) => (key === name ? call : (Reflect.get(object, key) as () => unknown).bind(object)),
  });
}

test('a backup that is run again while the vault still commits it is done, not lost', async () => {
  const { world, disk } = await scene();
  const vault = world.vault();
  let committing: Promise<unknown> = Promise.resolve();
  // The first run is cut off after it has asked for the commit; the second run has begun when the commit ends.
  const cut = replaced<VaultClient, 'commit'>(vault, 'commit', (...args) => {
    committing = vault.commit(...args);
    throw new Error('the disk crashed');
  });
  await expect(world.backUp(disk, NEW, false, { vault: cut })).rejects.toThrow(/crashed/);
  const second = replaced<VaultClient, 'lookup'>(vault, 'lookup', async (...args) => {
    await committing;
    return vault.lookup(...args);
  });
  expect(await world.backUp(disk, NEW, false, { vault: second })).toMatchObject({ incremental: true });
  expect(await world.content(NEW)).toEqual(disk.content());
});

test('a prune that ends a backup which somebody deletes meanwhile goes on', async () => {
  const { world, disk } = await scene();
  // The manifest is there and its row is not: both the prune and the deletion take it for committed.
  const silent = replaced<Obs, 'head'>(world.obs, 'head', async (key) => {
    if (key.includes('/generation/')) throw new Error('no answer');
    return world.obs.head(key);
  });
  await expect(world.backUp(disk, NEW, false, { vault: world.vault(silent) })).rejects.toThrow(/no answer/);
  expect((await world.manifests()).map((record) => record.backupId).sort()).toEqual([OLD, NEW].sort());
  // After the prune has read what was decided, the backup is deleted.
  const deleting = replaced<Obs, 'get'>(world.obs, 'get', async (key) => {
    const found = await world.obs.get(key);
    if (key.includes('/manifest/')) await world.vault().deleteBackup(NEW);
    return found;
  });
  const { context } = world.vault(deleting);
  const ports = { owners: { holds: async () => [false] }, sha256, random: { uuid: () => uuid(0x77) } };
  await prune(context, ports, { thresholdPercent: 0, dryRun: false });
  expect((await world.manifests()).map((record) => record.backupId)).toEqual([OLD]);
  await world.check();
});

test('a backup that was given up before it began stays given up, also when the rows are lost', async () => {
  const { world, disk } = await scene();
  await world.vault().deleteBackup(NEW);
  const heir = new Heir(world);
  await heir.rebuilt();
  await expect(heir.backUp(disk, NEW)).rejects.toMatchObject({ code: 'not-found' });
  expect((await heir.manifests()).map((record) => record.backupId)).toEqual([OLD]);
});

test('a manifest that an old Vault put too late to be taken over is swept', async () => {
  const { world, disk } = await scene();
  const { sizeBytes } = disk;
  const [old] = await world.manifests();
  const heir = new Heir(world);
  await heir.rebuilt();
  const late = world.vault().context.keys().manifest(1, NEW);
  await world.obs.putOnce(late, (await world.obs.get(world.vault().context.keys().manifest(1, old!.backupId)))!);
  await heir.backUp(disk, NEW);
  await pruneWorld(heir, { owners: EVERYBODY });
  expect(await world.obs.head(late)).toBeNull();
  expect(await heir.content(NEW)).toEqual(disk.content());
  expect(heir.vault().available(NEW)).toMatchObject({ generation: 2, sizeBytes });
});
