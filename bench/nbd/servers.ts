// NBD servers: the bridge to a disk of the service, and qemu-nbd on a qcow2 file. Both listen on Unix sockets.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inRoot } from '../../tools/paths.ts';
import { DEMO_ACCOUNT } from '../path/service.ts';

const START_MS = 30_000;

/** None outlives a run that fails or is interrupted. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface NbdServer {
  /** For clients. */
  readonly uri: string;
  stop(): Promise<void>;
}

/** The command as people run it, on a disk. */
export async function startBridge(serviceUrl: string, volumeId: string, folder: string): Promise<NbdServer> {
  const socket = join(folder, `${volumeId}.sock`);
  const { user, password, project } = DEMO_ACCOUNT;
  const account = ['--url', serviceUrl, '--user', user, '--password', password, '--project', project];
  const command = [inRoot('cli', 'edge-evs.mjs'), 'nbd', volumeId, '--socket', socket, ...account];
  return await start(process.execPath, command, socket);
}

/** `cache`: writeback keeps what is not flushed in memory, writethrough has every write on the disk before it answers. */
export async function startQemu(
  folder: string,
  name: string,
  cache: 'writeback' | 'writethrough',
  sizeBytes: number,
): Promise<NbdServer> {
  const file = join(folder, `${name}.qcow2`);
  const socket = join(folder, `${name}.sock`);
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', file, String(sizeBytes)]);
  return await start('qemu-nbd', ['-f', 'qcow2', '-k', socket, '-t', '-e', '8', `--cache=${cache}`, file], socket);
}

async function start(program: string, args: readonly string[], socket: string): Promise<NbdServer> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  running.add(child);
  const exited = once(child, 'exit').finally(() => running.delete(child));
  for (const untilMs = performance.now() + START_MS; !existsSync(socket); await sleep(20)) {
    if (child.exitCode !== null || performance.now() > untilMs) {
      child.kill();
      throw new Error(`${program} did not start`);
    }
  }
  return { uri: `nbd+unix:///?socket=${socket}`, stop: () => end(child, exited) };
}

async function end(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM');
  await exited;
}
