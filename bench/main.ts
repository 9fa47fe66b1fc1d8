// npm run bench: runs suites, writes their results, prints what was promised beside what was measured.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Argument, Command, CommanderError, InvalidArgumentError } from 'commander';
import { inRoot, isMain } from '../tools/paths.ts';
import { outcomeLines } from './report/console.ts';
import { findChromium } from './runtimes/chromium.ts';
import { thisMachine, workingCopy } from './surroundings.ts';
import type { ResultFile, RuntimeName, Suite, SuiteName } from './types.ts';

const RUNTIMES: readonly RuntimeName[] = ['node', 'workerd', 'chromium'];

interface Flags {
  readonly runtime?: RuntimeName[];
  readonly case?: string;
  readonly rounds?: number;
  readonly tiny?: boolean;
  readonly json?: string;
  readonly save?: boolean;
}

const SUITES: Readonly<Record<SuiteName, () => Promise<Suite>>> = {
  kernel: async () => (await import('./kernel/suite.ts')).kernelSuite,
  path: async () => (await import('./path/suite.ts')).pathSuite,
  repository: async () => (await import('./repository/suite.ts')).repositorySuite,
  nbd: async () => (await import('./nbd/suite.ts')).nbdSuite,
};

const EXAMPLES = `
Examples:
  npm run bench                                   everything, minutes
  npm run bench -- kernel                         the kernel's cases in fewer rounds, a minute and a half
  npm run bench -- kernel --case hash --runtime node
  npm run bench -- --save                         everything, into bench/results/; then: npm run bench -- report
  npm run bench -- --tiny                         does every case still run?`;

/** What a person can put right. */
class UsageError extends Error {}

/** Runs one command line and resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = new Command('bench')
    .description('Times the kernel and the service beside their peers, in turn, in one run.')
    .exitOverride()
    .addArgument(new Argument('[suite]', 'all of them without it').choices(Object.keys(SUITES)))
    .option('--runtime <names>', `of the kernel's cases: ${RUNTIMES.join(', ')} (separated by commas)`, parseRuntimes)
    .option('--case <text>', 'only cases whose id contains this')
    .option('--rounds <number>', 'samples of each measure; one suite alone takes fewer than a whole run', parseRounds)
    .option('--tiny', 'each case once with tiny data: times mean nothing')
    .option('--json <file>', 'where to write the result; two suites write an array')
    .option('--save', 'write bench/results/, which the report is made of')
    .addHelpText('after', EXAMPLES)
    .action((suite: SuiteName | undefined, flags: Flags) => bench(suite, flags));
  program
    .command('report')
    .description('make docs/benchmarks.md and docs/plots/ of bench/results/ and bench/notes.md')
    .action(async () => (await import('./report/write.ts')).writeReport());
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    if (!(error instanceof UsageError)) throw error;
    console.error(`bench: ${error.message}`);
    return 1;
  }
  return 0;
}

async function bench(name: SuiteName | undefined, flags: Flags): Promise<void> {
  if (flags.save && (flags.case !== undefined || flags.tiny || flags.runtime !== undefined)) {
    throw new UsageError('--save takes complete runs only');
  }
  const results: ResultFile[] = [];
  for (const suite of name === undefined ? (Object.keys(SUITES) as SuiteName[]) : [name]) {
    const loaded = await SUITES[suite]();
    if (!loaded.cases.some(({ id }) => id.includes(flags.case ?? ''))) continue;
    const result = await runSuite(loaded, flags, name === undefined || flags.save === true);
    // The suite has said what it lacks; earlier results are not overwritten by nothing.
    if (result.cases.length === 0) continue;
    results.push(result);
    if (flags.save) write(inRoot('bench', 'results', `${suite}.json`), result);
  }
  if (results.length === 0) throw new UsageError(`no case has "${flags.case}" in its id`);
  if (flags.json !== undefined) write(resolve(flags.json), results.length === 1 ? results[0] : results);
  const cases = results.flatMap((result) => result.cases);
  if (flags.tiny) console.log(`${cases.length} results; tiny runs measure nothing`);
  else console.log(`\n${outcomeLines(cases).join('\n')}`);
}

async function runSuite(suite: Suite, flags: Flags, whole: boolean): Promise<ResultFile> {
  const started = new Date();
  const machine = thisMachine();
  const tiny = flags.tiny ?? false;
  const rounds = tiny ? 1 : (flags.rounds ?? suite.rounds[whole ? 'full' : 'quick']);
  const { cases, versions } = await suite.run({
    rounds,
    tiny,
    runtimes: flags.runtime ?? availableRuntimes(),
    ...(flags.case !== undefined && { caseFilter: flags.case }),
    progress: (line) => console.error(`${suite.name}: ${line}`),
  });
  return {
    format: 1,
    suite: suite.name,
    startedAt: started.toISOString(),
    seconds: Math.round((Date.now() - started.getTime()) / 1000),
    command: commandOf(suite.name, flags),
    rounds,
    tiny,
    machine,
    versions: { node: process.versions.node, ...versions },
    ...workingCopy(),
    cases,
  };
}

/** The command line without what says only where the result goes. */
function commandOf(suite: SuiteName, flags: Flags): string {
  const words = ['npm run bench --', suite];
  if (flags.runtime !== undefined) words.push('--runtime', flags.runtime.join(','));
  if (flags.case !== undefined) words.push('--case', flags.case);
  if (flags.rounds !== undefined) words.push('--rounds', String(flags.rounds));
  if (flags.tiny) words.push('--tiny');
  return words.join(' ');
}

/** All of them; a person without a Chromium is told, CI must have one. */
function availableRuntimes(): readonly RuntimeName[] {
  if (findChromium() !== undefined || process.env.CI) return RUNTIMES;
  console.error('bench: no Chromium in PATH or CHROMIUM, its cases are left out');
  return RUNTIMES.filter((name) => name !== 'chromium');
}

function write(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(value, shortNumber, 1)}\n`);
  console.error(`bench: wrote ${path}`);
}

/** Seven digits: more than any clock here can tell. */
function shortNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value;
}

function parseRuntimes(text: string): RuntimeName[] {
  const names = text.split(',') as RuntimeName[];
  const unknown = names.find((name) => !RUNTIMES.includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no runtime "${unknown}".`);
  return names;
}

function parseRounds(text: string): number {
  const rounds = Number(text);
  if (!Number.isInteger(rounds) || rounds < 1) throw new InvalidArgumentError('Rounds are a number from 1 on.');
  return rounds;
}

if (isMain(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
