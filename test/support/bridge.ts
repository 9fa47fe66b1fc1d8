// `edge-evs nbd` as a process of its own, for tests that kill it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { inRoot } from '../../tools/paths.ts';

export interface Bridge {
  /** The Unix socket that it listens on. */
  readonly path: string;
  readonly uri: string;
  /** Of the process that carries the bytes. */
  readonly pid: number;
  /** What it has said so far, in words. */
  readonly said: () => string;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM: it says goodbye. Resolves to the exit code. */
  stop(): Promise<number | null>;
}

const START_TIMEOUT_MS = 30_000;

/** Groups that may still hold processes when the test run ends. */
const groups = new Set<number>();
process.on('exit', () => {
  for (const group of groups) signal(group, 'SIGKILL');
});

/** Starts a bridge on the socket `path` for the user demo1. `args`: the id, and what else the command takes. */
export async function startBridge(url: string, path: string, ...args: string[]): Promise<Bridge> {
  const account = ['--url', url, '--user', 'demo1', '--password', 'secret', '--project', 'demo1'];
  const command = [inRoot('cli', 'edge-evs.mjs'), 'nbd', ...args, '--json', '--socket', path, ...account];
  // Its own group, so that a process between is killed with it.
  const child = spawn(process.execPath, command, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  groups.add(child.pid!);
  let said = '';
  const ready = Promise.withResolvers<{ uri: string; pid: number }>();
  const timer = setTimeout(() => ready.reject(new Error(`the bridge is not ready:\n${said}`)), START_TIMEOUT_MS);
  const hear = (chunk: Buffer) => {
    said += chunk;
    const line = /^\{.*\}$/m.exec(said)?.[0];
    if (line !== undefined) ready.resolve(JSON.parse(line));
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  child.on('close', (code) => ready.reject(new Error(`the bridge ended with ${code}:\n${said}`)));
  const end = async (name: NodeJS.Signals) => {
    signal(child.pid!, name);
    return (await exited)[0] as number | null;
  };
  try {
    return {
      path,
      ...(await ready.promise),
      said: () => said,
      kill: async () => void (await end('SIGKILL')),
      stop: () => end('SIGTERM'),
    };
  } catch (error) {
    await end('SIGKILL');
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function signal(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name);
  } catch {
    // Gone already.
  }
}
