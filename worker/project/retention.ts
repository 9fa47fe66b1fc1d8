// Which automatic backups are kept. The plan is data, with reasons, and pure; carrying it out is a deletion like any other.
// Backups that a person made are never touched.

import type { BackupStatus, Retention } from './contract.ts';
import type { Control } from './control.ts';
import { beginDeleteBackup } from './delete-backups.ts';
import { FAILED_AUTOMATIC_MAX } from './limits.ts';
import type { BackupRecord } from './records.ts';

const DAY_MS = 24 * 3600 * 1000;

interface Candidate {
  readonly id: string;
  readonly status: BackupStatus;
  readonly createdMs: number;
}

export interface Verdict {
  readonly backupId: string;
  readonly keep: boolean;
  readonly reason: string;
}

/**
 * A verdict on each automatic backup of one disk, newest first. Without a rule all that are usable are kept.
 * @example planRetention(backups, { maxBackups: 2 }, now) // the two newest stay
 */
export function planRetention(backups: readonly Candidate[], rule: Retention, nowMs: number): Verdict[] {
  const { maxBackups = -1, durationDays = -1 } = rule;
  let usable = 0;
  let failed = 0;
  return backups
    .toSorted((a, b) => b.createdMs - a.createdMs || (a.id < b.id ? 1 : -1))
    .map(({ id, status, createdMs }) => {
      const verdict = (keep: boolean, reason: string): Verdict => ({ backupId: id, keep, reason });
      if (status === 'error') {
        failed++;
        return failed > FAILED_AUTOMATIC_MAX
          ? verdict(false, `more than ${FAILED_AUTOMATIC_MAX} failed ones are not kept`)
          : verdict(true, 'failed: kept for a look');
      }
      if (status !== 'available') return verdict(true, `it is ${status}`);
      usable++;
      if (maxBackups > 0 && usable > maxBackups) return verdict(false, `more than the newest ${maxBackups}`);
      if (durationDays > 0 && createdMs + durationDays * DAY_MS < nowMs) {
        return verdict(false, `older than ${durationDays} days`);
      }
      return verdict(true, maxBackups > 0 ? `one of the newest ${maxBackups}` : 'no rule ends it');
    });
}

/** After an automatic backup has ended: deletes what its policy no longer keeps of that disk in that vault. */
export function applyRetention(control: Control, ended: BackupRecord): void {
  if (!ended.automatic || ended.policyId === null) return;
  const { policyId, vaultId, volumeId } = ended;
  const policy = control.policies.get(policyId);
  if (policy === null || !policy.enabled) return;
  const siblings = control.backups
    .by('volumeId', volumeId)
    .filter((backup) => backup.automatic && backup.policyId === policyId && backup.vaultId === vaultId);
  for (const { backupId, keep } of planRetention(siblings, policy.retention, control.now())) {
    if (!keep) beginDeleteBackup(control, control.backup(backupId));
  }
}
