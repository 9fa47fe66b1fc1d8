// Programs that the machine may have or not: real clients for tests that are skipped without them.

import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Where Debian keeps what only administrators are thought to need. */
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;

/** Whether all of them are installed. */
export function hasPrograms(...names: readonly string[]): boolean {
  return names.every((name) => PATH.split(':').some((folder) => isExecutable(join(folder, name))));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs a program to its end. Rejects with all that it said when it fails. */
export function run(name: string, ...args: readonly string[]): Promise<string> {
  const child = spawn(name, args, { env: { ...process.env, PATH }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => {
      if (code === 0) done(said);
      else fail(new Error(`${name} ${args.join(' ')} ended with ${code}:\n${said}`));
    });
  });
}
