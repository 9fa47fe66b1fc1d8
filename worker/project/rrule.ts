// The part of iCalendar's recurrence rules that backup policies may use: FREQ=DAILY or WEEKLY with INTERVAL, BYDAY, BYHOUR
// and BYMINUTE, in UTC. Small enough to be read, so no library: the whole grammar would add more code than this Worker.

import { DAY_MS } from './limits.ts';

const MINUTE_MS = 60 * 1000;

/** Monday first: weeks start there (RFC 5545's default). */
const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;

/** Looking further ahead than this finds nothing: the rule never comes due. */
const LOOK_AHEAD_DAYS = 4000;

const POINTS_PER_DAY_MAX = 24;
const GAP_MINUTES_MIN = 60;

export interface Rule {
  readonly weekly: boolean;
  /** Every so many days or weeks, counted from the start. */
  readonly interval: number;
  /** 0 is Monday. */
  readonly weekdays: readonly number[];
  /** Minutes of the day, ascending. */
  readonly minutes: readonly number[];
}

/** Reads a rule; returns a sentence when it is not one that a policy may have. */
export function parseRule(text: string, startMs: number): Rule | string {
  const parts = new Map<string, string>();
  for (const part of text
    .trim()
    .replace(/^RRULE:/i, '')
    .split(';')) {
    const [key = '', value = ''] = part.trim().toUpperCase().split('=');
    if (!['FREQ', 'INTERVAL', 'BYDAY', 'BYHOUR', 'BYMINUTE'].includes(key))
      return `${key || 'an empty part'} in "${text}"`;
    if (parts.has(key)) return `${key} twice in "${text}"`;
    parts.set(key, value);
  }
  const freq = parts.get('FREQ');
  if (freq !== 'DAILY' && freq !== 'WEEKLY') return `FREQ must be DAILY or WEEKLY in "${text}"`;
  const start = new Date(startMs);
  const interval = numbers(parts.get('INTERVAL') ?? '1', 1, 1000);
  if (interval?.length !== 1) return `INTERVAL in "${text}"`;
  const weekday = (start.getUTCDay() + 6) % 7;
  const everyDay = freq === 'WEEKLY' ? [weekday] : [0, 1, 2, 3, 4, 5, 6];
  const byDay = parts.get('BYDAY');
  const weekdays =
    byDay === undefined ? everyDay : byDay.split(',').map((day) => (DAYS as readonly string[]).indexOf(day));
  if (weekdays.includes(-1)) return `BYDAY in "${text}"`;
  const hours = numbers(parts.get('BYHOUR') ?? String(start.getUTCHours()), 0, 23);
  if (hours === null) return `BYHOUR in "${text}"`;
  const past = numbers(parts.get('BYMINUTE') ?? String(start.getUTCMinutes()), 0, 59);
  if (past === null) return `BYMINUTE in "${text}"`;
  const minutes = hours.flatMap((hour) => past.map((minute) => hour * 60 + minute)).toSorted((a, b) => a - b);
  return { weekly: freq === 'WEEKLY', interval: interval[0]!, weekdays, minutes };
}

/** A sentence when the rules together come too often: less than an hour apart, or more than 24 times a day. */
export function tooOften(rules: readonly Rule[]): string | null {
  const minutes = [...new Set(rules.flatMap((rule) => rule.minutes))].toSorted((a, b) => a - b);
  if (minutes.length > POINTS_PER_DAY_MAX) return `more than ${POINTS_PER_DAY_MAX} points a day`;
  // The first point of a day follows the last one of the day before.
  const close = minutes.some((minute, at) => {
    const before = at > 0 ? minutes[at - 1]! : minutes.at(-1)! - DAY_MS / MINUTE_MS;
    return minute - before < GAP_MINUTES_MIN;
  });
  return close ? 'points less than an hour apart' : null;
}

/**
 * The first moment after `afterMs` at which the rule comes due; null when there is none. Days count from the start's day,
 * weeks from the start's week; a point before the start is none.
 */
export function nextPoint(rule: Rule, startMs: number, afterMs: number): number | null {
  const startDay = Math.floor(startMs / DAY_MS);
  const fromMs = Math.max(afterMs, startMs - 1);
  const firstDay = Math.floor(fromMs / DAY_MS);
  for (let day = firstDay; day <= firstDay + LOOK_AHEAD_DAYS; day++) {
    if (!rule.weekdays.includes(weekdayOf(day)) || !isOnInterval(rule, startDay, day)) continue;
    for (const minute of rule.minutes) {
      const pointMs = day * DAY_MS + minute * MINUTE_MS;
      if (pointMs > fromMs) return pointMs;
    }
  }
  return null;
}

function isOnInterval(rule: Rule, startDay: number, day: number): boolean {
  if (!rule.weekly) return (day - startDay) % rule.interval === 0;
  const weeks = (day - weekdayOf(day) - (startDay - weekdayOf(startDay))) / 7;
  return weeks % rule.interval === 0;
}

/** 0 is Monday; the epoch was a Thursday. */
function weekdayOf(day: number): number {
  return (((day + 3) % 7) + 7) % 7;
}

function numbers(text: string, min: number, max: number): number[] | null {
  const values = text.split(',').map((part) => (/^\d{1,4}$/.test(part) ? Number(part) : Number.NaN));
  return values.every((value) => value >= min && value <= max) ? [...new Set(values)] : null;
}
