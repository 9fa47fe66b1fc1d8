// npm run soak [-- --seeds N] [--from N]: the repository's model over many seeds; prints the first that fails, and the
// shortest operations that still fail. --seed N: that one again. --planted [NAME]: the design's bugs, until each is seen.

import { parseArgs } from 'node:util';
import { findFailure, OPERATIONS, runSeed } from './repository-memory.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    operations: { type: 'string', default: String(OPERATIONS) },
    planted: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const HELP = `npm run soak [-- options]: the repository's model over many seeds
  --seeds N           how many (1000), from --from N (1)
  --seed N            that one again, with --operations N of them (${OPERATIONS})
  --planted [NAME]    plants bugs, one or all, until each is seen`;

if (values.help) console.log(HELP);
else if (values.planted) {
  const { runPlanted } = await import('../planted/run.ts');
  await runPlanted(positionals);
} else {
  const from = Number(values.seed ?? values.from);
  await soak(from, values.seed === undefined ? from + Number(values.seeds) : from + 1, Number(values.operations));
}

/** Runs the seeds `from`, …, `until` - 1. */
async function soak(from: number, until: number, operations: number): Promise<void> {
  const counts: Record<string, number> = {};
  const startMs = Date.now();
  for (let seed = from; seed < until; seed++) {
    try {
      const run = await runSeed(seed, operations);
      for (const [what, count] of Object.entries(run.counts)) counts[what] = (counts[what] ?? 0) + count;
    } catch (first) {
      const failure = await findFailure(seed, operations);
      console.error(`seed ${seed} failed; again: npm run soak -- --seed ${seed} --operations ${operations}`);
      console.error(failure?.error ?? first);
      for (const op of failure?.ops ?? []) console.error(`  ${JSON.stringify(op)}`);
      process.exitCode = 1;
      return;
    }
  }
  console.log(JSON.stringify(counts));
  console.log(`${until - from} seeds, ${((Date.now() - startMs) / 1_000).toFixed(1)} s`);
}
