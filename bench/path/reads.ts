// Reads through the data API, every block checked against its digest, beside raw selects of the same bytes.

import { createHash } from 'node:crypto';
import { caseResult, timed } from '../statistics.ts';
import type { CaseResult } from '../types.ts';
import { BLOCK_BYTES, benchImage, incompressible, MIB, type Piece } from './content.ts';
import { type Contender, type PathContext, Samples, takeTurns } from './context.ts';
import type { RawDisk } from './raw.ts';
import {
  atRandom,
  inOrder,
  REQUEST_BYTES,
  type RequestSize,
  readAll,
  rowBytes,
  turnBytes,
  writeAll,
} from './transfers.ts';
import { Volume } from './volumes.ts';
import type { Target } from './wire.ts';

const SIZES: readonly RequestSize[] = ['1m', '64k', '4k'];
/** Where the ext4 image lies, behind the incompressible part. */
const IMAGE_OFFSET = 1024 * MIB;

/** A disk and a raw object with the same bytes. */
interface Pair {
  readonly volume: Volume;
  readonly disk: RawDisk;
  /** Incompressible, from the beginning. */
  readonly spanBytes: number;
  /** Offsets of the MiBs of the image that hold data. */
  readonly imageOffsets: readonly number[];
}

/** `sequential-read`: requests of one size one after the other, and one stream of all. */
export async function sequentialReads(context: PathContext): Promise<CaseResult> {
  return await withPair(context, async (pair) => {
    const { tiny } = context;
    const offsets = (size: RequestSize) => inOrder(0, REQUEST_BYTES[size], requests(size, tiny));
    const image = pair.imageOffsets.slice(0, requests('1m', tiny));
    const streamBytes = turnBytes('1m', tiny);
    const contenders = [
      ...SIZES.flatMap((size) =>
        both(pair, size, size, `${size}, incompressible`, turnBytes(size, tiny), (target) =>
          readAll(target, offsets(size), REQUEST_BYTES[size]),
        ),
      ),
      ...both(pair, '1m-4', '1m', '1m, incompressible, 4 at a time', streamBytes, (target) =>
        readAll(target, offsets('1m'), MIB, 4),
      ),
      ...both(pair, '1m-ext4', '1m', '1m, image', image.length * MIB, (target) => readAll(target, image, MIB)),
      ...both(pair, 'stream', '1m', 'one request, incompressible', streamBytes, (target) =>
        readAll(target, [0], streamBytes),
      ),
    ];
    const http = SIZES.map(
      (size): Contender => ({
        id: `http-${size}`,
        title: `the same requests, answered from memory, ${size}`,
        work: { amount: turnBytes(size, tiny), of: 'bytes' },
        turn: () => readAll(pair.disk.nothing(), offsets(size), REQUEST_BYTES[size]),
      }),
    );
    return await measured(context, 'sequential-read', 'Sequential reads through the data API', [
      ...contenders,
      ...http,
    ]);
  });
}

/** `random-read`: at the same places on both sides. */
export async function randomReads(context: PathContext): Promise<CaseResult> {
  return await withPair(context, async (pair) => {
    const contenders = SIZES.flatMap((size) =>
      both(pair, size, size, `${size}, incompressible`, turnBytes(size, context.tiny), (target, round) => {
        const length = REQUEST_BYTES[size];
        return readAll(target, atRandom(pair.spanBytes, length, requests(size, context.tiny), round), length);
      }),
    );
    return await measured(context, 'random-read', 'Random reads through the data API', contenders);
  });
}

async function measured(
  context: PathContext,
  id: string,
  title: string,
  contenders: readonly Contender[],
): Promise<CaseResult> {
  const samples = new Samples();
  await takeTurns(context, contenders, samples);
  return caseResult(
    { id, suite: 'path', runtime: 'service', title: `${title} against raw selects` },
    contenders.map((contender) => timed(contender.id, contender.title, samples.of(contender.id), contender.work)),
  );
}

/** The same reads on either side. */
function both(
  { volume, disk }: Pair,
  suffix: string,
  size: RequestSize,
  title: string,
  bytes: number,
  read: (target: Target, round: number) => Promise<number>,
): [Contender, Contender] {
  const work = { amount: bytes, of: 'bytes' };
  const rows = disk.rows(rowBytes(size));
  return [
    { id: `api-${suffix}`, title: `data API, ${title}`, work, turn: (round) => read(volume.target, round) },
    { id: `raw-${suffix}`, title: `raw selects, ${title}`, work, turn: (round) => read(rows, round) },
  ];
}

async function withPair<T>(context: PathContext, use: (pair: Pair) => Promise<T>): Promise<T> {
  const { service, raw, tiny } = context;
  const spanBytes = (tiny ? 2 : 128) * MIB;
  const volume = await Volume.create(service);
  const disk = raw.create();
  const bytes = incompressible().bytes(spanBytes);
  const random = inOrder(0, Math.min(16 * MIB, spanBytes), Math.ceil(spanBytes / (16 * MIB))).map(
    (offset): Piece => ({ offset, bytes: bytes.subarray(offset, offset + 16 * MIB) }),
  );
  const image = (await benchImage(context))
    .pieces(MIB)
    .map((piece) => ({ ...piece, offset: IMAGE_OFFSET + piece.offset }));
  await writeAll(volume.target, [...random, ...image]);
  await writeAll(disk.rows(BLOCK_BYTES), [...random, ...image]);
  await writeAll(disk.rows(rowBytes('4k')), random);
  await volume.settled();
  await expectSame(spanBytes, volume.target, disk.rows(BLOCK_BYTES), disk.rows(rowBytes('4k')));
  const result = await use({ volume, disk, spanBytes, imageOffsets: image.map(({ offset }) => offset) });
  await volume.delete();
  await disk.delete();
  return result;
}

/** Contenders that do not give the same bytes are not worth timing. */
async function expectSame(length: number, ...targets: Target[]): Promise<void> {
  const digests = new Set<string>();
  for (const target of targets) {
    const hash = createHash('sha256');
    await target.read(0, length, (chunk) => hash.update(chunk));
    digests.add(hash.digest('hex'));
  }
  if (digests.size > 1) throw new Error('service and raw peers hold different bytes');
}

const requests = (size: RequestSize, tiny: boolean): number => turnBytes(size, tiny) / REQUEST_BYTES[size];
