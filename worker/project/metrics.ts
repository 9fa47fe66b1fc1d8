// What a project made the platform do, by operation, for /metrics.

import { addCost, type MeterCounts, NO_COST } from '../../engine/cost.ts';
import type { ProjectMetrics } from './contract.ts';
import type { Control } from './control.ts';
import { running } from './jobs.ts';
import type { JobRecord } from './records.ts';

type Operation = Omit<ProjectMetrics['operations'][number], 'kind'>;

/** Adds a settled job to its operation's sums; inside the change that settles it. */
export function addOperation(
  control: Control,
  job: JobRecord,
  cost: MeterCounts | undefined,
  succeeded: boolean,
): void {
  const [row] = control.store.rows('SELECT body FROM metric WHERE kind = ?', job.action);
  const sum: Operation =
    row === undefined ? { done: 0, failed: 0, durationMs: 0, cost: NO_COST } : JSON.parse(String(row.body));
  const next: Operation = {
    done: sum.done + (succeeded ? 1 : 0),
    failed: sum.failed + (succeeded ? 0 : 1),
    durationMs: sum.durationMs + (Date.now() - job.startedRealMs),
    cost: addCost({ ...NO_COST, ...sum.cost }, { ...NO_COST, ...cost }),
  };
  control.store.rows('INSERT OR REPLACE INTO metric VALUES (?, ?)', job.action, JSON.stringify(next));
}

/** The sums, and under `control` what this object itself did since it came into memory. */
export function metrics(control: Control): ProjectMetrics {
  const rows = control.store.rows('SELECT kind, body FROM metric ORDER BY kind');
  const operations = rows.map((row) => ({ kind: String(row.kind), ...(JSON.parse(String(row.body)) as Operation) }));
  const self = { kind: 'control', done: 0, failed: 0, durationMs: 0, cost: control.store.meter.mark() };
  const volumes = control.volumes.totals('sizeGib', 'type');
  return {
    volumes: sum(volumes, 'count'),
    volumeGib: sum(volumes, 'sum'),
    snapshots: control.snapshots.count(),
    backups: control.backups.count(),
    backupStoredBytes: sum(control.backups.totals('storedBytes', 'status'), 'sum'),
    jobsRunning: running(control).length,
    operations: [...operations, self],
  };
}

function sum(totals: readonly { count: number; sum: number }[], field: 'count' | 'sum'): number {
  return totals.reduce((total, group) => total + group[field], 0);
}
