// Damage of what a vault has in object storage: every backup reads as it was, or names the blocks that it lost; and the next
// backup of a disk that is well brings back what was found bad.

import { describe, expect, test } from 'vitest';
import { EngineError } from '../../engine/errors.ts';
import { VaultKeys } from '../../engine/repository/keys.ts';
import { readPack } from '../../engine/repository/pack-reader.ts';
import { BackupReader } from '../../engine/repository/reader.ts';
import { damageVault, type VaultDamage } from '../../engine/repository/vault-damage.ts';
import { verifyBackup } from '../../engine/repository/verify.ts';
import { BLOCK_BYTES, bytesEqual } from '../../engine/types.ts';
import { block, host, PROJECT, TestDisk, uuid, VAULT, World } from '../support/repository.ts';

const KEYS = new VaultKeys(PROJECT, VAULT);
const TARGETS = ['pack', 'trailer', 'object', 'manifest'] as const;
const FAULTS = ['flip', 'lose', 'truncate'] as const;

/** Two disks with blocks in common, three backups; what each backup holds, by block index. */
async function filled() {
  const world = await World.make();
  const disks = [new TestDisk(uuid(1)), new TestDisk(uuid(2))] as const;
  const contents = new Map<string, Map<number, number>>();
  const seeds = disks.map(() => new Map<number, number>());
  const write = (which: 0 | 1, index: number, seed: number) => {
    disks[which].write(index, seed);
    seeds[which]!.set(index, seed);
  };
  const backUp = async (which: 0 | 1, id: string) => {
    await world.backUp(disks[which], id);
    contents.set(id, new Map(seeds[which]));
  };
  for (let i = 0; i < 12; i++) write(0, i * 60, 1 + i);
  await backUp(0, uuid(11));
  for (let i = 6; i < 18; i++) write(1, i * 60, 1 + i);
  await backUp(1, uuid(12));
  for (let i = 0; i < 4; i++) write(0, i * 60, 101 + i);
  await backUp(0, uuid(13));
  return { world, contents, backUp };
}

function damage(world: World, spec: VaultDamage): Promise<number> {
  return damageVault(world.obs, host, KEYS, spec);
}

/** Blocks that a backup refuses; throws unless the others are right, and each refusal names its block and no other. */
async function lostBlocks(world: World, id: string, content: ReadonlyMap<number, number>): Promise<number[]> {
  const vault = world.vault();
  const source = vault.context.source;
  const reader = new BackupReader(host, source, vault.available(id), (refs) => vault.report(refs));
  const lost: number[] = [];
  for (const [index, seed] of content) {
    const offset = index * BLOCK_BYTES;
    try {
      for await (const part of reader.read(offset, BLOCK_BYTES)) {
        if (!bytesEqual(part, block(seed))) throw new Error(`backup ${id} serves wrong bytes at block ${index}`);
      }
    } catch (error) {
      if (!(error instanceof EngineError && error.code === 'damaged')) throw error;
      expect(error.ranges).toEqual([{ offset, length: BLOCK_BYTES }]);
      lost.push(index);
    }
  }
  return lost;
}

describe('a vault whose stored bytes are damaged', () => {
  test('serves what is right and names the rest; the next backups bring back what their disks have', async () => {
    const origin = await filled();
    let damagedBackups = 0;
    for (let seed = 1; seed <= 48; seed++) {
      const world = origin.world.fork();
      const spec = { target: TARGETS[seed % 4]!, fault: FAULTS[seed % 3]!, count: 1 + (seed % 2), seed };
      expect(await damage(world, spec), JSON.stringify(spec)).toBeGreaterThan(0);
      for (const [id, content] of origin.contents) {
        const lost = await lostBlocks(world, id, content);
        if (lost.length > 0) damagedBackups += 1;
        const { damaged } = await verifyBackup(world.vault().context, world.vault().available(id), 'bytes');
        const named = (index: number) =>
          damaged.some(({ offset, length }) => offset <= index * BLOCK_BYTES && index * BLOCK_BYTES < offset + length);
        expect([...content.keys()].filter(named), JSON.stringify(spec)).toEqual(lost);
      }
      const disk = new TestDisk(uuid(2));
      for (const [index, one] of origin.contents.get(uuid(12))!) disk.write(index, one);
      await world.backUp(disk, uuid(20));
      expect(await lostBlocks(world, uuid(20), origin.contents.get(uuid(12))!)).toEqual([]);
      expect(await lostBlocks(world, uuid(12), origin.contents.get(uuid(12))!)).toEqual([]);
    }
    expect(damagedBackups).toBeGreaterThan(20);
  });

  test('a damaged trailer costs no object, also for who has only the pack', async () => {
    for (const fault of FAULTS) {
      const { world } = await filled();
      const packs = [...(await world.keys('/blocks/')), ...(await world.keys('/pages/'))];
      const before = await Promise.all(packs.map(async (key) => (await readPack(world.obs, host.kernel, key))!));
      expect(await damage(world, { target: 'trailer', fault, count: 100, seed: 1 })).toBe(packs.length);
      for (const [i, key] of packs.entries()) {
        const now = (await readPack(world.obs, host.kernel, key))!;
        expect(now.foundBy).toBe('scan');
        expect(now.entries).toEqual(before[i]!.entries);
      }
    }
  });

  test('the same seed hits the same things', async () => {
    const { world } = await filled();
    for (const target of TARGETS) {
      const [one, other] = [world.fork(), world.fork()];
      for (const each of [one, other]) await damage(each, { target, fault: 'flip', count: 2, seed: 7 });
      const keys = await one.keys('/');
      expect(await other.keys('/')).toEqual(keys);
      let changed = 0;
      for (const key of keys) {
        const [before, now] = [(await world.obs.get(key))!, (await one.obs.get(key))!];
        expect(bytesEqual(now, (await other.obs.get(key))!)).toBe(true);
        if (!bytesEqual(before, now)) changed += 1;
      }
      expect(changed).toBeGreaterThan(0);
      expect(changed).toBeLessThanOrEqual(2);
    }
  });
});
