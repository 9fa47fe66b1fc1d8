// `edge-evs tour`: the main job on real input, and the proof of the table "backup and snapshot compared".

import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { type Options, run } from './tour/run.ts';

const DEFAULT_URL = 'http://127.0.0.1:8787';
const DEFAULT_SIZE_MIB = 64;
const SIZE_MIB = { min: 32, max: 8192 };

const HELP = `
It makes a real ext4 image with real files in it, puts it on a disk over HTTP, takes snapshots and backups, damages the
disk, deletes it, takes a zone down, and compares every byte each time. What it made it removes again. It needs a server
that is a simulation ("edge-evs serve" is one), and moves the clock of its project three days on.

Examples:
  npm start                                          in one terminal, and in another:
  npm run tour                                       against ${DEFAULT_URL}
  npm run tour -- --url http://127.0.0.1:4711 --size 256
  npm run --silent tour -- --json | jq .measured     numbers for programs`;

/** Runs the tour; resolves to the exit code: 0 when every comparison held. */
export async function tour(argv: string[]): Promise<number> {
  const program = new Command('edge-evs tour')
    .description('Show what a snapshot and a backup are for, on a real file system, against a running server.')
    .option('--url <url>', 'where the server is', parseUrl, DEFAULT_URL)
    .option('--user <name>', 'who logs in', 'demo1')
    .option('--password <password>', 'and how', 'secret')
    .option('--project <name>', 'project to work in (default: the user name)')
    .option('--size <mebibytes>', 'size of the image', parseSize, DEFAULT_SIZE_MIB)
    .option('--json', 'print one JSON document instead of text', false)
    .option('--keep', 'leave disks and backups where they are', false)
    .addHelpText('after', HELP)
    .exitOverride();
  try {
    program.parse(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    throw error;
  }
  const flags = program.opts();
  const options: Options = {
    url: flags.url,
    user: flags.user,
    password: flags.password,
    project: flags.project ?? flags.user,
    sizeMib: flags.size,
    json: flags.json,
    keep: flags.keep,
  };
  return (await run(options)) ? 0 : 1;
}

function parseUrl(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new InvalidArgumentError(`Write it as ${DEFAULT_URL}.`);
  return url.origin;
}

function parseSize(text: string): number {
  const mib = Number(text);
  if (!Number.isInteger(mib) || mib < SIZE_MIB.min || mib > SIZE_MIB.max) {
    throw new InvalidArgumentError(`A whole number of MiB from ${SIZE_MIB.min} to ${SIZE_MIB.max}.`);
  }
  return mib;
}
