// The repository against a model of plain contents (test/conformance/repository-model.ts), and the design's bugs planted
// one by one. More of it: npm run soak (docs/testing.md).

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { BUGS } from '../planted/bugs.ts';
import { findFailure, OPERATIONS, runSeed } from '../support/repository-memory.ts';

const SEEDS = 240;
/** Planted here when they must be seen within so many runs; the others by `npm run soak -- --planted`. */
const QUICK_SEEDS = 30;

test(`any ${OPERATIONS} operations, faults and crashes: ${SEEDS} runs`, { timeout: 240_000 }, async () => {
  const counts: Record<string, number> = {};
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      const run = await runSeed(seed);
      for (const [what, count] of Object.entries(run.counts)) counts[what] = (counts[what] ?? 0) + count;
    } catch (error) {
      const failure = await findFailure(seed);
      const ops = failure?.ops.map((op) => JSON.stringify(op)).join('\n');
      throw new Error(`seed ${seed}; again: npm run soak -- --seed ${seed}\n${ops}`, {
        cause: failure?.error ?? error,
      });
    }
  }
  // Every kind of operation did something, and often.
  for (const [what, atLeast] of Object.entries({
    backup: 1_000,
    prune: 500,
    restore: 100,
    createFrom: 80,
    crash: 500,
  })) {
    expect(counts[what], what).toBeGreaterThan(atLeast);
  }
});

test('planted bugs are seen within few runs', { timeout: 240_000 }, async () => {
  const quick = BUGS.filter((bug) => bug.seedsMax <= QUICK_SEEDS).map((bug) => bug.name);
  const script = new URL('../support/repository-soak.ts', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [script, '--planted', ...quick]);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; found: unknown });
  expect(lines.map((line) => line.name)).toEqual(quick);
  for (const { name, found } of lines) expect(found, name).not.toBeNull();
});
