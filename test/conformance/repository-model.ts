// The repository against a model of plain contents: disks, snapshots, backups and vaults driven by random operations, with
// every call between objects and to object storage let through one by one, failed, lost, late or doubled, and objects
// crashing at any of them. After each operation the oracle looks; at the end everything settles and is compared byte by
// byte. `operationsOf(seed)` makes the operations, so a run is one number (docs/testing.md).

import type { SimDisk } from '../support/repository-disk.ts';
import type { SimVault } from '../support/repository-machines.ts';
import type { Waiting } from '../support/repository-scheduler.ts';
import type { Trees } from './repository-content.ts';
import { damagePack } from './repository-damage.ts';
import type { Op } from './repository-ops.ts';
import { ModelEnd } from './repository-settle.ts';
import type { WorldPorts } from './repository-world.ts';

const SNAPSHOTS_MAX = 4;

/** Runs the operations and settles. Throws at the first thing that must not be. */
export async function runRepositoryModel(ports: WorldPorts, trees: Trees, ops: readonly Op[]): Promise<ModelRun> {
  const run = new ModelRun(ports, trees);
  await run.begin();
  for (const op of ops) await run.apply(op);
  await run.settle();
  return run;
}

export class ModelRun extends ModelEnd {
  /** How often each operation did something. */
  readonly counts: Record<string, number> = {};

  async begin(): Promise<void> {
    await this.world.addVault();
    await this.world.addVault();
    await this.pumpAll();
    this.newDisk();
  }

  async apply(op: Op): Promise<void> {
    if (await this.act(op)) this.counts[op.op] = (this.counts[op.op] ?? 0) + 1;
    await this.world.pump();
    await this.oracle.check();
    this.world.raise();
  }

  /** False when there was nothing to do it to. */
  protected async act(op: Op): Promise<boolean> {
    const { world } = this;
    switch (op.op) {
      case 'write':
        return this.write(op);
      case 'read':
        return this.read(op);
      case 'snapshot':
        return this.onDisk(op.disk, (disk) => {
          if (disk.snapshots.size >= SNAPSHOTS_MAX) return false;
          const id = world.ground.uuid();
          disk.sim.disk.createSnapshot(id);
          disk.snapshots.set(id, disk.head);
          return true;
        });
      case 'deleteSnapshot':
        return this.onSnapshot(op, (disk, id) => {
          disk.sim.disk.deleteSnapshot(id);
          disk.snapshots.delete(id);
          return true;
        });
      case 'rollback':
        return this.onSnapshot(op, (disk, id) => this.rollback(disk, id));
      case 'newDisk':
        return this.newDisk();
      case 'createFrom':
        return this.createFrom(op);
      case 'deleteDisk':
        return this.deleteDisk(op);
      case 'backup':
        return this.backUp(op);
      case 'restore':
        return this.restore(op);
      case 'deleteBackup':
        return this.deleteBackup(this.pickBackup(op.which, ['making', 'available']));
      case 'expire': {
        const due = [...world.backups.values()].filter(
          (backup) =>
            backup.automatic && backup.state === 'available' && backup.createdMs <= world.nowMs - op.olderThanMs,
        );
        for (const backup of due) this.deleteBackup(backup);
        return due.length > 0;
      }
      case 'maintain':
        return this.onDisk(op.disk, (disk) => this.maintain(disk, op.what));
      case 'prune':
        return this.prune(this.world.vaults.filter((candidate) => candidate.isOpen)[op.vault], op);
      case 'copy':
        return this.copy(this.pickBackup(op.which, ['available']));
      case 'check':
        return this.checkVault(this.world.vaults.filter((candidate) => candidate.isOpen)[op.vault], op.mode);
      case 'rebuild':
        return this.rebuild(op);
      case 'deleteVault':
        return this.deleteVault(op.vault);
      case 'clock':
        world.passTime(op.ms);
        return true;
      case 'step':
        return this.step(op);
      case 'crash':
        return this.crash(op.machine);
      case 'outage':
        world.isDown = op.isDown;
        return true;
      case 'land':
        if (world.scheduler.lateCount === 0) return false;
        await world.scheduler.land(op.which % world.scheduler.lateCount);
        return true;
      case 'damage':
        return damagePack(world, this.oracle, op);
    }
  }

  protected async step({ which, outcome, more, newest, of = '' }: Extract<Op, { op: 'step' }>): Promise<boolean> {
    const { scheduler } = this.world;
    const chosen = scheduler.waiting.filter(({ life, call }) => `${life.name} ${call}`.includes(of));
    const first = chosen[newest ? chosen.length - 1 : which % Math.max(1, chosen.length)];
    if (!first) return false;
    const { life } = first;
    await this.pass(scheduler.waiting.indexOf(first), outcome);
    for (let i = 0; i < more; i++) {
      const isNext = (waiting: Waiting) => waiting.life === life;
      const next = newest ? scheduler.waiting.findLastIndex(isNext) : scheduler.waiting.findIndex(isNext);
      if (next < 0) break;
      await this.pass(next, 'ok');
    }
    return true;
  }
  protected async crash(which: number): Promise<boolean> {
    const disks = this.world.disks.filter((disk) => disk.state !== 'gone').map((disk) => disk.sim);
    const machines: (SimDisk | SimVault)[] = [...this.world.vaults, ...disks];
    await this.world.crash(machines[which % machines.length]!);
    return true;
  }
}
