// Writes through the data API beside raw inserts of the same bytes, each acknowledged only when it is durable.

import { caseResult, counted, timed } from '../statistics.ts';
import type { CaseResult } from '../types.ts';
import { benchImage, type Content, incompressible, MIB, type Piece } from './content.ts';
import { type Contender, millisecondsOf, type PathContext, Samples, takeTurns } from './context.ts';
import { atRandom, inOrder, REQUEST_BYTES, type RequestSize, rowBytes, turnBytes, writeAll } from './transfers.ts';
import { costBetween, Volume } from './volumes.ts';

const SIZES: readonly RequestSize[] = ['1m', '64k', '4k'];
/** Where the write lies that loads an object before its turn is timed: outside of what is measured. */
const WARM_UP_OFFSET = 4096 * MIB;

/** A sort of write: what is sent, in what pieces, how many at a time. */
interface Kind {
  readonly suffix: string;
  readonly title: string;
  readonly size: RequestSize;
  readonly atATime: number;
  /** What one turn writes: the same for both sides, and new in every round where it is random. */
  pieces(round: number): readonly Piece[];
}

/** `sequential-write`: onto a new disk and into a new object each turn, so that no round finds what another one left. */
export async function sequentialWrites(context: PathContext): Promise<CaseResult> {
  const kinds = await sequentialKinds(context);
  const samples = new Samples();
  const http = kinds.filter(({ suffix }) => suffix.endsWith('-random')).map((kind) => httpTurn(context, kind));
  const contenders = kinds.flatMap((kind) => [serviceTurn(context, kind, samples), rawTurn(context, kind)]);
  await takeTurns(context, [...contenders, ...http], samples);
  const measures = kinds.flatMap((kind) => {
    const work = workOf(kind);
    return [
      timed(`api-${kind.suffix}`, `data API, ${kind.title}`, samples.of(`api-${kind.suffix}`), work),
      timed(`raw-${kind.suffix}`, `raw inserts, ${kind.title}`, samples.of(`raw-${kind.suffix}`), work),
      timed(
        `api-folded-${kind.suffix}`,
        `data API until folded too, ${kind.title}`,
        samples.of(`api-folded-${kind.suffix}`),
        work,
      ),
      counted(`rows-${kind.suffix}`, `rows written, ${kind.title}`, 'rows', samples.of(`rows-${kind.suffix}`)),
    ];
  });
  measures.push(...http.map(({ id, title, work }) => timed(id, title, samples.of(id), work)));
  const title = 'Sequential writes through the data API against raw inserts';
  return caseResult({ id: 'sequential-write', suite: 'path', runtime: 'service', title }, measures);
}

async function sequentialKinds(context: PathContext): Promise<Kind[]> {
  const { tiny } = context;
  const content = incompressible();
  const random = (size: RequestSize, atATime = 1): Kind => ({
    suffix: `${size}-random${atATime === 1 ? '' : `-${atATime}`}`,
    title: `${size}, incompressible${atATime === 1 ? '' : `, ${atATime} at a time`}`,
    size,
    atATime,
    pieces: () => randomPieces(content, inOrder(0, REQUEST_BYTES[size], requests(size, tiny)), REQUEST_BYTES[size]),
  });
  const image = await benchImage(context);
  const ext4 = (size: RequestSize): Kind => {
    const pieces = image.pieces(REQUEST_BYTES[size]).slice(0, requests(size, tiny));
    const title = `${size}, ${image.kind} image, without its pieces of zeros`;
    return { suffix: `${size}-ext4`, title, size, atATime: 1, pieces: () => pieces };
  };
  const all = image.all(MIB);
  const whole: Kind = {
    suffix: '1m-ext4-whole',
    title: `1m, ${image.kind} image as it is`,
    size: '1m',
    atATime: 1,
    pieces: () => all,
  };
  return [...SIZES.flatMap((size) => [random(size), ext4(size)]), whole, random('1m', 4)];
}

function serviceTurn({ service }: PathContext, kind: Kind, samples: Samples): Contender {
  return {
    id: `api-${kind.suffix}`,
    title: kind.title,
    work: workOf(kind),
    async turn(round) {
      const volume = await Volume.create(service);
      const pieces = kind.pieces(round);
      await volume.target.write(WARM_UP_OFFSET, new Uint8Array(4096).fill(1));
      const { cost: before } = await volume.status();
      const ms = await writeAll(volume.target, pieces, kind.atATime);
      // Before the peer's turn, or the peer would share the machine with it; and a cost of the write, so it is told.
      const foldMs = await millisecondsOf(() => volume.fold());
      const { rowsWritten } = costBetween(before, (await volume.status()).cost);
      if (round > 0) {
        samples.add(`api-folded-${kind.suffix}`, ms + foldMs);
        samples.add(`rows-${kind.suffix}`, rowsWritten);
      }
      await volume.delete();
      return ms;
    },
  };
}

function rawTurn({ raw }: PathContext, kind: Kind): Contender {
  return {
    id: `raw-${kind.suffix}`,
    title: kind.title,
    work: workOf(kind),
    async turn(round) {
      const disk = raw.create();
      const rows = disk.rows(rowBytes(kind.size));
      const pieces = kind.pieces(round);
      await rows.write(WARM_UP_OFFSET, new Uint8Array(rowBytes(kind.size)).fill(1));
      const ms = await writeAll(rows, pieces, kind.atATime);
      await disk.delete();
      return ms;
    },
  };
}

/** The same requests, their bodies read and dropped: what neither side can do without. */
function httpTurn({ raw }: PathContext, kind: Kind): Contender {
  const nothing = raw.create().nothing();
  return {
    id: `http-${kind.size}`,
    title: `the same requests, bodies dropped, ${kind.size}`,
    work: workOf(kind),
    turn: (round) => writeAll(nothing, kind.pieces(round), kind.atATime),
  };
}

/** `random-write`: over data that is there already, at the same places on both sides. */
export async function randomWrites(context: PathContext): Promise<CaseResult> {
  const { service, raw, tiny } = context;
  const content = incompressible();
  const spanBytes = (tiny ? 1 : 128) * MIB;
  const volume = await Volume.create(service);
  const disk = raw.create();
  await volume.fill(content, spanBytes);
  await volume.fold();
  for (const size of SIZES) await disk.rows(rowBytes(size)).write(0, content.bytes(spanBytes));
  const pieces = (size: RequestSize, round: number) => {
    const length = REQUEST_BYTES[size];
    return randomPieces(content, atRandom(spanBytes, length, requests(size, tiny), round), length);
  };
  const contenders = SIZES.flatMap((size): Contender[] => {
    const common = { title: `${size}, incompressible`, work: { amount: turnBytes(size, tiny), of: 'bytes' } };
    return [
      {
        ...common,
        id: `api-${size}`,
        async turn(round) {
          const ms = await writeAll(volume.target, pieces(size, round));
          await volume.fold();
          return ms;
        },
      },
      { ...common, id: `raw-${size}`, turn: (round) => writeAll(disk.rows(rowBytes(size)), pieces(size, round)) },
    ];
  });
  const samples = new Samples();
  await takeTurns(context, contenders, samples);
  await volume.delete();
  await disk.delete();
  const title = 'Random writes through the data API against raw replacements';
  return caseResult(
    { id: 'random-write', suite: 'path', runtime: 'service', title },
    contenders.map(({ id, title, work }) => timed(id, `${id.slice(0, 3)}, ${title}`, samples.of(id), work)),
  );
}

const requests = (size: RequestSize, tiny: boolean): number => turnBytes(size, tiny) / REQUEST_BYTES[size];

function workOf(kind: Kind) {
  return { amount: kind.pieces(0).reduce((sum, { bytes }) => sum + bytes.length, 0), of: 'bytes' };
}

function randomPieces(content: Content, offsets: readonly number[], length: number): Piece[] {
  return offsets.map((offset) => ({ offset, bytes: content.bytes(length) }));
}
