// What each job of a Disk does. Quick ones finish inside `run`; the long ones (rollback, backup, restore) are accepted
// there and done by maintenance.ts.

import { EngineError } from '../../engine/errors.ts';
import { backUp } from '../../engine/repository/backup.ts';
import { R2Obs } from '../adapters/r2-obs.ts';
import type { Env } from '../env.ts';
import { engineHost } from '../host.ts';
import type { DiskJob, JobFailure, JobReport, JobResult, Progress } from '../protocol.ts';
import { vaultClient } from '../vault/client.ts';
import type { DiskRuntime } from './runtime.ts';
import type { Locator } from './upstreams.ts';

type JobOf<K extends DiskJob['kind']> = Extract<DiskJob, { kind: K }>;

/** How long a backup waits for what another one is sending before it asks again. */
const COMING_WAIT_MS = 250;

/** Jobs that take turns: accepted at once, done in the background. */
export type TurnJob = JobOf<'rollback' | 'backup' | 'restore'>;

/** Jobs that give way to everything else. */
export type UpkeepJob = JobOf<'scrub' | 'heal'>;

export type LongJob = TurnJob | UpkeepJob;

export function isTurn(job: DiskJob): job is TurnJob {
  return job.kind === 'rollback' || job.kind === 'backup' || job.kind === 'restore';
}

export function isUpkeep(job: DiskJob): job is UpkeepJob {
  return job.kind === 'scrub' || job.kind === 'heal';
}

export function isLong(job: DiskJob): job is LongJob {
  return isTurn(job) || isUpkeep(job);
}

/** While these run, guests are refused. */
export function isExclusive(job: DiskJob): boolean {
  return job.kind === 'rollback' || job.kind === 'restore';
}

/** The hidden snapshot that keeps a backup's root, and its parent's pages for the next one. */
export function hiddenSnapshotId(backupId: string): string {
  return `backup-${backupId}`;
}

/** Does a quick job. Idempotent: a job whose answer was lost finds its work done. */
export function runQuick(runtime: DiskRuntime, job: DiskJob): void {
  const { disk } = runtime;
  switch (job.kind) {
    case 'extend':
      if (disk.sizeBytes < job.sizeBytes) disk.extend(job.sizeBytes);
      return;
    case 'createSnapshot':
      if (!disk.state.snapshots.has(job.snapshotId)) disk.createSnapshot(job.snapshotId);
      return;
    case 'deleteSnapshot':
      if (disk.state.snapshots.has(job.snapshotId)) disk.deleteSnapshot(job.snapshotId);
      return;
    case 'reinstall':
      disk.abortCollection();
      disk.reinstall();
      // A body that is arriving belongs to the old system.
      runtime.contentChanges += 1;
      return;
    default:
      throw new EngineError('invalid', `${job.kind} is no job of an existing disk`);
  }
}

/** Throws `busy` when a job cannot be accepted beside those that are running. */
export function refuseBeside(runtime: DiskRuntime, job: DiskJob): void {
  const running = runtime.records.jobs().flatMap((row) => (row.report.state === 'running' ? [row.job] : []));
  const inTheWay = isUpkeep(job)
    ? running.some(isUpkeep)
    : runtime.exclusiveJobId !== null || (isTurn(job) && running.some((other) => !isUpkeep(other)));
  if (inTheWay) throw new EngineError('busy', 'another operation of this disk is running');
}

/**
 * What accepting a long job does at once: a backup's point in time is the moment of its acceptance (statement B2).
 * Throws what makes the job impossible, and then has changed nothing: a refused job must not keep the disk for itself.
 */
export function acceptLong(runtime: DiskRuntime, jobId: string, job: LongJob): void {
  if (job.kind === 'rollback') runtime.disk.state.snapshot(job.snapshotId);
  if (isExclusive(job)) runtime.takeExclusive(jobId);
  if (job.kind === 'backup' && job.snapshotId === undefined) {
    const id = hiddenSnapshotId(job.backupId);
    if (!runtime.disk.state.snapshots.has(id)) runtime.disk.createSnapshot(id, { hidden: true });
  }
}

/** Does such a job to its end. Throws EngineError; `unavailable` and anything unknown is tried again. */
export async function runLong(
  env: Env,
  runtime: DiskRuntime,
  jobId: string,
  job: TurnJob,
  onProgress: (progress: Progress) => void,
): Promise<JobResult> {
  switch (job.kind) {
    case 'rollback':
      await runtime.sealAll();
      runtime.disk.rollback(job.snapshotId);
      return {};
    case 'restore':
      return restore(env, runtime, jobId, job);
    case 'backup':
      return backup(env, runtime, job, onProgress);
  }
}

/** The backup's root becomes the disk's; every byte that is here already is checked before it is trusted again. */
async function restore(env: Env, runtime: DiskRuntime, jobId: string, job: JobOf<'restore'>): Promise<JobResult> {
  const { owner, records, disk } = runtime;
  // Written before it is used: what a crash leaves behind is given back.
  records.hold(jobId, JSON.stringify({ kind: 'vault', vaultId: job.vaultId, logicalBytes: 0 } satisfies Locator));
  const vault = vaultClient(env, owner.projectId, job.vaultId, runtime.store.meter);
  const { root, sizeBytes, logicalBytes } = await vault.lease(jobId, job.backupId, owner.diskId);
  if (sizeBytes > disk.sizeBytes) throw new EngineError('invalid', 'the disk is smaller than the backup');
  // Like a rollback, the disk keeps what its snapshots hold; damage in there must not stop a restore.
  await runtime.sealAll();
  runtime.assertOpen();
  const locator: Locator = { kind: 'vault', vaultId: job.vaultId, backupId: job.backupId, logicalBytes };
  disk.adopt(root, { id: jobId, locator: JSON.stringify(locator), heals: true });
  return {};
}

async function backup(
  env: Env,
  runtime: DiskRuntime,
  job: JobOf<'backup'>,
  onProgress: (progress: Progress) => void,
): Promise<JobResult> {
  const { disk, owner } = runtime;
  const snapshotId = job.snapshotId ?? hiddenSnapshotId(job.backupId);
  const { capacityBytes } = job;
  const vault = vaultClient(env, owner.projectId, job.vaultId, runtime.store.meter, capacityBytes);
  try {
    await runtime.sealAll();
    const { root, sizeBytes } = disk.state.snapshot(snapshotId);
    if (!root) throw new EngineError('busy', 'the snapshot is not sealed yet');
    const { backupId, full, label } = job;
    const result = await backUp(
      {
        objects: disk.state.objects,
        host: engineHost(),
        vault,
        obs: new R2Obs(env.OBS, runtime.store.meter),
        random: { uuid: () => crypto.randomUUID() },
        sha256: async (bytes) =>
          new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)),
        bring: (refs) => runtime.bring(refs),
        pause: () => runtime.pause(),
        wait: async () => {
          await scheduler.wait(COMING_WAIT_MS);
          await runtime.pause();
        },
        progress: (doneBytes, totalBytes) => onProgress({ doneBytes, totalBytes }),
      },
      { backupId, diskId: owner.diskId, root, sizeBytes, full, label },
    );
    dropOlderHidden(runtime, snapshotId);
    return { backup: result };
  } catch (error) {
    if (isFinal(error)) {
      if (disk.state.snapshots.get(snapshotId)?.hidden) disk.deleteSnapshot(snapshotId);
      await vault.abort(job.backupId).catch(() => undefined);
    }
    throw error;
  }
}

/** Only the newest backup's snapshot is kept: the next incremental backup walks against it. */
function dropOlderHidden(runtime: DiskRuntime, keptId: string): void {
  const { disk } = runtime;
  for (const row of [...disk.state.snapshots.values()]) {
    if (row.hidden && row.id !== keptId) disk.deleteSnapshot(row.id);
  }
}

/** False for what may be different the next time. */
export function isFinal(error: unknown): boolean {
  return error instanceof EngineError && error.code !== 'unavailable' && error.code !== 'busy';
}

/** How a job that cannot be done is reported. */
export function failure(error: unknown): Extract<JobReport, { state: 'failed' }> {
  const message = error instanceof Error ? error.message : String(error);
  return { state: 'failed', code: error instanceof EngineError ? FAILURE[error.code] : 'internal', message };
}

const FAILURE: Record<EngineError['code'], JobFailure> = {
  unaligned: 'invalid',
  'out-of-range': 'invalid',
  'not-found': 'not-found',
  exists: 'invalid',
  invalid: 'invalid',
  damaged: 'damaged',
  unavailable: 'unavailable',
  busy: 'busy',
  full: 'full',
  format: 'internal',
};
