// What the tour made, to be removed at the end in the opposite order, whatever happened in between.

interface Task {
  readonly what: string;
  readonly run: () => Promise<unknown>;
}

export class Cleanup {
  readonly #tasks: Task[] = [];

  /** Remembers how to remove something. The task must not mind when it is gone already. */
  add(what: string, run: () => Promise<unknown>): void {
    this.#tasks.push({ what, run });
  }

  /** Removes everything; returns what could not be removed and why. */
  async run(): Promise<string[]> {
    const failures: string[] = [];
    for (const { what, run } of this.#tasks.splice(0).reverse()) {
      try {
        await run();
      } catch (error) {
        failures.push(`${what}: ${(error as Error).message}`);
      }
    }
    return failures;
  }
}
