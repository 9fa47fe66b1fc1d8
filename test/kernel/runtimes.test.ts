// The differential suite in the other runtimes that load the kernel: workerd, and a Chromium when there is one.
import { readFileSync } from 'node:fs';
import type { Miniflare } from 'miniflare';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleFor } from '../../bench/runtimes/bundle.ts';
import { findChromium, openPage, type ServedPage } from '../../bench/runtimes/chromium.ts';
import { startWorker } from '../../bench/runtimes/workerd.ts';
import { KERNEL_BUILDS, kernelFile } from '../../tools/build-kernel.ts';
import { inRoot } from '../../tools/paths.ts';
import type { DifferentialReport } from './differential.ts';

const ENTRY = inRoot('test', 'kernel', 'runtimes-entry.ts');
/** Other inputs than in Node. */
const OPTIONS = { seed: 2, rounds: 400 };
const TIMEOUT_MS = 60_000;

function expectAgreement({ failures, checks }: DifferentialReport): void {
  expect(failures).toEqual([]);
  expect(checks).toBeGreaterThan(1_500);
}

describe('the kernel in workerd', () => {
  let miniflare: Miniflare;

  beforeAll(async () => {
    miniflare = await startWorker(await bundleFor('workerd', ENTRY));
  }, TIMEOUT_MS);
  afterAll(() => miniflare?.dispose());

  test.each(KERNEL_BUILDS)(
    'agrees with its oracles, %s build',
    async (build) => {
      const url = `http://test/?build=${build}&seed=${OPTIONS.seed}&rounds=${OPTIONS.rounds}`;
      const response = await miniflare.dispatchFetch(url, { method: 'POST', body: readFileSync(kernelFile(build)) });
      expectAgreement((await response.json()) as DifferentialReport);
    },
    TIMEOUT_MS,
  );
});

const missing = findChromium() === undefined;
if (missing && !process.env.CI) {
  console.warn('No Chromium in PATH or CHROMIUM: the kernel was not tested in a browser. CI requires one.');
}

describe.skipIf(missing && !process.env.CI)('the kernel in Chromium', () => {
  let served: ServedPage;

  beforeAll(async () => {
    const files = Object.fromEntries(KERNEL_BUILDS.map((build) => [build, readFileSync(kernelFile(build))]));
    served = await openPage(await bundleFor('chromium', ENTRY), files);
  }, TIMEOUT_MS);
  afterAll(() => served?.close());

  test.each(KERNEL_BUILDS)(
    'agrees with its oracles, %s build',
    async (build) => {
      const run = ([name, options]: [string, typeof OPTIONS]) => globalThis.runBuild(name, options);
      expectAgreement(await served.page.evaluate(run, [build, OPTIONS] as [string, typeof OPTIONS]));
    },
    TIMEOUT_MS,
  );
});
