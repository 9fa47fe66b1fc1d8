// Backups from vault to vault: only what is missing travels, a copy is whole or not there, and it stands alone.

import { describe, expect, test } from 'vitest';
import { MemoryVaultStore } from '../../engine/memory/vault-store.ts';
import type { Obs } from '../../engine/ports.ts';
import { copyBackup } from '../../engine/repository/copy.ts';
import type { BackupResult, VaultClient } from '../../engine/repository/ports.ts';

import { prune } from '../../engine/repository/prune.ts';
import { BackupReader } from '../../engine/repository/reader.ts';
import { VaultCore } from '../../engine/repository/vault.ts';
import { verifyBackup } from '../../engine/repository/verify.ts';
import { Kind, toHex } from '../../engine/types.ts';
import { NOBODY } from '../support/prune.ts';
import {
  Crash,
  CrashPlan,
  host,
  NEVER,
  PROJECT,
  SMALL_PACK,
  sha256,
  TestDisk,
  uuid,
  VAULT,
  World,
} from '../support/repository.ts';

const ELSEWHERE = '00000000-0000-4000-8000-0000000000bb';
let uuids = 0x30_0000;

type Content = [number, string][];

/** Two vaults over one object storage. */
class Pair {
  readonly world: World;
  readonly #store: MemoryVaultStore;

  constructor(world: World, store = new MemoryVaultStore()) {
    this.world = world;
    this.#store = store;
  }

  static async make(world: World): Promise<Pair> {
    const pair = new Pair(world);
    await pair.there().create(PROJECT, ELSEWHERE);
    return pair;
  }

  fork(): Pair {
    return new Pair(this.world.fork(), this.#store.fork());
  }

  /** The vault that copies go to, as after a restart. */
  there(obs: Obs = this.world.obs): VaultCore {
    return new VaultCore({ store: this.#store, obs, host, clock: { nowMs: () => ++uuids } });
  }

  async copy(fromId: string, toId: string, plan = new CrashPlan(NEVER)): Promise<BackupResult> {
    const here = this.world.vault(plan.wrap(this.world.obs));
    const there = this.there(plan.wrap(this.world.obs));
    const source = here.available(fromId);
    const label = { ...source.label, copiedFrom: { vaultId: VAULT, backupId: fromId } };
    const ports = {
      ...{ host, vault: plan.wrap<VaultClient>(there), from: plan.wrap<VaultClient>(here) },
      ...{ obs: plan.wrap<Obs>(this.world.obs), sha256, packTargetBytes: SMALL_PACK },
      random: { uuid: () => uuid(++uuids) },
    };
    return copyBackup(ports, source, toId, label);
  }

  async content(backupId: string): Promise<Content> {
    const vault = this.there();
    const row = vault.available(backupId);
    const { damaged } = await verifyBackup(vault.context, row, 'bytes');
    expect(damaged).toEqual([]);
    const { blocks } = await new BackupReader(host, vault.context.source, row).blocks(0, 100_000);
    return blocks.map(({ blockIndex, digest }) => [blockIndex, toHex(digest)]);
  }

  async prune() {
    const ports = { owners: NOBODY, sha256, packTargetBytes: SMALL_PACK, random: { uuid: () => uuid(++uuids) } };
    return prune(this.there().context, ports, { thresholdPercent: 0, dryRun: false });
  }

  async keys(): Promise<string[]> {
    return (await this.world.keys(`${ELSEWHERE}/`)).filter((key) => /blocks|pages/.test(key));
  }
}

/** 30 blocks, then 5 of them changed; both backed up here. */
async function makeOrigin(): Promise<{ pair: Pair; disk: TestDisk; contents: Content[] }> {
  const world = await World.make();
  const disk = new TestDisk(uuid(1), 2_000);
  const contents: Content[] = [];
  for (const [n, blocks] of [30, 5].entries()) {
    for (let i = 0; i < blocks; i++) disk.write(i * 13, 100 * (n + 1) + i);
    await world.backUp(disk, uuid(11 + n));
    contents.push(disk.content());
  }
  return { pair: await Pair.make(world), disk, contents };
}

describe('a copy', () => {
  test('is the backup, byte for byte, when the vault that it came from is gone', async () => {
    const { pair, contents } = await makeOrigin();
    await pair.copy(uuid(11), uuid(21));
    const vault = pair.world.vault();
    while (!(await vault.deleteObjects()));
    expect(await pair.content(uuid(21))).toEqual(contents[0]);
    const { label, diskId, sizeBytes } = pair.there().available(uuid(21));
    expect(label).toMatchObject({ name: 'nightly', copiedFrom: { vaultId: VAULT, backupId: uuid(11) } });
    expect([diskId, sizeBytes]).toEqual([uuid(1), 2_000 * 65_536]);
  });

  test('brings only what is missing there, in whatever order', async () => {
    const { pair, contents } = await makeOrigin();
    expect(await pair.copy(uuid(11), uuid(21))).toMatchObject({ objectCount: 30 + 5, incremental: false });
    expect(await pair.copy(uuid(12), uuid(22))).toMatchObject({ objectCount: 5 + 4, incremental: true });
    expect(await pair.copy(uuid(11), uuid(23))).toMatchObject({ objectCount: 0, storedBytes: 0 });
    for (const [n, content] of [contents[0], contents[1], contents[0]].entries()) {
      expect(await pair.content(uuid(21 + n))).toEqual(content);
    }
  });

  test('is not sent again when it is there, and does not keep the disk from being backed up meanwhile', async () => {
    const { pair, disk, contents } = await makeOrigin();
    const first = await pair.copy(uuid(12), uuid(21));
    const mark = pair.world.obs.meter.mark();
    expect(await pair.copy(uuid(12), uuid(21))).toEqual(first);
    expect(pair.world.obs.meter.since(mark)).toMatchObject({ obsClassA: 0, obsClassB: 0 });
    await pair.copy(uuid(11), uuid(22), new CrashPlan(6)).catch(() => undefined);
    const changes = { vault: pair.there() };
    expect(await pair.world.backUp(disk, uuid(31), false, changes)).toMatchObject({ objectCount: 0 });
    expect(await pair.copy(uuid(11), uuid(22))).toMatchObject({ logicalBytes: 30 * 65_536 });
    expect(await pair.content(uuid(22))).toEqual(contents[0]);
  });

  test.each(['before', 'after'] as const)('that stops %s any await is not there, and completes', async (when) => {
    const { pair: origin, contents } = await makeOrigin();
    await origin.copy(uuid(11), uuid(21));
    const plan = new CrashPlan(NEVER);
    await origin.fork().copy(uuid(12), uuid(22), plan);
    expect(plan.count).toBeGreaterThan(15);
    for (let at = 0; at < plan.count; at++) {
      const pair = origin.fork();
      await expect(pair.copy(uuid(12), uuid(22), new CrashPlan(at, when))).rejects.toThrow(Crash);
      const ids = pair
        .there()
        .list()
        .map(({ id }) => id);
      for (const id of ids) expect(await pair.content(id)).toEqual(contents[id === uuid(21) ? 0 : 1]);
      await pair.copy(uuid(12), uuid(22));
      expect(await pair.content(uuid(22))).toEqual(contents[1]);
    }
  });

  test('that was given up leaves nothing after a prune there', async () => {
    const { pair: origin, contents } = await makeOrigin();
    await origin.copy(uuid(11), uuid(21));
    const plan = new CrashPlan(NEVER);
    await origin.fork().copy(uuid(12), uuid(22), plan);
    for (let at = 0; at < plan.count - 6; at++) {
      const pair = origin.fork();
      const before = await pair.keys();
      await pair.copy(uuid(12), uuid(22), new CrashPlan(at)).catch(() => undefined);
      await pair.prune();
      expect(await pair.keys()).toEqual(before);
      expect(await pair.content(uuid(21))).toEqual(contents[0]);
    }
  });

  test('of a damaged backup fails, and the vault that it came from knows why', async () => {
    const { pair, disk, contents } = await makeOrigin();
    const ref = { kind: Kind.block, digest: disk.blocks.get(0)! };
    const [location] = await pair.world.vault().locate([ref]);
    pair.world.obs.tamper(location!.key, (bytes) => bytes.fill(9, location!.offset, location!.offset + 4));
    await expect(pair.copy(uuid(12), uuid(22))).rejects.toMatchObject({ code: 'damaged' });
    expect(pair.world.store.listBad(2)).toEqual([ref]);
    expect(pair.there().list()).toEqual([]);
    await pair.copy(uuid(11), uuid(21));
    expect(await pair.content(uuid(21))).toEqual(contents[0]);
  });
});
