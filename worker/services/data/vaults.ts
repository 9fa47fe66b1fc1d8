// Routes of what can be done with a vault as a repository: prune it, check it, copy it, rebuild it.

import { z } from '@hono/zod-openapi';
import { optionalFlag, optionalText } from '../../http/fields.ts';
import type { Routes } from '../../http/operation.ts';
import { accepted, acceptedAll, OperationAnswer, OperationsAnswer } from './operations.ts';

/** Repacking a pack for less than this costs more operations than its bytes are worth. */
const THRESHOLD_PERCENT_DEFAULT = 20;

const Prune = z.object({
  id: optionalText,
  thresholdPercent: z.number().min(0).max(100).default(THRESHOLD_PERCENT_DEFAULT),
  dryRun: optionalFlag,
});
const Check = z.object({ id: optionalText, mode: z.enum(['structure', 'bytes']).default('structure') });
const Rebuild = z.object({ id: optionalText });
const Copy = z.object({ id: optionalText, toVaultId: z.string(), backupIds: z.array(z.string()).min(1).optional() });

/** Registers them. */
export function vaultRoutes(routes: Routes): void {
  routes
    .post('/vaults/{id}/prune', {
      summary: 'Give back what no backup of a vault needs any more, or say what that would be (dryRun)',
      body: Prune,
      answers: { 202: OperationAnswer },
      handle: async ({ ask, body: { dryRun = false, ...body }, params }) =>
        accepted(
          params.project_id!,
          await ask((project, caller) => project.pruneVault(caller, params.id!, { ...body, dryRun })),
        ),
    })
    .post('/vaults/{id}/check', {
      summary: 'Say what of a vault is damaged, which backups it takes, and which of their bytes',
      body: Check,
      answers: { 202: OperationAnswer },
      handle: async ({ ask, body, params }) =>
        accepted(params.project_id!, await ask((project, caller) => project.checkVault(caller, params.id!, body))),
    })
    .post('/vaults/{id}/copy', {
      summary: 'Copy backups of a vault into another one, sending only what is missing there',
      body: Copy,
      answers: { 202: OperationAnswer },
      handle: async ({ ask, body, params }) =>
        accepted(params.project_id!, await ask((project, caller) => project.copyVault(caller, params.id!, body))),
    })
    .post('/vaults/{id}/rebuild', {
      summary: 'Make the index of a vault anew from object storage alone, and say what is damaged',
      body: Rebuild,
      answers: { 202: OperationAnswer },
      handle: async ({ ask, body, params }) =>
        accepted(params.project_id!, await ask((project, caller) => project.rebuildVault(caller, params.id!, body))),
    })
    .post('/vaults/recover', {
      summary:
        'Take in the vaults of this project that object storage knows and the project does not: an operation each',
      answers: { 202: OperationsAnswer },
      handle: async ({ ask }) => acceptedAll(await ask((project, caller) => project.recoverVaults(caller))),
    });
}
