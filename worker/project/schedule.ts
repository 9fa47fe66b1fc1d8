// Running policies that have come due.

import { fault, Refusal, renderFault } from '../faults.ts';
import { createCheckpoint } from './checkpoints.ts';
import type { ScheduledRun } from './contract.ts';
import type { Control } from './control.ts';
import { createBackup, madeUpName } from './create-backups.ts';
import type { PolicyRecord, VaultRecord } from './records.ts';
import { skipTask } from './tasks.ts';
import { nextMs, overdue, reschedule, vaultIds, volumeIds } from './timetable.ts';
import { bindMatching } from './vault-resources.ts';

/**
 * Runs a policy that has come due, inside a change; returns the checkpoints it made. However many points were missed, it
 * runs once, and says so: a late backup is worth having, several of the same moment are not.
 */
export function runPolicy(control: Control, policyId: string): string[] {
  const policy = control.policies.get(policyId);
  const nowMs = control.now();
  const firstMs = policy === null ? null : nextMs(control, policy);
  const made: string[] = [];
  if (policy !== null && firstMs !== null && firstMs <= nowMs) {
    const points = overdue(policy, nowMs);
    const run = { dueMs: points.at(-1)!, missedPoints: points.length - 1 };
    if (run.missedPoints > 0) sayMissed(control, policy, run, firstMs);
    made.push(...runNow(control, policy, run));
    control.policies.put({ ...policy, doneMs: nowMs });
  }
  reschedule(control, policyId);
  return made;
}

/** Backs up everything under a policy; returns the checkpoints. What cannot be backed up is in the log, with the reason. */
function runNow(control: Control, policy: PolicyRecord, run: ScheduledRun): string[] {
  if (policy.vbs !== undefined) {
    backUpVolumes(control, policy);
    return [];
  }
  return vaultIds(control, policy.id)
    .map((vaultId) => runOnVault(control, policy, bindMatching(control, control.vault(vaultId)), run))
    .filter((checkpointId) => checkpointId !== null);
}

function runOnVault(control: Control, policy: PolicyRecord, vault: VaultRecord, run: ScheduledRun): string | null {
  const isActive = control.backups
    .by('vaultId', vault.id)
    .some((one) => one.status === 'creating' && one.policyId === policy.id);
  try {
    if (isActive) throw new Refusal('vault-running', { id: vault.id });
    const input = { vaultId: vault.id, automatic: true, policyId: policy.id };
    return createCheckpoint(control, policy, input, run).id;
  } catch (error) {
    // An empty vault, or one whose last run is still going, must not keep the others from their turn.
    logRefusal(control, error, { policyId: policy.id, vaultId: vault.id, vaultName: vault.name });
    return null;
  }
}

/**
 * A VBS policy's backups go where a backup by hand would: into the vault that has the disk, else the project's own. They have
 * the policy's tags. How many a disk may have by hand is no limit here: the policy may keep more.
 */
export function backUpVolumes(control: Control, policy: PolicyRecord): void {
  const tags = Object.fromEntries((policy.vbs?.tags ?? []).map(({ key, value }) => [key, value]));
  for (const volumeId of volumeIds(control, policy)) {
    const input = { face: 'cbr', volumeId, name: madeUpName('autobk'), tags } as const;
    try {
      createBackup(control, policy, input, { automatic: true, policyId: policy.id });
    } catch (error) {
      const { name: resourceName = '' } = control.volumes.get(volumeId) ?? {};
      logRefusal(control, error, { policyId: policy.id, resourceId: volumeId, resourceName });
    }
  }
}

/** Puts a refusal into the log; anything else is a defect. */
function logRefusal(
  control: Control,
  error: unknown,
  about: Partial<Parameters<typeof skipTask>[1]> & { readonly policyId: string },
): void {
  if (!(error instanceof Refusal)) throw error;
  const { vendorCode: errorCode, message: errorMessage } = renderFault(error.fault, 'cbr');
  skipTask(control, { kind: 'backup', ...about, errorCode, errorMessage });
}

/** Says in the log of each vault (of the policy, when it names disks) that points were missed. */
function sayMissed(control: Control, policy: PolicyRecord, run: ScheduledRun, firstMs: number): void {
  const { message: errorMessage } = fault('policy-points-missed', {
    id: policy.id,
    points: run.missedPoints,
    since: new Date(firstMs).toISOString(),
  });
  const vaults = policy.vbs === undefined ? vaultIds(control, policy.id).map((id) => control.vault(id)) : [null];
  for (const vault of vaults) {
    const about = { policyId: policy.id, vaultId: vault?.id ?? null, vaultName: vault?.name ?? null };
    skipTask(control, { kind: 'backup', ...about, errorCode: null, errorMessage });
  }
}
