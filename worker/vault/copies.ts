// The operation that copies backups into this vault, one after the other.

import type { Meter } from '../../engine/cost.ts';
import { EngineError } from '../../engine/errors.ts';
import { type CopyPorts, copyBackup } from '../../engine/repository/copy.ts';
import type { BackupResult } from '../../engine/repository/ports.ts';
import { type Listed, note } from '../../engine/repository/rebuild-report.ts';
import type { VaultCore } from '../../engine/repository/vault.ts';
import { R2Obs } from '../adapters/r2-obs.ts';
import type { Env } from '../env.ts';
import { engineHost } from '../host.ts';
import type { BackupCopy, CopyOutcome, JobResult, VaultJob } from '../protocol.ts';
import { backupRoot, vaultClient } from './client.ts';

/** What a copy reports. */
interface CopyReport {
  copied: number;
  /** Objects, and bytes with their packs, that were not there before. */
  sentObjects: number;
  sentBytes: number;
  /** Bytes of the copies' allocated blocks. */
  logicalBytes: number;
  readonly failed: Listed<{ readonly backupId: string; readonly fromBackupId: string; readonly message: string }>;
}

/** How long a copy waits for what a backup is sending before it asks again. */
const COMING_WAIT_MS = 250;

type Own = Pick<CopyPorts, 'random' | 'sha256'> & Required<Pick<CopyPorts, 'pause' | 'progress'>>;

/** Makes the copies. One that cannot be made does not keep the others; what may work later is thrown, to be tried again. */
export async function copyBackups(
  env: Env,
  core: VaultCore,
  meter: Meter,
  own: Own,
  { fromVaultId, copies }: Extract<VaultJob, { kind: 'copy' }>,
): Promise<JobResult> {
  const { projectId } = core.context.meta();
  const from = vaultClient(env, projectId, fromVaultId, meter);
  const report: CopyReport = {
    ...{ copied: 0, sentObjects: 0, sentBytes: 0, logicalBytes: 0 },
    failed: { count: 0, first: [] },
  };
  const outcomes: Record<string, CopyOutcome> = {};
  let before = 0;
  for (const copy of copies) {
    let bytes = 0;
    const progress = (doneBytes: number, totalBytes: number) => {
      bytes = totalBytes;
      own.progress(before + doneBytes, before + totalBytes);
    };
    const wait = async () => {
      await scheduler.wait(COMING_WAIT_MS);
      await own.pause();
    };
    const ports = { ...own, wait, host: engineHost(), vault: core, from, obs: new R2Obs(env.OBS, meter), progress };
    const outcome = await outcomeOf(copy, async () => {
      const source = await backupRoot(env, projectId, fromVaultId, copy.fromBackupId, meter);
      return copyNamed(core, ports, source, copy, fromVaultId);
    });
    outcomes[copy.backupId] = outcome;
    count(report, copy, outcome);
    before += bytes;
    await own.pause();
  }
  return { report, copies: outcomes };
}

async function copyNamed(
  core: VaultCore,
  ports: CopyPorts,
  source: Awaited<ReturnType<typeof backupRoot>>,
  { backupId, fromBackupId, name, createdMs }: BackupCopy,
  fromVaultId: string,
): Promise<BackupResult> {
  const copiedFrom = { vaultId: fromVaultId, backupId: fromBackupId };
  core.context.copying.add(backupId);
  try {
    return await copyBackup(ports, source, backupId, {
      ...source.label,
      name,
      createdMs,
      automatic: false,
      copiedFrom,
    });
  } finally {
    core.context.copying.delete(backupId);
  }
}

/** What became of one copy. Throws what may be different the next time. */
async function outcomeOf(copy: BackupCopy, run: () => Promise<BackupResult>): Promise<CopyOutcome> {
  try {
    return { state: 'done', result: await run() };
  } catch (error) {
    if (!(error instanceof EngineError) || error.code === 'unavailable' || error.code === 'busy') throw error;
    const message = `backup ${copy.fromBackupId} was not copied: ${error.message}`;
    return { state: 'failed', code: error.code, message };
  }
}

function count(report: CopyReport, { backupId, fromBackupId }: BackupCopy, outcome: CopyOutcome): void {
  if (outcome.state === 'failed') {
    note(report.failed, { backupId, fromBackupId, message: outcome.message });
    return;
  }
  report.copied += 1;
  report.sentObjects += outcome.result.objectCount;
  report.sentBytes += outcome.result.storedBytes;
  report.logicalBytes += outcome.result.logicalBytes;
}
