// A Disk without bytes: keeps the rules of the job protocol (idempotent by job id, only `create` fills an empty object,
// the owner is checked) and writes down what happened to it.

import { DurableObject } from 'cloudflare:workers';
import { NO_COST } from '../../../engine/cost.ts';
import type { DiskJob, DiskOwner, DiskStatus, JobReport } from '../../../worker/protocol.ts';
import { type Asked, ScriptedJobs, type Step } from './script.ts';

export interface FakeDiskView {
  readonly exists: boolean;
  readonly sizeBytes: number;
  readonly snapshots: readonly string[];
  /** Every effect, in order: `extend`, `rollback s1`. */
  readonly effects: readonly string[];
  readonly asked: readonly Asked[];
}

export class FakeDisk extends DurableObject {
  #jobs = new ScriptedJobs();
  #owner: DiskOwner | null = null;
  #sizeBytes = 0;
  #snapshots = new Set<string>();
  #effects: string[] = [];
  #handOvers: ('wait' | 'lose' | 'silent')[] = [];

  async script(kind: DiskJob['kind'], steps: readonly Step[]): Promise<void> {
    this.#jobs.script(kind, steps);
  }

  async view(): Promise<FakeDiskView> {
    const snapshots = [...this.#snapshots];
    const { asked } = this.#jobs;
    return { exists: this.#owner !== null, sizeBytes: this.#sizeBytes, snapshots, effects: this.#effects, asked };
  }

  async run(owner: DiskOwner, jobId: string, job: DiskJob): Promise<JobReport> {
    return this.#jobs.run(jobId, job.kind, () => this.#do(owner, job));
  }

  /** How the next questions about handing over go; then each is done. */
  async scriptHandOver(steps: readonly ('wait' | 'lose' | 'silent')[]): Promise<void> {
    this.#handOvers = [...steps];
  }

  async handOver(owner: DiskOwner, projectId: string): Promise<'done' | 'wait' | 'gone'> {
    const step = this.#handOvers.shift();
    if (step === 'wait') return 'wait';
    if (step === 'silent') throw new Error('no answer');
    if (this.#owner?.projectId !== owner.projectId && this.#owner?.projectId !== projectId) return 'gone';
    if (this.#owner.projectId !== projectId) this.#effects.push(`handOver ${projectId}`);
    this.#owner = { ...owner, projectId };
    if (step === 'lose') throw new Error('the answer was lost');
    return 'done';
  }

  /** The disk is not there any more, whoever asks. */
  async lose(): Promise<void> {
    this.#owner = null;
  }

  async forget(_owner: DiskOwner, jobId: string): Promise<void> {
    this.#jobs.forget(jobId);
  }

  async status(): Promise<DiskStatus | null> {
    const snapshots = [...this.#snapshots].map((id) => ({ id, sealed: true, hidden: false }));
    const sizeBytes = this.#sizeBytes;
    const empty = { storedBytes: 0, objects: 0, logEntries: 0, hydration: null, cost: { ...NO_COST }, costUsd: 0 };
    return this.#owner === null ? null : { sizeBytes, snapshots, ...empty };
  }

  #do(owner: DiskOwner, job: DiskJob): JobReport {
    if (job.kind === 'create') {
      this.#owner = owner;
      this.#sizeBytes = job.sizeBytes;
    }
    const own = this.#owner?.projectId === owner.projectId && this.#owner.zone === owner.zone;
    if (!own) return { state: 'gone' };
    if (job.kind === 'rollback' && !this.#snapshots.has(job.snapshotId)) {
      return { state: 'failed', code: 'not-found', message: 'no such snapshot' };
    }
    this.#effects.push('snapshotId' in job && job.snapshotId ? `${job.kind} ${job.snapshotId}` : job.kind);
    if (job.kind === 'extend') this.#sizeBytes = job.sizeBytes;
    if (job.kind === 'createSnapshot') this.#snapshots.add(job.snapshotId);
    if (job.kind === 'deleteSnapshot') this.#snapshots.delete(job.snapshotId);
    if (job.kind === 'reinstall') this.#snapshots.clear();
    if (job.kind === 'delete') this.#owner = null;
    if (job.kind !== 'backup') return { state: 'done', result: { cost: { ...NO_COST, rowsWritten: 1 } } };
    const backup = { logicalBytes: 131072, storedBytes: 65536, objectCount: 2, incremental: !job.full };
    return { state: 'done', result: { cost: { ...NO_COST, obsClassA: 2 }, backup } };
  }
}
