// Sees jobs through: asks the target until it says how the job ended, applies that once, lets the target forget. Driven in
// memory right after the answer to the client, and by the alarm when this object was evicted in between. Asking twice,
// in any order, at any time, is harmless: targets know jobs by id, and an outcome is applied only to a running job.
//
// Who waits and who fails when the zone is down (or the disk busy with something unknown to us):
//   - a deletion waits for ever: nothing is lost by waiting, and a half deleted disk must never be offered again;
//     so does accepting a transfer: who gave up would not know whose the disk is;
//   - a job that its target has accepted waits: it is stored there and will go on; but an operation for about ten minutes
//     only, since it can be begun again, and nothing else may be done with its vault meanwhile;
//   - any other fails after a few tries, so that its user can act (restore elsewhere, try again).

import type { Env } from '../env.ts';
import type { DiskRpc, JobReport, JobResult, VaultRpc } from '../protocol.ts';
import type { ProjectRpc } from './contract.ts';
import type { Control } from './control.ts';
import { ENDINGS, isDeletion, waitsForEver } from './endings.ts';
import type { Failure } from './held.ts';
import { PATIENCE } from './limits.ts';
import { addMessage } from './messages.ts';
import { addOperation } from './metrics.ts';
import { isOperation } from './operations.ts';
import type { JobRecord } from './records.ts';
import { loseVolume } from './volume-endings.ts';

const GONE: Failure = { code: 'not-found', message: 'The disk or vault does not exist (any more).' };

/** `silent`: no answer came; the target may have done the job or not. */
type Answer = JobReport | { readonly state: 'silent'; readonly message: string };

export class Driver {
  readonly #control: Control;
  readonly #env: Env;
  readonly #driven = new Map<string, Promise<void>>();

  constructor(control: Control, env: Env) {
    this.#control = control;
    this.#env = env;
  }

  isDriving(jobId: string): boolean {
    return this.#driven.has(jobId);
  }

  /** Drives a job until it is over or left to the alarm; a job that is being driven is not driven twice. Never throws. */
  drive(jobId: string): Promise<void> {
    const known = this.#driven.get(jobId);
    if (known !== undefined) return known;
    const driven = this.#loop(jobId)
      .catch((error: unknown) => this.#postpone(jobId, String(error)))
      // Not even that could be stored: the alarm is still armed.
      .catch((error: unknown) => console.error(`job ${jobId}: ${error}`))
      .finally(() => {
        this.#driven.delete(jobId);
        this.#control.progress.delete(jobId);
      });
    this.#driven.set(jobId, driven);
    return driven;
  }

  async #loop(jobId: string): Promise<void> {
    let delayMs: number = PATIENCE.pollMinMs;
    for (let poll = 0; poll < PATIENCE.pollsInMemory; poll++) {
      const job = this.#control.jobs.get(jobId);
      if (job === null || job.state === 'over') return;
      if (job.state === 'settled') return await this.#letForget(job);
      if (!(await this.#mayStart(job))) continue;
      const next = this.#weigh(jobId, await this.#ask(job));
      if (next === 'again') continue;
      if (next === 'later') return;
      await scheduler.wait(next === 'backoff' ? backoffMs(job.attempt) : delayMs);
      delayMs = Math.min(delayMs * 1.5, PATIENCE.pollMaxMs);
    }
    // The alarm goes on: this object may leave memory meanwhile.
    this.#control.commit(() => this.#control.due.set(`job:${jobId}`, Date.now() + PATIENCE.pollMaxMs));
  }

  /** Waits for the job that this one follows; false when it failed, and this one with it. */
  async #mayStart(job: JobRecord): Promise<boolean> {
    if (job.afterJobId === null) return true;
    const earlier = this.#control.jobs.get(job.afterJobId);
    if (earlier === null || earlier.succeeded === true) return true;
    if (earlier.succeeded === false) {
      this.#settle(
        job.id,
        { code: 'not-found', message: earlier.failReason ?? 'what it needs could not be made' },
        false,
      );
      return false;
    }
    // Only waited for: driving it from here would make nothing of its own backoff.
    const waited = scheduler.wait(PATIENCE.pollMaxMs);
    await Promise.race([this.#driven.get(earlier.id) ?? waited, waited]);
    return false;
  }

  async #ask(job: JobRecord): Promise<Answer> {
    this.#control.store.meter.counts.objectRequests++;
    const { target } = job;
    try {
      if (target.kind === 'disk')
        return await this.#disk(target.id, target.owner.zone).run(target.owner, job.id, target.job);
      if (target.kind === 'vault') return await this.#vault(target.id).run(this.#control.projectId, job.id, target.job);
      if (target.kind === 'project') return await this.#project(target.id).handOver(job.id, target.job);
      if (target.kind === 'peer') await this.#project(target.id).takeNews(target.news);
      return { state: 'done', result: {} };
    } catch (error) {
      return { state: 'silent', message: String(error) };
    }
  }

  /** What to do after an answer. State read before the question is not trusted: the row is read again. */
  #weigh(jobId: string, answer: Answer): 'again' | 'poll' | 'backoff' | 'later' {
    const job = this.#control.jobs.get(jobId);
    if (job === null || job.state !== 'running') return 'again';
    if (answer.state === 'running') {
      this.#control.progress.set(jobId, answer.progress);
      if (!job.accepted || job.attempt > 0) {
        this.#control.commit(() => this.#control.jobs.put({ ...job, accepted: true, attempt: 0 }));
      }
      return 'poll';
    }
    if (answer.state === 'done') return this.#settle(jobId, answer.result, true);
    if (answer.state === 'gone') {
      return this.#settle(jobId, isDeletion(job.action) ? {} : GONE, false);
    }
    if (answer.state === 'failed') {
      if (isDeletion(job.action) && answer.code === 'not-found') return this.#settle(jobId, {}, true);
      const temporary = answer.code === 'unavailable' || answer.code === 'busy';
      if (!temporary) return this.#settle(jobId, answer, true);
    }
    return this.#retry(job, answer);
  }

  #retry(job: JobRecord, answer: Extract<Answer, { state: 'failed' | 'silent' }>): 'again' | 'backoff' | 'later' {
    const attempt = job.attempt + 1;
    const triesMax = answer.state === 'silent' ? PATIENCE.silentTriesMax : PATIENCE.refusedTriesMax;
    const hopeless = isOperation(job.action) && attempt >= PATIENCE.operationTriesMax;
    const waits = waitsForEver(job.action) || (job.accepted && !hopeless);
    if (!waits && attempt >= triesMax) {
      const code = answer.state === 'failed' ? answer.code : 'internal';
      return this.#settle(job.id, { code, message: answer.message }, true);
    }
    const waitMs = backoffMs(attempt);
    // A short wait is spent in memory; the alarm is there for the long ones, and for an eviction meanwhile.
    const inMemory = waitMs <= PATIENCE.safetyNetMs / 2;
    const dueMs = Date.now() + (inMemory ? waitMs + PATIENCE.safetyNetMs : waitMs);
    this.#control.commit(() => {
      this.#control.jobs.put({ ...job, attempt, lastError: answer.message });
      this.#control.due.set(`job:${job.id}`, dueMs);
    });
    return inMemory ? 'backoff' : 'later';
  }

  /** Applies an outcome once, by compare-and-set on (job, running). */
  #settle(jobId: string, outcome: JobResult | Failure, mayRemember: boolean): 'again' {
    this.#control.commit(() => {
      const job = this.#control.jobs.get(jobId);
      if (job === null || job.state !== 'running') return;
      const failure = 'code' in outcome ? outcome : null;
      const ending = ENDINGS[job.action];
      if (failure === null) ending.done(this.#control, job, outcome as JobResult);
      else {
        ending.failed(this.#control, job, failure);
        addMessage(this.#control, job, failure);
      }
      if (failure === GONE) loseVolume(this.#control, job, failure);
      this.#control.jobs.put({
        // The ending may have written to it.
        ...(this.#control.jobs.get(jobId) ?? job),
        state: mayRemember ? 'settled' : 'over',
        succeeded: failure === null,
        attempt: 0,
        endMs: this.#control.now(),
        endedRealMs: Date.now(),
        errorCode: failure === null ? null : (ending.errorCode ?? failure.code),
        failReason: failure?.message ?? null,
      });
      if (!mayRemember) this.#control.due.clear(`job:${jobId}`);
      addOperation(this.#control, job, failure === null ? (outcome as JobResult).cost : undefined, failure === null);
    });
    return 'again';
  }

  /** Tells the target that its record may go. It does not matter if that is lost: the alarm says it again. */
  async #letForget(job: JobRecord): Promise<void> {
    this.#control.store.meter.counts.objectRequests++;
    const { target } = job;
    if (target.kind === 'disk') await this.#disk(target.id, target.owner.zone).forget(target.owner, job.id);
    if (target.kind === 'vault') await this.#vault(target.id).forget(this.#control.projectId, job.id);
    if (target.kind === 'project') await this.#project(target.id).forgetHandOver(target.job.transferId);
    this.#control.commit(() => {
      const settled = this.#control.jobs.get(job.id);
      if (settled?.state === 'settled') this.#control.jobs.put({ ...settled, state: 'over' });
      this.#control.due.clear(`job:${job.id}`);
    });
  }

  /** Something that nobody foresaw: store it, and let the alarm try again, ever more slowly. */
  #postpone(jobId: string, message: string): void {
    this.#control.commit(() => {
      const job = this.#control.jobs.get(jobId);
      const attempt = (job?.attempt ?? 0) + 1;
      // A target that cannot be told to forget keeps a small record: not worth asking for ever.
      const over = job === null || (job.state === 'settled' && attempt >= PATIENCE.silentTriesMax);
      if (job !== null) {
        this.#control.jobs.put({ ...job, state: over ? 'over' : job.state, attempt, lastError: message });
      }
      if (over) this.#control.due.clear(`job:${jobId}`);
      else this.#control.due.set(`job:${jobId}`, Date.now() + backoffMs(attempt + 3));
    });
  }

  // A stub stays broken after an exception, so each question takes a new one.
  #disk(id: string, zone: string): DiskRpc {
    const locationHint = this.#control.zones.find((known) => known.name === zone)?.locationHint;
    const { DISK } = this.#env;
    const options = locationHint === undefined ? undefined : { locationHint };
    return DISK.get(DISK.idFromName(id), options) as unknown as DiskRpc;
  }

  #project(id: string): ProjectRpc {
    const { PROJECT } = this.#env;
    return PROJECT.get(PROJECT.idFromName(id)) as unknown as ProjectRpc;
  }

  #vault(id: string): VaultRpc {
    const { VAULT } = this.#env;
    return VAULT.get(VAULT.idFromName(id)) as unknown as VaultRpc;
  }
}

function backoffMs(attempt: number): number {
  return Math.min(PATIENCE.backoffMinMs * 2 ** Math.min(attempt, 20), PATIENCE.backoffMaxMs);
}
