// Operations of a vault, each in slices, one at a time. What one holds in memory is lost with the object: the next
// question for it begins it again.

import { EngineError } from '../../engine/errors.ts';
import type { JobReport, JobResult, Progress, VaultJob } from '../protocol.ts';
import { type Pace, Sliced } from '../sliced.ts';

/** A slice is one request's worth of work. */
const SLICE_MS = 2_000;

/** What an operation is given besides its pace. */
export interface Work extends Pace {
  readonly jobId: string;
  progress(progress: Progress): void;
}

interface Running {
  readonly jobId: string;
  readonly work: Sliced<JobResult>;
  progress: Progress;
}

export class VaultOperations<Job extends VaultJob> {
  readonly #start: (job: Job, work: Work) => Promise<JobResult>;
  #running: Running | null = null;

  constructor(start: (job: Job, work: Work) => Promise<JobResult>) {
    this.#start = start;
  }

  /** Does a slice of an operation. Throws `busy` while another one runs, and what the operation throws. */
  async run(jobId: string, job: Job): Promise<Exclude<JobReport, { state: 'gone' }>> {
    if (this.#running !== null && this.#running.jobId !== jobId) {
      throw new EngineError('busy', 'another operation of this vault is running');
    }
    this.#running ??= this.#begin(jobId, job);
    const running = this.#running;
    try {
      const ended = await running.work.slice(SLICE_MS);
      if (ended === null) return { state: 'running', progress: running.progress };
      this.#forget(running);
      return { state: 'done', result: ended.value };
    } catch (error) {
      this.#forget(running);
      throw error;
    }
  }

  /** Whoever asked for it has given it up: it goes no further. */
  drop(jobId: string): void {
    if (this.#running?.jobId === jobId) this.#running = null;
  }

  #begin(jobId: string, job: Job): Running {
    const running: Running = {
      jobId,
      work: new Sliced((pace) => {
        const progress = (told: Progress) => {
          running.progress = told;
        };
        return this.#start(job, { ...pace, jobId, progress });
      }),
      progress: { doneBytes: 0, totalBytes: 0 },
    };
    return running;
  }

  #forget(running: Running): void {
    if (this.#running === running) this.#running = null;
  }
}
