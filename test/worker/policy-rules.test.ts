// Recurrence rules: what is refused, and that what is allowed comes due in the very minutes in which it should.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextPoint, parseRule, pointsBetween, type Rule, tooOften } from '../../worker/project/rrule.ts';
import { calendarPlace, zoneOffsetMs } from '../../worker/project/time-zones.ts';
import { overdue, upcoming } from '../../worker/project/timetable.ts';
import { anyParts, DAY_MS, HOUR_MS, isDue, MINUTE_MS, minutesDue, textOf } from './policy-oracle.ts';

/** A Sunday. */
const START = Date.UTC(2026, 10, 22, 9, 30);

const rule = (text: string): Rule => {
  const parsed = parseRule(text, START);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
};

const points = (text: string, count: number): string[] =>
  upcoming({ patterns: [text], startMs: START }, START, count).map((ms) => new Date(ms).toISOString().slice(5, 16));

describe('when rules come due', () => {
  test('daily, at several hours', () => {
    expect(points('FREQ=DAILY;BYHOUR=14,2;BYMINUTE=00', 3)).toEqual(['11-22T14:00', '11-23T02:00', '11-23T14:00']);
  });
  test('every second day counts from the day of creation, which counts if its hour has not passed', () => {
    expect(points('FREQ=DAILY;INTERVAL=2;BYHOUR=14;BYMINUTE=00', 2)).toEqual(['11-22T14:00', '11-24T14:00']);
    expect(points('FREQ=DAILY;INTERVAL=2;BYHOUR=8;BYMINUTE=00', 2)).toEqual(['11-24T08:00', '11-26T08:00']);
  });
  test('weekly, by days; every second week counts from the week of creation, which starts on Monday', () => {
    expect(points('FREQ=WEEKLY;BYDAY=MO,WE;BYHOUR=1;BYMINUTE=30', 3)).toEqual([
      '11-23T01:30',
      '11-25T01:30',
      '11-30T01:30',
    ]);
    expect(points('FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;BYHOUR=14;BYMINUTE=0', 3)).toEqual([
      '11-22T14:00',
      '11-30T14:00',
      '12-06T14:00',
    ]);
  });
  test('the very moment of creation is no point', () => {
    const made = START + 20_000;
    const policy = { patterns: ['FREQ=DAILY'], startMs: made };
    expect(upcoming(policy, made, 1)).toEqual([START + DAY_MS]);
  });

  test('random rules at random times: every minute of two months is as the oracle says', () => {
    const start = fc.integer({ min: 0, max: 400 * 24 * 60 }).map((minutes) => START + minutes * MINUTE_MS);
    const seconds = fc.nat(59_999);
    fc.assert(
      fc.property(
        anyParts,
        start,
        seconds,
        fc.nat(120),
        fc.constantFrom(0, 1, -5.5, 14),
        (parts, at, past, skip, hours) => {
          const startMs = at + past;
          const offsetMs = hours * HOUR_MS;
          const parsed = parseRule(textOf(parts), startMs, offsetMs);
          const untilMs = startMs + 60 * DAY_MS;
          const due = minutesDue([parts], startMs + offsetMs, startMs + offsetMs - 1, untilMs + offsetMs);
          const wanted = due.map((ms) => ms - offsetMs);
          if (typeof parsed === 'string') {
            expect(parsed).toMatch(/never comes due/);
            expect(wanted).toEqual([]);
            return;
          }
          expect(pointsBetween(parsed, startMs - 1, untilMs)).toEqual(wanted);
          const afterMs = startMs + skip * 7 * HOUR_MS;
          const next = nextPoint(parsed, afterMs);
          const nextWanted = wanted.find((ms) => ms > afterMs);
          if (nextWanted !== undefined) expect(next).toBe(nextWanted);
          else expect(next === null || isDue(parts, startMs + offsetMs, next + offsetMs)).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('points that were missed are counted, each once, however many rules name it', () => {
    const patterns = ['FREQ=DAILY;BYHOUR=2;BYMINUTE=0', 'FREQ=WEEKLY;BYDAY=MO,TU;BYHOUR=2;BYMINUTE=0'];
    const policy = { patterns, startMs: START, doneMs: START };
    expect(overdue(policy, START + 7 * DAY_MS)).toHaveLength(7);
    expect(overdue({ ...policy, doneMs: START + 7 * DAY_MS }, START + 7 * DAY_MS)).toEqual([]);
  });
});

describe('what a rule may not be', () => {
  test.each([
    'FREQ=MONTHLY;BYHOUR=1',
    'FREQ=HOURLY',
    'FREQ=DAILY;BYHOUR=24',
    'FREQ=DAILY;BYHOUR=-1',
    'FREQ=DAILY;BYHOUR=',
    'FREQ=DAILY;BYMINUTE=60',
    'FREQ=WEEKLY;BYDAY=1MO',
    'FREQ=WEEKLY;BYDAY=',
    'FREQ=DAILY;COUNT=3',
    'FREQ=DAILY;UNTIL=20270101T000000Z',
    'FREQ=DAILY;BYSECOND=1',
    'FREQ=DAILY;INTERVAL=0',
    'FREQ=DAILY;INTERVAL=1.5',
    'FREQ=DAILY;INTERVAL=1,2',
    'FREQ=DAILY;FREQ=DAILY',
    'FREQ=DAILY=DAILY',
    `FREQ=DAILY;BYHOUR=${'1,'.repeat(300)}1`,
    'DTSTART:20260101T000000Z',
    'FREQ=DAILY\nEXDATE:20260101T000000Z',
    '',
  ])('"%s"', (text) => {
    expect(typeof parseRule(text, START)).toBe('string');
  });
  test('one that never comes due', () => {
    expect(parseRule('FREQ=DAILY;INTERVAL=7;BYDAY=MO;BYHOUR=1', START)).toMatch(/never comes due/);
    expect(typeof parseRule('FREQ=DAILY;INTERVAL=7;BYDAY=SU;BYHOUR=1', START)).toBe('object');
  });

  test('less than an hour apart', () => {
    expect(tooOften([rule('FREQ=DAILY;BYHOUR=1;BYMINUTE=0,30')])).toMatch(/apart/);
    expect(tooOften([rule('FREQ=DAILY;BYHOUR=1;BYMINUTE=0'), rule('FREQ=DAILY;BYHOUR=2;BYMINUTE=0')])).toBeNull();
    const midnight = [rule('FREQ=DAILY;BYHOUR=23;BYMINUTE=45'), rule('FREQ=DAILY;BYHOUR=0;BYMINUTE=15')];
    expect(tooOften(midnight)).toMatch(/apart/);
    const everyHour = Array.from({ length: 24 }, (_, hour) => hour).join(',');
    expect(tooOften([rule(`FREQ=DAILY;BYHOUR=${everyHour};BYMINUTE=0`)])).toBeNull();
    expect(tooOften([rule(`FREQ=DAILY;BYHOUR=${everyHour};BYMINUTE=0,30`)])).toMatch(/more than 24/);
  });
  test('rules of different days of the week do not get in each other’s way, also over the end of the week', () => {
    const at = (day: string, time: string) => rule(`FREQ=WEEKLY;BYDAY=${day};BYHOUR=${time};BYMINUTE=45`);
    expect(tooOften([at('MO', '1'), rule('FREQ=WEEKLY;BYDAY=TU;BYHOUR=1;BYMINUTE=15')])).toBeNull();
    expect(tooOften([at('SU', '23'), rule('FREQ=WEEKLY;BYDAY=MO;BYHOUR=0;BYMINUTE=15')])).toMatch(/apart/);
  });
});

test('time zones are offsets, and decide which day it is', () => {
  expect(zoneOffsetMs('UTC+01:00')).toBe(HOUR_MS);
  expect(zoneOffsetMs('UTC-09:30')).toBe(-9.5 * HOUR_MS);
  expect(zoneOffsetMs('UTC+14:00')).toBe(14 * HOUR_MS);
  for (const bad of ['', 'UTC', 'UTC+1', 'UTC+01:60', 'UTC+14:01', 'UTC-12:01', 'CET', 'utc+01:00']) {
    expect(zoneOffsetMs(bad), bad).toBeNull();
  }
  const newYear = Date.UTC(2026, 11, 31, 23, 30);
  expect(calendarPlace(newYear, 0)).toEqual({ day: '2026-12-31', week: '2026-12-28', month: '2026-12', year: '2026' });
  expect(calendarPlace(newYear, HOUR_MS)).toMatchObject({ day: '2027-01-01', week: '2026-12-28', year: '2027' });
});
