// Differential checks of the digest set: against a Set of strings.
import { DigestSet } from '../../engine/kernel.ts';
import { DIGEST_BYTES } from '../../engine/types.ts';
import { concat, digestsOf, randomBytes, randomIntegers } from './bytes.ts';

/** Compares two texts; `what` names the input. */
export type Check = (what: string, actual: string, expected: string) => void;

const POOL_DIGESTS = 20_000;

/** Batches of random sizes from a pool with repeats, lookups between them, now and then a clear. */
export function checkSets(
  module: WebAssembly.Module,
  check: Check,
  { seed, rounds }: { readonly seed: number; readonly rounds: number },
): void {
  const below = randomIntegers(seed + 1);
  const set = new DigestSet(module);
  const model = new Set<string>();
  const pool = randomBytes(POOL_DIGESTS * DIGEST_BYTES, seed);
  // A tenth of the pool begins alike, and so wants the same slot.
  for (let i = 0; i < POOL_DIGESTS; i += 10) pool.fill(0xa5, i * DIGEST_BYTES, i * DIGEST_BYTES + 4 + (i % 16));
  for (let round = 0; round < Math.ceil(rounds / 20); round++) {
    const digests = pick(pool, below(round % 10 === 0 ? 9_000 : 300), below);
    const names = digestsOf(digests);
    const what = `round ${round}, ${names.length} digests, set of ${model.size}`;
    const knownFlags = names.map((name) => Number(model.has(name))).join('');
    check(`${what}: has`, set.has(digests).join(''), knownFlags);
    const expected = classes(names, model);
    check(`${what}: classify`, set.classify(digests, { insert: false }).join(''), expected);
    check(
      `${what}: classify leaves no trace`,
      `${set.size} ${set.has(digests).join('')}`,
      `${model.size} ${knownFlags}`,
    );
    if (below(3) === 0) {
      check(`${what}: classify and insert`, set.classify(digests, { insert: true }).join(''), expected);
      for (const name of names) model.add(name);
    }
    const flags = names.map((name) => {
      const isNew = !model.has(name);
      model.add(name);
      return Number(isNew);
    });
    check(`${what}: add`, set.add(digests).join(''), flags.join(''));
    check(`${what}: size`, `${set.size}`, `${model.size}`);
    if (below(25) === 0) {
      set.clear();
      model.clear();
    }
  }
}

/** 0 known, 1 new, 2 repeated, from where each name comes first. */
function classes(names: readonly string[], known: ReadonlySet<string>): string {
  const first = new Map<string, number>();
  names.forEach((name, i) => {
    if (!first.has(name)) first.set(name, i);
  });
  return names.map((name, i) => (known.has(name) ? 0 : first.get(name) === i ? 1 : 2)).join('');
}

function pick(pool: Uint8Array, count: number, below: (bound: number) => number): Uint8Array {
  return concat(
    Array.from({ length: count }, () => {
      const at = below(POOL_DIGESTS) * DIGEST_BYTES;
      return pool.subarray(at, at + DIGEST_BYTES);
    }),
  );
}
