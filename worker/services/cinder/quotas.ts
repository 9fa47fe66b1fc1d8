// Limits and quota sets.

import { z } from '@hono/zod-openapi';
import { queryFlag } from '../../http/fields.ts';
import { type Call, json, type Routes } from '../../http/operation.ts';
import type { QuotaLine, Quotas } from '../../project/contract.ts';

/** All lines under the names of the quota API. */
function linesOf(quotas: Quotas): Record<string, QuotaLine> {
  const lines: Record<string, QuotaLine> = {
    volumes: quotas.volumes,
    snapshots: quotas.snapshots,
    gigabytes: quotas.gigabytes,
    per_volume_gigabytes: quotas.perVolumeGigabytes,
    backups: quotas.backups,
    backup_gigabytes: quotas.backupGigabytes,
    groups: { limit: 0, inUse: 0, reserved: 0 },
  };
  for (const [type, byType] of Object.entries(quotas.byType)) {
    lines[`volumes_${type}`] = byType.volumes;
    lines[`gigabytes_${type}`] = byType.gigabytes;
    lines[`snapshots_${type}`] = byType.snapshots;
  }
  return lines;
}

const usageView = ({ limit, inUse, reserved }: QuotaLine) => ({ limit, in_use: inUse, reserved });

async function quotaSet(call: Call<unknown, unknown>, usage: boolean): Promise<Response> {
  const lines = linesOf(await call.ask((project, caller) => project.quotas(caller)));
  const values = Object.entries(lines).map(([name, line]) => [name, usage ? usageView(line) : line.limit]);
  // A tenant sees its own numbers whatever id it asks for: the others are none of its business.
  return json(200, { quota_set: { id: call.params.project_id, ...Object.fromEntries(values) } });
}

async function limits(call: Call<unknown, unknown>): Promise<Response> {
  const quotas = await call.ask((project, caller) => project.quotas(caller));
  return json(200, {
    limits: {
      rate: [],
      absolute: {
        maxTotalVolumes: quotas.volumes.limit,
        maxTotalSnapshots: quotas.snapshots.limit,
        maxTotalVolumeGigabytes: quotas.gigabytes.limit,
        maxTotalBackups: quotas.backups.limit,
        maxTotalBackupGigabytes: quotas.backupGigabytes.limit,
        totalVolumesUsed: quotas.volumes.inUse,
        totalGigabytesUsed: quotas.gigabytes.inUse,
        totalSnapshotsUsed: quotas.snapshots.inUse,
        totalBackupsUsed: quotas.backups.inUse,
        totalBackupGigabytesUsed: quotas.backupGigabytes.inUse,
      },
    },
  });
}

const QuotaAnswer = z.object({ quota_set: z.record(z.string(), z.unknown()) });

/** Registers limits and quota sets of one version. */
export function quotaRoutes(routes: Routes): void {
  routes
    .get('/limits', {
      summary: 'Absolute limits and what of them is used',
      answers: {
        200: z.object({ limits: z.object({ rate: z.array(z.unknown()), absolute: z.record(z.string(), z.number()) }) }),
      },
      handle: limits,
    })
    .get('/os-quota-sets/{quota_project_id}', {
      summary: 'Quotas; usage=True also says what is used',
      query: z.object({ usage: z.string().optional() }),
      answers: { 200: QuotaAnswer },
      handle: (call) => quotaSet(call, queryFlag(call.query.usage)),
    })
    .get('/os-quota-sets/{quota_project_id}/defaults', {
      summary: 'Default quotas',
      answers: { 200: QuotaAnswer },
      handle: (call) => quotaSet(call, false),
    });
}
