// 4 KiB at random over 64 MiB, which both sides hold in full: one at a time, and 32.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { incompressible, MIB } from '../path/content.ts';
import { type Contender, Samples, takeTurns } from '../path/context.ts';
import { Volume } from '../path/volumes.ts';
import { caseResult, timed } from '../statistics.ts';
import type { CaseResult } from '../types.ts';
import { copyTo, fioMs, onDurableFile, onExport, type RandomJob } from './clients.ts';
import type { NbdContext } from './context.ts';
import { startBridge, startQemu } from './servers.ts';

/** Times are for so many requests. */
const WORK = { amount: 1_000, of: 'requests' };
const KINDS = [
  { name: 'read', kind: 'randread', depth: 32 },
  { name: 'write', kind: 'randwrite', depth: 32 },
  { name: 'read', kind: 'randread', depth: 1 },
  { name: 'write', kind: 'randwrite', depth: 1 },
] as const;

/** Who is written to and read from. */
interface Place {
  readonly id: string;
  readonly title: string;
  readonly target: readonly string[];
}

/** `nbd-random`. Folding goes on while it is written, as it would with any guest that never stops. */
export async function random(context: NbdContext): Promise<CaseResult> {
  const { service, folder, tiny } = context;
  const spanBytes = (tiny ? 1 : 64) * MIB;
  const seconds = tiny ? 1 : 2;
  const file = join(folder, 'random');
  writeFileSync(file, incompressible().bytes(spanBytes));
  const volume = await Volume.create(service);
  const servers = [
    await startBridge(service.url, volume.id, folder),
    await startQemu(folder, 'writeback', 'writeback', spanBytes),
    await startQemu(folder, 'writethrough', 'writethrough', spanBytes),
  ];
  const [bridge, writeback, writethrough] = servers.map(({ uri }) => uri) as [string, string, string];
  try {
    for (const uri of [bridge, writeback, writethrough]) await copyTo(uri, file);
    await volume.settled();
    const places: readonly Place[] = [
      { id: 'service', title: 'edge-evs nbd', target: onExport(bridge) },
      { id: 'qemu', title: 'qemu-nbd on qcow2', target: onExport(writeback) },
      { id: 'durable', title: 'qemu-nbd on qcow2, each write durable', target: onExport(writethrough) },
      { id: 'file', title: 'a file, fdatasync after each write', target: onDurableFile(file) },
    ];
    const contenders = KINDS.flatMap((kind) =>
      places.filter((place) => isOf(place, kind)).map((place) => contender(place, { ...kind, spanBytes, seconds })),
    );
    const samples = new Samples();
    await takeTurns(context, contenders, samples);
    const title = '4 KiB at random over 64 MiB that are allocated, by fio';
    return caseResult(
      { id: 'nbd-random', suite: 'nbd', runtime: 'service', title, compared: false },
      contenders.map(({ id, title: name, work }) => timed(id, name, samples.of(id), work)),
    );
  } finally {
    for (const server of servers) await server.stop();
    await volume.detached();
    await volume.delete();
  }
}

/** A file has no queue, and what is only read is as durable as ever. */
function isOf({ id }: Place, { name, depth }: (typeof KINDS)[number]): boolean {
  if (id === 'file') return name === 'write' && depth === 1;
  return id !== 'durable' || name === 'write';
}

function contender(
  { id, title, target }: Place,
  { name, ...job }: Omit<RandomJob, 'seed'> & { readonly name: string },
): Contender {
  return {
    id: `${id}-${name}-${job.depth}`,
    title: `${title}, ${name}, ${job.depth === 1 ? 'one at a time' : `${job.depth} at a time`}`,
    work: WORK,
    turn: async (round) => WORK.amount * (await fioMs(target, { ...job, seed: round + 1 })),
  };
}
