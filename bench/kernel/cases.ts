// What a kernel case is. Cases and everything they import run in Node, workerd and Chromium: no node:*, no DOM.
import type { RuntimeName, Work } from '../types.ts';

/** One way to do a case's work. */
export interface Contender {
  readonly id: string;
  readonly title: string;
  /** What one call of `run` does. */
  readonly work: Work;
  /** Must not leave anything to be done later: the clock stops when it returns, or when its promise resolves. */
  readonly run: () => unknown;
}

/** A hash function of somebody else. */
export interface HashPeer {
  readonly id: string;
  readonly title: string;
  readonly algorithm: 'BLAKE3' | 'SHA-256';
  /** True for those that take a hundred times as long: they are given less to do. */
  readonly slow?: boolean;
  /** True when `hash` gives a promise. Each is awaited before the next call: a disk operation cannot go on without it. */
  readonly awaited?: boolean;
  /** The digest in the form in which the peer gives it fastest. */
  hash(bytes: Uint8Array): Uint8Array | string | Promise<Uint8Array>;
}

/** What a runtime gives to the cases. */
export interface Environment {
  readonly runtime: RuntimeName;
  readonly kernels: { readonly relaxed: WebAssembly.Module; readonly simd: WebAssembly.Module };
  /** bench/assembly/limits.ts, compiled. */
  readonly limits: WebAssembly.Module;
  /** The relaxed build as bytes, for cold starts. */
  readonly kernelBytes: Uint8Array;
  compile(wasm: Uint8Array): WebAssembly.Module;
  readonly peers: readonly HashPeer[];
  readonly missing: readonly { readonly id: string; readonly why: string }[];
  /** The runtime's fastest way from bytes to a string that can be a Map's key. */
  readonly toKey: { readonly title: string; hex(bytes: Uint8Array): string };
  /** The runtime's own comparison of bytes, where it has one. */
  readonly equals?: (a: Uint8Array, b: Uint8Array) => boolean;
}

export interface KernelCase {
  readonly id: string;
  readonly title: string;
  /** Which peers take part decides which absences are worth naming. */
  readonly usesPeers?: boolean;
  /** False for cases whose measures are no contenders of each other. */
  readonly compared?: boolean;
  /** Makes data and contenders, the project's own first, and throws when they do not agree with each other. */
  prepare(environment: Environment, tiny: boolean): Contender[] | Promise<Contender[]>;
}

export const bytesOf = (amount: number): Work => ({ amount, of: 'bytes' });

type Answer = string | number | boolean | ArrayLike<number>;

/** Throws when a contender's answer is another than the first one's. */
export function mustAgree(what: string, expected: Answer, actual: Answer): void {
  const [first, second] = [expected, actual].map((answer) =>
    JSON.stringify(typeof answer === 'object' ? Array.from(answer) : answer),
  ) as [string, string];
  if (first !== second) throw new Error(`${what} disagree: ${first.slice(0, 200)} and ${second.slice(0, 200)}`);
}
