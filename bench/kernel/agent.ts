// The part of the harness that runs inside a runtime: prepares a case, and runs one contender so many times.
import type { RuntimeName, Work } from '../types.ts';
import { KERNEL_CASES } from './all.ts';
import type { Contender, Environment, HashPeer } from './cases.ts';

/** Built files that a runtime is given, by name. */
export interface AgentFiles {
  readonly relaxed: Uint8Array;
  readonly simd: Uint8Array;
  readonly limits: Uint8Array;
  /** @fuzdev/blake3_wasm's module. */
  readonly fuzdev: Uint8Array;
}

/** Milliseconds since any moment. */
export interface Clock {
  /** Taken before the work; may wait for a good moment. */
  start(): number;
  /** Taken after the work. */
  now(): number;
}

/** What differs between runtimes. */
export interface Host {
  readonly runtime: RuntimeName;
  readonly clock: Clock;
  readonly toKey: Environment['toKey'];
  readonly equals?: Environment['equals'];
  compile(wasm: Uint8Array): WebAssembly.Module;
  /** Peers in order of the report, and those that cannot be had here. */
  peers(files: AgentFiles): Promise<{ peers: readonly HashPeer[]; missing: Environment['missing'] }>;
}

export type AgentRequest =
  | { readonly op: 'prepare'; readonly case: string; readonly tiny: boolean }
  | { readonly op: 'run'; readonly contender: string; readonly repetitions: number; readonly bursts: number };

export interface Prepared {
  readonly contenders: readonly { readonly id: string; readonly title: string; readonly work: Work }[];
  readonly missing: Environment['missing'];
}

export interface Ran {
  /** Of the fastest burst, by the runtime's own clock. */
  readonly ms: number;
}

export class Agent {
  readonly #environment: Environment;
  readonly #clock: Clock;
  #contenders: readonly Contender[] = [];

  private constructor(environment: Environment, clock: Clock) {
    this.#environment = environment;
    this.#clock = clock;
  }

  static async start(host: Host, files: AgentFiles): Promise<Agent> {
    const { runtime, toKey, equals } = host;
    const environment: Environment = {
      runtime,
      toKey,
      ...(equals && { equals }),
      kernels: { relaxed: host.compile(files.relaxed), simd: host.compile(files.simd) },
      limits: host.compile(files.limits),
      kernelBytes: files.relaxed,
      compile: (wasm) => host.compile(wasm),
      ...(await host.peers(files)),
    };
    return new Agent(environment, host.clock);
  }

  async answer(request: AgentRequest): Promise<Prepared | Ran> {
    return request.op === 'prepare' ? await this.#prepare(request) : await this.#run(request);
  }

  async #prepare({ case: id, tiny }: AgentRequest & { op: 'prepare' }): Promise<Prepared> {
    const found = KERNEL_CASES.find((candidate) => candidate.id === id);
    if (found === undefined) throw new Error(`no case ${id}`);
    // The last case's data goes before the next one's is made.
    this.#contenders = [];
    this.#contenders = await found.prepare(this.#environment, tiny);
    return {
      contenders: this.#contenders.map(({ id, title, work }) => ({ id, title, work })),
      missing: found.usesPeers ? this.#environment.missing : [],
    };
  }

  async #run({ contender: id, repetitions, bursts }: AgentRequest & { op: 'run' }): Promise<Ran> {
    const contender = this.#contenders.find((candidate) => candidate.id === id);
    if (contender === undefined) throw new Error(`no contender ${id}`);
    let fastestMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < bursts; i++) fastestMs = Math.min(fastestMs, await burst(contender, repetitions, this.#clock));
    return { ms: fastestMs };
  }
}

async function burst({ run }: Contender, repetitions: number, clock: Clock): Promise<number> {
  const startedMs = clock.start();
  for (let i = 0; i < repetitions; i++) {
    const done = run();
    // Not every call: awaiting what is no promise costs a turn of its own.
    if (done instanceof Promise) await done;
  }
  return clock.now() - startedMs;
}

/** The runtime's own clock, where it is fine enough: in Node and in isolated pages. */
export const OWN_CLOCK: Clock = { start: () => performance.now(), now: () => performance.now() };
