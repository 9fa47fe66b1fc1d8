// A simulated Disk: the engine's disk and what worker/disk/ does with it (jobs, leases, hydration), with every await a turn
// of the scheduler. Its store, its jobs and what it holds of others survive a crash.

import { Disk } from '../../engine/disk/disk.ts';
import { EngineError } from '../../engine/errors.ts';
import type { DiskStore, Obs } from '../../engine/ports.ts';
import { backUp } from '../../engine/repository/backup.ts';
import type { BackupLabel, BackupResult, VaultClient } from '../../engine/repository/ports.ts';
import { ObsObjectSource } from '../../engine/repository/source.ts';
import type { Job } from '../../engine/steps.ts';
import type { ObjectRef } from '../../engine/types.ts';
import { type ServingVault, scheduled, scheduledObs, scheduledVault } from './repository-calls.ts';
import { type Ground, PACK_BYTES } from './repository-machines.ts';
import { Life } from './repository-scheduler.ts';

const STEPS_PER_TURN = 2;
const MISSES_MAX = 3;

/** Calls that do nothing but take a turn. */
interface Turns {
  pause(): Promise<void>;
  ordered(): Promise<void>;
}

const TURNS: Turns = { pause: async () => undefined, ordered: async () => undefined };

export interface BackupOrder {
  readonly backupId: string;
  readonly vault: ServingVault;
  readonly full: boolean;
  readonly label: BackupLabel;
}

export class SimDisk {
  readonly id: string;
  readonly name: string;
  readonly #ground: Ground;
  readonly #store: DiskStore;
  /** Leases that were asked for, written before asking: a crash in between must not lose them. */
  readonly held = new Map<string, ServingVault>();
  /** Jobs and backups that are under way: what they hold is not given back. */
  readonly running = new Set<string>();
  life: Life;
  #disk: Disk | null = null;
  /** The job that makes it, while it is at it: nothing of that survives a crash. */
  #creating: string | null = null;
  #obs: Obs;
  #turns: Turns;
  #misses = 0;

  constructor(ground: Ground, index: number, store: DiskStore) {
    this.id = ground.uuid();
    this.name = `disk-${index}`;
    this.#ground = ground;
    this.#store = store;
    this.life = new Life(this.name);
    this.#obs = scheduledObs(ground.scheduler, this.life, ground.obs);
    this.#turns = scheduled(ground.scheduler, this.life, this.name, TURNS);
  }

  /** The engine's disk. Throws before it was created. */
  get disk(): Disk {
    if (!this.#disk) throw new Error(`${this.name} was not created`);
    return this.#disk;
  }

  get isCreated(): boolean {
    return this.#disk !== null;
  }

  async restart(): Promise<void> {
    const old = this.life;
    this.life = new Life(this.name);
    this.#obs = scheduledObs(this.#ground.scheduler, this.life, this.#ground.obs);
    this.#turns = scheduled(this.#ground.scheduler, this.life, this.name, TURNS);
    this.#disk = Disk.open(this.#store, this.#ground.host);
    this.#misses = 0;
    this.#creating = null;
    await this.#ground.scheduler.end(old);
  }

  createEmpty(sizeBytes: number): void {
    this.#disk = Disk.create(this.#store, this.#ground.host, { sizeBytes });
  }

  /** A new disk whose content comes from a backup, fetched when it is needed. */
  async createFrom(jobId: string, vault: ServingVault, backupId: string): Promise<void> {
    // Whoever orders it takes a while to order it again.
    await this.#turns.ordered();
    const { life } = this;
    this.held.set(jobId, vault);
    this.#creating = jobId;
    try {
      const { root, sizeBytes } = await this.#client(vault).lease(jobId, backupId, this.id);
      const upstream = { id: jobId, locator: vault.name, heals: false };
      this.#disk = Disk.create(this.#store, this.#ground.host, { sizeBytes, root, upstream });
    } finally {
      if (this.life === life) this.#creating = null;
    }
  }

  /** `adopted` is called in the turn in which the content changes. */
  async restore(jobId: string, vault: ServingVault, backupId: string, adopted: () => void): Promise<void> {
    this.held.set(jobId, vault);
    const { root } = await this.#client(vault).lease(jobId, backupId, this.id);
    await this.sealAll();
    this.disk.adopt(root, { id: jobId, locator: vault.name, heals: true });
    adopted();
  }

  async rollback(snapshotId: string, rolledBack: () => void): Promise<void> {
    await this.sealAll();
    this.disk.rollback(snapshotId);
    rolledBack();
  }

  /** The moment of a backup: what it will hold is what the disk holds now. */
  acceptBackup(backupId: string): void {
    this.disk.createSnapshot(hiddenId(backupId), { hidden: true });
  }

  async backUp({ backupId, vault, full, label }: BackupOrder): Promise<BackupResult> {
    const { disk } = this;
    const { host, sha256, uuid } = this.#ground;
    const client = this.#client(vault);
    try {
      await this.sealAll();
      const { root, sizeBytes } = disk.state.snapshot(hiddenId(backupId));
      const result = await backUp(
        {
          ...{ objects: disk.state.objects, host, vault: client, obs: this.#obs, sha256, random: { uuid } },
          bring: (refs) => this.#bring(refs),
          pause: () => this.#turns.pause(),
          packTargetBytes: PACK_BYTES,
        },
        { backupId, diskId: this.id, root: root!, sizeBytes, full, label },
      );
      for (const row of [...disk.state.snapshots.values()]) {
        if (row.hidden && row.id !== hiddenId(backupId)) disk.deleteSnapshot(row.id);
      }
      return result;
    } catch (error) {
      if (isFinal(error)) {
        if (disk.state.snapshots.has(hiddenId(backupId))) disk.deleteSnapshot(hiddenId(backupId));
        await client.abort(backupId).catch(() => undefined);
      }
      throw error;
    }
  }

  async sealAll(): Promise<void> {
    await this.#drive(this.disk.sealAll());
  }

  async fold(): Promise<void> {
    await this.#drive(this.disk.fold());
  }

  async collect(): Promise<void> {
    if (this.disk.state.upstreams.size === 0) await this.#drive(this.disk.collect());
  }

  /** One pass; true when the disk is independent. */
  async hydrate(): Promise<boolean> {
    const giveUp = this.#misses >= MISSES_MAX;
    const { complete, missing } = await this.#drive(this.disk.hydrate(giveUp));
    this.#misses = missing > 0 ? this.#misses + 1 : 0;
    return complete;
  }

  /** Gives back the leases that nothing needs any more. */
  async release(): Promise<void> {
    for (const [leaseId, vault] of [...this.held]) {
      if (!this.holds(leaseId)) await this.#giveBack(leaseId, vault);
    }
  }

  /** The disk is deleted: it gives everything back, also what a call that was lost may have acquired. */
  async leave(): Promise<void> {
    for (const [leaseId, vault] of [...this.held]) await this.#giveBack(leaseId, vault);
  }

  /** The disk's answer to a vault that asks: does it hold this lease, or make this backup, or is it about to? */
  holds(id: string): boolean {
    return this.running.has(id) || this.#creating === id || this.#disk?.state.upstreams.has(id) === true;
  }

  async #giveBack(leaseId: string, vault: ServingVault): Promise<void> {
    await this.#client(vault)
      .release(leaseId)
      .catch((error: unknown) => {
        if (!(error instanceof EngineError && error.code === 'not-found')) throw error;
      });
    this.held.delete(leaseId);
  }

  /** Bytes of a range of the head or of a snapshot, seen in the turn in which `seen` is called. */
  async read(
    point: 'head' | { snapshotId: string },
    offset: number,
    length: number,
    seen: (bytes: Uint8Array) => void,
  ) {
    let found = this.disk.read(point, offset, length);
    const asked = new Set<ObjectRef>();
    while (found.kind === 'absent' && found.refs.some((ref) => !hasRef(asked, ref))) {
      for (const ref of found.refs) asked.add(ref);
      await this.#bring(found.refs).catch(ignoreDamaged);
      found = this.disk.read(point, offset, length);
    }
    if (found.kind === 'bytes') return seen(found.bytes);
    throw new EngineError('damaged', 'these bytes cannot be read', [{ offset, length }]);
  }

  async #drive<T>(job: Job<T>): Promise<T> {
    let steps = 0;
    try {
      for (;;) {
        const step = job.next();
        if (step.done) return step.value;
        if ('need' in step.value) await this.#bring(step.value.need).catch(ignoreDamaged);
        else if (++steps % STEPS_PER_TURN === 0) await this.#turns.pause();
      }
    } finally {
      job.return(undefined as never);
    }
  }

  async #bring(refs: readonly ObjectRef[]): Promise<void> {
    const { state } = this.disk;
    let open = refs;
    for (const { id } of [...state.upstreams.values()]) {
      const vault = this.held.get(id);
      if (!vault) throw new Error(`${this.name} relies on a lease that it does not hold`);
      const client = this.#client(vault);
      const frames = await new ObsObjectSource(this.#obs, (wanted) => client.locate(wanted)).fetch(open);
      const here = this.#store.transaction(() => state.objects.adopt(open, frames));
      open = open.filter((_, i) => !here[i]);
      if (open.length === 0) return;
      await client.report(open).catch(() => undefined);
    }
    throw new EngineError('damaged', 'no upstream has these objects');
  }

  #client(vault: ServingVault): VaultClient {
    return scheduledVault(this.#ground.scheduler, this.life, vault);
  }
}

/** False for what may be different the next time. */
export function isFinal(error: unknown): boolean {
  return error instanceof EngineError && error.code !== 'unavailable' && error.code !== 'busy';
}

function hiddenId(backupId: string): string {
  return `backup-${backupId}`;
}

function hasRef(set: ReadonlySet<ObjectRef>, ref: ObjectRef): boolean {
  for (const other of set)
    if (other.kind === ref.kind && other.digest.every((byte, i) => byte === ref.digest[i])) return true;
  return false;
}

function ignoreDamaged(error: unknown): void {
  if (!(error instanceof EngineError && error.code === 'damaged')) throw error;
}
