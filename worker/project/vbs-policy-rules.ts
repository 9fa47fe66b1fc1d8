// What a policy of VBS says, checked and put into the rules that all policies have. Its patterns go by its own clock: its
// hours are UTC in the API, but they ascend, and its days begin, by local time.

import { Refusal } from '../faults.ts';
import type { Retention, Tag, VbsPolicyInput } from './contract.ts';
import { VBS_POLICY_TAGS_MAX } from './limits.ts';
import type { PolicyRecord } from './records.ts';
import { calendarPlace, zoneOffsetMs } from './time-zones.ts';

const DAYS: Readonly<Record<string, string>> = {
  SUN: 'SU',
  MON: 'MO',
  TUE: 'TU',
  WED: 'WE',
  THU: 'TH',
  FRI: 'FR',
  SAT: 'SA',
};

// The vendor's ranges differ from page to page: the widest are taken.
const FREQUENCY_DAYS_MAX = 30;
const BACKUPS_MIN = 2;
const BACKUPS_MAX = 99;
const DURATION_DAYS_MAX = 99_999;

const MINUTE_MS = 60_000;
const HOUR_MINUTES = 60;
const DAY_MINUTES = 24 * HOUR_MINUTES;

const TAG_KEY = /^[\w-]{1,36}$/;
const TAG_VALUE = /^[\w-]{0,43}$/;

type Rules = Pick<PolicyRecord, 'enabled' | 'retention' | 'patterns' | 'patternZone' | 'startMs'> & {
  readonly vbs: NonNullable<PolicyRecord['vbs']>;
};

/** The rules after a change; `before` is null for a policy that is made. */
export function vbsRules(input: VbsPolicyInput, before: PolicyRecord | null, nowMs: number): Rules {
  const timeZone = input.timeZone ?? before?.vbs?.timeZone ?? null;
  const patternZone = timeZone ?? 'UTC+00:00';
  const offsetMs = zoneOffsetMs(patternZone);
  if (offsetMs === null) throw new Refusal('policy-time-zone', { value: patternZone });
  const startTime = input.startTime ?? before?.vbs?.startTime ?? '';
  const days = daysOf(input, before);
  const byDay = (days.weekDays ?? []).map((day) => DAYS[day]).join(',');
  const often =
    days.frequencyDays === null ? `FREQ=WEEKLY;BYDAY=${byDay}` : `FREQ=DAILY;INTERVAL=${days.frequencyDays}`;
  return {
    enabled: statusOf(input.status) ?? before?.enabled ?? true,
    retention: { ...retentionOf(input, before), timeZone: patternZone },
    patterns: [`${often};${timesOf(startTime, offsetMs)}`],
    patternZone,
    // The vendor counts days from the first of the month in which the policy was made.
    startMs: Date.parse(`${calendarPlace(before?.createdMs ?? nowMs, offsetMs).month}-01T00:00:00Z`) - offsetMs,
    vbs: {
      ...days,
      startTime,
      timeZone,
      tags: input.tags === undefined ? (before?.vbs?.tags ?? []) : checkPolicyTags(input.tags),
      volumeIds: before?.vbs?.volumeIds ?? [],
    },
  };
}

/** Tags as they may be stored; of two with one key the later one counts. */
export function checkPolicyTags(tags: readonly Tag[]): readonly Tag[] {
  for (const { key, value } of tags) {
    if (!TAG_KEY.test(key) || !TAG_VALUE.test(value)) throw new Refusal('policy-tag');
  }
  const byKey = new Map(tags.map(({ key, value }) => [key, value]));
  if (byKey.size > VBS_POLICY_TAGS_MAX) throw new Refusal('policy-tag-limit', { limit: VBS_POLICY_TAGS_MAX });
  return [...byKey].map(([key, value]) => ({ key, value }));
}

/** A name that a policy may be given. */
export function checkVbsName(name: string): string {
  if (name.length < 1 || name.length > 64) throw new Refusal('policy-name-length');
  if (!/^[\w-]+$/.test(name) || name.toLowerCase().startsWith('default')) throw new Refusal('policy-name');
  return name;
}

function statusOf(status: string | undefined): boolean | undefined {
  if (status === undefined) return undefined;
  if (status !== 'ON' && status !== 'OFF') throw new Refusal('policy-status', { value: status.slice(0, 64) });
  return status === 'ON';
}

/** By interval or by days of the week: what is given takes the place of the other, and the interval wins over both. */
function daysOf(input: VbsPolicyInput, before: PolicyRecord | null) {
  const { frequencyDays: frequency, weekDays: week } = input;
  const isNew = frequency !== undefined || week !== undefined || before === null;
  const frequencyDays = (isNew ? frequency : before.vbs?.frequencyDays) ?? null;
  const weekDays = frequencyDays === null ? ((isNew ? week : before.vbs?.weekDays) ?? []) : null;
  const good =
    weekDays === null
      ? isWithin(frequencyDays, 1, FREQUENCY_DAYS_MAX)
      : weekDays.length > 0 && weekDays.every((day) => Object.hasOwn(DAYS, day));
  if (!good) throw new Refusal('policy-interval', { max: FREQUENCY_DAYS_MAX });
  return { frequencyDays, weekDays: weekDays === null ? null : [...new Set(weekDays)] };
}

/** BYHOUR and BYMINUTE by local time, of full hours of UTC that ascend by local time. */
function timesOf(startTime: string, offsetMs: number): string {
  const minutes = startTime.split(',').map((text) => {
    const [, hour] = /^([01]\d|2[0-3]):00$/.exec(text) ?? [];
    const local = Number(hour) * HOUR_MINUTES + offsetMs / MINUTE_MS;
    return ((local % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES;
  });
  const ascends = minutes.every((minute, at) => at === 0 || minute > minutes[at - 1]!);
  if (minutes.some(Number.isNaN) || !ascends)
    throw new Refusal('policy-start-time', { value: startTime.slice(0, 200) });
  const hours = minutes.map((minute) => Math.floor(minute / HOUR_MINUTES));
  return `BYHOUR=${hours.join(',')};BYMINUTE=${minutes[0]! % HOUR_MINUTES}`;
}

/** By number or by age: what is given takes the place of the other, and the number wins over both. */
function retentionOf(input: VbsPolicyInput, before: PolicyRecord | null): Retention {
  const { maxBackups: number, durationDays: days, firstOfMonth: first } = input;
  if (first !== undefined && first !== 'Y' && first !== 'N') {
    throw new Refusal('policy-first-of-month', { value: first.slice(0, 64) });
  }
  const firstOfMonth = first === undefined ? (before?.retention.firstOfMonth ?? false) : first === 'Y';
  if (number === undefined && days === undefined && before !== null) return { ...before.retention, firstOfMonth };
  const duration = days === undefined ? undefined : Math.floor(days);
  const good =
    number === undefined
      ? isWithin(duration ?? null, BACKUPS_MIN, DURATION_DAYS_MAX)
      : isWithin(number, BACKUPS_MIN, BACKUPS_MAX);
  if (!good) throw new Refusal('policy-retention', { maxBackups: BACKUPS_MAX, maxDays: DURATION_DAYS_MAX });
  return number === undefined ? { durationDays: duration, firstOfMonth } : { maxBackups: number, firstOfMonth };
}

function isWithin(value: number | null, min: number, max: number): boolean {
  return value !== null && Number.isInteger(value) && value >= min && value <= max;
}
