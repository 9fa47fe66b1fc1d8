// Routes of operations: long work of our own on vaults and disks. What begins one answers 202 and where to look.

import { z } from '@hono/zod-openapi';
import { operationUsd } from '../../../engine/cost.ts';
import { optionalText } from '../../http/fields.ts';
import { json, type Routes } from '../../http/operation.ts';
import { pageOf } from '../../http/paging.ts';
import type { Operation } from '../../project/contract.ts';
import { Cost } from './shapes.ts';

const View = z
  .object({
    id: z.string(),
    kind: z.string(),
    state: z.enum(['running', 'done', 'failed']),
    vaultId: z.string().nullable(),
    volumeId: z.string().nullable(),
    toVaultId: z.string().nullable(),
    progress: z.object({ doneBytes: z.number(), totalBytes: z.number() }),
    report: z.unknown(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    cost: z.union([Cost, z.null()]),
    costUsd: z.number().nullable(),
    createdAt: z.string(),
    endedAt: z.string().nullable(),
  })
  .openapi('Operation');

/** The answer to a request that began an operation, or asks for one. */
export const OperationAnswer = z.object({ operation: View }).openapi('OperationAnswer');
/** The answer to a request that began any number of them. */
export const OperationsAnswer = z.object({ operations: z.array(View) }).openapi('OperationsAnswer');

const Query = z.object({
  kind: optionalText,
  state: optionalText,
  vaultId: optionalText,
  volumeId: optionalText,
  limit: optionalText,
  marker: optionalText,
});

function viewOf({ createdMs, endedMs, cost, ...operation }: Operation): z.input<typeof View> {
  return {
    ...operation,
    cost: cost && { ...cost },
    costUsd: cost && operationUsd(cost),
    createdAt: new Date(createdMs).toISOString(),
    endedAt: endedMs === null ? null : new Date(endedMs).toISOString(),
  };
}

/** 202 with the operation that was begun, and its address. */
export function accepted(projectId: string, operation: Operation): Response {
  const headers = { Location: `/data/v1/${projectId}/operations/${operation.id}` };
  return json(202, { operation: viewOf(operation) }, headers);
}

/** 202 with the operations that were begun. */
export function acceptedAll(operations: readonly Operation[]): Response {
  return json(202, { operations: operations.map(viewOf) });
}

/** Registers what shows operations. */
export function operationRoutes(routes: Routes): void {
  routes
    .get('/operations', {
      summary: 'Operations of the last days, the newest first, without their reports',
      query: Query,
      answers: { 200: z.object({ operations: z.array(View), next: z.string().nullable() }).openapi('OperationList') },
      handle: async (call) => {
        const { kind, state, vaultId, volumeId } = call.query;
        const query = { ...pageOf(call.query, 'clip'), kind, state, vaultId, volumeId };
        const page = await call.ask((project, caller) => project.listOperations(caller, query));
        const next = page.more ? (page.items.at(-1)?.id ?? null) : null;
        return json(200, { operations: page.items.map(viewOf), next });
      },
    })
    .get('/operations/{id}', {
      summary: 'How an operation stands; its report, or why it failed, when it has ended',
      answers: { 200: OperationAnswer },
      handle: async (call) => {
        const operation = await call.ask((project, caller) => project.getOperation(caller, call.params.id!));
        return json(200, { operation: viewOf(operation) });
      },
    });
}
