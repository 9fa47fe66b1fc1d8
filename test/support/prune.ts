// Pruning the world of repository tests, and looking at what is left of it.

import { expect } from 'vitest';
import { digestAt } from '../../engine/objects.ts';
import type { Obs } from '../../engine/ports.ts';
import { decodeEntries } from '../../engine/repository/pack-format.ts';
import { type PruneReport, prune } from '../../engine/repository/prune.ts';
import type { Owners } from '../../engine/repository/prune-owners.ts';
import type { VaultCore } from '../../engine/repository/vault.ts';
import { isHole, Kind, type ObjectRef, PAGE_CHILDREN, TREE_LEVELS, toHex } from '../../engine/types.ts';
import { SMALL_PACK, sha256, TestDisk, uuid, World } from './repository.ts';

export const NOBODY: Owners = { holds: async (_disk, ids) => ids.map(() => false) };
export const EVERYBODY: Owners = { holds: async (_disk, ids) => ids.map(() => true) };

let packs = 0x20_0000;

export interface PruneWorldOptions {
  readonly thresholdPercent?: number;
  readonly dryRun?: boolean;
  readonly owners?: Owners;
  readonly vault?: VaultCore;
  readonly obs?: Obs;
  pause?(): Promise<void>;
}

/** One prune, by a Vault as after a restart unless one is given. */
export async function pruneWorld(world: World, options: PruneWorldOptions = {}): Promise<PruneReport> {
  const { thresholdPercent = 0, dryRun = false, owners = NOBODY } = options;
  const vault = options.vault ?? world.vault(options.obs);
  return prune(
    vault.context,
    {
      ...{ owners, sha256, packTargetBytes: SMALL_PACK, random: { uuid: () => uuid(++packs) } },
      pause: async () => options.pause?.(),
    },
    { thresholdPercent, dryRun },
  );
}

/** Everything under the vault's prefix that is no record. */
export async function packKeys(world: World): Promise<string[]> {
  return [...(await world.keys('/blocks/')), ...(await world.keys('/pages/'))];
}

/** Digests that the available backups reach. */
async function reachable(world: World): Promise<Set<string>> {
  const vault = world.vault();
  const found = new Set<string>();
  const descend = async (refs: readonly ObjectRef[], level: number): Promise<void> => {
    const fresh = refs.filter((ref) => !found.has(toHex(ref.digest)));
    for (const ref of fresh) found.add(toHex(ref.digest));
    if (level === 0 || fresh.length === 0) return;
    const frames = await vault.context.source.fetch(fresh);
    for (const frame of frames) {
      const page = vault.context.host.codec.decode(frame!, 8_192)!;
      const digests = Array.from({ length: PAGE_CHILDREN }, (_, i) => digestAt(page, i)).filter((d) => !isHole(d));
      const kind = level === 1 ? Kind.block : Kind.page;
      await descend(
        digests.map((digest) => ({ kind, digest })),
        level - 1,
      );
    }
  };
  for (const { root } of vault.list())
    if (!isHole(root)) await descend([{ kind: Kind.page, digest: root }], TREE_LEVELS);
  return found;
}

/** Throws unless object storage and the index hold exactly what the available backups reach, each once. */
export async function expectNoGarbage(world: World): Promise<void> {
  const wanted = await reachable(world);
  const rows = world.store.listPacks(0, 1_000_000);
  const keys = new Set(await packKeys(world));
  const held = new Set<string>();
  for (const row of rows) {
    const key = world.vault().context.keys().pack(row.generation, row.kind, row.uuid);
    if (!keys.delete(key)) throw new Error(`${key} has a row and is not in object storage`);
    for (const { digest } of decodeEntries(world.store.readPackDirectory(row.no) ?? new Uint8Array(0))) {
      if (!wanted.has(toHex(digest))) throw new Error(`${key} still has what nothing reaches`);
      if (held.has(toHex(digest))) throw new Error(`${key} has what another pack has too`);
      held.add(toHex(digest));
    }
  }
  if (keys.size > 0) throw new Error(`strays: ${[...keys].join(' ')}`);
  if (held.size !== wanted.size) throw new Error(`${wanted.size} objects are reached, ${held.size} are there`);
}

export type Content = [number, string][];

/** Three backups of a disk: 20 blocks, 12 of them changed, 4 more of them changed. */
export async function makeThree(): Promise<{ world: World; disk: TestDisk; contents: Content[] }> {
  const world = await World.make();
  const disk = new TestDisk(uuid(1), 2_000);
  const contents: Content[] = [];
  for (const [n, blocks] of [20, 12, 4].entries()) {
    for (let i = 0; i < blocks; i++) disk.write(i * 13, 100 * (n + 1) + i);
    await world.backUp(disk, uuid(11 + n));
    contents.push(disk.content());
  }
  return { world, disk, contents };
}

export async function expectBackups(
  world: World,
  contents: Readonly<Record<number, Content | undefined>>,
): Promise<void> {
  await world.check();
  const ids = world.vault().list();
  expect(ids.map(({ id }) => id)).toEqual(Object.keys(contents).map((n) => uuid(Number(n))));
  for (const [n, content] of Object.entries(contents)) expect(await world.content(uuid(Number(n)))).toEqual(content);
}
