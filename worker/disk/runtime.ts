// An open disk inside its Durable Object: the engine's disk together with what drives its jobs: fetching what is absent,
// pausing for guests, noticing that the disk was deleted meanwhile.

import { Disk as EngineDisk, type PointId } from '../../engine/disk/disk.ts';
import { BLOCKS_PER_STEP } from '../../engine/disk/fold.ts';
import { EngineError } from '../../engine/errors.ts';
import type { Obs } from '../../engine/ports.ts';
import { release } from '../../engine/release.ts';
import type { Job } from '../../engine/steps.ts';
import { type ObjectRef, toHex } from '../../engine/types.ts';
import type { SqlDiskStore } from '../adapters/sql-disk-store.ts';
import type { Env } from '../env.ts';
import { engineHost } from '../host.ts';
import type { DiskRecords, OwnerRow } from './records.ts';
import { parseLocator, renewLease, sourceOf, type Upstream, type UpstreamContext } from './upstreams.ts';
import type { ZoneGate } from './zone-gate.ts';

/** Steps between two turns: a step is at most a megabyte of work, a few milliseconds. */
const STEPS_PER_TURN = 2;
/** A read fetches what is absent and starts over; a well-behaved source needs one round a tree level. */
const FETCH_ROUNDS_MAX = 64;

export class DiskRuntime {
  readonly disk: EngineDisk;
  readonly store: SqlDiskStore;
  readonly records: DiskRecords;
  /** Another project's once the disk was handed over. */
  owner: OwnerRow;
  readonly #env: Env;
  readonly #obs: Obs;
  readonly #zone: ZoneGate;
  /** Fetches under way by object: a second reader waits for the first one's. */
  readonly #fetching = new Map<string, Promise<void>>();
  #folding: Promise<unknown> | null = null;
  /** Set when the disk was deleted: whatever still runs ends at its next turn. */
  isClosed = false;
  /** Job that has the disk for itself: guests are refused. */
  exclusiveJobId: string | null = null;
  /** Grows when the whole content is replaced: a body or an answer that began before must not go on after. */
  contentChanges = 0;
  /** Objects when a collection last ran, or when the disk was opened. */
  objectsAtCollection: number;

  constructor(env: Env, obs: Obs, zone: ZoneGate, store: SqlDiskStore, records: DiskRecords) {
    const disk = EngineDisk.open(store, engineHost());
    if (!disk) throw new Error('the disk was not created');
    this.disk = disk;
    this.store = store;
    this.records = records;
    this.owner = records.owner();
    this.#env = env;
    this.#obs = obs;
    this.#zone = zone;
    this.objectsAtCollection = store.objects.usage().objects;
  }

  /** Throws `unavailable` when the zone is down. */
  async passZone(): Promise<void> {
    await this.#zone.pass(this.owner.zone);
    this.assertOpen();
  }

  assertOpen(): void {
    if (this.isClosed) throw new EngineError('not-found', 'the disk was deleted');
  }

  /** Throws `busy` while a job has the disk for itself. */
  assertNotExclusive(): void {
    if (this.exclusiveJobId !== null)
      throw new EngineError('busy', 'the disk is being rolled back, restored or deleted');
  }

  takeExclusive(jobId: string): void {
    this.exclusiveJobId = jobId;
    this.contentChanges += 1;
  }

  /** Lets guests in between two turns of long work. */
  async pause(): Promise<void> {
    await scheduler.wait(0);
    await this.passZone();
  }

  /** Runs an engine job to its end, fetching what it needs. What no upstream has, the job finds missing by itself. */
  async drive<T>(job: Job<T>, stepsOfTurn: () => number = () => STEPS_PER_TURN): Promise<T> {
    let steps = stepsOfTurn();
    try {
      for (;;) {
        this.assertOpen();
        const step = job.next();
        if (step.done) return step.value;
        if ('need' in step.value) await this.bring(step.value.need).catch(ignoreDamaged);
        else if (--steps <= 0) {
          await this.pause();
          steps = stepsOfTurn();
        }
      }
    } finally {
      // A job that is dropped has to let go of what it holds: a collection's barrier, roots that it kept.
      job.return(undefined as never);
    }
  }

  /** One fold at a time: a writer that must wait for room waits for the one that runs. */
  fold(): Promise<unknown> {
    this.#folding ??= this.drive(this.disk.fold(), this.#foldPace()).finally(() => {
      this.#folding = null;
    });
    return this.#folding;
  }

  /**
   * Steps of folding between two turns of guests: one while the log has room, else as many as fold a block for each entry
   * that has come since. So guests that write all over a disk are slowed down as its log fills, and not stopped when it is full.
   */
  #foldPace(): () => number {
    const { state } = this.disk;
    let seen = state.log.entryCount;
    return () => {
      const { entryCount } = state.log;
      const added = entryCount - seen;
      seen = entryCount;
      return this.disk.pressure === 'none' ? 1 : Math.ceil(added / BLOCKS_PER_STEP);
    };
  }

  /** Folds until no snapshot is unsealed. After it, in the same turn, the tree is all there is but newer writes. */
  async sealAll(): Promise<void> {
    await this.#folding?.catch(() => undefined);
    await this.drive(this.disk.sealAll());
  }

  /** Folds everything that is in the log now. Throws `damaged` when entries over lost blocks keep it from being folded. */
  async foldAll(): Promise<void> {
    const { state } = this.disk;
    const seq = state.newestSeq;
    state.headView();
    while (state.head.foldedSeq < seq) {
      if (!this.disk.wantsFold) throw new EngineError('damaged', 'blocks of the disk are lost under newer writes');
      await this.fold();
    }
    if (state.stuckSeq > state.head.foldedSeq) {
      throw new EngineError('damaged', 'blocks of the disk are lost under newer writes');
    }
  }

  /** Makes room in the log before a write is acknowledged. Throws `damaged` when folding cannot make any. */
  async relievePressure(): Promise<void> {
    while (this.disk.pressure === 'hard') {
      // A fold that has nothing to do ends in the same turn: waiting for room would never let anybody else run.
      if (!this.disk.wantsFold) {
        throw new EngineError('damaged', 'the log is full of writes over lost blocks: roll back or restore');
      }
      await this.fold();
    }
    if (this.disk.pressure === 'soft') this.fold().catch(() => undefined);
  }

  /** Reads a range, fetching what is absent. Throws `damaged` with ranges, `unavailable`, and what Disk.read throws. */
  async read(point: PointId, offset: number, length: number): Promise<Uint8Array> {
    let found = this.disk.read(point, offset, length);
    const asked = new Set<string>();
    for (let round = 0; found.kind === 'absent' && round < FETCH_ROUNDS_MAX; round++) {
      const wanted = found.refs.filter((ref) => !asked.has(keyOf(ref)));
      await this.bring(wanted).catch(ignoreDamaged);
      for (const ref of wanted) asked.add(keyOf(ref));
      // Only when all was asked for is the rest damage: a look at what is here names its ranges.
      found = this.disk.read(point, offset, length, wanted.length > 0 ? 'fetching' : 'asIs');
    }
    if (found.kind === 'bytes') return found.bytes;
    const ranges = found.kind === 'damaged' ? found.ranges : [{ offset, length }];
    throw new EngineError('damaged', 'these bytes of the disk are damaged', ranges);
  }

  /**
   * Fetches objects from the upstreams, each once however many wait for it. Throws `damaged` when none of them has one,
   * and then all that can be had is here: whoever finds something absent after that may take it for lost.
   */
  async bring(refs: readonly ObjectRef[]): Promise<void> {
    const waiting: Promise<void>[] = [];
    const wanted: ObjectRef[] = [];
    for (const ref of refs) {
      const running = this.#fetching.get(keyOf(ref));
      if (running) waiting.push(running);
      else wanted.push(ref);
    }
    if (wanted.length > 0) {
      const fetched = this.#fetch(wanted).finally(() => {
        for (const ref of wanted) this.#fetching.delete(keyOf(ref));
      });
      for (const ref of wanted) this.#fetching.set(keyOf(ref), fetched);
      waiting.push(fetched);
    }
    const failures = (await Promise.allSettled(waiting)).filter((outcome) => outcome.status === 'rejected');
    // What may be different the next time comes first: it says nothing about what is lost.
    const failure = failures.find(({ reason }) => !isDamaged(reason)) ?? failures[0];
    if (failure) throw failure.reason;
  }

  /** Makes sure that what the disk still fetches is kept for it. */
  async renewLeases(): Promise<void> {
    for (const { id, locator } of [...this.disk.state.upstreams.values()]) {
      await renewLease(this.#sources(), id, parseLocator(locator), this.owner.diskId);
      this.assertOpen();
    }
  }

  #sources(): UpstreamContext {
    const { projectId } = this.owner;
    return { env: this.#env, obs: this.#obs, meter: this.store.meter, projectId };
  }

  async #fetch(refs: readonly ObjectRef[]): Promise<void> {
    let open = refs;
    let unreachable: unknown = null;
    const context = this.#sources();
    for (const { id, locator } of [...this.disk.state.upstreams.values()]) {
      const source = sourceOf(context, id, parseLocator(locator));
      try {
        open = await this.takeFrom(source, open);
      } catch (error) {
        // Another one may have it.
        unreachable ??= error;
      }
      this.assertOpen();
      if (open.length === 0) return;
    }
    if (unreachable !== null) throw unreachable;
    throw new EngineError('damaged', `${open.length} objects are neither here nor where this disk came from`);
  }

  /** Takes what a source has, if it is what its name says; returns what it has not. */
  async takeFrom(source: Upstream, refs: readonly ObjectRef[]): Promise<readonly ObjectRef[]> {
    const frames = await source.fetch(refs);
    this.assertOpen();
    const here = this.store.transaction(() => this.disk.state.objects.adopt(refs, frames));
    const open = refs.filter((_, i) => !here[i]);
    for (const frame of frames) if (frame) release(frame.bytes);
    // What it should have had is bad or lost there: it looks for itself, and the next backup sends it again.
    if (open.length > 0) await source.report(open).catch(() => undefined);
    return open;
  }
}

function isDamaged(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'damaged';
}

function ignoreDamaged(error: unknown): void {
  if (!isDamaged(error)) throw error;
}

function keyOf(ref: ObjectRef): string {
  return `${ref.kind}${toHex(ref.digest)}`;
}
