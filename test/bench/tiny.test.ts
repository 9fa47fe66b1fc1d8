// Every case runs once, in every runtime, with tiny data: whether it still works, not how fast it is.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { kernelSuite } from '../../bench/kernel/suite.ts';
import { missingPrograms } from '../../bench/nbd/programs.ts';
import { nbdSuite } from '../../bench/nbd/suite.ts';
import { pathSuite } from '../../bench/path/suite.ts';
import { repositorySuite } from '../../bench/repository/suite.ts';
import { findChromium } from '../../bench/runtimes/chromium.ts';
import { TARGETS } from '../../bench/targets.ts';
import type { MeasureRef, ResultFile, Suite } from '../../bench/types.ts';
import { runTool } from '../../tools/stages.ts';

const TIMEOUT_MS = 180_000;
/** Lines for a person who waits. */
const PROGRESS = /^(kernel|path|repository|nbd|bench): /;
const folder = mkdtempSync(join(tmpdir(), 'edge-evs-bench-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hasChromium = findChromium() !== undefined || process.env.CI !== undefined;
if (!hasChromium) console.warn('No Chromium in PATH or CHROMIUM: its cases were left out. CI requires one.');

// CI has the programs; elsewhere they may be missing.
const hasPrograms = process.env.CI !== undefined || missingPrograms().length === 0;
if (!hasPrograms) console.warn(`Not installed: ${missingPrograms().join(', ')}. The cases of NBD were left out.`);

test.each<Suite>([kernelSuite, pathSuite, repositorySuite, ...(hasPrograms ? [nbdSuite] : [])])(
  'every case of the $name suite',
  async (suite) => {
    const file = join(folder, `${suite.name}.json`);
    expect(await runTool(join('bench', 'main.ts'), [suite.name, '--tiny', '--json', file], PROGRESS)).toBe(0);
    const { cases, rounds }: ResultFile = JSON.parse(readFileSync(file, 'utf8'));
    expect(rounds).toBe(1);
    expect([...new Set(cases.map(({ id }) => id))]).toEqual(suite.cases.map(({ id }) => id));
    for (const { id, measures } of cases) {
      for (const { id: measure, samples } of measures) {
        expect(samples.every(Number.isFinite), `${id} ${measure}`).toBe(true);
      }
    }
    const has = (ref: MeasureRef) =>
      cases.some(
        ({ id, runtime, measures }) =>
          id === ref.case && runtime === ref.runtime && measures.some((measure) => measure.id === ref.measure),
      );
    const refs = TARGETS.filter((target) => target.suite === suite.name).flatMap(({ of, against }) =>
      against === undefined ? [of] : [of, against],
    );
    // A peer that is not installed; CI has them all.
    const missing = process.env.CI === undefined ? cases.flatMap((result) => result.missing.map(({ id }) => id)) : [];
    const measured = refs.filter(
      ({ runtime, measure }) =>
        (hasChromium || runtime !== 'chromium') && !missing.some((id) => measure.endsWith(`-${id}`)),
    );
    expect(measured.filter((ref) => !has(ref))).toEqual([]);
  },
  TIMEOUT_MS,
);
