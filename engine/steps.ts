// Long work as generators. A job of the engine (fold, hydrate, collect, walk) is a generator that stops wherever its
// driver may want to do something else: fetch what is absent, give the turn to a guest, look at the time. The engine
// stays synchronous and without a clock; the driver decides.

import { damagedObject } from './errors.ts';
import type { ObjectRef } from './types.ts';

/** Objects that the job cannot go on without. The driver brings them into the store, or gives up on the job. */
export interface NeedStep {
  readonly need: readonly ObjectRef[];
}

/** A good place to stop: nothing is half done, and what was done so far is kept if the job is dropped here. */
export interface PauseStep {
  readonly pause: true;
}

export type Step = NeedStep | PauseStep;

export const PAUSE: PauseStep = { pause: true };

/** A job that returns T when it is done. Whoever drives it and gives up calls `return`: it may hold something. */
export type Job<T> = Generator<Step, T, void>;

/** Drives a job to its end where everything is local. Throws `damaged` when it needs what is not there. */
export function runLocal<T>(job: Job<T>): T {
  for (;;) {
    const step = job.next();
    if (step.done) return step.value;
    if ('need' in step.value) {
      job.return(undefined as never);
      throw damagedObject(step.value.need[0]!);
    }
  }
}

/** Drives a job to its end, bringing what it needs. `pause` is awaited at every pause. */
export async function runFetching<T>(
  job: Job<T>,
  bring: (refs: readonly ObjectRef[]) => Promise<void>,
  pause: () => Promise<void> | undefined = () => undefined,
): Promise<T> {
  try {
    for (;;) {
      const step = job.next();
      if (step.done) return step.value;
      if ('need' in step.value) await bring(step.value.need);
      else await pause();
    }
  } finally {
    job.return(undefined as never);
  }
}
