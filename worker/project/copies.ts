// Copies of backups in another vault: backups of their own, of the same disk and moment, available when they are complete.

import { Refusal } from '../faults.ts';
import type { BackupCopy, CopyOutcome } from '../protocol.ts';
import type { Actor, Control } from './control.ts';
import { COPIES_MAX } from './limits.ts';
import { checkBackupQuota } from './quotas.ts';
import type { BackupRecord, JobRecord, VaultRecord } from './records.ts';
import { vaultForBackup } from './vault-records.ts';

/**
 * Writes down the copies that are to be made, inside a change, oldest moment first: each is then sent against the one
 * before it. Without ids: all that are available and have no copy there. Refuses when there is nothing to copy, and what
 * a backup into that vault would be refused for.
 */
export function beginCopies(
  control: Control,
  actor: Actor,
  jobId: string,
  from: VaultRecord,
  to: VaultRecord,
  backupIds: readonly string[] | undefined,
): BackupCopy[] {
  const there = new Set(control.backups.by('vaultId', to.id).map((backup) => backup.copyOf));
  const chosen =
    backupIds === undefined
      ? control.backups
          .by('vaultId', from.id)
          .filter(
            (backup) =>
              backup.status === 'available' &&
              backup.sharedFrom === undefined &&
              !there.has(backup.id) &&
              !isCopyFrom(control, backup, to),
          )
      : [...new Set(backupIds)].map((id) => copyable(control, id, from));
  if (chosen.length === 0) throw new Refusal('invalid-request', { reason: 'There is no backup to be copied.' });
  if (chosen.length > COPIES_MAX) {
    throw new Refusal('invalid-request', { reason: `At most ${COPIES_MAX} backups in one copy: name some.` });
  }
  vaultForBackup(control, actor, '', to.id);
  return chosen
    .toSorted((a, b) => a.dataMs - b.dataMs)
    .map((source) => {
      checkBackupQuota(control, source.sizeGib);
      const copy = control.backups.put(recordOf(control, actor, source, to.id, jobId));
      const { id: backupId, name, createdMs } = copy;
      return { fromBackupId: source.storedAs ?? source.id, backupId, name, createdMs };
    });
}

/** The records of a copy's backups, when it has ended. `outcomes` by their ids; those without one failed with all. */
export function endCopies(
  control: Control,
  job: JobRecord,
  outcomes: Readonly<Record<string, CopyOutcome>>,
  failReason: string,
): void {
  const updatedMs = control.now();
  for (const backup of control.backups.by('jobId', job.id)) {
    const outcome = outcomes[backup.id];
    const ended = { ...backup, jobId: null, updatedMs };
    if (outcome?.state === 'done') {
      control.backups.put({ ...ended, ...outcome.result, status: 'available', progressPercent: 100 });
    } else control.backups.put({ ...ended, status: 'error', failReason: outcome?.message ?? failReason });
  }
}

/** A copy goes not back to where it came from. */
function isCopyFrom(control: Control, { copyOf }: BackupRecord, vault: VaultRecord): boolean {
  return copyOf !== undefined && control.backups.get(copyOf)?.vaultId === vault.id;
}

function copyable(control: Control, id: string, from: VaultRecord): BackupRecord {
  const backup = control.backup(id);
  // The bytes of what another project shares are not in this vault.
  if (backup.vaultId !== from.id || backup.sharedFrom !== undefined) throw new Refusal('backup-not-found', { id });
  if (backup.status !== 'available') throw new Refusal('backup-status', { id, status: backup.status });
  return backup;
}

function recordOf(control: Control, actor: Actor, source: BackupRecord, vaultId: string, jobId: string): BackupRecord {
  const { storedAs, ...same } = source;
  const nowMs = control.now();
  return {
    ...same,
    id: crypto.randomUUID(),
    vaultId,
    copyOf: source.id,
    status: 'creating',
    jobId,
    userId: actor.userId,
    // What it rests on, who made it and when it goes are the original's own.
    ...{ checkpointId: null, parentId: null, policyId: null, automatic: false, expiresMs: null },
    ...{ objectCount: 0, storedBytes: 0, progressPercent: 0, createdMs: nowMs, updatedMs: nowMs },
  };
}
