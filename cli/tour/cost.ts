// What operations made the platform do, as the disk itself counts it: the difference between before and after, all that
// the operation leaves to be folded or fetched in the background included. The vault's share is in it, the control
// plane's rows are not.

import type { Api, Json } from './api.ts';

/** One operation, measured. */
export interface Measured {
  /** Until the operation was done for its caller. */
  readonly seconds: number;
  /** Until nothing was left to do in the background. */
  readonly settledSeconds: number;
  readonly rowsWritten: number;
  readonly rowsRead: number;
  /** Bytes to and from object storage. */
  readonly obsBytes: number;
  readonly obsOperations: number;
  readonly usd: number;
}

const SETTLE_MS = 120_000;
const POLL_MS = 100;

/** Runs an operation on a disk and measures it; nothing else may happen to the disk meanwhile. */
export async function measure(api: Api, diskId: string, run: () => Promise<unknown>): Promise<Measured> {
  const before = await settled(api, diskId);
  const startedMs = performance.now();
  await run();
  const seconds = (performance.now() - startedMs) / 1000;
  const after = await settled(api, diskId);
  const settledSeconds = (performance.now() - startedMs) / 1000;
  const spent = (name: string): number => after.cost[name] - before.cost[name];
  return {
    seconds,
    settledSeconds,
    rowsWritten: spent('rowsWritten'),
    rowsRead: spent('rowsRead'),
    obsBytes: spent('obsBytesIn') + spent('obsBytesOut'),
    obsOperations: spent('obsClassA') + spent('obsClassB') + spent('obsDeletes'),
    usd: after.costUsd - before.costUsd,
  };
}

/** How the disk stands once nothing is left to be folded or fetched. */
async function settled(api: Api, diskId: string): Promise<Json> {
  for (const untilMs = performance.now() + SETTLE_MS; ; ) {
    const status = await api.ask('GET', `/data/v1/{p}/volumes/${diskId}/status`);
    const sealed = status.snapshots.every((snapshot: Json) => snapshot.sealed);
    if (status.hydration === null && status.logEntries === 0 && sealed) return status;
    if (performance.now() > untilMs) throw new Error(`disk ${diskId} did not settle: ${JSON.stringify(status)}`);
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}
