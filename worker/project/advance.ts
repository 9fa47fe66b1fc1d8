// Moving a simulated clock past the moments at which something is scheduled, in order.

import { Refusal } from '../faults.ts';
import type { ClockAdvance } from './contract.ts';
import type { Control } from './control.ts';
import { type DueKey, policyOf } from './due.ts';
import { running } from './jobs.ts';
import { ADVANCE_MS_MAX, ADVANCE_WAIT_MS_MAX } from './limits.ts';
import type { JobRecord } from './records.ts';
import { runPolicy } from './schedule.ts';
import { sweep } from './sweep.ts';

/**
 * Moves the clock on, stopping at each moment at which a policy comes due or the daily sweep comes, in order, and waiting
 * there until the backups, and the deletions that retention begins, have ended. When that takes too long the clock stays
 * where it is by then, and the answer says so.
 * @param bringSettings Has what runs rest on limits as they are now.
 * @param waitMs How long the call may take; real time.
 */
export async function advanceClock(
  control: Control,
  ms: number,
  bringSettings: () => Promise<void>,
  waitMs: number = ADVANCE_WAIT_MS_MAX,
): Promise<ClockAdvance> {
  if (!Number.isInteger(ms) || ms < 0 || ms > ADVANCE_MS_MAX) {
    throw new Refusal('invalid-request', { reason: `Advance by 0 to ${ADVANCE_MS_MAX} milliseconds.` });
  }
  const targetMs = control.now() + ms;
  const waitUntilMs = Date.now() + Math.min(waitMs, ADVANCE_WAIT_MS_MAX);
  const ran: ClockAdvance['ran'][number][] = [];
  const sweptMs: number[] = [];
  for (;;) {
    await bringSettings();
    const untilMs = targetMs - control.clock.offsetMs();
    const next = control.due.nextOfClock(untilMs);
    const stopMs = (next?.dueMs ?? untilMs) + control.clock.offsetMs();
    try {
      control.commit(() => {
        control.due.shift(control.clock.moveTo(stopMs));
        // Two of one moment come together, as they would in real time.
        for (const key of next === null ? [] : control.due.ofClock(Date.now())) {
          run(control, key, stopMs, ran, sweptMs);
        }
      });
    } finally {
      // Should it have been undone, what is remembered in memory was too.
      control.clock.forget();
    }
    await settled(control, waitUntilMs);
    if (next === null || Date.now() >= waitUntilMs) break;
  }
  const nowMs = control.now();
  return {
    nowMs,
    offsetMs: control.clock.offsetMs(),
    ran,
    sweptMs,
    unsettled: scheduled(control).length,
    reachedTarget: nowMs >= targetMs,
  };
}

function run(
  control: Control,
  key: DueKey,
  dueMs: number,
  ran: ClockAdvance['ran'][number][],
  sweptMs: number[],
): void {
  const policyId = policyOf(key);
  if (policyId === null) {
    sweep(control);
    sweptMs.push(dueMs);
  } else {
    ran.push({ policyId, dueMs, checkpointIds: runPolicy(control, policyId) });
  }
}

/** Jobs of the kind that policies begin. A disk that waits for its zone to be deleted does not hold up the days. */
function scheduled(control: Control): JobRecord[] {
  return running(control).filter(({ action }) => action === 'createBackup' || action === 'deleteBackup');
}

async function settled(control: Control, untilMs: number): Promise<void> {
  while (scheduled(control).length > 0 && Date.now() < untilMs) await scheduler.wait(20);
}
