// One launcher per state folder: a file with the launcher's mark, valid for as long as that very process runs.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchError } from './errors.ts';
import { isRunning, markOf, type ProcessMark } from './processes.ts';

/** A second server inside one process has the same mark; only this set tells them apart. */
const heldHere = new Set<string>();

export interface Lock {
  release(): void;
}

/** Takes the lock of a state folder, or says who has it. */
export function takeLock(folder: string): Lock {
  const file = join(folder, 'lock');
  const mine = JSON.stringify(markOf(process.pid) ?? { pid: process.pid, started: '' });
  const unique = `${file}.${process.pid}`;
  writeFileSync(unique, mine);
  try {
    for (let attempt = 0; ; attempt++) {
      if (link(unique, file)) break;
      const holder = readHolder(file);
      if (attempt > 9 || (holder && (holder.pid === process.pid ? heldHere.has(file) : isRunning(holder)))) {
        throw inUse(folder, holder);
      }
      removeStale(file, holder);
    }
  } finally {
    rmSync(unique, { force: true });
  }
  heldHere.add(file);
  return {
    release() {
      heldHere.delete(file);
      if (readText(file) === mine) rmSync(file);
    },
  };
}

/** True when a launcher took the lock of this folder and ended without giving it back. */
export function isAbandoned(folder: string): boolean {
  const holder = readHolder(join(folder, 'lock'));
  return holder !== undefined && holder.pid !== process.pid && !isRunning(holder);
}

/** Creates the lock file whole or not at all: a link, unlike an open and a write, cannot be seen half done. */
function link(unique: string, file: string): boolean {
  try {
    linkSync(unique, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Moves a dead launcher's lock aside before deleting it: of two launchers that found it, the second one may by now be
 * moving the first one's new lock, which it sees and puts back.
 */
function removeStale(file: string, expected: ProcessMark | undefined): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const moved = readHolder(aside);
  if (moved && moved.started !== expected?.started && isRunning(moved)) link(aside, file);
  rmSync(aside, { force: true });
}

function readHolder(file: string): ProcessMark | undefined {
  try {
    const { pid, started } = JSON.parse(readFileSync(file, 'utf8'));
    return Number.isInteger(pid) && typeof started === 'string' ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

const inUse = (folder: string, holder: ProcessMark | undefined) =>
  new LaunchError(
    `another server (pid ${holder?.pid ?? 'unknown'}) is using the state folder ${folder}. ` +
      'Stop it, or start this one with another --state or with --memory.',
  );
