// /metrics in the text format of Prometheus: what the projects hold, and what the platform did for them.

import type { MeterCounts } from '../../../engine/cost.ts';
import { loadConfig } from '../../config.ts';
import type { Env } from '../../env.ts';
import type { ProjectMetrics, ProjectRpc } from '../../project/contract.ts';

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly samples: Sample[];
}

type Project = ProjectMetrics & { readonly name: string };

const gauge = (
  name: string,
  help: string,
  projects: readonly Project[],
  value: (project: Project) => number,
): Family => ({
  name: `evs_${name}`,
  type: 'gauge',
  help,
  samples: projects.map((project) => ({ labels: { project: project.name }, value: value(project) })),
});

/** Names of the meter's counters. */
const COSTS: Readonly<Record<keyof MeterCounts, string>> = {
  rowsRead: 'rows_read',
  rowsWritten: 'rows_written',
  obsClassA: 'obs_class_a',
  obsClassB: 'obs_class_b',
  obsDeletes: 'obs_deletes',
  obsBytesIn: 'obs_bytes_in',
  obsBytesOut: 'obs_bytes_out',
  objectRequests: 'object_requests',
};

type Operation = ProjectMetrics['operations'][number];

function counter(
  name: string,
  help: string,
  projects: readonly Project[],
  value: (operation: Operation) => number,
): Family {
  const samples = projects.flatMap((project) =>
    project.operations.map((operation) => ({
      labels: { project: project.name, operation: operation.kind },
      value: value(operation),
    })),
  );
  return { name: `evs_operation_${name}_total`, type: 'counter', help, samples };
}

function families(projects: readonly Project[]): Family[] {
  return [
    gauge('volumes', 'Disks.', projects, (project) => project.volumes),
    gauge('volume_gibibytes', 'Size of all disks.', projects, (project) => project.volumeGib),
    gauge('snapshots', 'Snapshots.', projects, (project) => project.snapshots),
    gauge('backups', 'Backups.', projects, (project) => project.backups),
    gauge('backup_stored_bytes', 'What the backups added to the vaults.', projects, (p) => p.backupStoredBytes),
    gauge('jobs_running', 'Jobs that have not ended.', projects, (project) => project.jobsRunning),
    counter('done', 'Operations that succeeded.', projects, (operation) => operation.done),
    counter('failed', 'Operations that failed.', projects, (operation) => operation.failed),
    counter('seconds', 'Time that operations took.', projects, (operation) => operation.durationMs / 1000),
    ...(Object.keys(COSTS) as (keyof MeterCounts)[]).map((key) =>
      counter(COSTS[key], 'What operations made the platform do.', projects, ({ cost }) => cost[key] ?? 0),
    ),
  ];
}

const label = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** The families as text. */
export function prometheusText(all: readonly Family[]): string {
  return all
    .map(({ name, type, help, samples }) => {
      const lines = samples.map(({ labels, value }) => {
        const pairs = Object.entries(labels).map(([key, text]) => `${key}="${label(text)}"`);
        return `${name}{${pairs.join(',')}} ${value}`;
      });
      return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join('\n');
    })
    .join('\n')
    .concat('\n');
}

/** Asks every project of the deployment; one that never stored anything has no line. */
export async function collectMetrics(env: Env): Promise<string> {
  const projects = await Promise.all(
    loadConfig(env).accounts.projects.map(async ({ id, name }) => {
      const stub = env.PROJECT.get(env.PROJECT.idFromName(id)) as unknown as ProjectRpc;
      const metrics = await stub.metrics();
      return metrics === null ? [] : [{ ...metrics, name }];
    }),
  );
  return prometheusText(families(projects.flat()));
}
