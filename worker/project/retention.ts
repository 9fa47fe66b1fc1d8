// Which automatic backups are kept. The plan is data, with reasons, and pure; carrying it out is a deletion like any other.
// Backups that a person made are never touched.
//
// A rule by number holds for all backups of the policy, old ones too, as soon as it is set. A rule by age is written into
// each backup when it is made: a shorter one must not reach back and take what was promised to be kept.

import type { BackupStatus } from './contract.ts';
import type { Control } from './control.ts';
import { beginDeleteBackup } from './delete-backups.ts';
import { DAY_MS, FAILED_AUTOMATIC_LIFE_MS, FAILED_AUTOMATIC_MAX } from './limits.ts';
import type { BackupRecord, PolicyRecord } from './records.ts';

interface Candidate {
  readonly id: string;
  readonly status: BackupStatus;
  readonly createdMs: number;
  readonly expiresMs: number | null;
}

export interface Verdict {
  readonly backupId: string;
  readonly keep: boolean;
  readonly reason: string;
}

/** When a backup that is made now by the policy expires; null when it has no rule by age. */
export function expiryOf(control: Control, policyId: string): number | null {
  const { durationDays = -1 } = control.policy(policyId).retention;
  return durationDays > 0 ? control.now() + durationDays * DAY_MS : null;
}

/**
 * A verdict on each automatic backup of one disk, newest first. Without a rule all that are usable are kept.
 * @example planRetention(backups, 2, now) // the two newest stay, and of them those that have not expired
 */
export function planRetention(backups: readonly Candidate[], maxBackups: number, nowMs: number): Verdict[] {
  let usable = 0;
  let failed = 0;
  return backups
    .toSorted((a, b) => b.createdMs - a.createdMs || (a.id < b.id ? 1 : -1))
    .map(({ id, status, createdMs, expiresMs }) => {
      const verdict = (keep: boolean, reason: string): Verdict => ({ backupId: id, keep, reason });
      if (status === 'error') {
        failed++;
        if (failed > FAILED_AUTOMATIC_MAX) return verdict(false, `more than ${FAILED_AUTOMATIC_MAX} failed ones`);
        if (createdMs + FAILED_AUTOMATIC_LIFE_MS < nowMs) return verdict(false, 'failed long ago');
        return verdict(true, 'failed: kept for a look');
      }
      if (status !== 'available') return verdict(true, `it is ${status}`);
      usable++;
      if (maxBackups > 0 && usable > maxBackups) return verdict(false, `more than the newest ${maxBackups}`);
      if (expiresMs !== null && expiresMs < nowMs) return verdict(false, 'expired');
      return verdict(true, maxBackups > 0 ? `one of the newest ${maxBackups}` : 'no rule ends it');
    });
}

/** After an automatic backup has ended: deletes what its policy no longer keeps of that disk in that vault. */
export function retainAfter(control: Control, ended: BackupRecord): void {
  if (!ended.automatic || ended.policyId === null) return;
  const policy = control.policies.get(ended.policyId);
  if (policy === null) return;
  const siblings = automaticOf(control, policy).filter((backup) => placeOf(backup) === placeOf(ended));
  carryOut(control, policy, siblings);
}

/** Deletes all that the policy no longer keeps, of every disk: when its rules have changed, and once a day. */
export function retainAll(control: Control, policy: PolicyRecord): void {
  for (const backups of Map.groupBy(automaticOf(control, policy), placeOf).values()) carryOut(control, policy, backups);
}

/** A disabled policy makes nothing and lets nothing go. */
function carryOut(control: Control, policy: PolicyRecord, backups: readonly BackupRecord[]): void {
  if (!policy.enabled) return;
  const { maxBackups = -1 } = policy.retention;
  for (const { backupId, keep } of planRetention(backups, maxBackups, control.now())) {
    if (!keep) beginDeleteBackup(control, control.backup(backupId));
  }
}

function automaticOf(control: Control, policy: PolicyRecord): BackupRecord[] {
  return control.backups.by('policyId', policy.id).filter((backup) => backup.automatic);
}

/** Rules count the backups of one disk in one vault. */
function placeOf({ volumeId, vaultId }: BackupRecord): string {
  return `${volumeId} ${vaultId}`;
}
