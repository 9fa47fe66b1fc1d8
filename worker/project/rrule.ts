// When a backup policy comes due: the strict subset of iCalendar's recurrence rules that it may have, FREQ=DAILY or WEEKLY
// with INTERVAL, BYDAY, BYHOUR and BYMINUTE. What is allowed is decided here; a library expands what was allowed.

import { RRuleTemporal } from 'rrule-temporal';
import { DAY_MS } from './limits.ts';

const MINUTE_MS = 60 * 1000;
const MINUTES_PER_DAY = DAY_MS / MINUTE_MS;
const MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY;

/** Monday first: weeks start there (RFC 5545's default). */
const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;
const PARTS = ['FREQ', 'INTERVAL', 'BYDAY', 'BYHOUR', 'BYMINUTE'];

/** Every day, hour and minute written out is shorter. */
const TEXT_MAX = 512;
const INTERVAL_MAX = 1000;
const POINTS_PER_DAY_MAX = 24;
const GAP_MINUTES_MIN = 60;

export interface Rule {
  /** Days of the week on which it may come due; 0 is Monday. */
  readonly weekdays: readonly number[];
  /** Minutes of the day, ascending. */
  readonly minutes: readonly number[];
  readonly startMs: number;
  /** By how much the rule's clock is ahead of UTC. */
  readonly offsetMs: number;
  readonly points: RRuleTemporal;
}

/**
 * Reads a rule; returns a sentence when it is not one that a policy may have. Days count from the start's day, weeks from the
 * start's week; what the rule leaves out is taken from the start (RFC 5545).
 * @param offsetMs The rule speaks of a clock that is this much ahead of UTC.
 * @example parseRule('FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=14;BYMINUTE=00', startMs)
 */
export function parseRule(text: string, startMs: number, offsetMs = 0): Rule | string {
  const parts = partsOf(text);
  if (typeof parts === 'string') return parts;
  const freq = parts.get('FREQ');
  if (freq !== 'DAILY' && freq !== 'WEEKLY') return `FREQ must be DAILY or WEEKLY in "${text}"`;
  const start = new Date(startMs + offsetMs);
  const interval = numbers(parts.get('INTERVAL') ?? '1', 1, INTERVAL_MAX);
  if (interval?.length !== 1) return `INTERVAL in "${text}"`;
  const ownDay = DAYS[(start.getUTCDay() + 6) % 7]!;
  const days = parts.get('BYDAY')?.split(',') ?? (freq === 'WEEKLY' ? [ownDay] : DAYS);
  const weekdays = [...new Set(days)].map((day) => DAYS.indexOf(day as (typeof DAYS)[number]));
  if (weekdays.includes(-1)) return `BYDAY in "${text}"`;
  const hours = numbers(parts.get('BYHOUR') ?? String(start.getUTCHours()), 0, 23);
  if (hours === null) return `BYHOUR in "${text}"`;
  const past = numbers(parts.get('BYMINUTE') ?? String(start.getUTCMinutes()), 0, 59);
  if (past === null) return `BYMINUTE in "${text}"`;
  const rrule = [
    `FREQ=${freq};INTERVAL=${interval[0]}`,
    `BYDAY=${weekdays.map((day) => DAYS[day]).join(',')}`,
    `BYHOUR=${hours.join(',')};BYMINUTE=${past.join(',')};BYSECOND=0`,
  ].join(';');
  const points = new RRuleTemporal({ rruleString: `DTSTART:${basicTime(start)}\nRRULE:${rrule}` });
  const minutes = hours.flatMap((hour) => past.map((minute) => hour * 60 + minute)).toSorted((a, b) => a - b);
  const rule = { weekdays, minutes, startMs, offsetMs, points };
  // Every seventh day is always the same day of the week.
  if (nextPoint(rule, startMs - 1) === null) return `"${text}" never comes due`;
  return rule;
}

/** A sentence when the rules together may come too often: less than an hour apart, or more than 24 times a day. */
export function tooOften(rules: readonly Rule[]): string | null {
  const ofWeek = rules.flatMap(({ weekdays, minutes }) =>
    weekdays.flatMap((day) => minutes.map((minute) => day * MINUTES_PER_DAY + minute)),
  );
  const points = [...new Set(ofWeek)].toSorted((a, b) => a - b);
  const perDay = Map.groupBy(points, (point) => Math.floor(point / MINUTES_PER_DAY));
  if ([...perDay.values()].some((day) => day.length > POINTS_PER_DAY_MAX)) {
    return `more than ${POINTS_PER_DAY_MAX} points a day`;
  }
  // The first point of a week follows the last one of the week before.
  const close = points.some((point, at) => {
    const before = at > 0 ? points[at - 1]! : points.at(-1)! - MINUTES_PER_WEEK;
    return point - before < GAP_MINUTES_MIN;
  });
  return close ? `points less than ${GAP_MINUTES_MIN} minutes apart` : null;
}

/** The first moment after `afterMs`, and not before the start, at which the rule comes due; null when there is none. */
export function nextPoint({ points, startMs, offsetMs }: Rule, afterMs: number): number | null {
  const point = points.next(new Date(Math.max(afterMs, startMs - 1) + offsetMs));
  return point === null ? null : point.epochMilliseconds - offsetMs;
}

/** All moments after `afterMs` and up to `untilMs` at which the rule comes due, in order. */
export function pointsBetween({ points, startMs, offsetMs }: Rule, afterMs: number, untilMs: number): number[] {
  const fromMs = Math.max(afterMs, startMs - 1) + 1;
  if (fromMs > untilMs) return [];
  const found = points.between(new Date(fromMs + offsetMs), new Date(untilMs + offsetMs), true);
  return found.map((point) => point.epochMilliseconds - offsetMs);
}

/** A rule's parts by name, or the sentence that says what is wrong with them. */
function partsOf(text: string): Map<string, string> | string {
  if (text.length > TEXT_MAX) return `a pattern has at most ${TEXT_MAX} characters`;
  const parts = new Map<string, string>();
  for (const part of text
    .trim()
    .replace(/^RRULE:/i, '')
    .split(';')) {
    const [key = '', value = '', ...more] = part.trim().toUpperCase().split('=');
    if (!PARTS.includes(key) || more.length > 0) return `${key || 'an empty part'} in "${text}"`;
    if (parts.has(key)) return `${key} twice in "${text}"`;
    parts.set(key, value);
  }
  return parts;
}

/** `20261122T093000Z`: to the minute, so that points fall on whole minutes. */
function basicTime(time: Date): string {
  return `${time.toISOString().slice(0, 16).replaceAll(/[-:]/g, '')}00Z`;
}

function numbers(text: string, min: number, max: number): number[] | null {
  const values = text.split(',').map((part) => (/^\d{1,4}$/.test(part) ? Number(part) : Number.NaN));
  return values.every((value) => value >= min && value <= max) ? [...new Set(values)] : null;
}
