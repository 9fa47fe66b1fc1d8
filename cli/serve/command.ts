// `edge-evs serve`: start, print, wait for a signal, end.
import { once } from 'node:events';
import manifest from '../../package.json' with { type: 'json' };
import { ensureBuilt } from '../../tools/build.ts';
import { readAccounts } from './accounts.ts';
import { readyJson, readyText } from './print.ts';
import { type EdgeEvs, startEdgeEvs } from './start.ts';

export interface ServeFlags {
  readonly port: number;
  readonly state: string;
  readonly memory?: boolean;
  readonly reset?: boolean;
  readonly region: string;
  readonly zones?: readonly string[];
  readonly accounts?: string;
  readonly log?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Serves until a signal comes, or the process that started this one is gone. Resolves to the exit code. */
export async function serve(flags: ServeFlags): Promise<number> {
  // Listening from the first moment on, so that a start can be given up too.
  const ended = endOfService();
  // Whoever read the output may go, as in `serve | head`: no reason to end.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  let server: EdgeEvs;
  try {
    server = await startEdgeEvs({
      bundleFolder: await build(flags),
      port: flags.port,
      state: flags.memory ? undefined : flags.state,
      reset: flags.reset,
      region: flags.region,
      zones: flags.zones,
      accounts: flags.accounts === undefined ? undefined : readAccounts(flags.accounts),
      log: flags.log ? 'everything' : flags.quiet ? 'errors' : 'warnings',
      signal: ended,
    });
  } catch (error) {
    if (ended.aborted) return 0;
    throw error;
  }
  if (!ended.aborted) {
    announce(server, flags);
    await once(ended, 'abort');
  }
  await server.stop();
  if (!flags.quiet && !flags.json) console.log(`Stopped (${ended.reason}).`);
  // Whatever still holds the event loop is not ours to wait for: the state is given back.
  setTimeout(() => process.exit(), 200).unref();
  return 0;
}

/** Builds the bundle with the compilers' messages on stderr: stdout is for what the server says. */
async function build({ quiet }: ServeFlags): Promise<string> {
  const { log } = console;
  console.log = quiet ? () => {} : console.error;
  try {
    return (await ensureBuilt()).folder;
  } finally {
    console.log = log;
  }
}

function announce(server: EdgeEvs, flags: ServeFlags): void {
  const moment = { version: manifest.version, seconds: process.uptime(), memory: flags.memory === true };
  if (flags.json) console.log(readyJson(server, moment));
  else if (!flags.quiet) console.log(readyText(server, moment));
}

/** How often the launcher looks whether cli/edge-evs.mjs still runs. */
const PARENT_CHECK_MS = 500;

/** Aborts, with the reason, when the service should end. Later signals change nothing: the end is under way. */
function endOfService(): AbortSignal {
  const end = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end.abort(signal));
  // A parent killed with SIGKILL cannot pass it on; the system then gives this process another parent.
  const parent = Number(process.env.EDGE_EVS_PARENT);
  const check = () => process.ppid !== parent && end.abort('the command that started it was killed');
  if (parent) setInterval(check, PARENT_CHECK_MS).unref();
  return end.signal;
}
