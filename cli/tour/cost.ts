// What operations made the platform do, as /metrics counts it: the difference between before and after.

import type { Api } from './api.ts';

/** One operation, measured. */
export interface Measured {
  readonly seconds: number;
  readonly rowsWritten: number;
  readonly rowsRead: number;
  /** Bytes to and from object storage. */
  readonly obsBytes: number;
  readonly obsOperations: number;
  readonly usd: number;
}

/** Published prices of the platform (paid plan, 2026), in US dollars for one. The same as engine/cost.ts. */
const USD = {
  rows_read: 0.001e-6,
  rows_written: 1e-6,
  object_requests: 0.15e-6,
  obs_class_a: 4.5e-6,
  obs_class_b: 0.36e-6,
};

type Counters = ReadonlyMap<string, number>;

/** Runs an operation and measures it; nothing else of its kind may run in the project meanwhile. */
export async function measure(api: Api, project: string, kind: string, run: () => Promise<unknown>): Promise<Measured> {
  const before = await counters(api, project, kind);
  const startedMs = performance.now();
  await run();
  const seconds = (performance.now() - startedMs) / 1000;
  const after = await counters(api, project, kind);
  const spent = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  return {
    seconds,
    rowsWritten: spent('rows_written'),
    rowsRead: spent('rows_read'),
    obsBytes: spent('obs_bytes_in') + spent('obs_bytes_out'),
    obsOperations: spent('obs_class_a') + spent('obs_class_b') + spent('obs_deletes'),
    usd: Object.entries(USD).reduce((sum, [name, price]) => sum + spent(name) * price, 0),
  };
}

/** Counters of one operation of one project, by name. */
async function counters(api: Api, project: string, kind: string): Promise<Counters> {
  const response = await api.fetch('GET', '/metrics');
  if (!response.ok) throw new Error(`/metrics answered ${response.status}`);
  const found = new Map<string, number>();
  for (const line of (await response.text()).split('\n')) {
    const match = /^evs_operation_(\w+)_total\{(.*)\} (\S+)$/.exec(line);
    if (match === null || !match[2]!.includes(`operation="${kind}"`) || !match[2]!.includes(`project="${project}"`))
      continue;
    found.set(match[1]!, Number(match[3]));
  }
  return found;
}
