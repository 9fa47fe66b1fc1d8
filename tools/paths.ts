// Where things are in the repository, so that no tool depends on the folder it was started from.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Everything built; never committed. */
export const BUILD_FOLDER = join(ROOT, 'build');

/** The worker's bundle: one module, the wasm files it imports, and modules.json. */
export const WORKER_BUNDLE_FOLDER = join(BUILD_FOLDER, 'worker');

/** Resolves a path that is relative to the repository's root. */
export const inRoot = (...parts: string[]): string => join(ROOT, ...parts);

/** True in the file that was started, false in one that was imported (import.meta.main needs Node 24). */
export const isMain = (moduleUrl: string): boolean => process.argv[1] === fileURLToPath(moduleUrl);
