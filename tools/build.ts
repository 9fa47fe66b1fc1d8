// npm run build [-- --force]: the kernel, if its sources changed, then the worker's bundle.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BUILD_FOLDER, inRoot, isMain, WORKER_BUNDLE_FOLDER } from './paths.ts';
import { sizeLines } from './sizes.ts';
import { isStale } from './stale.ts';

const KERNEL_FILES = ['relaxed', 'simd'].map((name) => join(BUILD_FOLDER, `kernel.${name}.wasm`));

/** Whatever can change the kernel. */
const KERNEL_INPUTS = ['assembly', 'asconfig.json', 'tools/build-kernel.ts'].map((path) => inRoot(path));

/** Whatever can change the bundle. */
const BUNDLE_INPUTS = ['worker', 'engine', 'package.json', 'package-lock.json', 'tools/bundle.ts'].map((path) =>
  inRoot(path),
);

export interface BuildResult {
  /** Folder with modules.json, index.js and the wasm files. */
  readonly folder: string;
  /** False when everything was newer than its sources. */
  readonly built: boolean;
}

/**
 * Builds what is missing or older than its sources; the launcher calls this at each start. The compilers are loaded only
 * when needed: half a second that a start without changes does not spend.
 */
export async function ensureBuilt({ force = false }: { force?: boolean } = {}): Promise<BuildResult> {
  if (force || KERNEL_FILES.some((file) => isStale(file, KERNEL_INPUTS))) {
    const { buildKernel } = await import('./build-kernel.ts');
    await buildKernel({ force });
  }
  const manifest = join(WORKER_BUNDLE_FOLDER, 'modules.json');
  const built = force || isStale(manifest, [...BUNDLE_INPUTS, ...KERNEL_FILES]);
  if (built) {
    const { bundleWorker } = await import('./bundle.ts');
    await bundleWorker(inRoot('worker', 'index.ts'), WORKER_BUNDLE_FOLDER);
  }
  return { folder: WORKER_BUNDLE_FOLDER, built };
}

/** Paths of the bundle's files, the module first. */
export function bundleFiles(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => /\.(js|wasm)$/.test(name));
  return names.sort().map((name) => join(folder, name));
}

if (isMain(import.meta.url)) {
  const { values } = parseArgs({ options: { force: { type: 'boolean', default: false } } });
  const startedMs = performance.now();
  const { folder, built } = await ensureBuilt(values);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(2);
  console.log(built ? `built in ${seconds} s` : `up to date (${seconds} s); --force builds anyway`);
  console.log(sizeLines(bundleFiles(folder)).join('\n'));
}
