// Bundles an entry for a runtime that is no Node, in memory.
import { build } from 'esbuild';
import { ROOT } from '../../tools/paths.ts';

/** One ESM file. `workerd` may keep imports of node:*, a page has none. */
export async function bundleFor(runtime: 'workerd' | 'chromium', entry: string): Promise<string> {
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    write: false,
    bundle: true,
    format: 'esm',
    target: 'es2024',
    platform: 'neutral',
    mainFields: ['browser', 'module', 'main'],
    conditions: runtime === 'workerd' ? ['workerd', 'worker', 'browser'] : ['browser'],
    external: runtime === 'workerd' ? ['node:*', 'cloudflare:*'] : [],
    legalComments: 'none',
    // esbuild keeps `import.meta`; packages use it only to find a file that they are given here.
    logLevel: 'error',
  });
  return result.outputFiles[0]!.text;
}
