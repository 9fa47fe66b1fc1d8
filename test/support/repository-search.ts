// Runs of the repository's model by seed, and the shortest list of operations that still fails.

import type { Op } from '../conformance/repository-ops.ts';

/** Removes what is not needed for `fails`, larger pieces first. At most `runsMax` runs. */
export async function shrink(ops: readonly Op[], fails: (ops: readonly Op[]) => Promise<boolean>, runsMax = 400) {
  let best = ops;
  let runs = 0;
  for (let size = Math.ceil(best.length / 2); size >= 1 && runs < runsMax; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.length && runs < runsMax; ) {
      const shorter = [...best.slice(0, at), ...best.slice(at + size)];
      runs++;
      if (await fails(shorter)) best = shorter;
      else at += size;
    }
  }
  return best;
}
