// How a fake target behaves, as a list of steps per kind of job: each question about such a job takes one step, and when
// there are none left the job is done.

import type { JobFailure, JobReport } from '../../../worker/protocol.ts';

export type Step =
  | 'done'
  /** Accepted and still at it. */
  | 'running'
  /** The effect happens, the answer is lost. */
  | 'lose'
  /** Nothing happens, and no answer comes. */
  | 'silent'
  /** Accepted; no answer comes back, ever, until the script changes. */
  | 'hang'
  | { readonly fail: JobFailure }
  | 'gone';

/** One question that a fake was asked. */
export interface Asked {
  readonly method: 'run' | 'forget';
  readonly jobId: string;
  readonly kind: string | null;
}

const FAILURES_THAT_END: readonly JobFailure[] = ['damaged', 'not-found', 'invalid', 'full', 'internal'];

/** The job book of a fake: answers a question about a job by the script, and runs its effect exactly once. */
export class ScriptedJobs {
  readonly asked: Asked[] = [];
  readonly #steps = new Map<string, Step[]>();
  readonly #reports = new Map<string, JobReport>();

  script(kind: string, steps: readonly Step[]): void {
    this.#steps.set(kind, [...steps]);
  }

  async run(jobId: string, kind: string, effect: () => JobReport): Promise<JobReport> {
    this.asked.push({ method: 'run', jobId, kind });
    const step = this.#steps.get(kind)?.shift() ?? 'done';
    if (step === 'silent') throw new Error('no answer');
    if (step === 'hang') {
      this.#steps.get(kind)?.unshift('hang');
      return { state: 'running', progress: { doneBytes: 0, totalBytes: 0 } };
    }
    const known = this.#reports.get(jobId);
    if (known !== undefined) return known;
    if (step === 'running') return { state: 'running', progress: { doneBytes: 1, totalBytes: 2 } };
    if (step === 'gone') return { state: 'gone' };
    if (typeof step === 'object') {
      const report = { state: 'failed', code: step.fail, message: `the fake says ${step.fail}` } as const;
      if (FAILURES_THAT_END.includes(step.fail)) this.#reports.set(jobId, report);
      return report;
    }
    const report = effect();
    if (report.state !== 'gone') this.#reports.set(jobId, report);
    if (step === 'lose') throw new Error('the answer was lost');
    return report;
  }

  forget(jobId: string): void {
    this.asked.push({ method: 'forget', jobId, kind: null });
    this.#reports.delete(jobId);
  }
}
