// Compiles bench/assembly/limits.ts, whenever it is used: half a second, once a run.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';
import { BUILD_FOLDER, inRoot, ROOT } from '../../tools/paths.ts';

/** The module's bytes. */
export async function buildLimits(): Promise<Uint8Array> {
  const folder = join(BUILD_FOLDER, 'bench');
  mkdirSync(folder, { recursive: true });
  const outFile = join(folder, 'limits.wasm');
  const { error, stderr } = await asc.main([
    inRoot('bench', 'assembly', 'limits.ts'),
    ...['--baseDir', ROOT, '--outFile', outFile, '--runtime', 'stub', '--noAssert'],
    ...['--importMemory', '--enable', 'simd', '--optimizeLevel', '3'],
  ]);
  if (error) throw new Error(`bench/assembly/limits.ts does not compile:\n${stderr.toString()}`, { cause: error });
  return readFileSync(outFile);
}
