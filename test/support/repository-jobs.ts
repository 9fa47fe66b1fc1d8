// Every job of the repository as one attempt that can be made to fail anywhere: what it starts from, how it is done with
// the ports that a test gives it, and what must hold once it has succeeded.

import { expect } from 'vitest';
import { Disk } from '../../engine/disk/disk.ts';
import { MemoryDiskStore } from '../../engine/memory/disk-store.ts';
import type { Obs } from '../../engine/ports.ts';
import { ObsObjectSource } from '../../engine/repository/source.ts';
import { runFetching } from '../../engine/steps.ts';
import { toHex } from '../../engine/types.ts';
import { EVERYBODY, expectNoGarbage, NOBODY, pruneWorld } from './prune.ts';
import { Heir } from './rebuilds.ts';
import { host, TestDisk, uuid, type World } from './repository.ts';

/** A vault with a backup of 20 blocks, `old`, whose disk has changed since. */
export interface Scene {
  readonly world: World;
  readonly disk: TestDisk;
  /** What the first backup holds. */
  readonly old: [number, string][];
}

export interface RepositoryJob {
  readonly name: string;
  /** What comes before it, without faults. */
  readonly prepare: (scene: Scene) => Promise<void>;
  /** One attempt. Throws what the ports throw; the next attempt goes on, or starts over. */
  readonly attempt: (scene: Scene, obs: Obs) => Promise<void>;
  /** After an attempt that succeeded. */
  readonly verify: (scene: Scene) => Promise<void>;
}

export const OLD = uuid(11);
export const NEW = uuid(12);

export async function makeScene(world: World): Promise<Scene> {
  const disk = new TestDisk(uuid(1), 2_000);
  for (let i = 0; i < 20; i++) disk.write(i * 13, 100 + i);
  await world.backUp(disk, OLD);
  const old = disk.content();
  for (let i = 0; i < 12; i++) disk.write(i * 13, 300 + i);
  disk.root();
  return { world, disk, old };
}

const nothing = async (): Promise<void> => undefined;

/** The second backup exists, so that half of the first one's objects are its own. */
async function secondBackup({ world, disk }: Scene): Promise<void> {
  await world.backUp(disk, NEW);
}

async function onlySecond(scene: Scene): Promise<void> {
  await secondBackup(scene);
  await scene.world.vault().deleteBackup(OLD);
}

async function expectBackup({ world }: Scene, id: string, content: [number, string][]): Promise<void> {
  expect(await world.content(id)).toEqual(content);
}

/** A new disk made from the first backup, fetched to its end; then compared. */
async function restore({ world, disk, old }: Scene, obs: Obs): Promise<void> {
  const vault = world.vault(obs);
  const { root, sizeBytes } = await vault.lease(uuid(70), OLD, uuid(2));
  const upstream = { id: uuid(70), locator: '{}', heals: false };
  const target = Disk.create(new MemoryDiskStore(), host, { sizeBytes, root, upstream });
  const source = new ObsObjectSource(obs, (refs) => vault.locate(refs));
  for (let isComplete = false; !isComplete; ) {
    const bring = async (refs: Parameters<typeof source.fetch>[0]) => {
      target.state.objects.adopt(refs, await source.fetch(refs));
    };
    isComplete = (await runFetching(target.hydrate(), bring)).complete;
  }
  const { blocks } = await runFetching(target.allocatedBlocks(root, 0, 10_000), nothing);
  expect(blocks.map(({ blockIndex, digest }) => [blockIndex, toHex(digest)])).toEqual(old);
  for (const { blockIndex } of blocks) {
    expect(target.read('head', blockIndex * 65_536, 65_536).kind).toBe('bytes');
  }
  expect(disk.sizeBytes).toBe(sizeBytes);
  await vault.release(uuid(70));
}

export const JOBS: readonly RepositoryJob[] = [
  {
    name: 'backup',
    prepare: nothing,
    attempt: async ({ world, disk }, obs) => {
      await world.backUp(disk, NEW, false, { vault: world.vault(obs), obs });
    },
    verify: async (scene) => {
      await expectBackup(scene, NEW, scene.disk.content());
      await expectBackup(scene, OLD, scene.old);
    },
  },
  {
    name: 'restore',
    prepare: nothing,
    attempt: restore,
    verify: async ({ world }) => expect(world.store.listLeases()).toEqual([]),
  },
  {
    name: 'deleting a backup',
    prepare: secondBackup,
    attempt: ({ world }, obs) => world.vault(obs).deleteBackup(OLD),
    verify: async (scene) => {
      await expectBackup(scene, NEW, scene.disk.content());
      await expect(expectBackup(scene, OLD, [])).rejects.toThrow(/no such backup/);
    },
  },
  {
    name: 'prune',
    prepare: onlySecond,
    attempt: async ({ world }, obs) => {
      await pruneWorld(world, { obs });
    },
    verify: async (scene) => {
      await expectBackup(scene, NEW, scene.disk.content());
      await pruneWorld(scene.world);
      await expectNoGarbage(scene.world);
    },
  },
  {
    name: 'prune of abandoned leases and sessions',
    prepare: async (scene) => {
      const { world, disk } = scene;
      await onlySecond(scene);
      await world.vault().lease(uuid(71), NEW, uuid(3));
      await world.vault().begin({ ...world.request(disk, uuid(13)), diskId: uuid(3) });
    },
    attempt: async ({ world }, obs) => {
      await pruneWorld(world, { obs, owners: NOBODY });
    },
    verify: async (scene) => {
      expect([scene.world.store.listLeases(), scene.world.store.listSessions()]).toEqual([[], []]);
      await expectBackup(scene, NEW, scene.disk.content());
    },
  },
  {
    name: 'prune beside a lease that is held',
    prepare: async (scene) => {
      await secondBackup(scene);
      await scene.world.vault().lease(uuid(70), OLD, uuid(2));
      await scene.world.vault().deleteBackup(OLD);
    },
    attempt: async ({ world }, obs) => {
      await pruneWorld(world, { obs, owners: EVERYBODY });
    },
    verify: async (scene) => {
      await expectBackup(scene, NEW, scene.disk.content());
      const [lease] = scene.world.store.listLeases();
      const refs = scene.old.length;
      expect([lease?.backupId, refs]).toEqual([OLD, 20]);
      await restore(scene, scene.world.obs);
    },
  },
  {
    name: 'rebuild',
    prepare: secondBackup,
    attempt: async ({ world }, obs) => {
      await new Heir(world, world.store).rebuilt(obs, uuid(900));
    },
    verify: async (scene) => {
      await expectBackup(scene, OLD, scene.old);
      await expectBackup(scene, NEW, scene.disk.content());
    },
  },
  {
    name: 'deleting the vault',
    prepare: secondBackup,
    attempt: async ({ world }, obs) => {
      const vault = world.vault(obs);
      for (let isEmpty = false; !isEmpty; ) isEmpty = await vault.deleteObjects();
    },
    verify: async ({ world }) => {
      // Decisions stay, and the intent may land late.
      const left = await world.keys('');
      expect(left.filter((key) => !key.includes('/generation/') && !key.endsWith('/closing'))).toEqual([]);
    },
  },
];
