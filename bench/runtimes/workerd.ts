// A workerd with one worker, made from a script in memory.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { COMPATIBILITY_DATE } from '../../cli/serve/runtime.ts';

/** Starts workerd. The worker may compile wasm at run time through its binding UNSAFE_EVAL. */
export async function startWorker(script: string): Promise<Miniflare> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      enableDevRegistry: false,
      cf: false,
      telemetry: { enabled: false },
      modules: [{ type: 'ESModule', path: 'index.mjs', contents: script }],
      modulesRoot: '/',
      compatibilityDate: COMPATIBILITY_DATE,
      compatibilityFlags: ['nodejs_compat'],
      unsafeEvalBinding: 'UNSAFE_EVAL',
    }),
  );
  await miniflare.ready;
  return miniflare;
}

/** Version of the workerd that this miniflare starts. */
export function workerdVersion(): string {
  const require = createRequire(import.meta.url);
  const manifest = createRequire(require.resolve('miniflare')).resolve('workerd/package.json');
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}
