// The kernel against implementations that know nothing of it, on official lengths and thousands of random inputs.
// Runtime-independent: it imports nothing of Node, so the same suite runs in Node, workerd and browsers.
//
//   const report = runDifferential([{ name: 'relaxed', module }], { blake3, vectors }, { seed: 1, rounds: 2_000 });
//   if (report.failures.length > 0) throw new Error(report.failures.join('\n'));
//
// `module` is a compiled build (build/kernel.*.wasm), `blake3` an independent implementation (that of @noble/hashes fits
// as it is), `vectors` the parsed test/kernel/vectors/blake3.json. 2,000 rounds take a few seconds a build.
import { Kernel } from '../../engine/kernel.ts';
import { toHex } from '../../engine/types.ts';
import { digestsOf, randomBytes, randomIntegers } from './bytes.ts';
import { checkBitmaps } from './differential-bitmaps.ts';
import { type Check, checkSets } from './differential-sets.ts';
import { checkTrees } from './differential-trees.ts';

export interface Oracle {
  /** BLAKE3 of a message, or derive_key of it under a context. */
  readonly blake3: (message: Uint8Array, options?: { context?: Uint8Array }) => Uint8Array;
  /** Messages whose byte i is i % 251, and their hashes in hex: the official lengths. */
  readonly vectors: { readonly cases: readonly { readonly bytes: number; readonly hash: string }[] };
}

export interface NamedModule {
  readonly name: string;
  readonly module: WebAssembly.Module;
}

export interface DifferentialOptions {
  readonly seed: number;
  /** Random inputs a check, for the cheap checks; the dear ones take a share of it. */
  readonly rounds: number;
}

export interface DifferentialReport {
  /** Comparisons made. */
  readonly checks: number;
  /** One line each: build, what was compared, the input. Empty when the kernel agrees with its oracles. */
  readonly failures: readonly string[];
}

const FAILURES_MAX = 50;

/** Runs every check on every build. Deterministic for a seed. Throws only when the kernel itself does. */
export function runDifferential(
  modules: readonly NamedModule[],
  oracle: Oracle,
  options: DifferentialOptions,
): DifferentialReport {
  const failures: string[] = [];
  let checks = 0;
  for (const { name, module } of modules) {
    const check: Check = (what, actual, expected) => {
      checks++;
      if (actual !== expected && failures.length < FAILURES_MAX) {
        failures.push(`${name}: ${what}: ${abbreviate(actual)} instead of ${abbreviate(expected)}`);
      }
    };
    const kernel = new Kernel(module);
    checkVectors(kernel, oracle, check);
    checkMessages(kernel, oracle, check, options);
    checkTrees(kernel, oracle.blake3, check, options);
    checkBatches(kernel, oracle, check, options);
    checkBitmaps(kernel.bitmaps, check, options);
    checkSets(module, check, options);
  }
  return { checks, failures };
}

function abbreviate(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

function checkVectors(kernel: Kernel, { vectors }: Oracle, check: Check): void {
  for (const { bytes, hash } of vectors.cases) {
    const input = Uint8Array.from({ length: bytes }, (_, i) => i % 251);
    check(`vector of ${bytes} bytes`, toHex(kernel.hash(input)), hash);
    check(`vector of ${bytes} bytes, in parts`, toHex(kernel.hasher().update(input).digest()), hash);
  }
}

/** Lengths near a power of two as often as any: that is where a tree hash goes wrong. */
function randomLength(below: (bound: number) => number, max: number): number {
  if (below(2) === 0) return below(below(2) === 0 ? 3_000 : max);
  const power = 2 ** below(Math.floor(Math.log2(max)));
  return Math.min(max, Math.max(0, power * (1 + below(3)) + below(5) - 2));
}

/** Noise, zeros with a little noise, or one byte over and over: contents that look alike in different places. */
function randomContent(below: (bound: number) => number, length: number): Uint8Array {
  const kind = below(4);
  if (kind < 2) return randomBytes(length, below(2 ** 31));
  const bytes = new Uint8Array(length);
  if (kind === 2) return bytes.fill(below(256));
  for (let i = below(10); i > 0 && length > 0; i--) bytes[below(length)] = below(256);
  return bytes;
}

function checkMessages(kernel: Kernel, { blake3 }: Oracle, check: Check, { seed, rounds }: DifferentialOptions): void {
  const below = randomIntegers(seed);
  for (let round = 0; round < rounds; round++) {
    const message = randomContent(below, randomLength(below, round % 40 === 0 ? 400_000 : 12_000));
    const expected = toHex(blake3(message));
    check(`round ${round}, message of ${message.length} bytes`, toHex(kernel.hash(message)), expected);
    const hasher = kernel.hasher();
    for (let at = 0; at < message.length; ) {
      const end = Math.min(message.length, at + 1 + below(message.length));
      hasher.update(message.subarray(at, end));
      at = end;
    }
    check(`round ${round}, ${message.length} bytes in parts`, toHex(hasher.digest()), expected);
    const zero = message.every((byte) => byte === 0);
    check(`round ${round}, zero test of ${message.length} bytes`, `${kernel.isZero(message)}`, `${zero}`);
  }
}

/** Messages of one size in a batch: every size, counts up to more than a window takes. */
function checkBatches(kernel: Kernel, { blake3 }: Oracle, check: Check, { seed, rounds }: DifferentialOptions): void {
  const below = randomIntegers(seed + 3);
  for (let round = 0; round < Math.ceil(rounds / 50); round++) {
    const bytesEach = 64 << below(13);
    const count = below(Math.max(3, Math.min(600, 600_000 / bytesEach)));
    const messages = randomContent(below, count * bytesEach);
    const expected = Array.from({ length: count }, (_, i) =>
      toHex(blake3(messages.subarray(i * bytesEach, (i + 1) * bytesEach))),
    );
    const actual = digestsOf(kernel.hashMessages(messages, bytesEach));
    check(`round ${round}, ${count} messages of ${bytesEach} bytes`, actual.join(), expected.join());
  }
  for (let round = 0; round < rounds / 4; round++) {
    const a = randomContent(below, randomLength(below, round % 20 === 0 ? 300_000 : 3_000));
    const b = a.slice();
    const differ = below(2) === 1 && a.length > 0;
    if (differ) b[below(b.length)]! ^= 1 << below(8);
    check(`round ${round}, two arrays of ${a.length} bytes equal`, `${kernel.equal(a, b)}`, `${!differ}`);
  }
}
