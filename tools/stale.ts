// "Is anything newer than what was built?" by modification times: cheap enough to ask at every start.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Newest modification time in milliseconds of a file or of all files below a folder; 0 when it does not exist. */
export function newestMs(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  // A folder's own time counts: it is what a deleted file leaves behind.
  let newest = stat.mtimeMs;
  for (const entry of readdirSync(path)) newest = Math.max(newest, newestMs(join(path, entry)));
  return newest;
}

/** True when the output is absent, or older than one of its inputs. */
export function isStale(output: string, inputs: readonly string[]): boolean {
  const builtMs = statSync(output, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return builtMs === 0 || inputs.some((input) => newestMs(input) > builtMs);
}
