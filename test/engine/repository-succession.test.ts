// One vault through many lives: random backups, deletions and prunes, crashes in the midst of them, rows lost and made anew
// from object storage, and old Vaults that go on working as if nothing had happened. Against a plain map of what was promised.

import { expect, test } from 'vitest';
import type { EngineError } from '../../engine/errors.ts';
import type { Obs } from '../../engine/ports.ts';
import { expectNoGarbage, NOBODY, pruneWorld } from '../support/prune.ts';
import { Heir } from '../support/rebuilds.ts';
import { Crash, CrashPlan, NEVER, TestDisk, uuid, World } from '../support/repository.ts';

const SEEDS = Number(process.env.SUCCESSION_SEEDS ?? 30);
const STEPS = 40;

/** Small numbers, the same for the same seed. */
function dice(seed: number): (sides: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (sides) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % sides;
  };
}

class Succession {
  world: World;
  /** Vaults that were replaced, with the rows that they had. */
  readonly old: World[] = [];
  readonly disks = [new TestDisk(uuid(1), 600), new TestDisk(uuid(2), 600)];
  /** What every available backup must hold. */
  readonly promised = new Map<string, [number, string][]>();
  readonly #roll: (sides: number) => number;
  #ids = 10;
  #operations = 1_000;

  constructor(world: World, roll: (sides: number) => number) {
    this.world = world;
    this.#roll = roll;
  }

  async step(): Promise<string> {
    const deed = this.#roll(8);
    if (deed <= 2) return this.#write();
    if (deed <= 4) return this.#backUp();
    if (deed === 5) return this.#delete();
    if (deed === 6) return this.#prune();
    return this.#roll(2) === 0 ? this.#rebuild() : this.#meddle();
  }

  #write(): string {
    const disk = this.disks[this.#roll(2)]!;
    for (let i = this.#roll(4); i >= 0; i--) disk.write(this.#roll(6) * 100, this.#roll(5));
    return 'write';
  }

  async #backUp(): Promise<string> {
    const disk = this.disks[this.#roll(2)]!;
    const id = uuid(++this.#ids);
    await this.#untilHeard(async (plan) => {
      const vault = plan.wrap(this.world.vault(plan.wrap<Obs>(this.world.obs)));
      await this.world.backUp(disk, id, false, { vault, obs: plan.wrap<Obs>(this.world.obs) });
    });
    this.promised.set(id, disk.content());
    return `back up ${id}`;
  }

  async #delete(): Promise<string> {
    const ids = [...this.promised.keys()];
    const id = ids[this.#roll(ids.length || 1)];
    if (id === undefined) return 'nothing to delete';
    await this.#untilHeard((plan) => this.world.vault(plan.wrap<Obs>(this.world.obs)).deleteBackup(id));
    this.promised.delete(id);
    return `delete ${id}`;
  }

  async #prune(): Promise<string> {
    const thresholdPercent = this.#roll(2) * 50;
    await this.#untilHeard(async (plan) => {
      await pruneWorld(this.world, { thresholdPercent, owners: NOBODY, obs: plan.wrap<Obs>(this.world.obs) });
    });
    return `prune ${thresholdPercent}`;
  }

  /** The rows are lost, or made anew where they are; whoever had them goes on. */
  async #rebuild(): Promise<string> {
    const isLost = this.#roll(2) === 0;
    if (isLost) this.old.push(this.world);
    const heir = isLost ? new Heir(this.world) : new Heir(this.world, this.world.store);
    this.world = heir;
    const id = uuid(++this.#operations);
    await this.#untilHeard(async (plan) => {
      const report = await heir.rebuilt(plan.wrap<Obs>(heir.obs), id);
      expect([report.damagedBackups.count, report.damagedPacks.count, report.damagedRecords.count]).toEqual([0, 0, 0]);
    });
    return isLost ? 'lose the rows and rebuild' : 'rebuild';
  }

  /** A Vault that was replaced does something: nobody may be told that it was done. */
  async #meddle(): Promise<string> {
    const old = this.old[this.#roll(this.old.length || 1)];
    if (old === undefined) return 'nobody to meddle';
    const ids = [...this.promised.keys()];
    const deeds = [
      () => old.backUp(this.disks[this.#roll(2)]!, uuid(++this.#ids)),
      () => old.vault().deleteBackup(ids[this.#roll(ids.length || 1)] ?? uuid(9)),
      () => pruneWorld(old),
    ];
    const deed = this.#roll(deeds.length);
    const outcome = await deeds[deed]!().then(
      () => null,
      (error: unknown) => error,
    );
    // A deletion of what it never had is no deed.
    if (outcome !== null) expect((outcome as EngineError).code, String(outcome)).toBe('unavailable');
    else expect(deed).toBe(1);
    return `meddle ${deed}`;
  }

  /** Crashes once or not at all, then does it again until it is heard. */
  async #untilHeard(work: (plan: CrashPlan) => Promise<unknown>): Promise<void> {
    const plans = [new CrashPlan(this.#roll(40), this.#roll(2) === 0 ? 'before' : 'after'), new CrashPlan(NEVER)];
    for (const plan of plans) {
      const crashed = await work(plan).then(
        () => false,
        (error: unknown) => {
          if (error instanceof Crash) return true;
          throw error;
        },
      );
      if (!crashed) return;
    }
    throw new Error('not heard');
  }

  async check(): Promise<void> {
    const listed = this.world.vault().list();
    expect(listed.map((row) => row.id)).toEqual([...this.promised.keys()].sort());
    for (const [id, content] of this.promised) expect(await this.world.content(id)).toEqual(content);
  }
}

test('what was promised is there through every succession', { timeout: 120_000 }, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const life = new Succession(await World.make(), dice(seed));
    const done: string[] = [];
    try {
      for (let step = 0; step < STEPS; step++) {
        done.push(await life.step());
        await life.check();
      }
      for (let prunes = 0; prunes < 2; prunes++) await pruneWorld(life.world);
      await expectNoGarbage(life.world);
    } catch (error) {
      throw new Error(`seed ${seed} after ${done.join(', ')}`, { cause: error });
    }
  }
});
