// What the launcher needs to know about other processes: /proc on Linux, `ps` elsewhere.
//
// A pid alone proves nothing, because the system uses it again; a pid with the time its process started does.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const HAS_PROC = process.platform === 'linux';

/** A process, recognisable after its pid was given to another one. */
export interface ProcessMark {
  readonly pid: number;
  /** When it started, in the system's own form. Compare for equality only. */
  readonly started: string;
}

interface Stat {
  readonly parent: number;
  readonly started: string;
  readonly command: string;
}

/** The mark of a running process; undefined when there is none (a zombie no longer runs). */
export function markOf(pid: number): ProcessMark | undefined {
  const stat = statOf(pid);
  return stat && { pid, started: stat.started };
}

/** True while the very process that was marked runs. */
export const isRunning = (mark: ProcessMark): boolean => statOf(mark.pid)?.started === mark.started;

/** True when the process is a workerd. */
export const isWorkerd = (pid: number): boolean => statOf(pid)?.command.startsWith('workerd') === true;

/** The pids of all workerd processes, of one parent or of any. */
export function findWorkerds(parent?: number): number[] {
  return allPids().filter((pid) => {
    const stat = statOf(pid);
    return stat?.command.startsWith('workerd') === true && (parent === undefined || stat.parent === parent);
  });
}

/** A variable of a process's environment at its start; undefined where the system does not tell. */
export function environmentOf(pid: number, variable: string): string | undefined {
  if (!HAS_PROC) return undefined;
  const prefix = `${variable}=`;
  const entries = readText(`/proc/${pid}/environ`)?.split('\0');
  return entries?.find((entry) => entry.startsWith(prefix))?.slice(prefix.length);
}

/** Kills a process and waits until it is gone. Resolves to false when it is still there after the time. */
export async function endProcess(mark: ProcessMark, timeoutMs = 5000): Promise<boolean> {
  const deadlineMs = Date.now() + timeoutMs;
  try {
    if (isRunning(mark)) process.kill(mark.pid, 'SIGKILL');
  } catch {
    // It went by itself, or is not ours to kill: the loop tells which.
  }
  while (isRunning(mark)) {
    if (Date.now() > deadlineMs) return false;
    await sleep(20);
  }
  return true;
}

function statOf(pid: number): Stat | undefined {
  return HAS_PROC ? statFromProc(pid) : statFromPs(pid);
}

/** proc(5): pid (command) state ppid … starttime is field 22. The command may itself contain ") ". */
function statFromProc(pid: number): Stat | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  if (/[ZX]/.test(fields[0] ?? '') && !hasThreads(pid)) return undefined;
  return {
    parent: Number(fields[1]),
    // Ticks since boot say nothing across boots, and a state folder outlives them.
    started: `${fields[19]}@${bootId()}`,
    command: text.slice(text.indexOf('(') + 1, close),
  };
}

/** A process whose main thread is dead still has its ports and files while another thread ends. */
function hasThreads(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).length > 1;
  } catch {
    return false;
  }
}

function statFromPs(pid: number): Stat | undefined {
  const line = ps('-o', 'ppid=,lstart=,stat=,comm=', '-p', String(pid)).trim();
  const match = /^(\d+)\s+(\w+ +\w+ +\d+ [\d:]+ \d+)\s+(\S+)\s+(.+)$/.exec(line);
  if (match === null || match[3]?.startsWith('Z')) return undefined;
  return { parent: Number(match[1]), started: match[2]!, command: basename(match[4]!) };
}

function allPids(): number[] {
  const names = HAS_PROC ? readdirSync('/proc') : ps('-axo', 'pid=').split('\n');
  return names.map((name) => Number(name.trim())).filter((pid) => pid > 0);
}

function ps(...args: string[]): string {
  try {
    return execFileSync('ps', args, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  } catch {
    return '';
  }
}

let bootIdText: string | undefined;
function bootId(): string {
  bootIdText ??= (readText('/proc/sys/kernel/random/boot_id') ?? 'unknown').trim();
  return bootIdText;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
