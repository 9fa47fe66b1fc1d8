// Bundles the worker for local runs, the way wrangler does for deployments: one ESM file, wasm files beside it as modules.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { ROOT } from './paths.ts';

/** What modules.json says: the launcher gives workerd exactly these modules. */
export interface BundleModules {
  readonly main: string;
  readonly wasm: readonly string[];
}

/**
 * Bundles `entry` into `folder`. Every file is put in place by a rename, the manifest last, and wasm files are named by
 * their content, so that a launcher which starts while another one builds never reads half a bundle.
 */
export async function bundleWorker(entry: string, folder: string): Promise<BundleModules> {
  mkdirSync(folder, { recursive: true });
  const wasm = new Map<string, Uint8Array>();
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: join(folder, 'index.js'),
    write: false,
    bundle: true,
    format: 'esm',
    target: 'es2024',
    platform: 'neutral',
    mainFields: ['browser', 'module', 'main'],
    conditions: ['workerd', 'worker', 'browser'],
    external: ['node:*', 'cloudflare:*'],
    loader: { '.html': 'text', '.txt': 'text', '.sql': 'text', '.bin': 'binary' },
    define: { 'process.env.NODE_ENV': '"production"' },
    // Beside the bundle: miniflare finds it there, and the bundle's size stays that of its code.
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [wasmAsModule(wasm)],
  });
  for (const [name, bytes] of wasm) replaceFile(join(folder, name), bytes);
  for (const file of result.outputFiles) replaceFile(file.path, file.contents);
  const modules: BundleModules = { main: 'index.js', wasm: [...wasm.keys()].sort() };
  replaceFile(join(folder, 'modules.json'), JSON.stringify(modules, null, 2));
  for (const name of readdirSync(folder)) if (name.endsWith('.wasm') && !wasm.has(name)) rmSync(join(folder, name));
  return modules;
}

/** Keeps `import module from './x.wasm'` an import: workers may not compile bytes at run time. */
function wasmAsModule(found: Map<string, Uint8Array>): Plugin {
  return {
    name: 'wasm-as-module',
    setup(esbuild) {
      esbuild.onResolve({ filter: /\.wasm(\?module)?$/ }, async (args) => {
        if (args.pluginData === 'resolved') return undefined;
        const resolved = await esbuild.resolve(args.path.replace(/\?module$/, ''), {
          kind: args.kind,
          resolveDir: args.resolveDir,
          pluginData: 'resolved',
        });
        if (resolved.errors.length > 0) return { errors: resolved.errors };
        const bytes = readFileSync(resolved.path);
        const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
        const name = `${basename(resolved.path, '.wasm')}-${hash}.wasm`;
        found.set(name, bytes);
        return { path: `./${name}`, external: true, watchFiles: [resolved.path] };
      });
    },
  };
}

function replaceFile(path: string, contents: string | Uint8Array): void {
  const unfinished = `${path}.${process.pid}.tmp`;
  writeFileSync(unfinished, contents);
  renameSync(unfinished, path);
}
