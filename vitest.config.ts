// Tests by layer: `node tools/run.mjs vitest run --project engine`. Everything stays on this machine: workerd's
// requests to the outside are answered here, with an error.

import { availableParallelism } from 'node:os';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Also on two cores: much of the time is spent waiting for workerd.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    globalSetup: ['test/support/build-kernel.ts'],
    projects: [
      { test: { name: 'kernel', include: ['test/kernel/**/*.test.ts'], testTimeout: 20_000 } },
      { test: { name: 'engine', include: ['test/engine/**/*.test.ts'], testTimeout: 20_000 } },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './test/worker/wrangler.test.toml' },
            remoteBindings: false,
            miniflare: {
              outboundService: () => {
                throw new Error('tests make no outbound requests');
              },
            },
          }),
        ],
        test: { name: 'worker', include: ['test/worker/**/*.test.ts'], testTimeout: 20_000 },
      },
      {
        // Starts everything that the benchmarks start: never two files at once.
        test: { name: 'bench', include: ['test/bench/**/*.test.ts'], fileParallelism: false, testTimeout: 20_000 },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],

          // Each file starts servers of its own and measures time: never two at once.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
