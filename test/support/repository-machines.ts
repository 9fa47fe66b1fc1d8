// Simulated objects of a deployment: a Vault around the engine's core. Its rows survive a crash, its memory does not.

import type { EngineHost } from '../../engine/host.ts';
import type { Obs } from '../../engine/ports.ts';
import { type CheckReport, checkVault } from '../../engine/repository/check.ts';
import { copyBackup } from '../../engine/repository/copy.ts';
import { VaultState, type VaultStore } from '../../engine/repository/ports.ts';
import { type PruneOptions, type PruneReport, prune } from '../../engine/repository/prune.ts';
import type { Owners } from '../../engine/repository/prune-owners.ts';
import { Rebuild } from '../../engine/repository/rebuild.ts';
import { VaultCore } from '../../engine/repository/vault.ts';
import type { VaultContext } from '../../engine/repository/vault-context.ts';
import { BLOCK_BYTES } from '../../engine/types.ts';
import { type ServingVault, scheduled, scheduledObs, scheduledVault } from './repository-calls.ts';
import { Fault, Life, type Scheduler } from './repository-scheduler.ts';

/** Two blocks a pack, so that a handful of blocks is several packs. */
export const PACK_BYTES = 2 * BLOCK_BYTES;

/** Clock steps of a rebuild's slice: a few keys. */
const REBUILD_SLICE_MS = 5;
/** Distance of the numbers of a vault's stores, one for each time that its rows were lost. */
const LOST_STORES = 1_000;

export const PROJECT = '0123456789abcdef0123456789abcdef';

/** What every simulated object runs on. */
export interface Ground {
  readonly scheduler: Scheduler;
  readonly host: EngineHost;
  /** Object storage itself, without turns and faults. */
  readonly obs: Obs;
  nowMs(): number;
  uuid(): string;
  sha256(bytes: Uint8Array): Promise<Uint8Array>;
  /** Reopens what survives a crash. */
  vaultStore(index: number): VaultStore;
}

export class SimVault implements ServingVault {
  readonly name: string;
  readonly id: string;
  readonly index: number;
  readonly #ground: Ground;
  #losses = 0;
  life: Life;
  store: VaultStore;
  core: VaultCore;

  constructor(ground: Ground, index: number, id: string) {
    this.name = `vault-${index}`;
    this.id = id;
    this.index = index;
    this.#ground = ground;
    this.life = new Life(this.name);
    this.store = ground.vaultStore(this.#storeIndex);
    this.core = this.#open();
  }

  get isLost(): boolean {
    return this.store.readMeta() === null;
  }

  /** Created, and not being deleted or rebuilt. */
  get isOpen(): boolean {
    return this.store.readMeta()?.state === VaultState.open;
  }

  /** Prunes the vault, in its present life. `holds`: what disks answer when they are asked what they hold. */
  prune(options: PruneOptions, holds: Owners['holds']): Promise<PruneReport> {
    const { scheduler, uuid, sha256 } = this.#ground;
    const turns = this.#turns();
    const asked = scheduled(scheduler, this.life, 'disks', { holds, answer: async () => undefined });
    const owners: Owners = {
      async holds(diskId, ids) {
        const held = await asked.holds(diskId, ids);
        // What the disk does meanwhile is not in its answer.
        await asked.answer();
        return held;
      },
    };
    const ports = {
      owners,
      pause: () => turns.pause(),
      ...{ random: { uuid }, sha256, packTargetBytes: PACK_BYTES },
    };
    return prune(this.core.context, ports, options);
  }

  check(mode: 'structure' | 'bytes'): Promise<CheckReport> {
    const turns = this.#turns();
    return checkVault(this.core, { pause: () => turns.pause() }, mode);
  }

  /** Copies a backup of another vault, in this vault's present life. */
  async copyFrom(from: SimVault, fromBackupId: string, backupId: string): Promise<void> {
    const { core, life } = this;
    const { scheduler, host, uuid, sha256 } = this.#ground;
    const turns = this.#turns();
    const describe = async () => {
      if (from.isLost) throw new Fault(`${from.name} has lost its rows`);
      return from.life.serve(async () => from.core.available(fromBackupId));
    };
    const ports = {
      ...{ host, vault: core, from: scheduledVault(scheduler, life, from), sha256, random: { uuid } },
      obs: scheduledObs(scheduler, life, this.#ground.obs),
      pause: () => turns.pause(),
      packTargetBytes: PACK_BYTES,
    };
    core.context.copying.add(backupId);
    try {
      const source = await scheduled(scheduler, life, from.name, { describe }).describe();
      const copiedFrom = { vaultId: from.id, backupId: fromBackupId };
      await copyBackup(ports, source, backupId, { ...source.label, automatic: false, copiedFrom });
    } finally {
      core.context.copying.delete(backupId);
    }
  }

  /** Makes the rows anew from object storage. `operationId`: the same one again goes on. */
  async rebuild(operationId: string): Promise<void> {
    const { scheduler, obs, host } = this.#ground;
    const turns = this.#turns();
    const ports = {
      ...{ store: this.store, obs: scheduledObs(scheduler, this.life, obs), host },
      clock: { nowMs: () => this.#ground.nowMs() },
      pause: () => turns.pause(),
    };
    const options = { projectId: PROJECT, vaultId: this.id, operationId, sliceMs: REBUILD_SLICE_MS };
    const rebuild = new Rebuild(ports, options);
    for (let step = await rebuild.step(); step.state !== 'done'; ) step = await rebuild.step();
  }

  /** The rows are lost. Whoever ran on them runs on: nothing tells it, but for object storage. */
  lose(): void {
    this.#losses += 1;
    this.life = new Life(this.name);
    this.store = this.#ground.vaultStore(this.#storeIndex);
    this.core = this.#open();
  }

  async restart(): Promise<void> {
    const old = this.life;
    this.life = new Life(this.name);
    this.store = this.#ground.vaultStore(this.#storeIndex);
    this.core = this.#open();
    await this.#ground.scheduler.end(old);
  }

  /** The vault's rows and object storage for somebody for whom nothing fails and nothing waits. */
  outside(): { core: VaultCore; context: VaultContext } {
    const { host, obs } = this.#ground;
    const core = new VaultCore({ store: this.store, obs, host, clock: { nowMs: () => this.#ground.nowMs() } });
    return { core, context: core.context };
  }

  get #storeIndex(): number {
    return this.index + LOST_STORES * this.#losses;
  }

  /** Pauses of the present life. */
  #turns(): { pause(): Promise<void> } {
    return scheduled(this.#ground.scheduler, this.life, this.name, { pause: async () => undefined });
  }

  #open(): VaultCore {
    const { scheduler, obs, host } = this.#ground;
    const turns = this.#turns();
    return new VaultCore({
      store: this.store,
      obs: scheduledObs(scheduler, this.life, obs),
      host,
      clock: { nowMs: () => this.#ground.nowMs() },
      pause: () => turns.pause(),
    });
  }
}
