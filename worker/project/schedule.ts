// Running policies when they come due, and moving a simulated clock past the points where they do.

import { Refusal } from '../faults.ts';
import { createCheckpoint, skipRun } from './checkpoints.ts';
import type { ClockAdvance } from './contract.ts';
import type { Control } from './control.ts';
import { running } from './jobs.ts';
import { ADVANCE_MS_MAX, ADVANCE_WAIT_MS_MAX } from './limits.ts';
import { nextMs, reschedule, vaultIds } from './policies.ts';
import type { JobRecord, PolicyRecord } from './records.ts';
import { retainAll } from './retention.ts';

/**
 * Runs a policy that has come due, inside a change; returns the checkpoints it made. However many points were missed, it
 * runs once: a late backup is worth having, several of the same moment are not.
 */
export function runPolicy(control: Control, policyId: string): string[] {
  const policy = control.policies.get(policyId);
  if (policy === null) return [];
  const nowMs = control.now();
  const due = nextMs(control, policy);
  const made: string[] = [];
  if (due !== null && due <= nowMs) {
    for (const vaultId of vaultIds(control, policyId)) {
      const id = runOnVault(control, policy, vaultId);
      if (id !== null) made.push(id);
    }
    control.policies.put({ ...policy, doneMs: nowMs });
  }
  reschedule(control, policyId);
  return made;
}

function runOnVault(control: Control, policy: PolicyRecord, vaultId: string): string | null {
  const active = control.backups
    .by('vaultId', vaultId)
    .some((one) => one.status === 'creating' && one.policyId === policy.id);
  if (active) {
    skipRun(control, vaultId, policy.id);
    return null;
  }
  try {
    const { id } = createCheckpoint(control, policy, { vaultId, automatic: true, policyId: policy.id });
    return id;
  } catch (error) {
    // An empty or locked vault must not keep the others from their turn.
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/**
 * Moves the clock on, stopping at each point where a policy comes due, in order, and waiting there until the backups (and
 * the deletions that retention begins) have ended. When that takes too long the clock stays where it is by then.
 */
export async function advanceClock(control: Control, ms: number): Promise<ClockAdvance> {
  if (!Number.isInteger(ms) || ms < 0 || ms > ADVANCE_MS_MAX) {
    throw new Refusal('invalid-request', { reason: `Advance by 0 to ${ADVANCE_MS_MAX} milliseconds.` });
  }
  const targetMs = control.now() + ms;
  const waitUntilMs = Date.now() + ADVANCE_WAIT_MS_MAX;
  const ran: ClockAdvance['ran'][number][] = [];
  for (;;) {
    const point = earliest(control, targetMs);
    try {
      control.commit(() => {
        control.clock.moveTo(point?.dueMs ?? targetMs);
        if (point !== null) ran.push({ ...point, checkpointIds: runPolicy(control, point.policyId) });
        for (const policy of control.policies.all()) {
          reschedule(control, policy.id);
          retainAll(control, policy);
        }
      });
    } finally {
      // Should it have been undone, what is remembered in memory was too.
      control.clock.forget();
    }
    await settled(control, waitUntilMs);
    if (point === null || Date.now() >= waitUntilMs) break;
  }
  const nowMs = control.now();
  const unsettled = scheduled(control).length;
  return { nowMs, offsetMs: control.clock.offsetMs(), ran, unsettled, reachedTarget: nowMs >= targetMs };
}

/** The first point up to `targetMs`; of two at one moment the policy with the smaller id. */
function earliest(control: Control, targetMs: number): { policyId: string; dueMs: number } | null {
  const points = control.policies
    .all()
    .map((policy) => ({ policyId: policy.id, dueMs: nextMs(control, policy) }))
    .filter((point): point is { policyId: string; dueMs: number } => point.dueMs !== null && point.dueMs <= targetMs)
    .toSorted((a, b) => a.dueMs - b.dueMs || (a.policyId < b.policyId ? -1 : 1));
  return points[0] ?? null;
}

/** Jobs of the kind that policies begin. A disk that waits for its zone to be deleted does not hold up the days. */
function scheduled(control: Control): JobRecord[] {
  return running(control).filter(({ action }) => action === 'createBackup' || action === 'deleteBackup');
}

async function settled(control: Control, untilMs: number): Promise<void> {
  while (scheduled(control).length > 0 && Date.now() < untilMs) await scheduler.wait(20);
}
