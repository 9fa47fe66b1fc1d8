// A clock for workerd, whose own one moves in steps of a millisecond: where in a step it is, is told by how many looks at
// the clock fit in until the next one. (Production stops the clock during a turn; there this one refuses to start.)
import type { Clock } from '../kernel/agent.ts';

/** What workerd's clock counts. */
const TICK_MS = 1;
const CALIBRATION_TICKS = 30;
/** Looks after which a clock must have moved: far more than fit into a tick. */
const LOOKS_MAX = 5_000_000;

export class TickClock implements Clock {
  readonly #look: () => number;
  /** Looks that fit into a tick. The most ever counted: whatever interrupts makes it fewer. */
  readonly #looksPerTick: number;

  /** `look`: the runtime's clock, in whole milliseconds. Throws Error when it stands still. */
  constructor(look: () => number = () => performance.now()) {
    this.#look = look;
    let most = 0;
    for (let i = 0; i < CALIBRATION_TICKS; i++) {
      this.#looksUntilTick(look());
      most = Math.max(most, this.#looksUntilTick(look()));
    }
    this.#looksPerTick = most;
  }

  /** Waits for the next tick, which is exact. */
  start(): number {
    this.#looksUntilTick(this.#look());
    return this.#look();
  }

  /** The time of the call, although it returns at the next tick. */
  now(): number {
    const tick = this.#look();
    const missing = Math.min(1, this.#looksUntilTick(tick) / this.#looksPerTick);
    return tick + (1 - missing) * TICK_MS;
  }

  #looksUntilTick(tick: number): number {
    for (let looks = 0; looks < LOOKS_MAX; looks++) if (this.#look() !== tick) return looks;
    throw new Error('the clock of this workerd stands still during a turn');
  }
}
