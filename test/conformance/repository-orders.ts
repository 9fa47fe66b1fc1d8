// The orders of the repository's model: what users and the service ask of disks and vaults, and what the model then expects.

import { EngineError } from '../../engine/errors.ts';
import type { PruneOptions } from '../../engine/repository/prune.ts';
import type { VaultCore } from '../../engine/repository/vault.ts';
import { BLOCK_BYTES } from '../../engine/types.ts';
import { isFinal } from '../support/repository-disk.ts';
import type { SimVault } from '../support/repository-machines.ts';
import { blockOf, DISK_BYTES, isBlock, PLACES, type Trees } from './repository-content.ts';
import type { Maintenance, Op } from './repository-ops.ts';
import { Oracle } from './repository-oracle.ts';
import { type ModelBackup, type ModelDisk, ModelWorld, Violation, type WorldPorts } from './repository-world.ts';

const DISKS_MAX = 3;
const BACKUPS_MAX = 12;
/** Orders of a vault beside which no rebuild is begun. */
const ENDING = ['delete vault', 'rebuild'];

/** Methods answer false when there was nothing to do it to. */
export class ModelOrders {
  readonly world: ModelWorld;
  readonly oracle: Oracle;
  /** No more operations: what needs several passes goes on until it is done. */
  protected isSettling = false;

  constructor(ports: WorldPorts, trees: Trees) {
    this.world = new ModelWorld(ports, trees);
    this.oracle = new Oracle(this.world);
  }

  // ---- disks ----

  protected newDisk(): boolean {
    if (this.livingDisks().length >= DISKS_MAX) return false;
    const disk = this.world.newDisk();
    disk.sim.createEmpty(DISK_BYTES);
    disk.state = 'here';
    return true;
  }

  protected write({ disk, place, content }: Extract<Op, { op: 'write' }>): boolean {
    return this.onDisk(disk, (target) => {
      if (this.world.isExclusive(target)) return false;
      target.sim.disk.write(PLACES[place]! * BLOCK_BYTES, blockOf(content));
      target.head = target.head.with(place, content);
      return true;
    });
  }

  /** Compared in the turn in which the bytes are there: meanwhile others may write. */
  protected read({ disk, point, place }: Extract<Op, { op: 'read' }>): boolean {
    return this.onDisk(disk, (target) => {
      const id = [...target.snapshots.keys()][point];
      const what = id === undefined ? 'head' : { snapshotId: id };
      const { life } = target.sim;
      void target.sim
        .read(what, PLACES[place]! * BLOCK_BYTES, BLOCK_BYTES, (bytes) => {
          const content = id === undefined ? target.head : target.snapshots.get(id);
          if (content && !isBlock(bytes, content[place]!)) {
            this.world.fail(new Violation(`${target.sim.name} reads other bytes than were written`));
          }
        })
        .catch((error: unknown) => {
          const isDamaged = (error as EngineError).code === 'damaged' && this.world.damaged.size === 0;
          if (isDamaged && target.sim.life === life) this.world.fail(error);
        });
      return true;
    });
  }

  protected rollback(disk: ModelDisk, id: string): boolean {
    if (this.world.isExclusive(disk)) return false;
    this.world.order({
      what: 'rollback',
      machine: disk.sim,
      isExclusive: true,
      attempt: () =>
        disk.sim.rollback(id, () => {
          disk.head = disk.snapshots.get(id)!;
        }),
      refused: this.mayFail('not-found'),
    });
    return true;
  }

  protected createFrom({ which, eager }: Extract<Op, { op: 'createFrom' }>): boolean {
    const backup = this.pickBackup(which, ['available']);
    if (!backup || this.livingDisks().length >= DISKS_MAX) return false;
    const disk = this.world.newDisk();
    const jobId = this.world.ground.uuid();
    this.world.order({
      what: 'create from backup',
      machine: disk.sim,
      attempt: () => disk.sim.createFrom(jobId, backup.vault, backup.id),
      done: () => {
        disk.head = backup.content;
        disk.state = 'here';
        if (eager) this.maintain(disk, 'hydrate');
      },
      refused: (error) => {
        this.mayFail('not-found')(error);
        this.leave(disk);
      },
    });
    return true;
  }

  protected restore({ disk, which }: Extract<Op, { op: 'restore' }>): boolean {
    const backup = this.pickBackup(which, ['available']);
    return this.onDisk(disk, (target) => {
      if (!backup || this.world.isExclusive(target)) return false;
      const jobId = this.world.ground.uuid();
      target.sim.running.add(jobId);
      this.world.order({
        what: 'restore',
        machine: target.sim,
        isExclusive: true,
        attempt: () =>
          target.sim.restore(jobId, backup.vault, backup.id, () => {
            target.head = backup.content;
          }),
        done: () => target.sim.running.delete(jobId),
        refused: (error) => {
          this.mayFail('not-found')(error);
          target.sim.running.delete(jobId);
        },
      });
      return true;
    });
  }

  protected deleteDisk({ disk, tidy }: Extract<Op, { op: 'deleteDisk' }>): boolean {
    const target = this.world.disks.filter(({ state }) => state === 'here' || state === 'creating')[disk];
    if (!target || this.livingDisks().length < 2) return false;
    for (const order of this.world.pendingOf(target.sim)) order.state = 'over';
    target.sim.running.clear();
    for (const backup of this.world.backups.values()) {
      if (backup.disk !== target || backup.isCopy || backup.state !== 'making') continue;
      // Whoever orders it away ends its session; otherwise the vault must find out that nobody continues it.
      if (tidy) this.deleteBackup(backup);
      else backup.state = 'going';
    }
    this.leave(target);
    return true;
  }

  /** The disk gives back what it holds, and is gone. */
  protected leave(disk: ModelDisk): void {
    disk.state = 'going';
    this.world.order({
      what: 'leave',
      machine: disk.sim,
      attempt: async () => {
        await disk.sim.restart();
        await disk.sim.leave();
      },
      done: () => {
        disk.state = 'gone';
      },
    });
  }

  protected maintain(disk: ModelDisk, what: Maintenance): boolean {
    const pending = this.world.pendingOf(disk.sim);
    if (pending.some((order) => order.what === what)) return false;
    this.world.order({
      what,
      machine: disk.sim,
      attempt: async () => {
        if (what !== 'hydrate') return disk.sim[what]();
        const isComplete = await disk.sim.hydrate();
        if (!isComplete && this.isSettling) throw new EngineError('unavailable', 'another pass is needed');
      },
      refused: this.mayFail('damaged'),
    });
    return true;
  }

  // ---- backups ----

  protected backUp(op: Extract<Op, { op: 'backup' }>): boolean {
    const vault = this.world.vaults.filter((candidate) => candidate.isOpen)[op.vault];
    return this.onDisk(op.disk, (disk) => {
      const waiting = this.world.pendingOf(disk.sim).some((order) => order.what === 'backup');
      if (!vault || waiting || this.world.isExclusive(disk) || this.living().length >= BACKUPS_MAX) return false;
      this.backUpTo(disk, vault, op);
      return true;
    });
  }

  protected backUpNow(disk: ModelDisk, full: boolean): ModelBackup | null {
    const vault = this.world.vaults.find((candidate) => candidate.isOpen);
    return vault ? this.backUpTo(disk, vault, { full, automatic: false }) : null;
  }

  protected backUpTo(disk: ModelDisk, vault: SimVault, how: { full: boolean; automatic: boolean }): ModelBackup {
    const id = this.world.ground.uuid();
    const { automatic, full } = how;
    const createdMs = this.world.nowMs;
    const backup: ModelBackup = {
      ...{ id, vault, disk, content: disk.head, automatic, isCopy: false, createdMs, state: 'making' },
    };
    this.world.backups.set(id, backup);
    disk.sim.acceptBackup(id);
    disk.sim.running.add(id);
    const label = { name: 'b', volumeId: disk.sim.id, volumeName: 'v', zone: 'z', createdMs, automatic };
    this.world.order({
      what: 'backup',
      machine: disk.sim,
      attempt: async () => {
        await disk.sim.backUp({ backupId: id, vault, full, label });
      },
      done: () => {
        disk.sim.running.delete(id);
        if (backup.state === 'making') backup.state = 'available';
      },
      refused: (error) => {
        disk.sim.running.delete(id);
        const isGivenUp = backup.state === 'going' || backup.state === 'gone' || !vault.isOpen;
        if (!isGivenUp) this.mayFail('damaged')(error);
        if (backup.state === 'making') this.deleteBackup(backup);
      },
    });
    return backup;
  }

  /** Into another vault, which does it itself. Nobody keeps what it is made from meanwhile. */
  protected copy(from: ModelBackup | undefined): boolean {
    const vault = this.world.vaults.find((candidate) => candidate.isOpen && candidate !== from?.vault);
    if (!from || !vault || this.living().length >= BACKUPS_MAX) return false;
    const id = this.world.ground.uuid();
    const copy: ModelBackup = { ...from, id, vault, automatic: false, isCopy: true, state: 'making' };
    this.world.backups.set(id, copy);
    this.world.order({
      what: 'copy',
      machine: vault,
      attempt: () => this.ofRows(vault, () => vault.copyFrom(from.vault, from.id, id)),
      done: () => {
        if (copy.state === 'making') copy.state = 'available';
      },
      refused: (error) => {
        // A prune between two attempts gives up what nobody is at.
        const isGone = from.state !== 'available' || copy.state !== 'making' || !vault.isOpen || !from.vault.isOpen;
        if (!isGone) this.mayFail('not-found')(error);
        if (copy.state === 'making') this.deleteBackup(copy);
      },
    });
    return true;
  }

  protected checkVault(vault: SimVault | undefined, mode: 'structure' | 'bytes'): boolean {
    if (!vault || this.world.pendingOf(vault).some((order) => order.what === 'check')) return false;
    this.world.order({
      what: 'check',
      machine: vault,
      attempt: () => this.ofRows(vault, async () => this.oracle.judge(vault, await vault.check(mode))),
      refused: (error) => {
        if (vault.isOpen) throw error;
      },
    });
    return true;
  }

  protected deleteBackup(backup: ModelBackup | undefined): boolean {
    if (!backup) return false;
    backup.state = 'going';
    this.world.order({
      what: `delete ${backup.id}`,
      machine: backup.vault,
      attempt: () => this.ofRows(backup.vault, (core) => core.deleteBackup(backup.id)),
      done: () => {
        backup.state = 'gone';
      },
      refused: (error) => {
        if (backup.vault.isOpen) throw error;
        backup.state = 'gone';
      },
    });
    return true;
  }

  protected prune(vault: SimVault | undefined, options: PruneOptions): boolean {
    if (!vault || this.world.pendingOf(vault).some((order) => order.what === 'prune')) return false;
    this.world.order({
      what: 'prune',
      machine: vault,
      attempt: async () => {
        await vault.prune(options, async (diskId, ids) => {
          const disk = this.livingDisks().find(({ sim }) => sim.id === diskId);
          return ids.map((id) => disk?.sim.holds(id) ?? false);
        });
      },
      refused: (error) => {
        if (vault.isOpen) this.mayFail('damaged')(error);
      },
    });
    return true;
  }

  protected rebuild({ vault: which, isLost }: Extract<Op, { op: 'rebuild' }>): boolean {
    const vault = this.world.vaults.filter((candidate) => candidate.isOpen)[which];
    if (!vault || this.world.pendingOf(vault).some((order) => ENDING.includes(order.what))) return false;
    const isLeased = this.world.disks.some(({ sim }) => [...sim.held.values()].includes(vault));
    if (isLost && !isLeased) vault.lose();
    const operationId = this.world.ground.uuid();
    this.world.order({ what: 'rebuild', machine: vault, attempt: () => vault.rebuild(operationId) });
    return true;
  }

  /** Every backup goes with it. A new vault takes its place. */
  protected deleteVault(which: number): boolean {
    const vault = this.world.vaults.filter((candidate) => candidate.isOpen)[which];
    if (!vault || this.world.vaults.length > 3) return false;
    if (this.world.pendingOf(vault).some((order) => order.what === 'delete vault')) return false;
    this.world.order({
      what: 'delete vault',
      machine: vault,
      attempt: async () => {
        for (;;) {
          const isEmpty = await vault.core.deleteObjects();
          for (const backup of this.world.backups.values()) if (backup.vault === vault) backup.state = 'gone';
          if (isEmpty) return;
        }
      },
    });
    void this.world.addVault();
    return true;
  }

  /** An order of a vault waits while its rows are lost. */
  protected async ofRows(vault: SimVault, order: (core: VaultCore) => Promise<void>): Promise<void> {
    if (vault.isLost) throw new EngineError('unavailable', 'the vault is not rebuilt yet');
    await order(vault.core);
  }

  // ---- choosing ----

  protected onDisk(which: number, act: (disk: ModelDisk) => boolean): boolean {
    const here = this.world.disks.filter((disk) => disk.state === 'here');
    const disk = here[which % Math.max(1, here.length)];
    return disk ? act(disk) : false;
  }

  protected onSnapshot(
    { disk, which }: { disk: number; which: number },
    act: (disk: ModelDisk, id: string) => boolean,
  ): boolean {
    return this.onDisk(disk, (target) => {
      const id = [...target.snapshots.keys()][which];
      return id === undefined ? false : act(target, id);
    });
  }

  protected livingDisks(): ModelDisk[] {
    return this.world.disks.filter((disk) => disk.state === 'here' || disk.state === 'creating');
  }

  protected living(): ModelBackup[] {
    return [...this.world.backups.values()].filter(({ state }) => state === 'making' || state === 'available');
  }

  protected pickBackup(which: number, states: readonly string[]): ModelBackup | undefined {
    const found = [...this.world.backups.values()].filter(({ state }) => states.includes(state));
    return found[which % Math.max(1, found.length)];
  }

  /** Refusals that are right: of what was deleted meanwhile, and of what a damage fault has hit. */
  protected mayFail(code: string): (error: unknown) => void {
    return (error) => {
      const isExpected = isFinal(error) && (error as EngineError).code === code;
      const isDamage = this.world.damaged.size > 0 && (error as EngineError).code === 'damaged';
      if (!isDamage && (!isExpected || code === 'damaged')) throw error;
    };
  }
}
