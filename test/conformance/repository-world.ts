// The world of the repository's model: simulated disks and vaults, what each of them must hold by plain content numbers,
// and the orders that are under way. An order is tried again, after faults and crashes, until it is done or refused.

import type { EngineHost } from '../../engine/host.ts';
import { MemoryDiskStore } from '../../engine/memory/disk-store.ts';
import { MemoryVaultStore } from '../../engine/memory/vault-store.ts';
import type { DiskStore, Obs } from '../../engine/ports.ts';
import type { VaultStore } from '../../engine/repository/ports.ts';
import type { ObjectRef } from '../../engine/types.ts';
import { isFinal, SimDisk } from '../support/repository-disk.ts';
import { type Ground, PROJECT, SimVault } from '../support/repository-machines.ts';
import { Fault, type Life, Scheduler } from '../support/repository-scheduler.ts';
import { type Content, EMPTY, type Trees } from './repository-content.ts';

/** What a model runs on: engine and object storage, in Node or in workerd. */
export interface WorldPorts {
  readonly host: EngineHost;
  /** Object storage, empty, and what damages a stored object below every check: null loses it. */
  readonly obs: Obs;
  tamper(key: string, edit: (bytes: Uint8Array) => Uint8Array | null): Promise<void>;
  sha256(bytes: Uint8Array): Promise<Uint8Array>;
  /** Resolves when everything that can run has run. */
  idle(): Promise<void>;
  /** The first disk's and the first vault's store, reopened after each crash; memory stores otherwise. */
  openDiskStore?(): DiskStore;
  openVaultStore?(): VaultStore;
}

/** Something that must not happen has happened. */
export class Violation extends Error {}

export type BackupState = 'making' | 'available' | 'going' | 'gone';

export interface ModelBackup {
  readonly id: string;
  readonly vault: SimVault;
  readonly disk: ModelDisk;
  readonly content: Content;
  readonly automatic: boolean;
  /** Made from a backup of another vault, by the vault itself: its disk has nothing to do with it. */
  readonly isCopy: boolean;
  readonly createdMs: number;
  state: BackupState;
}

export interface ModelDisk {
  readonly sim: SimDisk;
  head: Content;
  readonly snapshots: Map<string, Content>;
  state: 'creating' | 'here' | 'going' | 'gone';
}

export interface Order {
  readonly what: string;
  readonly machine: SimDisk | SimVault;
  /** A rollback or restore: guests are refused meanwhile. */
  readonly isExclusive: boolean;
  attempt(): Promise<void>;
  /** After success, in the same turn. */
  done?(): void;
  /** Refused for good. Throws Violation unless that may happen. */
  refused(error: unknown): void;
  state: 'waiting' | 'running' | 'over';
  life: Life | null;
  /** Of the last attempt that did not end it. */
  lastError: unknown;
}

export class ModelWorld {
  readonly ports: WorldPorts;
  readonly scheduler: Scheduler;
  readonly ground: Ground;
  readonly trees: Trees;
  readonly vaults: SimVault[] = [];
  readonly disks: ModelDisk[] = [];
  readonly backups = new Map<string, ModelBackup>();
  readonly orders: Order[] = [];
  /** Objects whose stored copies a damage fault has hit, by damageKey: they may be unreadable, never wrong. */
  readonly damaged = new Map<string, { readonly vault: SimVault; readonly ref: ObjectRef }>();
  /** Keys of packs that were damaged. */
  readonly damagedKeys = new Set<string>();
  isDown = false;
  #nowMs = 1_000_000;
  #uuids = 0;
  readonly #failures: unknown[] = [];

  constructor(ports: WorldPorts, trees: Trees) {
    this.ports = ports;
    this.trees = trees;
    this.scheduler = new Scheduler(() => ports.idle());
    const memory = new Map<number, VaultStore>();
    this.ground = {
      ...{ scheduler: this.scheduler, host: ports.host, obs: ports.obs },
      nowMs: () => ++this.#nowMs,
      uuid: () => `00000000-0000-4000-8000-${(++this.#uuids).toString(16).padStart(12, '0')}`,
      sha256: (bytes) => ports.sha256(bytes),
      vaultStore: (index) => {
        if (index === 0 && ports.openVaultStore) return ports.openVaultStore();
        const store = memory.get(index) ?? new MemoryVaultStore();
        memory.set(index, store);
        return store;
      },
    };
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  passTime(ms: number): void {
    this.#nowMs += ms;
  }

  async addVault(): Promise<void> {
    const vault = new SimVault(this.ground, this.vaults.length, this.ground.uuid());
    this.vaults.push(vault);
    this.order({ what: 'create vault', machine: vault, attempt: () => vault.core.create(PROJECT, vault.id) });
  }

  newDisk(): ModelDisk {
    const index = this.disks.length;
    const store = index === 0 && this.ports.openDiskStore ? this.ports.openDiskStore() : new MemoryDiskStore();
    const disk: ModelDisk = {
      sim: new SimDisk(this.ground, index, store),
      head: EMPTY,
      snapshots: new Map(),
      state: 'creating',
    };
    this.disks.push(disk);
    return disk;
  }

  /** Takes an order. `refused` missing: it must never be refused. */
  order(
    order: Pick<Order, 'what' | 'machine' | 'attempt'> & Partial<Pick<Order, 'isExclusive' | 'done' | 'refused'>>,
  ): void {
    const refused = (error: unknown) => {
      throw new Violation(`${order.what} of ${order.machine.name} was refused: ${String(error)}`);
    };
    this.orders.push({ isExclusive: false, refused, ...order, state: 'waiting', life: null, lastError: null });
  }

  pendingOf(machine: SimDisk | SimVault): Order[] {
    return this.orders.filter((order) => order.machine === machine && order.state !== 'over');
  }

  isExclusive(disk: ModelDisk): boolean {
    return this.pendingOf(disk.sim).some((order) => order.isExclusive);
  }

  /** Starts what can be started: a disk does one thing at a time, a vault everything at once. */
  async pump(): Promise<void> {
    for (const order of [...this.orders]) {
      if (order.state === 'over') this.orders.splice(this.orders.indexOf(order), 1);
    }
    const busy = new Set(this.orders.filter((order) => order.state === 'running').map((order) => order.machine));
    for (const order of this.orders) {
      if (order.state !== 'waiting') continue;
      if (order.machine instanceof SimDisk && busy.has(order.machine)) continue;
      busy.add(order.machine);
      this.#start(order);
    }
    await this.scheduler.settle();
    this.raise();
  }

  #start(order: Order): void {
    const { machine } = order;
    const { life } = machine;
    order.state = 'running';
    order.life = life;
    const work = machine instanceof SimVault ? life.serve(() => order.attempt()) : order.attempt();
    void work
      .then(
        () => {
          order.state = 'over';
          order.done?.();
        },
        (error: unknown) => {
          if (order.life !== life) return;
          order.state = 'waiting';
          order.lastError = error;
          if (!isFinal(error)) {
            this.#expectRetryable(order, error);
            // Others get their turn first: what this one waits for may be among them.
            this.orders.push(...this.orders.splice(this.orders.indexOf(order), 1));
            return;
          }
          order.state = 'over';
          order.refused(error);
        },
      )
      .catch((error: unknown) => this.fail(error));
  }

  /** Anything but a fault and the engine's own errors is a bug in the engine, or here. */
  #expectRetryable(order: Order, error: unknown): void {
    const known = error instanceof Fault || (error instanceof Error && error.name === 'EngineError');
    const isExhausted = error instanceof Error && error.message.startsWith('object storage took none');
    if (known || isExhausted) return;
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new Violation(`${order.what} of ${order.machine.name} threw ${detail}`);
  }

  /** A crash of one object. */
  async crash(machine: SimDisk | SimVault): Promise<void> {
    for (const order of this.orders) {
      if (order.machine === machine && order.state === 'running' && machine instanceof SimDisk) {
        order.state = 'waiting';
        order.life = null;
      }
    }
    await machine.restart();
    this.raise();
  }

  /** Remembers what went wrong outside of the test's own turn. */
  fail(error: unknown): void {
    this.#failures.push(error);
  }

  raise(): void {
    if (this.#failures.length > 0) throw this.#failures[0];
  }
}
