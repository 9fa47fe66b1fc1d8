// What drives the servers: fio for requests of 4 KiB, nbdcopy for whole disks.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { millisecondsOf } from '../path/context.ts';

const run = promisify(execFile);

/** A random job; it ends after `seconds` or after `requests`. */
export interface RandomJob {
  readonly kind: 'randread' | 'randwrite';
  readonly depth: number;
  readonly spanBytes: number;
  /** Of where it reads and writes. */
  readonly seed: number;
  readonly seconds?: number;
  readonly requests?: number;
}

export const REQUEST_BYTES = 4_096;

/** Milliseconds for a request, 4 KiB each. Every write has bytes of its own. */
export async function fioMs(target: readonly string[], job: RandomJob): Promise<number> {
  const { stdout } = await run('fio', [
    ...['--name=bench', `--rw=${job.kind}`, `--bs=${REQUEST_BYTES}`, `--iodepth=${job.depth}`],
    ...[`--size=${job.spanBytes}`, `--randseed=${job.seed}`, '--norandommap', '--refill_buffers'],
    ...(job.seconds === undefined ? [] : ['--time_based', `--runtime=${job.seconds}`]),
    ...(job.requests === undefined ? [] : [`--number_ios=${job.requests}`]),
    ...['--output-format=json', ...target],
  ]);
  const [{ read, write }] = JSON.parse(stdout.slice(stdout.indexOf('{'))).jobs;
  return 1_000 / (job.kind === 'randread' ? read : write).iops;
}

/** What fio works on: an export, or a file of which each write is made durable before the next. */
export const onExport = (uri: string): readonly string[] => ['--ioengine=nbd', `--uri=${uri}`];
export const onDurableFile = (path: string): readonly string[] => [
  '--ioengine=psync',
  `--filename=${path}`,
  '--fdatasync=1',
];

/** Milliseconds to copy a file onto an export, with a flush at the end. */
export function copyTo(uri: string, file: string): Promise<number> {
  return millisecondsOf(() => run('nbdcopy', ['--flush', file, uri]));
}

/** Milliseconds to read all of an export's content; holes are skipped. */
export function copyFrom(uri: string): Promise<number> {
  return millisecondsOf(() => run('nbdcopy', [uri, 'null:']));
}

/** Milliseconds to copy a file to another one and make it durable. */
export function copyDurably(file: string, to: string): Promise<number> {
  return millisecondsOf(() => run('dd', [`if=${file}`, `of=${to}`, 'bs=1M', 'conv=fdatasync', 'status=none']));
}

/** Whatever else was written goes to the disk before a turn, not during it. */
export async function settleDisk(): Promise<void> {
  await run('sync');
}
