// What every part of the suite agrees on: what is measured, and what a result file holds.

/** Where a case ran. `service` is a running edge-evs: launcher, workerd and its objects. */
export type RuntimeName = 'node' | 'workerd' | 'chromium' | 'service';

export type SuiteName = 'kernel' | 'path' | 'repository' | 'nbd';

export type Unit = 'ms' | 'bytes' | 'rows' | 'requests' | 'count';

/** What one sample did, so that contenders which do unlike amounts compare, and a rate can be told. */
export interface Work {
  readonly amount: number;
  /** Plural: bytes, digests, leaves, blocks, calls. */
  readonly of: string;
}

/** Median and quartiles. */
export interface Spread {
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
}

/** One quantity of a case: a contender's time, or something counted. Sample i was taken in round i. */
export interface Measure extends Spread {
  /** Unique in its case, and stable: targets name it. */
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  /** The same for every sample. */
  readonly work?: Work;
  readonly samples: readonly number[];
}

/**
 * How often `of` fits into `against`, cost for equal work: above 1, `of` is the cheaper (faster) one. One quotient for
 * each round, from samples taken next to each other; median and quartiles are of those.
 */
export interface Ratio extends Spread {
  readonly of: string;
  readonly against: string;
  readonly samples: readonly number[];
}

export interface CaseResult {
  readonly id: string;
  readonly suite: SuiteName;
  readonly runtime: RuntimeName;
  readonly title: string;
  readonly measures: readonly Measure[];
  /** The project's own measures against the others (statistics.ts says which). */
  readonly ratios: readonly Ratio[];
  /** Peers that this runtime cannot load, and why. */
  readonly missing: readonly { readonly id: string; readonly why: string }[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  /** Load average of the last minute when the run began: others may have been working. */
  readonly load: number;
}

/** A file of bench/results. */
export interface ResultFile {
  readonly format: 1;
  readonly suite: SuiteName;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly seconds: number;
  readonly command: string;
  readonly rounds: number;
  readonly tiny: boolean;
  readonly machine: Machine;
  /** node, workerd, chromium, and every package that took part. */
  readonly versions: Readonly<Record<string, string>>;
  /** Commit of the working copy, and whether files differed from it. */
  readonly commit: string;
  readonly changed: boolean;
  readonly cases: readonly CaseResult[];
}

export interface RunOptions {
  readonly rounds: number;
  /** Every case once, on as little data as makes sense; nothing is concluded from its times. */
  readonly tiny: boolean;
  /** Part of a case's id; all cases without it. */
  readonly caseFilter?: string;
  /** Runtimes of the kernel cases; path cases know one only. */
  readonly runtimes: readonly RuntimeName[];
  /** One line for the person who waits. */
  readonly progress: (line: string) => void;
}

export interface SuiteRun {
  readonly cases: readonly CaseResult[];
  /** Versions beyond those that every result file names. */
  readonly versions: Readonly<Record<string, string>>;
}

/** bench/kernel/suite.ts and bench/path/suite.ts each export one. */
export interface Suite {
  readonly name: SuiteName;
  readonly rounds: { readonly quick: number; readonly full: number };
  readonly cases: readonly { readonly id: string; readonly title: string }[];
  /** Runs the cases that `caseFilter` selects. Rejects when one fails: a case that cannot run is a broken case. */
  run(options: RunOptions): Promise<SuiteRun>;
}

/** Names one measure of all results. */
export interface MeasureRef {
  readonly case: string;
  readonly runtime: RuntimeName;
  readonly measure: string;
}

/** A line of the table at the head of docs/benchmarks.md. */
export interface Target {
  readonly id: string;
  /** What is promised, in words, without the number. */
  readonly text: string;
  readonly suite: SuiteName;
  /**
   * speed: cost of `against` over cost of `of` (bigger is better for `of`); cost: the inverse; value: `of` itself.
   * Cost is for equal work, and per round when both have as many samples.
   */
  readonly compare: 'speed' | 'cost' | 'value';
  readonly of: MeasureRef;
  /** Not for `value`. */
  readonly against?: MeasureRef;
  readonly limit: { readonly atLeast: number } | { readonly atMost: number };
}
