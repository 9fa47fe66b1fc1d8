// What policies ought to do, found by looking at every minute and every backup: slow, and too simple to be wrong.

import fc from 'fast-check';
import type { Candidate } from '../../worker/project/retention-plan.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const DAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'] as const;
/** A Monday, long ago. */
const MONDAY_MS = Date.UTC(2001, 0, 1);

/** A rule by its parts; null where the text has none. */
export interface Parts {
  readonly freq: 'DAILY' | 'WEEKLY';
  readonly interval: number | null;
  readonly days: readonly string[] | null;
  readonly hours: readonly number[] | null;
  readonly minutes: readonly number[] | null;
}

/** Any rule that could be written; hours and minutes may be too close to each other. */
export const anyParts: fc.Arbitrary<Parts> = fc.record({
  freq: fc.constantFrom('DAILY', 'WEEKLY'),
  interval: fc.option(fc.constantFrom(1, 2, 3, 5, 7, 14)),
  days: fc.option(fc.uniqueArray(fc.constantFrom(...DAYS), { minLength: 1, maxLength: 7 })),
  hours: fc.option(fc.uniqueArray(fc.nat(23), { minLength: 1, maxLength: 4 })),
  minutes: fc.option(fc.uniqueArray(fc.nat(59), { minLength: 1, maxLength: 2 })),
});

export function textOf({ freq, interval, days, hours, minutes }: Parts): string {
  return [
    `FREQ=${freq}`,
    ...(interval === null ? [] : [`INTERVAL=${interval}`]),
    ...(days === null ? [] : [`BYDAY=${days.join(',')}`]),
    ...(hours === null ? [] : [`BYHOUR=${hours.join(',')}`]),
    ...(minutes === null ? [] : [`BYMINUTE=${minutes.join(',')}`]),
  ].join(';');
}

/** Does the rule come due in this minute of its clock? */
export function isDue(parts: Parts, startMs: number, minuteMs: number): boolean {
  if (minuteMs < startMs) return false;
  const [start, time] = [new Date(startMs), new Date(minuteMs)];
  const days = parts.days ?? (parts.freq === 'DAILY' ? DAYS : [DAYS[start.getUTCDay()]!]);
  if (!days.includes(DAYS[time.getUTCDay()]!)) return false;
  if (!(parts.hours ?? [start.getUTCHours()]).includes(time.getUTCHours())) return false;
  if (!(parts.minutes ?? [start.getUTCMinutes()]).includes(time.getUTCMinutes())) return false;
  const count = (ms: number) =>
    parts.freq === 'DAILY' ? Math.floor(ms / DAY_MS) : Math.floor((ms - MONDAY_MS) / (7 * DAY_MS));
  return (count(minuteMs) - count(startMs)) % (parts.interval ?? 1) === 0;
}

/** All minutes after `fromMs` and up to `untilMs` in which one of the rules comes due. */
export function minutesDue(rules: readonly Parts[], startMs: number, fromMs: number, untilMs: number): number[] {
  const found: number[] = [];
  for (let ms = Math.floor(fromMs / MINUTE_MS + 1) * MINUTE_MS; ms <= untilMs; ms += MINUTE_MS) {
    if (rules.some((rule) => isDue(rule, startMs, ms))) found.push(ms);
  }
  return found;
}

/** What is left of one disk's backups, by asking of each one whether any rule keeps it. Numbers as in the vendor's API. */
export interface KeepRules {
  readonly max: number;
  readonly day: number;
  readonly week: number;
  readonly month: number;
  readonly year: number;
  readonly offsetMs: number;
}

export function keptByNumber(backups: readonly Candidate[], rules: KeepRules): Set<string> {
  const whole = backups.filter((one) => one.status === 'available' || one.status === 'restoring');
  const isNewer = (a: Candidate, b: Candidate) =>
    a.createdMs > b.createdMs || (a.createdMs === b.createdMs && a.id > b.id);
  const local = (one: Candidate) => new Date(one.createdMs + rules.offsetMs);
  const places: Record<'day' | 'week' | 'month' | 'year', (one: Candidate) => number> = {
    day: (one) => Math.floor(local(one).getTime() / DAY_MS),
    week: (one) => Math.floor((local(one).getTime() - MONDAY_MS) / (7 * DAY_MS)),
    month: (one) => local(one).getUTCFullYear() * 12 + local(one).getUTCMonth(),
    year: (one) => local(one).getUTCFullYear(),
  };
  const isKept = (one: Candidate) => {
    if (whole.filter((other) => isNewer(other, one)).length < Math.max(rules.max, 0)) return true;
    return (['day', 'week', 'month', 'year'] as const).some((unit) => {
      const place = places[unit];
      if (whole.some((other) => place(other) === place(one) && isNewer(other, one))) return false;
      const later = new Set(whole.map(place).filter((other) => other > place(one)));
      return later.size < rules[unit];
    });
  };
  return new Set(whole.filter(isKept).map((one) => one.id));
}
