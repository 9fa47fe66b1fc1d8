// Background work of a disk, one thing at a time and in this order: telling the Project that nobody is connected, the long
// job, fold, hydrate, release, collect, scrub. Run by the alarm, which survives eviction; what is due is a row, so nothing is forgotten by a crash. Never throws.

import { addCost, type MeterCounts, NO_COST } from '../../engine/cost.ts';
import { EngineError } from '../../engine/errors.ts';
import type { Env } from '../env.ts';
import type { DiskJob, JobReport, JobResult, Progress } from '../protocol.ts';
import { failEager } from './eager.ts';
import { failure, isFinal, isTurn, isUpkeep, type LongJob, runLong } from './jobs.ts';
import type { JobRow, Task } from './records.ts';
import type { DiskRuntime } from './runtime.ts';
import { Upkeep } from './scrub.ts';
import { parseLocator, releaseUpstream } from './upstreams.ts';

const ORDER: readonly Task[] = ['look', 'detach', 'job', 'fold', 'hydrate', 'release', 'collect', 'scrub'];
/** Writes gather in the log until none has come for this long: the more there are of a block, the less each costs. */
const FOLD_AFTER_MS = 2_000;
/** Guests that never stop writing do not put folding off for longer than this. */
const FOLD_AT_LATEST_MS = 30_000;
/** A collection looks at every page: it waits until more garbage has come together. */
const COLLECT_AFTER_MS = 15_000;
/** What a vault does not have it may get back from another disk's backup; after so many passes it is damage. */
const MISSES_MAX = 3;
const MISSING_AGAIN_MS = 10_000;
const BACKOFF_MS = { min: 250, max: 60_000 };
/** A long job that fails this often for a reason that might go away has failed. About two minutes. */
const JOB_ATTEMPTS_MAX = 10;
/** Folding leaves garbage behind; this much more than after the last collection is worth one. */
const GARBAGE_OBJECTS_MIN = 1_024;

/** Who is connected over NBD, and what the Project knows about it. */
export interface Connections {
  look(): void;
  detachIfAlone(): Promise<void>;
}

export class Maintenance {
  readonly #env: Env;
  readonly #storage: DurableObjectStorage;
  readonly #runtime: DiskRuntime;
  readonly #connections: Connections;
  readonly #upkeep: Upkeep;
  /** What is due, as the rows have it. */
  readonly #due: Map<Task, number>;
  readonly #progress = new Map<string, Progress>();
  /** What long jobs have cost so far, over all their attempts since this object came into memory. */
  readonly #spent = new Map<string, MeterCounts>();
  /** Who waits for the end of which job. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #alarmMs: number | null = null;
  /** When something was last added to the log, and when for the first time since it was folded. */
  #loggedMs = 0;
  #unfoldedSinceMs: number | null = null;
  #failures = 0;
  /** Passes of hydration in a row that lacked something of the head. */
  #misses = 0;

  constructor(env: Env, storage: DurableObjectStorage, runtime: DiskRuntime, connections: Connections) {
    this.#env = env;
    this.#storage = storage;
    this.#runtime = runtime;
    this.#connections = connections;
    this.#upkeep = new Upkeep(env, runtime);
    this.#due = runtime.records.due();
    // Whatever happened to the alarm before this incarnation, work that is due has one.
    this.#setAlarm();
  }

  progressOf(jobId: string): Progress {
    return this.#progress.get(jobId) ?? { doneBytes: 0, totalBytes: 0 };
  }

  /** Resolves when the job has ended, or after `waitMs`. */
  async ended(jobId: string, waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(jobId) ?? [];
    this.#waiting.set(jobId, [...waiting, resolve]);
    await Promise.race([promise, scheduler.wait(waitMs)]);
  }

  /** Adds to what a long job has cost. */
  charge(jobId: string, counts: MeterCounts): MeterCounts {
    const sum = addCost(this.#spent.get(jobId) ?? NO_COST, counts);
    this.#spent.set(jobId, sum);
    return sum;
  }

  /** Makes a task due. Kept when it is due already: guests that write all the time must not put folding off. */
  schedule(task: Task, afterMs: number): void {
    if (this.#due.has(task)) return;
    this.#setDue(task, Date.now() + afterMs);
  }

  /** Makes a task due at that time, whenever it was due before. */
  reschedule(task: Task, afterMs: number): void {
    this.#setDue(task, Date.now() + afterMs);
  }

  /** After each change of the log. */
  scheduleFold(): void {
    if (!this.#runtime.disk.wantsFold) return;
    this.#loggedMs = Date.now();
    this.#unfoldedSinceMs ??= this.#loggedMs;
    this.schedule('fold', FOLD_AFTER_MS);
  }

  scheduleCollection(): void {
    this.schedule('collect', COLLECT_AFTER_MS);
  }

  /** The alarm's work: everything that is due now. */
  async run(): Promise<void> {
    this.#alarmMs = null;
    for (;;) {
      const task = ORDER.find((t) => (this.#due.get(t) ?? Number.POSITIVE_INFINITY) <= Date.now());
      if (!task || this.#runtime.isClosed) break;
      try {
        await this.#runtime.passZone();
        // The row stays until the work is done: a crash in between finds it again.
        this.#due.delete(task);
        await this.#do(task);
        if (!this.#due.has(task)) this.#runtime.records.clearDue(task);
        this.#failures = 0;
      } catch (error) {
        if (this.#runtime.isClosed) return;
        if (isFinal(error)) {
          // Not what was made due again meanwhile: its row is all that survives a crash.
          if (!this.#due.has(task)) this.#runtime.records.clearDue(task);
          continue;
        }
        this.#failures += 1;
        this.#setDue(task, Date.now() + Math.min(BACKOFF_MS.max, BACKOFF_MS.min * 2 ** this.#failures));
      }
    }
    if (!this.#runtime.isClosed) this.#setAlarm();
  }

  async #do(task: Task): Promise<void> {
    const { disk } = this.#runtime;
    switch (task) {
      case 'look':
        return this.#connections.look();
      case 'detach':
        return this.#connections.detachIfAlone();
      case 'job':
        return this.#runJob();
      case 'fold': {
        const inMs = this.#foldInMs();
        if (inMs > 0) {
          this.schedule('fold', inMs);
          return;
        }
        this.#unfoldedSinceMs = null;
        await this.#runtime.fold();
        this.#afterFold();
        return;
      }
      case 'hydrate': {
        const giveUp = this.#misses >= MISSES_MAX;
        const upstreamIds = [...disk.state.upstreams.keys()];
        await this.#runtime.renewLeases();
        const { complete, missing } = await this.#runtime.drive(disk.hydrate(giveUp));
        this.#misses = missing > 0 ? this.#misses + 1 : 0;
        if (complete) {
          if (missing > 0) failEager(this.#runtime, upstreamIds, missing);
          this.schedule('release', 0);
          this.scheduleCollection();
        } else this.schedule('hydrate', missing > 0 && !giveUp ? MISSING_AGAIN_MS : 0);
        return;
      }
      case 'release':
        return this.#release();
      case 'collect':
        if (disk.state.upstreams.size > 0) return;
        await this.#runtime.drive(disk.collect());
        this.#runtime.objectsAtCollection = this.#runtime.store.objects.usage().objects;
        return;
      case 'scrub':
        return this.#runUpkeep();
    }
  }

  /** How long guests that are writing put the fold off. */
  #foldInMs(): number {
    const quietMs = this.#loggedMs + FOLD_AFTER_MS;
    const latestMs = (this.#unfoldedSinceMs ?? 0) + FOLD_AT_LATEST_MS;
    return Math.min(quietMs, latestMs) - Date.now();
  }

  #afterFold(): void {
    this.scheduleFold();
    const { objects } = this.#runtime.store.objects.usage();
    if (objects - this.#runtime.objectsAtCollection > Math.max(GARBAGE_OBJECTS_MIN, objects / 4)) {
      this.scheduleCollection();
    }
  }

  async #runJob(): Promise<void> {
    const found = this.#running(isTurn);
    if (!found) return;
    const { row, job } = found;
    await this.#work(row, job, () =>
      runLong(this.#env, this.#runtime, row.id, job, (p) => this.#progress.set(row.id, p)),
    );
  }

  /** One slice: what else has become due meanwhile has its turn before the next. */
  async #runUpkeep(): Promise<void> {
    const found = this.#running(isUpkeep);
    if (!found) return;
    const { row, job } = found;
    await this.#work(row, job, () => this.#upkeep.slice(row.id, job, (p) => this.#progress.set(row.id, p)));
    this.schedule('scrub', 0);
  }

  #running<J extends LongJob>(isOne: (job: DiskJob) => job is J): { row: JobRow; job: J } | null {
    for (const row of this.#runtime.records.jobs()) {
      const { job } = row;
      if (row.report.state === 'running' && isOne(job)) return { row, job };
    }
    return null;
  }

  /** Works on a job, and writes its end down; null is none. */
  async #work(row: JobRow, job: LongJob, work: () => Promise<JobResult | null>): Promise<void> {
    const { meter } = this.#runtime.store;
    const mark = meter.mark();
    let report: JobReport;
    try {
      const result = await work();
      const cost = this.charge(row.id, meter.since(mark));
      if (result === null) return;
      report = { state: 'done', result: { ...result, cost } };
    } catch (error) {
      if (this.#runtime.isClosed) throw error;
      this.charge(row.id, meter.since(mark));
      if (!isFinal(error) && row.attempts + 1 < JOB_ATTEMPTS_MAX) {
        this.#write({ ...row, attempts: row.attempts + 1 });
        throw error;
      }
      report = failure(error);
    }
    this.#write({ ...row, report });
    this.#progress.delete(row.id);
    this.#spent.delete(row.id);
    for (const tell of this.#waiting.get(row.id) ?? []) tell();
    this.#waiting.delete(row.id);
    if (this.#runtime.exclusiveJobId === row.id) this.#runtime.exclusiveJobId = null;
    this.#afterJob(job);
  }

  #afterJob(job: LongJob): void {
    if (isTurn(job)) this.schedule('job', 0);
    this.scheduleFold();
    if (job.kind === 'restore') {
      if (this.#runtime.disk.state.upstreams.size > 0) this.schedule('hydrate', 0);
      this.schedule('release', 0);
    } else if (job.kind !== 'scrub') this.scheduleCollection();
  }

  #write(row: JobRow): void {
    this.#runtime.records.writeJob(row);
  }

  /** Gives back the leases and pins that nothing needs any more. */
  async #release(): Promise<void> {
    const { records, disk, owner } = this.#runtime;
    const running = new Set(
      records
        .jobs()
        .filter((job) => job.report.state === 'running')
        .map((job) => job.id),
    );
    for (const { id, locator } of records.held()) {
      if (running.has(id) || disk.state.upstreams.has(id)) continue;
      await releaseUpstream(this.#env, owner.projectId, id, parseLocator(locator)).catch((error: unknown) => {
        // Whoever kept it is gone: then there is nothing to give back.
        if (!(error instanceof EngineError && error.code === 'not-found')) throw error;
      });
      this.#runtime.assertOpen();
      records.letGo(id);
    }
  }

  #setDue(task: Task, ms: number): void {
    this.#due.set(task, ms);
    this.#runtime.records.setDue(task, ms);
    this.#setAlarm();
  }

  /** One alarm at the earliest time; each setting of it is a billed row. */
  #setAlarm(): void {
    if (this.#due.size === 0) return;
    const earliest = Math.min(...this.#due.values());
    if (this.#alarmMs !== null && this.#alarmMs <= earliest) return;
    this.#alarmMs = earliest;
    void this.#storage.setAlarm(earliest);
  }
}
