// Long work in slices: an object works on it only while somebody waits for a slice, so that it is charged to a request,
// gives way to others between turns, and stands still when nobody asks any more. What it holds in memory is lost with the
// object; then it is begun again.

/** What the work is given. */
export interface Pace {
  /** To be awaited between turns of at most 10 ms. Throws what ended the work meanwhile. */
  pause(): Promise<void>;
}

export class Sliced<T> {
  readonly #outcome: Promise<T>;
  #untilMs = 0;
  #isOver = false;
  /** Opened by the next slice; what waits behind it is the work. */
  #gate = gate();
  /** Opened when the running slice has ended. */
  #sliceEnd = gate();

  /** Begins when the first slice is asked for. */
  constructor(work: (pace: Pace) => Promise<T>) {
    this.#outcome = this.#gate.opened.then(() => work({ pause: () => this.#pause() }));
    this.#outcome
      .catch(() => undefined)
      .finally(() => {
        this.#isOver = true;
        this.#sliceEnd.open();
      });
  }

  /** Lets the work go on for about `ms`. The outcome when it has ended (or what it threw), else null. */
  async slice(ms: number): Promise<{ readonly value: T } | null> {
    if (!this.#isOver) {
      this.#untilMs = Math.max(this.#untilMs, Date.now() + ms);
      this.#gate.open();
      await this.#sliceEnd.opened;
    }
    return this.#isOver ? { value: await this.#outcome } : null;
  }

  async #pause(): Promise<void> {
    await scheduler.wait(0);
    if (Date.now() < this.#untilMs) return;
    this.#gate = gate();
    this.#sliceEnd.open();
    this.#sliceEnd = gate();
    await this.#gate.opened;
  }
}

interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
