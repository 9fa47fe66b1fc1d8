// The commands of `edge-evs` and their flags. Each command's code is loaded when it is used.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { isMain } from '../tools/paths.ts';
import { DEFAULT_NBD_PORT, DEFAULT_PORT, DEFAULT_REGION, DEFAULT_STATE_FOLDER } from './serve/defaults.ts';
import { LaunchError } from './serve/errors.ts';

const EXAMPLES = `
Examples:
  edge-evs serve                          serve on 127.0.0.1:${DEFAULT_PORT}, keep everything in ${DEFAULT_STATE_FOLDER}
  edge-evs serve --port 0 --memory        any free port, forget everything at the end
  edge-evs serve --reset                  start again with nothing
  edge-evs tour --url http://127.0.0.1:${DEFAULT_PORT}
  edge-evs nbd VOLUME-ID                  a disk as a block device on nbd://127.0.0.1:${DEFAULT_NBD_PORT}`;

/** Runs one command line and resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let code = 0;
  const program = new Command('edge-evs')
    .description('Virtual disks, snapshots and backups with real bytes, on one port of this machine.')
    .version(manifest.version)
    .exitOverride()
    .addHelpText('after', EXAMPLES);
  addServe(program, (result) => {
    code = result;
  });
  program
    .command('tour')
    .description('Show what a snapshot and a backup are for, on a real file system, against a running server.')
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .argument('[arguments...]', 'passed to the tour: --url URL, --help')
    .action(async (argumentsOfTour: string[]) => {
      const { tour } = await import('./tour.ts');
      code = await tour(argumentsOfTour);
    });
  addNbd(program, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    if (!(error instanceof LaunchError)) throw error;
    console.error(`edge-evs: ${error.message}`);
    return 1;
  }
  return code;
}

function addServe(program: Command, leave: (code: number) => void): void {
  program
    .command('serve')
    .description('Serve the API on 127.0.0.1 until Ctrl-C, and print how to reach it.')
    .option('--port <number>', 'port on 127.0.0.1; 0 takes any free one', parsePort, DEFAULT_PORT)
    .option('--state <folder>', 'where disks, backups and accounts are kept', DEFAULT_STATE_FOLDER)
    .addOption(
      new Option('--memory', 'keep nothing: state lives in a temporary folder, removed at the end').conflicts([
        'state',
        'reset',
      ]),
    )
    .option('--reset', 'delete the state first (refused while another server uses it)')
    .option('--region <name>', 'name of the region', DEFAULT_REGION)
    .option('--zones <names>', 'availability zones, separated by commas; the first is the default', parseZones)
    .option('--accounts <file>', 'JSON file with the domain, projects and users instead of the demo accounts')
    .option('--log', 'print every request and every line that the worker logs')
    .addOption(new Option('--quiet', 'print nothing but errors').conflicts('log'))
    .option('--json', 'print one line of JSON when ready instead of the text')
    .action(async (flags) => {
      const { serve } = await import('./serve/command.ts');
      leave(await serve(flags));
    });
}

const NBD_HELP = `
Who asks is taken from OS_AUTH_URL, OS_USERNAME, OS_PASSWORD and OS_PROJECT_NAME, as the server prints them.
The disk is in use while this command runs. A write is acknowledged when it is durable.

Examples:
  edge-evs nbd 0f3c…                      then: qemu-img info nbd://127.0.0.1:${DEFAULT_NBD_PORT}
  edge-evs nbd 0f3c… --socket /tmp/d.sock then: nbdcopy image.raw nbd+unix:///?socket=/tmp/d.sock
  edge-evs nbd --snapshot 77ab…           a snapshot, read only; --backup for a backup`;

function addNbd(program: Command, leave: (code: number) => void): void {
  program
    .command('nbd')
    .description('Make a disk, a snapshot or a backup a block device for NBD clients on this machine.')
    .argument('<id>', 'id of a volume')
    .option('--snapshot', 'the id is that of a snapshot: read only')
    .addOption(new Option('--backup', 'the id is that of a backup: read only').conflicts('snapshot'))
    .option('--read-only', 'refuse writes; others may write meanwhile')
    .option('--port <number>', 'TCP port on 127.0.0.1; 0 takes any free one', parsePort, DEFAULT_NBD_PORT)
    .addOption(new Option('--socket <path>', 'a Unix socket instead').conflicts('port'))
    .option('--url <url>', 'where the service is, instead of OS_AUTH_URL')
    .option('--user <name>', 'instead of OS_USERNAME')
    .option('--password <password>', 'instead of OS_PASSWORD')
    .option('--project <name>', 'instead of OS_PROJECT_NAME')
    .option('--json', 'print one line of JSON when ready instead of the text')
    .addHelpText('after', NBD_HELP)
    .action(async (id, flags) => {
      const { nbd } = await import('./nbd/command.ts');
      leave(await nbd(id, flags));
    });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}

function parseZones(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.some((name) => !/^[a-z0-9][a-z0-9-]{0,62}$/.test(name)) || new Set(names).size !== names.length) {
    throw new InvalidArgumentError('Zones are different names of a-z, 0-9 and "-", separated by commas.');
  }
  return names;
}

if (isMain(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
