// An old Vault that still runs while another one is rebuilt from the same object storage, interleaved at every await of
// both, in both orders: what the old one acknowledged, the new one has; what it deleted, the new one does not rely on.

import { describe, expect, test } from 'vitest';
import type { Obs } from '../../engine/ports.ts';
import type { VaultCore } from '../../engine/repository/vault.ts';
import { expectNoGarbage, pruneWorld } from '../support/prune.ts';
import { Heir } from '../support/rebuilds.ts';
import { TestDisk, uuid, World } from '../support/repository.ts';

/** Lets calls of object storage through up to one of them, which waits for `open`. */
class Gate {
  count = 0;
  readonly reached: Promise<void>;
  readonly #at: number;
  readonly #opened: Promise<void>;
  #reach = (): void => undefined;
  #open = (): void => undefined;

  constructor(at: number) {
    this.#at = at;
    this.reached = new Promise((resolve) => {
      this.#reach = resolve;
    });
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open();
  }

  wrap(obs: Obs): Obs {
    return new Proxy(obs, {
      get: (object, name) => {
        const member = Reflect.get(object, name) as unknown;
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          if (this.count++ === this.#at) {
            this.#reach();
            await this.#opened;
          }
          return member.apply(object, args);
        };
      },
    });
  }
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

async function settle<T>(work: Promise<T>): Promise<Outcome<T>> {
  return work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}

/** What an old Vault does, and what must hold of the new one for how it ended. */
interface Deed {
  readonly name: string;
  run(vault: VaultCore, world: World, disk: TestDisk): Promise<unknown>;
  check(heir: Heir, outcome: Outcome<unknown>, disk: TestDisk): Promise<void>;
}

const listed = (world: World) =>
  world
    .vault()
    .list()
    .map((row) => row.id);

const DEEDS: readonly Deed[] = [
  {
    name: 'commits a backup',
    run: (vault, world, disk) => world.backUp(disk, uuid(12), false, { vault }),
    async check(heir, outcome, disk) {
      if ('value' in outcome) expect(listed(heir)).toContain(uuid(12));
      else expect(outcome.error).toMatchObject({ code: 'unavailable' });
      // Acknowledged or not: asked for again, it is there.
      await heir.backUp(disk, uuid(12));
      expect(await heir.content(uuid(12))).toEqual(disk.content());
    },
  },
  {
    name: 'deletes a backup',
    run: (vault) => vault.deleteBackup(uuid(11)),
    async check(heir, outcome) {
      if ('value' in outcome) expect(listed(heir)).not.toContain(uuid(11));
      else expect(outcome.error).toMatchObject({ code: 'unavailable' });
      await heir.vault().deleteBackup(uuid(11));
      expect(listed(heir)).not.toContain(uuid(11));
    },
  },
  {
    name: 'gives a backup up',
    async run(vault, world, disk) {
      await vault.begin({ ...world.request(disk, uuid(13)), backupId: uuid(13) });
      return vault.abort(uuid(13));
    },
    async check(heir, outcome, disk) {
      if ('error' in outcome) expect(outcome.error).toMatchObject({ code: 'unavailable' });
      else await expect(heir.backUp(disk, uuid(13))).rejects.toMatchObject({ code: 'not-found' });
    },
  },
  {
    name: 'prunes',
    run: async (vault, world) => pruneWorld(world, { vault }),
    async check(heir, outcome) {
      if ('error' in outcome) expect(outcome.error).toMatchObject({ code: 'unavailable' });
      // What the old one left half done, the new one finishes.
      await pruneWorld(heir);
      await pruneWorld(heir);
      await expectNoGarbage(heir);
    },
  },
];

/** Deleting the vault as a whole: here the rebuild may find that there is nothing to rebuild. */
const CLOSE: Deed = {
  name: 'deletes the whole vault',
  async run(vault) {
    for (let turns = 0; turns < 50; turns++) if (await vault.deleteObjects()) return;
    throw new Error('the deletion does not end');
  },
  async check() {},
};

/** A vault with one backup, what is left of another one that was deleted, and a disk that has changed since. */
async function makeOrigin(): Promise<{ origin: World; disk: TestDisk }> {
  const origin = await World.make();
  const disk = new TestDisk(uuid(1), 600);
  for (let i = 0; i < 5; i++) disk.write(i, 100 + i);
  await origin.backUp(disk, uuid(10));
  for (let i = 0; i < 3; i++) disk.write(i, 200 + i);
  await origin.backUp(disk, uuid(11));
  await origin.vault().deleteBackup(uuid(10));
  disk.write(2, 300);
  disk.root();
  return { origin, disk };
}

type Wrap = (obs: Obs) => Obs;
const asIs: Wrap = (obs) => obs;

/** A Vault without the fence: it never sees a newer generation. */
const unfenced: Wrap = (obs) =>
  new Proxy(obs, {
    get: (object, name) => {
      const member = (Reflect.get(object, name) as (...args: unknown[]) => Promise<unknown>).bind(object);
      if (name !== 'head') return member;
      return async (key: string) => (key.includes('/generation/') ? null : member(key));
    },
  });

/** Awaits of each, undisturbed. */
async function countAwaits(origin: World, disk: TestDisk, deed: Deed) {
  const [old, rebuild] = [new Gate(-1), new Gate(-1)];
  const world = origin.fork();
  await deed.run(world.vault(old.wrap(world.obs)), world, disk);
  const heir = new Heir(origin.fork());
  await heir.rebuilt(rebuild.wrap(heir.obs));
  return { oldAwaits: old.count, rebuildAwaits: rebuild.count };
}

/** One run: one of the two up to its await, the other up to its own, then the first to its end, then the second. */
async function interleave(origin: World, disk: TestDisk, deed: Deed, at: number, rebuildAt: number, oldFirst: boolean) {
  return interleaveWith(asIs, 'own rows', origin, disk, deed, at, rebuildAt, oldFirst);
}

async function interleaveWith(
  wrap: Wrap,
  rows: 'own rows' | 'the same rows',
  origin: World,
  disk: TestDisk,
  deed: Deed,
  at: number,
  rebuildAt: number,
  oldFirst: boolean,
): Promise<void> {
  const world = origin.fork();
  const heir = rows === 'own rows' ? new Heir(world) : new Heir(world, world.store);
  const gates = [new Gate(at), new Gate(rebuildAt)] as const;
  const start = [
    () => settle(deed.run(world.vault(wrap(gates[0].wrap(world.obs))), world, disk)),
    () => settle(heir.rebuilt(gates[1].wrap(world.obs))),
  ] as const;
  const [first, second] = oldFirst ? [0, 1] : [1, 0];
  const running: Promise<Outcome<unknown>>[] = [];
  for (const who of [first, second]) {
    running[who] = start[who]!();
    await Promise.race([gates[who]!.reached, running[who]]);
  }
  for (const who of [first, second]) {
    gates[who]!.open();
    await running[who];
  }
  const [outcome, rebuilt] = await Promise.all(running);
  if (deed === CLOSE && 'error' in rebuilt!) {
    expect(rebuilt.error).toMatchObject({ code: 'not-found' });
    // Whose ever deletion it was that counted, it can be finished by both, and nothing comes back.
    await deed.run(heir.vault(), heir, disk);
    expect(await heir.keys('/blocks/')).toEqual([]);
    await expect(new Heir(heir).rebuilt()).rejects.toMatchObject({ code: 'not-found' });
    return;
  }
  if (deed === CLOSE) expect(outcome).toMatchObject({ error: { code: 'unavailable' } });
  if ('error' in rebuilt!) throw rebuilt.error;
  const { damagedBackups, damagedPacks, damagedRecords } = rebuilt!.value as Awaited<ReturnType<Heir['rebuilt']>>;
  expect([damagedBackups.count, damagedPacks.count, damagedRecords.count]).toEqual([0, 0, 0]);
  for (const id of listed(heir)) await heir.content(id);
  await deed.check(heir, outcome!, disk);
  for (const id of listed(heir)) await heir.content(id);
  // A third one finds the same.
  const before = listed(heir);
  const third = new Heir(heir);
  await third.rebuilt();
  expect(listed(third)).toEqual(before);
}

describe.each([...DEEDS, CLOSE])('while an old vault $name', (deed) => {
  test('every interleaving with a rebuild leaves one truth', { timeout: 120_000 }, async () => {
    const { origin, disk } = await makeOrigin();
    const { oldAwaits, rebuildAwaits } = await countAwaits(origin, disk, deed);
    expect(rebuildAwaits).toBeGreaterThan(10);
    for (let at = 0; at < oldAwaits; at++) {
      for (let rebuildAt = 0; rebuildAt < rebuildAwaits; rebuildAt++) {
        await interleave(origin, disk, deed, at, rebuildAt, true);
        await interleave(origin, disk, deed, at, rebuildAt, false);
      }
    }
  });

  test('also when it is the same object, whose rows are replaced under it', { timeout: 120_000 }, async () => {
    const { origin, disk } = await makeOrigin();
    const rows = 'the same rows';
    const { oldAwaits, rebuildAwaits } = await countAwaits(origin, disk, deed);
    for (let at = 0; at < oldAwaits; at++) {
      for (let rebuildAt = 0; rebuildAt < rebuildAwaits; rebuildAt += 2) {
        await interleaveWith(asIs, rows, origin, disk, deed, at, rebuildAt, true);
      }
    }
  });
});

describe('a planted bug is caught', () => {
  test.each([...DEEDS, CLOSE])('an old vault without the fence, which $name', async (deed) => {
    const { origin, disk } = await makeOrigin();
    const { oldAwaits, rebuildAwaits } = await countAwaits(origin, disk, deed);
    let caught = 0;
    for (let at = 0; at < oldAwaits; at++) {
      const rebuildAt = rebuildAwaits - 1;
      await interleaveWith(unfenced, 'own rows', origin, disk, deed, at, rebuildAt, false).catch(() => caught++);
    }
    expect(caught).toBeGreaterThan(0);
  });
});
