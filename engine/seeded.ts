// Choosing by chance that can be repeated: for faults of simulations, which a seed describes.

/** Up to `count` of the items, each once. */
export function sample<T>(items: readonly T[], count: number, random: () => number): T[] {
  const pool = [...items];
  const picked: T[] = [];
  while (picked.length < count && pool.length > 0) picked.push(pool.splice(random() % pool.length, 1)[0]!);
  return picked;
}

/** A small generator of non-negative 31-bit integers (mulberry32): the same seed chooses the same things. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 1) & 0x7fffffff;
  };
}
