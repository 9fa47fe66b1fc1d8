// Every await of a simulated world, in one list: nothing goes on until a test lets it. A test picks which of the waiting
// calls happens next and how it ends, so the order of everything is a list of numbers that can be replayed and shortened.

/** How a waiting call ends. */
export type Outcome =
  /** It happens and answers. */
  | 'ok'
  /** It does not happen; the caller gets an error. */
  | 'fail'
  /** It happens; the caller gets an error all the same. */
  | 'lost'
  /** The caller gets an error now; it happens when `land` is called, perhaps after everybody has looked. */
  | 'late'
  /** It happens two times; the caller gets the second answer. */
  | 'twice';

/** The error of a call that was made to fail. Nothing in the engine knows it: it stands for whatever a network throws. */
export class Fault extends Error {}

/** One life of an object, from its start to its crash. What it still awaits after its end never comes back. */
export class Life {
  readonly name: string;
  isOver = false;
  readonly #onEnd = new Set<() => void>();

  constructor(name: string) {
    this.name = name;
  }

  end(): void {
    this.isOver = true;
    for (const told of this.#onEnd) told();
    this.#onEnd.clear();
  }

  /** `work`, done by this life for somebody else: rejects when the life ends first. */
  serve<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.isOver) return reject(new Fault(`${this.name} is not there`));
      const ended = () => reject(new Fault(`${this.name} was restarted`));
      this.#onEnd.add(ended);
      void work()
        .then(resolve, reject)
        .finally(() => this.#onEnd.delete(ended));
    });
  }
}

/** A call that waits to be let through. */
export interface Waiting {
  readonly life: Life;
  /** What is called, as `obs.get` or `vault-1.commit`. */
  readonly call: string;
  pass(outcome: Outcome): void;
}

const NEVER: Promise<never> = new Promise(() => undefined);

export class Scheduler {
  readonly #waiting: Waiting[] = [];
  readonly #late: (() => Promise<unknown>)[] = [];
  readonly #idle: () => Promise<void>;

  /** `idle`: resolves when all that can run without a call being let through has run. */
  constructor(idle: () => Promise<void>) {
    this.#idle = idle;
  }

  /** Calls that can be let through, oldest first. */
  get waiting(): readonly Waiting[] {
    return this.#waiting;
  }

  get lateCount(): number {
    return this.#late.length;
  }

  /** Runs `effect` once it is this call's turn, on behalf of `life`. */
  async call<T>(life: Life, call: string, effect: () => Promise<T>): Promise<T> {
    if (life.isOver) return NEVER;
    const outcome = await new Promise<Outcome>((pass) => {
      this.#waiting.push({ life, call, pass });
    });
    if (outcome === 'fail' || outcome === 'late') {
      if (outcome === 'late') this.#late.push(effect);
      throw new Fault(`${call} did not answer`);
    }
    try {
      if (outcome === 'twice') await effect().catch(() => undefined);
      const answer = await effect();
      if (life.isOver) return NEVER;
      if (outcome === 'lost') throw new Fault(`the answer of ${call} was lost`);
      return answer;
    } catch (error) {
      return life.isOver ? NEVER : Promise.reject(error);
    }
  }

  /** Lets the waiting call number `index` through, and everything run that follows from it. */
  async pass(index: number, outcome: Outcome): Promise<void> {
    const [chosen] = this.#waiting.splice(index, 1);
    chosen?.pass(outcome);
    await this.settle();
  }

  /** Lets one late effect happen. */
  async land(index: number): Promise<void> {
    const [effect] = this.#late.splice(index, 1);
    if (effect) void effect().catch(() => undefined);
    await this.settle();
  }

  /** Ends a life: its waiting calls are forgotten. */
  async end(life: Life): Promise<void> {
    life.end();
    const left = this.#waiting.filter((waiting) => waiting.life !== life);
    this.#waiting.splice(0, this.#waiting.length, ...left);
    await this.settle();
  }

  /** Waits until everybody waits. */
  settle(): Promise<void> {
    return this.#idle();
  }
}
