// The launcher as a process of its own, for tests that kill it. Everything started here is killed with its group.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Accounts } from '../../cli/serve/accounts.ts';
import { isRunning, isWorkerd, markOf, type ProcessMark } from '../../cli/serve/processes.ts';
import { inRoot } from '../../tools/paths.ts';

/** The line that `edge-evs serve --json` prints when it is ready. */
export interface ReadyLine {
  readonly version: string;
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly workerdPid: number;
  readonly statePath: string;
  readonly cloudsYaml: string;
  readonly region: string;
  readonly zones: readonly string[];
  readonly accounts: Accounts;
  readonly orphans: readonly number[];
  readonly env: Readonly<Record<string, string>>;
}

export interface Served extends ReadyLine {
  /** SIGKILL to launcher and workerd at once, then waits until both are gone. */
  killGroup(): Promise<void>;
  /** SIGKILL to the launcher only; its workerd goes on. */
  killLauncher(): Promise<void>;
  /** Asks the launcher to end and resolves to its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Fails when workerd still runs after the time. */
  assertWorkerdGone(withinMs?: number): Promise<void>;
}

export interface Failed {
  readonly code: number | null;
  readonly stderr: string;
}

/** Time for a start, a build of the bundle included. */
const START_TIMEOUT_MS = 60_000;

/** Starts `edge-evs serve --json --port 0 …args` in its own process group and resolves when it answers. */
export async function serve(...args: string[]): Promise<Served> {
  const launcher = spawnServe(args);
  const started = await firstLine(launcher);
  if ('code' in started) throw new Error(`the server did not start (code ${started.code}):\n${started.stderr}`);
  // Marked while they surely are what their pids say.
  const [workerd, self] = [mark(started.workerdPid), mark(started.pid)];
  if (!isWorkerd(workerd.pid)) throw new Error(`pid ${workerd.pid} is no workerd`);
  const exited = once(launcher, 'exit');
  return {
    ...started,
    async killGroup() {
      kill(-launcher.pid!, 'SIGKILL');
      await gone(self, 5000);
      await gone(workerd, 5000);
    },
    async killLauncher() {
      kill(started.pid, 'SIGKILL');
      await gone(self, 5000);
    },
    async stop(signal = 'SIGTERM') {
      kill(launcher.pid!, signal);
      const [code] = await exited;
      return code;
    },
    assertWorkerdGone: (withinMs = 1000) => gone(workerd, withinMs),
  };
}

/** Starts a server that is expected to refuse, and resolves to what it says. */
export async function serveRefused(...args: string[]): Promise<Failed> {
  const launcher = spawnServe(args);
  const started = await firstLine(launcher);
  if ('code' in started) return started;
  kill(-launcher.pid!, 'SIGKILL');
  throw new Error(`the server started on ${started.url}, though it should have refused`);
}

/** A new empty folder, and the function that deletes it. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'edge-evs-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Resolves when the process is gone; fails when it still runs after the time. */
export async function gone(process: ProcessMark, withinMs: number): Promise<void> {
  const deadlineMs = Date.now() + withinMs;
  while (isRunning(process)) {
    if (Date.now() > deadlineMs) throw new Error(`process ${process.pid} still runs after ${withinMs} ms`);
    await sleep(20);
  }
}

/** The mark of a process that must be running. */
export function mark(pid: number): ProcessMark {
  const found = markOf(pid);
  if (found === undefined) throw new Error(`no process ${pid}`);
  return found;
}

/** Groups that may still hold processes when the test run ends. */
const groups = new Set<number>();
process.on('exit', () => {
  for (const group of groups) kill(-group, 'SIGKILL');
});

function spawnServe(args: readonly string[]): ChildProcess {
  // The last --port wins, so that a test can choose one.
  const command = [inRoot('cli', 'edge-evs.mjs'), 'serve', '--json', '--port', '0', ...args];
  const child = spawn(process.execPath, command, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  groups.add(child.pid!);
  return child;
}

/** The first line of JSON, or, when the process ends before it, how it ended. */
async function firstLine(child: ChildProcess): Promise<ReadyLine | Failed> {
  let stderr = '';
  let stdout = '';
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  return await new Promise((done, fail) => {
    const timer = setTimeout(() => {
      kill(-child.pid!, 'SIGKILL');
      fail(new Error(`no answer after ${START_TIMEOUT_MS} ms:\n${stdout}${stderr}`));
    }, START_TIMEOUT_MS);
    child.stdout?.on('data', (chunk) => {
      stdout += chunk;
      const line = /^\{.*\}$/m.exec(stdout)?.[0];
      if (line === undefined) return;
      clearTimeout(timer);
      done(JSON.parse(line));
    });
    // 'close', unlike 'exit', comes after the last output.
    child.on('close', (code) => {
      clearTimeout(timer);
      done({ code, stderr });
    });
  });
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}
