// Time zones as the backup services write them: an offset from UTC, without a name and without summer time.

import { DAY_MS } from './limits.ts';

const MINUTE_MS = 60_000;

/** No place on earth is further away from UTC. */
const OFFSET_MINUTES_MIN = -12 * 60;
const OFFSET_MINUTES_MAX = 14 * 60;

/**
 * By how much clocks of the zone are ahead of UTC, in milliseconds; null when the text is none.
 * @example zoneOffsetMs('UTC+01:00') // 3600000
 */
export function zoneOffsetMs(text: string): number | null {
  const [, sign, hours, minutes] = /^UTC([+-])(\d{2}):([0-5]\d)$/.exec(text) ?? [];
  if (sign === undefined) return null;
  const offset = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  return offset >= OFFSET_MINUTES_MIN && offset <= OFFSET_MINUTES_MAX ? offset * MINUTE_MS : null;
}

/** The calendar's day, week, month and year of a moment; equal texts are the same one. Weeks are ISO 8601's: from Monday. */
export interface CalendarPlace {
  readonly day: string;
  readonly week: string;
  readonly month: string;
  readonly year: string;
}

/** @param offsetMs See zoneOffsetMs. */
export function calendarPlace(ms: number, offsetMs: number): CalendarPlace {
  const local = new Date(ms + offsetMs);
  const day = local.toISOString().slice(0, 10);
  const fromMonday = (local.getUTCDay() + 6) % 7;
  const monday = new Date(local.getTime() - fromMonday * DAY_MS).toISOString().slice(0, 10);
  return { day, week: monday, month: day.slice(0, 7), year: day.slice(0, 4) };
}
