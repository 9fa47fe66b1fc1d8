// The state folder: who may use it, which format it has, and what lies where in it.
//
//   lock         the launcher that uses it           format.json  version of this layout
//   pids.json    its workerd                         secret       signs tokens; readable by its owner only
//   clouds.yaml  for OpenStack clients               data/        Durable Objects and object storage
//   tmp/         emptied at each start
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchError } from './errors.ts';
import { takeLock } from './lock.ts';
import { endOrphans } from './orphan.ts';
import { makeTemporaryFolder } from './temporary.ts';

/** Version of the layout above. The objects inside data/ have versions of their own. */
const STATE_FORMAT = 1;

export interface StateFolder {
  /** Absolute, without links: the same folder always has the same path. */
  readonly path: string;
  readonly dataPath: string;
  readonly temporaryPath: string;
  /** Pids of the workerds of dead launchers that were ended to get at the folder. */
  readonly orphans: readonly number[];
  /** Gives the folder back, or deletes it if it was a temporary one. */
  release(): void;
}

export interface StateChoice {
  /** Absent: a temporary folder that `release` deletes. */
  readonly folder?: string;
  /** Delete what is in it first. */
  readonly reset?: boolean;
}

/** Opens or creates a state folder, alone: locked, and with no workerd left from before. */
export async function openState({ folder, reset = false }: StateChoice): Promise<StateFolder> {
  const path = realpathSync(folder === undefined ? await makeTemporaryFolder() : make(folder));
  // Before the lock, because taking it writes a file into somebody's folder.
  checkFormat(path, reset);
  const lock = takeLock(path);
  try {
    const orphans = await endOrphans(path);
    if (reset) {
      // Not the format: a folder that a crash left half empty must still be known as ours.
      const kept = ['lock', 'format.json'];
      for (const name of readdirSync(path)) if (!kept.includes(name)) rmSync(join(path, name), { recursive: true });
    }
    writeFileSync(join(path, 'format.json'), `${JSON.stringify({ edgeEvsState: STATE_FORMAT })}\n`);
    const [dataPath, temporaryPath] = [join(path, 'data'), join(path, 'tmp')];
    rmSync(temporaryPath, { recursive: true, force: true });
    for (const folder of [dataPath, temporaryPath]) mkdirSync(folder, { recursive: true });
    return {
      path,
      dataPath,
      temporaryPath,
      orphans,
      release() {
        lock.release();
        if (folder === undefined) rmSync(path, { recursive: true, force: true });
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The key that signs tokens: made once for a state folder, by chance, so that no two installations share one. */
export function readOrMakeSecret(statePath: string): string {
  const file = join(statePath, 'secret');
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' });
  return readFileSync(file, 'utf8').trim();
}

function make(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  } catch (error) {
    throw new LaunchError(`cannot create the state folder ${folder}: ${(error as Error).message}`);
  }
}

/** A newer format is refused, and so is a folder of something else: `--reset` must never empty somebody's home. */
function checkFormat(path: string, reset: boolean): void {
  const names = readdirSync(path).filter((name) => !name.startsWith('lock'));
  if (names.length === 0) return;
  const version = readVersion(join(path, 'format.json'));
  if (version === undefined) {
    throw new LaunchError(`${path} is not empty and not a state folder of edge-evs. Choose another --state.`);
  }
  if (version > STATE_FORMAT && !reset) {
    throw new LaunchError(
      `the state folder ${path} has format ${version}; this edge-evs reads up to ${STATE_FORMAT}. ` +
        'Use the newer edge-evs, choose another --state, or delete what is in it with --reset.',
    );
  }
}

function readVersion(file: string): number | undefined {
  try {
    const { edgeEvsState } = JSON.parse(readFileSync(file, 'utf8'));
    return Number.isInteger(edgeEvsState) ? edgeEvsState : undefined;
  } catch {
    return undefined;
  }
}
