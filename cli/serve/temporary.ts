// Throw-away state: a folder in the system's temporary one.
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAbandoned } from './lock.ts';
import { endOrphans } from './orphan.ts';

const PREFIX = 'edge-evs-memory-';

/** Makes a new folder, after removing those (and their workerds) whose launchers were killed: nobody else ever would. */
export async function makeTemporaryFolder(): Promise<string> {
  const parent = realpathSync(tmpdir());
  for (const name of readdirSync(parent)) {
    const folder = join(parent, name);
    if (!name.startsWith(PREFIX) || !isAbandoned(folder)) continue;
    await endOrphans(folder);
    rmSync(folder, { recursive: true, force: true });
  }
  return mkdtempSync(join(parent, PREFIX));
}
