// The differential suite in Node; bench/ runs the same in workerd and in browsers.
import { readFileSync } from 'node:fs';
import { blake3 } from '@noble/hashes/blake3.js';
import { expect, test } from 'vitest';
import { KERNEL_BUILDS, kernelModule } from '../support/kernel.ts';
import { runDifferential } from './differential.ts';

const vectors = JSON.parse(readFileSync(new URL('vectors/blake3.json', import.meta.url), 'utf8'));

/** The oracles are slow. */
const TIMEOUT_MS = 60_000;

test.each(KERNEL_BUILDS)(
  'the kernel agrees with its oracles, %s build',
  (build) => {
    const options = { seed: 1, rounds: 600 };
    const report = runDifferential([{ name: build, module: kernelModule(build) }], { blake3, vectors }, options);
    expect(report.failures).toEqual([]);
    expect(report.checks).toBeGreaterThan(2_000);
  },
  TIMEOUT_MS,
);
