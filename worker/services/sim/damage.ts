// Damage of stored bytes, on request: of a disk's, and of what a vault has in object storage.

import { z } from '@hono/zod-openapi';
import { ApiError, badRequest, notFound } from '../../http/errors.ts';
import { type Call, json, type Routes } from '../../http/operation.ts';
import { GIB } from '../../project/limits.ts';
import type { DiskRpc, VaultRpc } from '../../protocol.ts';

const bytes = z.number().int().min(0);
const seed = z.number().int().min(0).max(0xffffffff).default(1);

const DiskDamage = z.object({
  target: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('snapshot'), snapshotId: z.string() }),
    z.object({ kind: z.literal('range'), offset: bytes, length: bytes.min(1) }),
    z.object({ kind: z.literal('page') }),
    z.object({ kind: z.literal('log') }),
    z.object({ kind: z.literal('all') }),
  ]),
  fault: z.enum(['flip', 'lose', 'misdirect']),
  count: z.number().int().min(1).max(1_000_000).default(1),
  seed,
});

const VaultDamage = z.object({
  target: z.enum(['pack', 'trailer', 'object', 'manifest']),
  fault: z.enum(['flip', 'lose', 'truncate']),
  // Each is read and written again: some seconds of a call.
  count: z.number().int().min(1).max(100).default(1),
  seed,
});

const Hit = z.object({ hit: z.number() });

/** Registers them. */
export function damageRoutes(routes: Routes): void {
  routes
    .post('/volumes/{id}/damage', {
      summary: 'Damage what a disk stores: flip bits, lose or misdirect stored bytes',
      body: DiskDamage,
      answers: { 200: Hit },
      handle: damageDisk,
    })
    .post('/vaults/{id}/damage', {
      summary: 'Damage what a vault has in object storage: flip bits, lose or cut off stored bytes',
      body: VaultDamage,
      answers: { 200: Hit },
      handle: damageVault,
    });
}

async function damageDisk(call: Call<unknown, z.output<typeof DiskDamage>>): Promise<Response> {
  const { target } = call.body;
  const volume = await call.ask((project, caller) => project.getVolume(caller, call.params.id!));
  // What does not exist is said here: the disk cannot answer with more than a failure.
  if (target.kind === 'snapshot') {
    const snapshot = await call.ask((project, caller) => project.getSnapshot(caller, target.snapshotId));
    if (snapshot.volumeId !== volume.id) throw notFound(`Volume ${volume.id} has no snapshot ${snapshot.id}.`);
  }
  if (target.kind === 'range' && target.offset + target.length > volume.sizeGib * GIB) {
    throw badRequest(`The range is beyond the end of the volume, ${volume.sizeGib} GiB.`);
  }
  const disk = call.env.DISK.get(call.env.DISK.idFromName(volume.id)) as unknown as DiskRpc;
  try {
    const { hit } = await disk.damage({ projectId: volume.projectId, zone: volume.zone }, call.body);
    return json(200, { hit });
  } catch (error) {
    // To find its victims the disk walks its own pages, which an earlier call may have damaged.
    throw new ApiError(409, `The disk cannot be damaged further in this way: ${(error as Error).message}`);
  }
}

async function damageVault(call: Call<unknown, z.output<typeof VaultDamage>>): Promise<Response> {
  const vault = await call.ask((project, caller) => project.getVault(caller, call.params.id!));
  const stub = call.env.VAULT.get(call.env.VAULT.idFromName(vault.id)) as unknown as VaultRpc;
  const { hit } = await stub.damage(call.params.project_id!, call.body);
  return json(200, { hit });
}
