// What transfers cost in processor time of workerd: it hardly depends on what else the machine does, so it tells the
// service's own share also where times do not.

import { readFileSync } from 'node:fs';
import { caseResult, timed } from '../statistics.ts';
import type { CaseResult } from '../types.ts';
import { benchImage, incompressible, MIB, type Piece } from './content.ts';
import { type Contender, type PathContext, Samples, takeTurns } from './context.ts';
import { inOrder, readAll, rowBytes, turnBytes, writeAll } from './transfers.ts';
import { Volume } from './volumes.ts';
import type { Target } from './wire.ts';

/** Linux counts in hundredths of a second, whatever its own clock does. */
const TICK_MS = 10;

/** `transfer-cpu`: requests of 1 MiB, one after the other, onto a new disk and into a new object, and back. */
export async function transferCpu(context: PathContext): Promise<CaseResult> {
  const { service, raw, tiny } = context;
  const samples = new Samples();
  const image = (await benchImage(context)).pieces(MIB).slice(0, turnBytes('1m', tiny) / MIB);
  const content = incompressible();
  const random = (): Piece[] =>
    inOrder(0, MIB, turnBytes('1m', tiny) / MIB).map((offset) => ({ offset, bytes: content.bytes(MIB) }));
  /** Writes to a target that is new, then reads; the write is the turn's own time, the read a measure beside it. */
  const turn = async (suffix: string, pid: number, target: Target, pieces: Piece[], round: number) => {
    await target.write(4096 * MIB, new Uint8Array(rowBytes('64k')).fill(1));
    const writeMs = await processorMs(pid, () => writeAll(target, pieces));
    const offsets = pieces.map(({ offset }) => offset);
    const readMs = await processorMs(pid, () => readAll(target, offsets, MIB));
    if (round > 0) samples.add(suffix.replace('write', 'read'), readMs);
    return writeMs;
  };
  const contenders = [
    { name: 'random', pieces: random },
    { name: 'ext4', pieces: () => image },
  ].flatMap(({ name, pieces }): Contender[] => {
    const common = { title: name, work: { amount: turnBytes('1m', tiny), of: 'bytes' } };
    return [
      {
        ...common,
        id: `api-write-${name}`,
        async turn(round) {
          const volume = await Volume.create(service);
          const ms = await turn(`api-write-${name}`, service.workerdPid, volume.target, pieces(), round);
          await volume.delete();
          return ms;
        },
      },
      {
        ...common,
        id: `raw-write-${name}`,
        async turn(round) {
          const disk = raw.create();
          const ms = await turn(`raw-write-${name}`, raw.workerdPid, disk.rows(rowBytes('1m')), pieces(), round);
          await disk.delete();
          return ms;
        },
      },
      {
        ...common,
        id: `http-write-${name}`,
        turn: (round) => turn(`http-write-${name}`, raw.workerdPid, raw.create().nothing(), pieces(), round),
      },
    ];
  });
  await takeTurns(context, contenders, samples);
  return caseResult(
    { id: 'transfer-cpu', suite: 'path', runtime: 'service', title: 'Processor time of workerd for 1 MiB requests' },
    contenders.flatMap(({ id, work }) =>
      [id, id.replace('write', 'read')].map((name) => timed(name, name.replaceAll('-', ' '), samples.of(name), work)),
    ),
  );
}

/** Milliseconds of processor time that a process takes while `run` runs. At least one tick, the resolution. */
async function processorMs(pid: number, run: () => Promise<unknown>): Promise<number> {
  const before = processorMsOf(pid);
  await run();
  return Math.max(TICK_MS, processorMsOf(pid) - before);
}

/** Milliseconds of processor time that a process has taken so far. */
export function processorMsOf(pid: number): number {
  // proc(5): fields 14 and 15 are user and system time in ticks; the command before them may contain spaces.
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
