// Eager jobs: a disk that is made, or restored, eagerly is ready when everything is local, not when it can be used. The job
// itself is done at once, as any; until its upstream has been let go it is told to be running.

import type { DiskJob, JobReport } from '../protocol.ts';
import type { JobRow } from './records.ts';
import type { DiskRuntime } from './runtime.ts';
import { parseLocator } from './upstreams.ts';

/** How a job stands for those who wait for it. */
export function reportOf({ disk }: DiskRuntime, { id, job, report }: JobRow): JobReport {
  const upstream = disk.state.upstreams.get(id);
  if (report.state !== 'done' || upstream === undefined || !isEager(job)) return report;
  const totalBytes = parseLocator(upstream.locator).logicalBytes;
  return { state: 'running', progress: { doneBytes: Math.min(disk.state.hydratedBytes, totalBytes), totalBytes } };
}

/** Hydration has given up on objects that were to come for these jobs: those that waited for them have failed. */
export function failEager({ records }: DiskRuntime, jobIds: readonly string[], missing: number): void {
  for (const row of records.jobs()) {
    if (!jobIds.includes(row.id) || !isEager(row.job)) continue;
    const message = `${missing} objects could not be fetched from where the disk comes from: scrub it to see which bytes`;
    records.writeJob({ ...row, report: { state: 'failed', code: 'damaged', message } });
  }
}

function isEager(job: DiskJob): boolean {
  return (job.kind === 'create' || job.kind === 'restore') && job.eager === true;
}
