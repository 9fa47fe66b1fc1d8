// When the daily sweep comes: at ten o'clock UTC. The vendor deletes what has expired between 08:00 and 20:00, away from the
// hours of the night in which most backups are made.

import type { Control } from './control.ts';
import { DAY_MS, SWEEP_TIME_MS } from './limits.ts';

/** The next sweep after a moment of project time. */
export function nextSweepMs(nowMs: number): number {
  const today = Math.floor(nowMs / DAY_MS) * DAY_MS + SWEEP_TIME_MS;
  return today > nowMs ? today : today + DAY_MS;
}

/** There is something to look after: the sweep will come. Inside a change. */
export function expectSweep(control: Control): void {
  if (!control.due.has('sweep')) control.due.set('sweep', nextSweepMs(control.now()) - control.clock.offsetMs());
}
