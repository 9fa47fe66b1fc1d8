// Builds the kernel: assembly/*.ts -> build/kernel.relaxed.wasm and build/kernel.simd.wasm, from one source.
// node tools/run.mjs tools/build-kernel.ts [--force]
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';
import { COMPRESS4_FILE, compress4Source } from './generate-compress4.ts';
import { BUILD_FOLDER, inRoot, isMain, ROOT } from './paths.ts';
import { sizeLines } from './sizes.ts';
import { isStale } from './stale.ts';

/** Targets of asconfig.json: with relaxed SIMD, and for hosts (Node 20, Safari) that lack it. */
export const KERNEL_BUILDS = ['relaxed', 'simd'] as const;
export type KernelBuild = (typeof KERNEL_BUILDS)[number];

/** Everything that decides the output. */
const INPUTS = ['assembly', 'asconfig.json', 'tools/build-kernel.ts'].map((path) => inRoot(path));

/** Path of a build's module. */
export function kernelFile(build: KernelBuild): string {
  return join(BUILD_FOLDER, `kernel.${build}.wasm`);
}

/** Compiles each build that is older than its sources, or always with `force`, and prints the sizes of what it made. */
export async function buildKernel({ force = false }: { force?: boolean } = {}): Promise<void> {
  const wanted = KERNEL_BUILDS.filter((build) => force || isStale(kernelFile(build), INPUTS));
  if (wanted.length === 0) return;
  if (readFileSync(COMPRESS4_FILE, 'utf8') !== compress4Source()) {
    throw new Error('assembly/compress4.ts is out of date: run node tools/run.mjs tools/generate-compress4.ts');
  }
  mkdirSync(BUILD_FOLDER, { recursive: true });
  for (const build of wanted) await compile(build);
  for (const line of sizeLines(wanted.map(kernelFile))) console.log(line);
}

async function compile(build: KernelBuild): Promise<void> {
  const { error, stderr } = await asc.main(['--config', inRoot('asconfig.json'), '--baseDir', ROOT, '--target', build]);
  if (error) throw new Error(`kernel.${build}.wasm does not compile:\n${stderr.toString()}`, { cause: error });
}

if (isMain(import.meta.url)) await buildKernel({ force: process.argv.includes('--force') });
