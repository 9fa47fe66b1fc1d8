// Carrying out what a policy's retention plan says: a deletion like any other. And showing the plan beforehand.

import { Refusal } from '../faults.ts';
import type { PlannedBackup, RetentionPlan, RetentionPlanInput } from './contract.ts';
import type { Control } from './control.ts';
import { beginDeleteBackup } from './delete-backups.ts';
import { DAY_MS } from './limits.ts';
import { checkRules, retentionOf } from './policy-rules.ts';
import type { BackupRecord, PolicyRecord } from './records.ts';
import { planRetention, type Verdict } from './retention-plan.ts';
import { nextSweepMs } from './sweep-time.ts';
import { appliesTo, upcoming } from './timetable.ts';

/** Points of the future that a plan names. */
const NEXT_RUNS = 10;

/** When a backup that is made now by the policy expires; null when it has no rule by age. */
export function expiryOf(control: Control, policyId: string): number | null {
  const { durationDays = -1 } = control.policy(policyId).retention;
  return durationDays > 0 ? control.now() + durationDays * DAY_MS : null;
}

/** After a backup has ended, made by whom ever: what policies no longer keep of that disk in that vault by number goes. */
export function retainAfter(control: Control, ended: BackupRecord): void {
  const siblings = control.backups
    .by('volumeId', ended.volumeId)
    .filter((backup) => backup.automatic && backup.vaultId === ended.vaultId);
  for (const [policyId, backups] of Map.groupBy(siblings, (backup) => backup.policyId)) {
    const policy = policyId === null ? null : control.policies.get(policyId);
    if (policy !== null) carryOut(control, planOf(control, policy, backups, control.now()), ['now']);
  }
}

/** After the rules have changed: what they no longer keep by number goes, of every disk. */
export function retainByNumber(control: Control, policy: PolicyRecord): void {
  carryOut(control, planAll(control, policy, control.now()), ['now']);
}

/** Once a day: what has become too old goes too. */
export function retainAll(control: Control, policy: PolicyRecord): void {
  carryOut(control, planAll(control, policy, control.now()), ['now', 'sweep']);
}

/** What would become of a policy's backups, at a time and under rules that need not be saved. Changes nothing. */
export function showPlan(control: Control, policyId: string, input: RetentionPlanInput): RetentionPlan {
  const policy = control.policy(policyId);
  const atMs = input.atMs ?? control.now();
  const { retention, patterns, startMs } = policy;
  if (input.patterns !== undefined) checkRules(input.patterns, control.now());
  const rules: PolicyRecord = {
    ...policy,
    enabled: input.enabled ?? policy.enabled,
    retention: input.definition === undefined ? retention : retentionOf(input.definition),
    patterns: input.patterns ?? patterns,
    startMs: input.patterns === undefined ? startMs : control.now(),
  };
  const byId = new Map(automaticOf(control, policy).map((backup) => [backup.id, backup]));
  return {
    atMs,
    enabled: rules.enabled,
    backups: planAll(control, rules, atMs).map((verdict) => planned(byId.get(verdict.backupId)!, verdict)),
    nextRunsMs: rules.enabled ? upcoming(rules, atMs, NEXT_RUNS) : [],
    nextSweepMs: nextSweepMs(atMs),
  };
}

function planned(backup: BackupRecord, { keep, when, reason }: Verdict): PlannedBackup {
  const { id, name, volumeId, vaultId, status, createdMs, expiresMs } = backup;
  return { id, name, volumeId, vaultId, status, createdMs, expiresMs, keep, when, reason };
}

function planAll(control: Control, policy: PolicyRecord, nowMs: number): Verdict[] {
  const places = Map.groupBy(automaticOf(control, policy), ({ volumeId, vaultId }) => `${volumeId} ${vaultId}`);
  return [...places.values()].flatMap((backups) => planOf(control, policy, backups, nowMs));
}

/** The plan for backups of one disk in one vault. */
function planOf(
  control: Control,
  policy: PolicyRecord,
  backups: readonly BackupRecord[],
  nowMs: number,
): readonly Verdict[] {
  const [{ volumeId, vaultId }] = backups as [BackupRecord];
  const terms = {
    enabled: policy.enabled,
    applied: appliesTo(control, policy, volumeId, vaultId),
    locked: control.vaults.get(vaultId)?.locked ?? false,
  };
  return planRetention(backups, policy.retention, terms, nowMs);
}

function carryOut(control: Control, verdicts: readonly Verdict[], ends: readonly Verdict['when'][]): void {
  for (const { backupId, keep, when } of verdicts) {
    if (keep || !ends.includes(when)) continue;
    try {
      beginDeleteBackup(control, control.backup(backupId));
    } catch (error) {
      // Somebody else needs it just now: the next look, at the latest tomorrow's, finds it again.
      if (!(error instanceof Refusal)) throw error;
    }
  }
}

function automaticOf(control: Control, policy: PolicyRecord): BackupRecord[] {
  return control.backups.by('policyId', policy.id).filter((backup) => backup.automatic);
}
