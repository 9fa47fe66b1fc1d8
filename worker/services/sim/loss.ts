// Loss of a whole object's storage, so that people can drill what object storage alone brings back.

import { z } from '@hono/zod-openapi';
import { type Call, json, type Routes } from '../../http/operation.ts';
import type { VaultRpc } from '../../protocol.ts';

const Lost = z.object({ lost: z.enum(['vault', 'project']) });

/** Registers the routes. */
export function lossRoutes(routes: Routes): void {
  routes
    .post('/vaults/{id}/lose', {
      summary: 'Lose the index of a vault: what is in object storage stays',
      answers: { 200: Lost },
      handle: loseVault,
    })
    .post('/lose', {
      summary: 'Lose the records of the whole project: what is in its disks and in object storage stays',
      answers: { 200: Lost },
      handle: async (call) => {
        await call.ask((project, caller) => project.lose(caller));
        return json(200, { lost: 'project' });
      },
    });
}

async function loseVault(call: Call<unknown, unknown>): Promise<Response> {
  const vault = await call.ask((project, caller) => project.getVault(caller, call.params.id!));
  const stub = call.env.VAULT.get(call.env.VAULT.idFromName(vault.id)) as unknown as VaultRpc;
  await stub.lose(call.params.project_id!);
  return json(200, { lost: 'vault' });
}
