// Backups of an ext4 image: the first one beside raw R2 puts of the same bytes, one after a change of 1 %, and what a guest
// notices of them.

import { randomBytes } from 'node:crypto';
import type { MeterCounts } from '../../engine/cost.ts';
import { caseResult, counted, timed } from '../statistics.ts';
import type { CaseResult } from '../types.ts';
import { BLOCK_BYTES, benchImage, type ImagePieces, incompressible, KIB, MIB, type Piece } from './content.ts';
import { millisecondsOf, type PathContext, Samples, takeTurns } from './context.ts';
import { atRandom, writeAll } from './transfers.ts';
import { type Spent, Volume } from './volumes.ts';

/** Objects of the raw puts: larger than the service's packs, so that the peer makes fewer requests. */
const OBJECT_BYTES = 8 * MIB;
const CHANGED_PART = 0.01;

/** `backup-first`: all blocks of an image that are not zeros, from the disk into the bucket. */
export async function firstBackups(context: PathContext): Promise<CaseResult> {
  const { raw, progress } = context;
  const image = await benchImage(context);
  const samples = new Samples();
  const bytes = image.pieces(BLOCK_BYTES).length * BLOCK_BYTES;
  const work = { amount: bytes, of: 'bytes' };
  const serviceTurn = async (round: number): Promise<number> => {
    const volume = await imageDisk(context, image);
    const { ms, cost } = await volume.spent(() => volume.backup());
    progress(
      `  ${cost.obsClassA} puts, ${(cost.obsBytesIn / MIB).toFixed(1)} of ${(bytes / MIB).toFixed(1)} MiB stored`,
    );
    if (round > 0) count(samples, 'service', cost);
    await volume.delete();
    return ms;
  };
  const rawTurn = async (round: number): Promise<number> => {
    const disk = raw.create();
    await writeAll(disk.rows(BLOCK_BYTES), stamped(image.runs(MIB)), 4);
    let done = { puts: 0, bytes: 0 };
    const ms = await millisecondsOf(async () => {
      done = await disk.putAll(BLOCK_BYTES, OBJECT_BYTES);
    });
    if (done.bytes !== bytes) throw new Error(`${done.bytes} of ${bytes} bytes were put`);
    if (round > 0) {
      samples.add('r2-puts-raw', done.puts);
      samples.add('r2-bytes-raw', done.bytes);
    }
    await disk.delete();
    return ms;
  };
  const contenders = [
    { id: 'service-ext4', title: `first backup, ${image.kind} image`, work, turn: serviceTurn },
    { id: 'raw-ext4', title: 'raw R2 puts of 8 MiB, 4 in flight', work, turn: rawTurn },
  ];
  await takeTurns(context, contenders, samples);
  return caseResult(
    {
      id: 'backup-first',
      suite: 'path',
      runtime: 'service',
      title: 'First backup against raw R2 puts of the same bytes',
    },
    [
      ...contenders.map(({ id, title }) => timed(id, title, samples.of(id), work)),
      counted('r2-puts-ext4', 'puts and lists of the backup', 'requests', samples.of('service-a')),
      counted('r2-puts-raw', 'raw puts', 'requests', samples.of('r2-puts-raw')),
      counted('r2-gets-ext4', 'gets and heads of the backup', 'requests', samples.of('service-b')),
      counted('r2-bytes-ext4', 'bytes that the backup stored', 'bytes', samples.of('service-bytes')),
      counted('r2-bytes-raw', 'bytes that the raw puts stored', 'bytes', samples.of('r2-bytes-raw')),
      counted('rows-ext4', 'rows written by disk and vault', 'rows', samples.of('service-rows')),
      counted('object-requests-ext4', 'object requests', 'requests', samples.of('service-objects')),
    ],
  );
}

/** `backup-incremental`: 1 % of the image's blocks are new, spread evenly, against the first backup of the same disk. */
export async function incrementalBackups(context: PathContext): Promise<CaseResult> {
  const { rounds, tiny, progress } = context;
  const image = await benchImage(context);
  const samples = new Samples();
  for (let round = tiny ? 1 : 0; round <= rounds; round++) {
    const volume = await imageDisk(context, image);
    const first = await volume.spent(() => volume.backup());
    const changedBytes = await changePart(volume, image);
    const second = await volume.spent(() => volume.backup());
    await volume.delete();
    progress(`round ${round} of ${rounds}  first ${wordsOf(first)}; incremental ${wordsOf(second)}`);
    if (round === 0) continue;
    samples.add('ms-first', first.ms);
    samples.add('ms-incremental', second.ms);
    samples.add('bytes-first', first.cost.obsBytesIn);
    // What changed is incompressible, so that its own bytes are known.
    samples.add('bytes-beyond-changed', second.cost.obsBytesIn - changedBytes);
    count(samples, 'incremental', second.cost);
  }
  return caseResult(
    { id: 'backup-incremental', suite: 'path', runtime: 'service', title: 'Incremental backup after 1 % changed' },
    [
      timed('ms-incremental', 'incremental backup', samples.of('ms-incremental')),
      timed('ms-first', 'first backup', samples.of('ms-first')),
      counted(
        'bytes-beyond-changed',
        "bytes beyond the changed blocks' own",
        'bytes',
        samples.of('bytes-beyond-changed'),
      ),
      counted('bytes-first', 'bytes of the first backup', 'bytes', samples.of('bytes-first')),
      counted('r2-operations', 'puts and lists', 'requests', samples.of('incremental-a')),
      counted('r2-gets', 'gets and heads', 'requests', samples.of('incremental-b')),
      counted('rows-incremental', 'rows written by disk and vault', 'rows', samples.of('incremental-rows')),
      counted('object-requests', 'object requests', 'requests', samples.of('incremental-objects')),
    ],
  );
}

/** `read-during-backup`: 4 KiB reads at random, one after the other, of a disk that is idle and then backed up. */
export async function readsDuringBackup(context: PathContext): Promise<CaseResult> {
  const { service, rounds, tiny, progress } = context;
  const content = incompressible();
  const sizeBytes = (tiny ? 2 : 256) * MIB;
  const samples = new Samples();
  for (let round = 1; round <= rounds; round++) {
    const volume = await Volume.create(service);
    await volume.fill(content, sizeBytes);
    await volume.settled();
    const offsets = atRandom(sizeBytes, 4 * KIB, tiny ? 20 : 1000, round);
    const idle = await latencies(volume, offsets, () => false);
    let isDone = false;
    const backup = volume.backup().finally(() => {
      isDone = true;
    });
    const during = await latencies(volume, atRandom(sizeBytes, 4 * KIB, 100_000, round), () => isDone);
    await backup;
    await volume.delete();
    for (const [name, all] of [
      ['idle', idle],
      ['during', during],
    ] as const) {
      samples.add(`p99-${name}`, part(all, 0.99));
      samples.add(`p50-${name}`, part(all, 0.5));
    }
    progress(
      `round ${round} of ${rounds}  p99 ${part(idle, 0.99).toFixed(1)} ms idle, ${part(during, 0.99).toFixed(1)} ms during (${during.length} reads)`,
    );
  }
  return caseResult(
    { id: 'read-during-backup', suite: 'path', runtime: 'service', title: 'A 4 KiB read while a backup runs' },
    ['p99-during', 'p99-idle', 'p50-during', 'p50-idle'].map((id) => timed(id, id.replace('-', ', '), samples.of(id))),
  );
}

async function latencies(volume: Volume, offsets: readonly number[], isOver: () => boolean): Promise<number[]> {
  const all: number[] = [];
  for (const offset of offsets) {
    all.push(await millisecondsOf(() => volume.target.read(offset, 4 * KIB)));
    if (isOver()) break;
  }
  return all;
}

/** The value below which that part of the samples lies. */
function part(samples: readonly number[], below: number): number {
  return [...samples].sort((a, b) => a - b)[Math.ceil(samples.length * below) - 1]!;
}

async function imageDisk({ service }: PathContext, image: ImagePieces): Promise<Volume> {
  const volume = await Volume.create(service);
  await writeAll(volume.target, stamped(image.runs(MIB)), 4);
  await volume.settled();
  return volume;
}

/**
 * The blocks with a few bytes of chance at their ends, the same in all of them: the vault holds earlier rounds' blocks,
 * and would not take them again. Blocks that were equal stay so.
 */
function stamped(pieces: readonly Piece[]): Piece[] {
  const stamp = randomBytes(8);
  return pieces.map(({ offset, bytes }) => {
    const copy = bytes.slice();
    for (let end = BLOCK_BYTES; end <= copy.length; end += BLOCK_BYTES) copy.set(stamp, end - stamp.length);
    return { offset, bytes: copy };
  });
}

/** Overwrites 1 % of the image's blocks with incompressible ones; resolves to their bytes. */
async function changePart(volume: Volume, image: ImagePieces): Promise<number> {
  const content = incompressible();
  const all = image.pieces(BLOCK_BYTES);
  const count = Math.max(1, Math.round(all.length * CHANGED_PART));
  const pieces = Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!).map(
    ({ offset }) => ({
      offset,
      bytes: content.bytes(BLOCK_BYTES),
    }),
  );
  await writeAll(volume.target, pieces);
  await volume.settled();
  return count * BLOCK_BYTES;
}

function count(samples: Samples, name: string, cost: MeterCounts): void {
  samples.add(`${name}-a`, cost.obsClassA);
  samples.add(`${name}-b`, cost.obsClassB);
  samples.add(`${name}-bytes`, cost.obsBytesIn);
  samples.add(`${name}-rows`, cost.rowsWritten);
  samples.add(`${name}-objects`, cost.objectRequests);
}

function wordsOf({ ms, cost }: Spent): string {
  return `${ms.toFixed(0)} ms, ${(cost.obsBytesIn / MIB).toFixed(2)} MiB in ${cost.obsClassA} puts`;
}
