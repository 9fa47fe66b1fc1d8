// The end of a run of the repository's model: no more faults, everything ends, and what is there is compared.

import type { EngineError } from '../../engine/errors.ts';
import { checkVault } from '../../engine/repository/check.ts';
import { BackupReader } from '../../engine/repository/reader.ts';
import { verifyBackup } from '../../engine/repository/verify.ts';
import { BLOCK_BYTES, Kind } from '../../engine/types.ts';
import type { Outcome } from '../support/repository-scheduler.ts';
import { type Content, isBlock, PLACES } from './repository-content.ts';
import { damagePack } from './repository-damage.ts';
import { ModelOrders } from './repository-orders.ts';
import { type ModelBackup, type ModelDisk, type Order, Violation } from './repository-world.ts';

/** Turns in which everything must have come to an end once nothing fails any more. */
const SETTLE_TURNS_MAX = 20_000;
/** A pass that brings, one that finds nothing more to bring, one that gives the lease back; and damage takes longer. */
const INDEPENDENT_PASSES_MAX = 8;
/** Packs of blocks that are lost while backups are about to be committed. */
const LOST_PACKS = 4;
const SETTLING = ['hydrate', 'release', 'fold', 'collect'] as const;

export class ModelEnd extends ModelOrders {
  /** No more faults: everything must come to an end, be what the model says, and be readable. */
  async settle(): Promise<void> {
    const { world } = this;
    this.isSettling = true;
    world.isDown = false;
    while (world.scheduler.lateCount > 0) await world.scheduler.land(0);
    await this.becomeIndependent();
    for (const vault of world.vaults) if (vault.isOpen) this.prune(vault, { thresholdPercent: 100, dryRun: false });
    await this.pumpAll();
    await this.oracle.check();
    if (world.damaged.size === 0) await this.checkVaults();
    for (const disk of world.disks) if (disk.state === 'here') await this.compareDisk(disk);
    for (const backup of world.backups.values()) await this.compareBackup(backup);
    if (world.damaged.size > 0) await this.healVaults();
    else await this.pruneAll();
  }

  /** With threshold 0, nobody holding anything, two prunes leave what backups need and decisions. */
  protected async pruneAll(): Promise<void> {
    const { world } = this;
    for (const vault of world.vaults) {
      for (let times = 0; vault.isOpen && times < 2; times++) {
        this.prune(vault, { thresholdPercent: 0, dryRun: false });
        await this.pumpAll();
      }
      if (vault.isOpen) await this.oracle.checkNothingLeft(vault);
    }
    await this.oracle.check();
    for (const backup of world.backups.values()) await this.compareBackup(backup);
  }

  /**
   * What a check finds bad counts as absent: full backups that are about to be committed, and the next one of each disk,
   * send it again and are whole.
   */
  protected async healVaults(): Promise<void> {
    const { world } = this;
    const disks = world.disks.filter((disk) => disk.state === 'here' && this.isWhole(disk));
    const begun = disks.flatMap((disk, i) => (i % 2 === 0 ? (this.backUpNow(disk, true) ?? []) : []));
    await this.pumpAll(
      () => false,
      (call) => call.endsWith('.commit'),
    );
    // And once more, behind what these backups have been told.
    for (let which = 0; which < LOST_PACKS; which++) {
      await damagePack(world, this.oracle, { which, byte: 0, kind: 'lose' }, Kind.block);
    }
    await this.checkVaults();
    await this.pumpAll();
    const made = [...begun, ...disks.flatMap((disk) => this.backUpNow(disk, false) ?? [])];
    await this.pumpAll();
    world.damaged.clear();
    for (const backup of made) {
      if (backup.state !== 'available')
        throw new Violation(`${backup.disk.sim.name} cannot be backed up after the damage`);
      await this.compareBackup(backup);
    }
  }

  /** A check of every byte names what was damaged and no more, and the backups that readers find damaged. */
  protected async checkVaults(): Promise<void> {
    const { world } = this;
    for (const vault of world.vaults) {
      if (!vault.isOpen) continue;
      const { core, context } = vault.outside();
      const unreadable: string[] = [];
      for (const row of core.list()) {
        if ((await verifyBackup(context, row, 'bytes')).damaged.length > 0) unreadable.push(row.id);
      }
      const report = await checkVault(core, {}, 'bytes');
      this.oracle.judge(vault, report);
      const named = report.damagedBackups.first.map(({ backupId }) => backupId);
      if (named.join() !== unreadable.join()) {
        throw new Violation(
          `a check of ${vault.name} names backups ${named.join()}, unreadable are ${unreadable.join()}`,
        );
      }
    }
  }

  /** False when a restore has brought damage to the disk. */
  protected isWhole({ sim }: ModelDisk): boolean {
    const found = PLACES.map((place) => sim.disk.read('head', place * BLOCK_BYTES, BLOCK_BYTES, 'asIs'));
    return found.every(({ kind }) => kind === 'bytes');
  }

  /** Every disk fetches all it lacks and gives back what it holds. */
  protected async becomeIndependent(): Promise<void> {
    for (let pass = 0; pass < INDEPENDENT_PASSES_MAX; pass++) {
      for (const disk of this.world.disks) {
        if (disk.state === 'here') for (const what of SETTLING) this.maintain(disk, what);
      }
      await this.pumpAll((order) => order.what === 'delete vault');
      const held = this.world.disks.filter((disk) => disk.sim.held.size > 0);
      if (held.length === 0) return;
    }
    throw new Violation('a disk does not become independent');
  }

  /** Lets everything through until no order is left, but for those that wait for others, or for calls that are kept back. */
  protected async pumpAll(
    mayWait: (order: Order) => boolean = () => false,
    isKept: (call: string) => boolean = () => false,
  ): Promise<void> {
    const { scheduler, orders } = this.world;
    for (let turn = 0; turn < SETTLE_TURNS_MAX; turn++) {
      await this.world.pump();
      const next = scheduler.waiting.findIndex(({ call }) => !isKept(call));
      if (next >= 0) await this.pass(next, 'ok');
      else if (scheduler.waiting.length > 0) return;
      else if (orders.every((order) => order.state === 'over' || mayWait(order))) return;
    }
    const left = orders.map((order) => `${order.what} of ${order.machine.name}: ${order.lastError ?? order.state}`);
    throw new Violation(`does not come to an end: ${left.join('; ')}`);
  }

  protected async compareDisk(disk: ModelDisk): Promise<void> {
    const points: [string | null, Content][] = [[null, disk.head], ...disk.snapshots];
    for (const [id, content] of points) {
      for (const [i, place] of PLACES.entries()) {
        const point = id === null ? 'head' : { snapshotId: id };
        const found = disk.sim.disk.read(point, place * BLOCK_BYTES, BLOCK_BYTES);
        if (found.kind !== 'bytes' && this.world.damaged.size > 0) continue;
        const isRight = found.kind === 'bytes' && isBlock(found.bytes, content[i]!);
        if (!isRight)
          throw new Violation(`${disk.sim.name}, ${id ?? 'head'}, block ${place}: ${found.kind}, not the model's`);
      }
    }
  }

  /** By the engine's own readers: each block is right or refused, and what is refused is what a check names. */
  protected async compareBackup(backup: ModelBackup): Promise<void> {
    if (backup.state !== 'available') return;
    const { context, core } = backup.vault.outside();
    const row = core.available(backup.id);
    const reader = new BackupReader(context.host, context.source, row);
    const { damaged } = await verifyBackup(context, row, 'bytes');
    if (damaged.length > 0 && this.world.damaged.size === 0) throw new Violation(`backup ${backup.id} is damaged`);
    for (const [i, place] of PLACES.entries()) {
      const offset = place * BLOCK_BYTES;
      const isNamed = damaged.some((range) => range.offset <= offset && offset < range.offset + range.length);
      const bytes = await readBlock(reader, offset);
      if (isNamed !== (bytes === null)) throw new Violation(`backup ${backup.id}: a check and a reader disagree`);
      if (bytes && !isBlock(bytes, backup.content[i]!)) {
        throw new Violation(`backup ${backup.id}, block ${place}: other bytes than were backed up`);
      }
    }
  }

  /** Lets one waiting call through. */
  protected async pass(index: number, outcome: Outcome): Promise<void> {
    const { scheduler, isDown } = this.world;
    const isCut = isDown && scheduler.waiting[index]!.call.startsWith('obs.');
    const isPause = scheduler.waiting[index]!.call.endsWith('.pause');
    await scheduler.pass(index, isPause ? 'ok' : isCut ? 'fail' : outcome);
  }
}

async function readBlock(reader: BackupReader, offset: number): Promise<Uint8Array | null> {
  const bytes = new Uint8Array(BLOCK_BYTES);
  let at = 0;
  try {
    for await (const part of reader.read(offset, BLOCK_BYTES)) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  } catch (error) {
    if ((error as EngineError).code !== 'damaged') throw error;
    return null;
  }
}
