// What the path cases share: a running service, the raw peers, and how contenders take turns.

import type { Work } from '../types.ts';
import type { Raw } from './raw.ts';
import type { Service } from './service.ts';
import { hear } from './wire.ts';

export interface PathContext {
  readonly service: Service;
  readonly raw: Raw;
  /** For what a case has to keep in files. */
  readonly folder: string;
  readonly rounds: number;
  /** Everything once and small. */
  readonly tiny: boolean;
  readonly progress: (line: string) => void;
}

/** One who takes a turn in each round. */
export interface Contender {
  readonly id: string;
  readonly title: string;
  readonly work: Work;
  /** Does the work and resolves to the milliseconds it took, without what had to be prepared. */
  turn(round: number): Promise<number>;
}

/** Samples by measure, in the order of the rounds. */
export class Samples {
  readonly #byId = new Map<string, number[]>();

  add(id: string, value: number): void {
    const samples = this.#byId.get(id);
    if (samples === undefined) this.#byId.set(id, [value]);
    else samples.push(value);
  }

  /** All samples of a measure. */
  of(id: string): readonly number[] {
    return this.#byId.get(id) ?? [];
  }
}

/**
 * Rounds of turns: every contender once a round, in an order that moves by one, so that a drift of the machine hits all
 * alike. Round 0 warms up and is not counted; in a tiny run it is all there is.
 */
export async function takeTurns(
  context: Pick<PathContext, 'rounds' | 'tiny' | 'progress'>,
  contenders: readonly Contender[],
  samples: Samples,
): Promise<void> {
  const { rounds, tiny, progress } = context;
  for (let round = tiny ? 1 : 0; round <= rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(turn + round) % contenders.length]!;
      await hear();
      const ms = await contender.turn(round);
      if (round > 0) samples.add(contender.id, ms);
      progress(`round ${round} of ${rounds}  ${contender.id.padEnd(24)} ${rate(contender.work, ms)}`);
    }
  }
}

/** Amount a second, in words. */
export function rate({ amount, of }: Work, ms: number): string {
  if (of === 'bytes') return `${(amount / ms / 1048.576).toFixed(1)} MiB/s`;
  return `${((amount / ms) * 1000).toFixed(1)} ${of}/s`;
}

/** Milliseconds that `run` takes. */
export async function millisecondsOf(run: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await run();
  return performance.now() - startedMs;
}

/** Calls `work` for every item, so many at a time. */
export async function each<T>(
  items: readonly T[],
  atATime: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const waiting = items.values();
  const worker = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}
