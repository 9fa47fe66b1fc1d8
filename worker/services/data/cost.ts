// Routes of what backups cost, and of what a policy would.

import { z } from '@hono/zod-openapi';
import { json, type Routes } from '../../http/operation.ts';
import { Cost } from './shapes.ts';

const bytes = {
  logicalBytes: z.number(),
  changedBytes: z.number().nullable(),
  dedupedBytes: z.number().nullable(),
  storedBytes: z.number(),
};

const BackupCost = z
  .object({
    backupId: z.string(),
    vaultId: z.string(),
    volumeId: z.string(),
    incremental: z.boolean(),
    ...bytes,
    operations: z.union([Cost, z.null()]),
    operationsUsd: z.number().nullable(),
    storageUsdPerMonth: z.number(),
  })
  .openapi('BackupCost');

const VaultCost = z
  .object({
    vaultId: z.string(),
    backups: z.number(),
    volumes: z.number(),
    ...bytes,
    operations: Cost,
    operationsUsd: z.number(),
    storageUsdPerMonth: z.number(),
  })
  .openapi('VaultCost');

const PreviewBody = z.object({
  patterns: z.array(z.string()).min(1),
  definition: z.record(z.string(), z.unknown()).default({}),
  volumeIds: z.array(z.string()).max(1_000).optional(),
  vaultId: z.string().optional(),
  assumedChangePercentPerDay: z.number().min(0).max(100).optional(),
});

const Preview = z
  .object({
    runsPerMonth: z.number(),
    rpoSeconds: z.number(),
    keptBackups: z.number(),
    horizonDays: z.number(),
    isGrowing: z.boolean(),
    storedBytes: z.number(),
    operationsPerMonth: Cost,
    storageUsdPerMonth: z.number(),
    operationsUsdPerMonth: z.number(),
    totalUsdPerMonth: z.number(),
    disks: z.array(
      z.object({
        volumeId: z.string(),
        allocatedFrom: z.enum(['backup', 'size']),
        allocatedBytes: z.number(),
        changeFrom: z.enum(['backups', 'assumed']),
        changedBytesPerDay: z.number(),
        storedPerChanged: z.number(),
      }),
    ),
  })
  .openapi('CostPreview');

/** Registers them. */
export function costRoutes(routes: Routes): void {
  routes
    .get('/backups/{id}/cost', {
      summary:
        'What a backup took to make and costs to keep: bytes logical, changed, deduplicated and stored, operations, dollars',
      answers: { 200: z.object({ cost: BackupCost }) },
      handle: async ({ ask, params }) =>
        json(200, { cost: await ask((project, caller) => project.backupCost(caller, params.id!)) }),
    })
    .get('/vaults/{id}/cost', {
      summary: 'The same for all available backups of a vault together',
      answers: { 200: z.object({ cost: VaultCost }) },
      handle: async ({ ask, params }) =>
        json(200, { cost: await ask((project, caller) => project.vaultCost(caller, params.id!)) }),
    })
    .post('/policies/cost-preview', {
      summary:
        'What a policy would keep and cost, before it is saved; from what the disks changed between their backups',
      body: PreviewBody,
      answers: { 200: z.object({ preview: Preview }) },
      handle: async ({ ask, body }) =>
        json(200, { preview: await ask((project, caller) => project.previewCost(caller, body)) }),
    });
}
