// A workerd that outlived its launcher: it would keep the port, and write to the state folder beside a new one.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchError } from './errors.ts';
import {
  endProcess,
  environmentOf,
  findWorkerds,
  isRunning,
  isWorkerd,
  markOf,
  type ProcessMark,
} from './processes.ts';

/** Set in each workerd's environment to its state folder: how it is found when its pid was never written down. */
export const STATE_VARIABLE = 'EDGE_EVS_STATE_OF_WORKERD';

const fileOf = (folder: string): string => join(folder, 'pids.json');

/** The workerd of this process that serves a state folder. */
export function findOwnWorkerd(folder: string): ProcessMark | undefined {
  const own = findWorkerds(process.pid).filter((pid) => {
    const state = environmentOf(pid, STATE_VARIABLE);
    return state === undefined || state === folder;
  });
  // Without /proc, several servers in one process look alike; the youngest pid is the one that was just started.
  const youngest = own.at(-1);
  return youngest === undefined ? undefined : markOf(youngest);
}

/** Writes down who serves the folder, for the next start. */
export function recordPids(folder: string, workerd: ProcessMark | undefined): void {
  writeFileSync(fileOf(folder), `${JSON.stringify({ launcher: process.pid, workerd })}\n`);
}

/** Forgets the pids after an orderly end. */
export const forgetPids = (folder: string): void => rmSync(fileOf(folder), { force: true });

/** Ends every workerd that serves the folder. Call with the lock held: then any such process is an orphan. */
export async function endOrphans(folder: string): Promise<number[]> {
  const orphans = new Map<number, ProcessMark>();
  const recorded = readRecorded(folder);
  if (recorded && isWorkerd(recorded.pid) && isRunning(recorded)) orphans.set(recorded.pid, recorded);
  for (const pid of findWorkerds()) {
    const mark = environmentOf(pid, STATE_VARIABLE) === folder ? markOf(pid) : undefined;
    if (mark) orphans.set(pid, mark);
  }
  for (const orphan of orphans.values()) {
    if (!(await endProcess(orphan))) {
      throw new LaunchError(
        `a workerd (pid ${orphan.pid}) of an earlier start still uses ${folder} and cannot be ended. End it by hand.`,
      );
    }
  }
  forgetPids(folder);
  return [...orphans.keys()];
}

function readRecorded(folder: string): ProcessMark | undefined {
  try {
    const { workerd } = JSON.parse(readFileSync(fileOf(folder), 'utf8'));
    return Number.isInteger(workerd?.pid) && typeof workerd.started === 'string' ? workerd : undefined;
  } catch {
    return undefined;
  }
}
