// Warm-up, repetitions and rounds: who runs when, and how often.
import type { Driver } from '../runtimes/drivers.ts';
import type { RuntimeName } from '../types.ts';
import type { Prepared } from './agent.ts';

/** Optimising compilers have taken over by then: measured in the case cold-start. */
const WARM_UP_MS = 60;

/** A contender that takes longer than this a run has warmed itself up, and takes part in the first third of the rounds only. */
const SLOW_MS = 100;
const SLOW_SHARE = 1 / 3;

/**
 * A sample is the fastest of so many bursts in a row: on a machine that others use, the slower ones tell what those did.
 * Contenders that are slow have one.
 */
const BURSTS = 3;

/** How often a contender runs in one sample, and in which share of the rounds, from the first on. */
export interface Turn {
  readonly repetitions: number;
  readonly bursts: number;
  readonly share: number;
}

const ONCE: Turn = { repetitions: 1, bursts: 1, share: 1 };

interface Lane {
  readonly driver: Driver;
  readonly prepared: Prepared;
  /** By contender. */
  readonly turns: ReadonlyMap<string, Turn>;
}

/** Runs each contender until it is warm, and finds out how many runs make a burst of the length the driver wants. */
export async function warmUp(driver: Driver, { contenders }: Prepared, tiny: boolean): Promise<Map<string, Turn>> {
  const turns = new Map<string, Turn>();
  for (const { id } of contenders) turns.set(id, tiny ? ONCE : await turnOf(driver, id));
  return turns;
}

async function turnOf(driver: Driver, id: string): Promise<Turn> {
  let count = 1;
  for (let spentMs = 0; ; ) {
    const ms = await driver.run(id, count, 1);
    spentMs += ms;
    const perRunMs = ms / count;
    if (perRunMs > SLOW_MS) return { ...ONCE, share: SLOW_SHARE };
    if (spentMs >= WARM_UP_MS && ms >= driver.burstMs / 4) {
      const repetitions = Math.max(1, Math.ceil(driver.burstMs / perRunMs));
      return { repetitions, bursts: BURSTS, share: 1 };
    }
    // Ten times at most: the first runs are slow and would mislead.
    count = Math.max(1, Math.min(10 * count, Math.ceil(driver.burstMs / Math.max(perRunMs, 1e-6))));
  }
}

/**
 * Samples by runtime and contender, in ms for one run. Runtimes and contenders take turns within a round, and each round
 * begins with the next one, so that nobody always follows the same neighbour.
 */
export async function sampleRounds(
  lanes: readonly Lane[],
  rounds: number,
): Promise<Map<RuntimeName, Map<string, number[]>>> {
  const samples = new Map(
    lanes.map(({ driver, prepared }) => [
      driver.runtime,
      new Map(prepared.contenders.map(({ id }) => [id, [] as number[]])),
    ]),
  );
  for (let round = 0; round < rounds; round++) {
    for (const { driver, prepared, turns } of rotated(lanes, round)) {
      for (const { id } of rotated(prepared.contenders, round)) {
        const turn = turns.get(id)!;
        if (round >= Math.ceil(rounds * turn.share)) continue;
        samples
          .get(driver.runtime)!
          .get(id)!
          .push((await driver.run(id, turn.repetitions, turn.bursts)) / turn.repetitions);
      }
    }
  }
  return samples;
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const from = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(from), ...items.slice(0, from)];
}
