// What a write of 4 KiB costs: rows, bytes and processor time until it is acknowledged, and until it is folded too.

import { readFileSync } from 'node:fs';
import { cheap, MIB } from '../path/content.ts';
import { processorMsOf } from '../path/processor.ts';
import { Volume } from '../path/volumes.ts';
import { caseResult, counted, timed } from '../statistics.ts';
import type { CaseResult, Measure } from '../types.ts';
import { fioMs, onExport, REQUEST_BYTES } from './clients.ts';
import type { NbdContext } from './context.ts';
import { startBridge } from './servers.ts';

/** Fewer than the log takes in before it is folded: what is counted first is the acknowledged path alone. */
const REQUESTS = 8_192;
const WORK = { amount: 1_000, of: 'requests' };
const DEPTHS = [32, 1] as const;
const SPANS = [
  { id: 'hot', title: '64 MiB', bytes: 64 * MIB },
  { id: 'wide', title: '4 GiB', bytes: 4_096 * MIB },
] as const;

/** Up to a moment. */
interface Spent {
  readonly rows: number;
  readonly bytes: number;
  readonly processorMs: number;
}

/**
 * `nbd-small-writes`: needs /proc. One disk for each span, all of it allocated. One sample, folded after it: what is counted
 * hardly moves.
 */
export async function smallWrites(context: NbdContext): Promise<CaseResult> {
  const { service, folder, tiny, progress } = context;
  const requests = tiny ? 64 : REQUESTS;
  const measures: Measure[] = [];
  for (const span of SPANS) {
    const spanBytes = tiny ? MIB : span.bytes;
    const volume = await Volume.create(service);
    progress(`filling ${spanBytes / MIB} MiB`);
    await volume.fill(cheap(), spanBytes);
    await volume.settled();
    const bridge = await startBridge(service.url, volume.id, folder);
    for (const depth of DEPTHS) {
      progress(`${span.title}, ${depth} at a time`);
      const where = { id: `${span.id}-${depth}`, title: `${span.title}, ${depth === 1 ? 'one' : depth} at a time` };
      const job = { kind: 'randwrite', depth, spanBytes, requests, seed: depth } as const;
      const before = await look(volume, service.workerdPid);
      await fioMs(onExport(bridge.uri), job);
      measures.push(...measuresOf('acknowledged', where, before, await look(volume, service.workerdPid), requests));
      await volume.settled();
      measures.push(...measuresOf('settled', where, before, await look(volume, service.workerdPid), requests));
    }
    await bridge.stop();
    await volume.detached();
    await volume.delete();
  }
  const title = 'What a random write of 4 KiB costs, acknowledged and settled';
  return caseResult({ id: 'nbd-small-writes', suite: 'nbd', runtime: 'service', title, compared: false }, measures);
}

/** What was spent between two looks, for each request. */
function measuresOf(
  when: string,
  { id, title }: { readonly id: string; readonly title: string },
  before: Spent,
  after: Spent,
  requests: number,
): Measure[] {
  const name = (what: string) => `${what}-${when}-${id}`;
  const words = (what: string) => `${what}, ${when}, ${title}`;
  const rows = (after.rows - before.rows) / requests;
  const bytes = (after.bytes - before.bytes) / requests / REQUEST_BYTES;
  const ms = ((after.processorMs - before.processorMs) / requests) * WORK.amount;
  return [
    counted(name('rows'), words('rows a write'), 'count', [rows]),
    counted(name('bytes'), words('bytes written per byte'), 'count', [bytes]),
    timed(name('ms'), words('processor of workerd a write'), [ms], WORK),
  ];
}

/** Rows that the disk has written so far, bytes that workerd has given to the disks, and its processor time. */
async function look(volume: Volume, pid: number): Promise<Spent> {
  const { rowsWritten } = (await volume.status()).cost;
  // proc(5): bytes that the process has caused to be written, pages of the log of SQLite and of its database alike.
  const bytes = Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
  return { rows: rowsWritten, bytes, processorMs: processorMsOf(pid) };
}
