// What the tour says while it runs, and what it remembers of it: steps with seconds, and checks with the ids of the table.

/** One statement that was put to the test. */
export interface Check {
  readonly id: string;
  readonly statement: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface Step {
  readonly title: string;
  readonly seconds: number;
  readonly checks: Check[];
}

const isTerminal = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const paint = (code: number) => (text: string) => (isTerminal ? `\x1b[${code}m${text}\x1b[0m` : text);
export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);

export class Report {
  readonly steps: Step[] = [];
  readonly #quiet: boolean;
  #checks: Check[] = [];
  #interrupted = false;

  constructor(quiet: boolean) {
    this.#quiet = quiet;
  }

  get checks(): Check[] {
    return this.steps.flatMap((step) => step.checks);
  }

  /** True when every check with that id passed, and there was one. */
  holds(id: string): boolean {
    const checks = this.checks.filter((check) => check.id === id);
    return checks.length > 0 && checks.every((check) => check.ok);
  }

  /** Makes the tour end at its next word, so that it can still clean up. */
  interrupt(): void {
    this.#interrupted = true;
  }

  /** Runs a part of the tour under a title and prints how long it took. */
  async step<T>(title: string, run: () => Promise<T>): Promise<T> {
    const startedMs = performance.now();
    this.#checks = [];
    this.say('');
    this.say(`${String(this.steps.length + 1).padStart(2)}  ${bold(title)}`);
    try {
      return await run();
    } finally {
      const seconds = (performance.now() - startedMs) / 1000;
      this.steps.push({ title, seconds, checks: this.#checks });
      this.say(dim(`      ${seconds.toFixed(1)} s`));
    }
  }

  /** Records what came out of a test of a statement. */
  check(id: string, statement: string, ok: boolean, detail = ''): void {
    this.#checks.push({ id, statement, ok, detail });
    const mark = ok ? green('✓') : red('✗');
    this.say(`    ${mark} ${id === '' ? '' : `${id} `}${statement}${detail === '' ? '' : dim(` (${detail})`)}`);
  }

  note(text: string): void {
    this.say(`      ${text}`);
  }

  say(text: string): void {
    if (this.#interrupted) {
      this.#interrupted = false;
      throw new Error('interrupted');
    }
    if (!this.#quiet) console.log(text);
  }
}

/** 31.2 MiB, 4.0 KiB. */
export function size(bytes: number): string {
  for (const [unit, factor] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const) {
    if (bytes >= factor) return `${(bytes / factor).toFixed(1)} ${unit}`;
  }
  return `${bytes} B`;
}
