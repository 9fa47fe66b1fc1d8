// What each operation of a vault does, on the engine's functions.

import type { Meter } from '../../engine/cost.ts';
import { EngineError } from '../../engine/errors.ts';
import { checkVault } from '../../engine/repository/check.ts';
import { prune } from '../../engine/repository/prune.ts';
import type { Owners } from '../../engine/repository/prune-owners.ts';
import type { VaultCore } from '../../engine/repository/vault.ts';
import type { Env } from '../env.ts';
import type { DiskRpc, JobResult, VaultJob } from '../protocol.ts';
import { copyBackups } from './copies.ts';
import type { Work } from './operations.ts';

export type OperationJob = Extract<VaultJob, { kind: 'prune' | 'check' | 'copy' }>;

export function isOperationJob(job: VaultJob): job is OperationJob {
  return job.kind === 'prune' || job.kind === 'check' || job.kind === 'copy';
}

/** Runs an operation to its end. Its cost is all that the vault did meanwhile: backups beside it cannot be told apart. */
export async function startOperation(
  env: Env,
  core: VaultCore,
  meter: Meter,
  job: OperationJob,
  work: Work,
): Promise<JobResult> {
  const mark = meter.mark();
  const result = await operate(env, core, meter, job, work);
  return { ...result, cost: meter.since(mark) };
}

async function operate(env: Env, core: VaultCore, meter: Meter, job: OperationJob, work: Work): Promise<JobResult> {
  const progress = (doneBytes: number, totalBytes: number) => work.progress({ doneBytes, totalBytes });
  const own = { random: { uuid: () => crypto.randomUUID() }, sha256, pause: work.pause, progress };
  switch (job.kind) {
    case 'prune':
      return { report: await prune(core.context, { ...own, owners: disks(env, meter) }, job) };
    case 'check':
      return { report: await checkVault(core, own, job.mode) };
    case 'copy':
      return copyBackups(env, core, meter, own, job);
  }
}

/** Disks, asked what they hold. */
function disks(env: Env, meter: Meter): Owners {
  return {
    async holds(diskId, ids) {
      meter.counts.objectRequests += 1;
      const disk = env.DISK.get(env.DISK.idFromName(diskId)) as unknown as DiskRpc;
      const held = await disk.holding(ids);
      if (held === null) throw new EngineError('unavailable', `disk ${diskId} cannot be asked`);
      return held;
    },
  };
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}
