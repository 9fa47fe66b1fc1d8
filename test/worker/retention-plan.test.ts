// The plan of what a policy keeps: rule by rule, and random rules over random backups against a brute force.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Retention } from '../../worker/project/contract.ts';
import { type Candidate, planRetention, type Verdict } from '../../worker/project/retention-plan.ts';
import { DAY_MS, HOUR_MS, keptByNumber } from './policy-oracle.ts';

const TERMS = { enabled: true, applied: true, locked: false };
/** A Wednesday, noon. */
const NOW = Date.UTC(2026, 3, 15, 12);

const made = (id: string, createdMs: number, changes: Partial<Candidate> = {}): Candidate => ({
  id,
  status: 'available',
  createdMs,
  expiresMs: null,
  ...changes,
});
const kept = (plan: readonly Verdict[]) => plan.filter((one) => one.keep).map((one) => one.backupId);
const daily = (count: number, changes: Partial<Candidate> = {}) =>
  Array.from({ length: count }, (_, day) => made(`d${day}`, NOW - day * DAY_MS, changes));

describe('by number', () => {
  test('the newest stay; what is not usable is not counted, and what is busy is not touched', () => {
    const backups = [...daily(4), made('busy', 0, { status: 'restoring' }), made('now', NOW, { status: 'creating' })];
    expect(kept(planRetention(backups, { maxBackups: 2 }, TERMS, NOW))).toEqual(['now', 'd0', 'd1', 'busy']);
    expect(kept(planRetention(backups, {}, TERMS, NOW))).toHaveLength(6);
  });

  test('one that is being restored counts: it is a whole backup', () => {
    const backups = [made('new', NOW, { status: 'restoring' }), made('old', NOW - DAY_MS)];
    const plan = planRetention(backups, { maxBackups: 1 }, TERMS, NOW);
    expect(plan).toMatchObject([
      { backupId: 'new', keep: true, reason: 'it is restoring' },
      { backupId: 'old', keep: false, when: 'now', reason: 'not among the newest 1' },
    ]);
  });

  test('the newest of each of so many days, weeks, months and years that have one, together with the newest', () => {
    const backups = [...daily(40), made('last year', Date.UTC(2025, 5, 1)), made('years ago', Date.UTC(2020, 0, 1))];
    const rules = { maxBackups: 2, dayBackups: 3, weekBackups: 2, monthBackups: 3, yearBackups: 2 };
    const plan = planRetention(backups, rules, TERMS, NOW);
    expect(plan.filter((one) => one.keep).map(({ backupId, reason }) => [backupId, reason])).toEqual([
      [
        'd0',
        'one of the newest 2, the newest of the day 2026-04-15, the newest of the week from 2026-04-13, ' +
          'the newest of the month 2026-04, the newest of the year 2026',
      ],
      ['d1', 'one of the newest 2, the newest of the day 2026-04-14'],
      ['d2', 'the newest of the day 2026-04-13'],
      ['d3', 'the newest of the week from 2026-04-06'],
      ['d15', 'the newest of the month 2026-03'],
      ['last year', 'the newest of the month 2025-06, the newest of the year 2025'],
    ]);
    expect(plan.find((one) => one.backupId === 'd5')?.reason).toBe(
      'not among the newest 2, nor the newest of 3 days, nor the newest of 2 weeks, nor the newest of 3 months, ' +
        'nor the newest of 2 years',
    );
  });

  test('days begin and end by the time zone', () => {
    const [before, after] = [made('23:30', Date.UTC(2026, 3, 14, 23, 30)), made('00:30', Date.UTC(2026, 3, 15, 0, 30))];
    const rules = { dayBackups: 5 };
    expect(kept(planRetention([before, after], { ...rules, timeZone: 'UTC+00:00' }, TERMS, NOW))).toHaveLength(2);
    expect(kept(planRetention([before, after], { ...rules, timeZone: 'UTC+01:00' }, TERMS, NOW))).toEqual(['00:30']);
  });

  test('without the policy, and while it is disabled, numbers have no hold', () => {
    const rules = { maxBackups: 1 };
    expect(kept(planRetention(daily(3), rules, { ...TERMS, applied: false }, NOW))).toHaveLength(3);
    const disabled = planRetention(daily(3, { expiresMs: 1 }), rules, { ...TERMS, enabled: false }, NOW);
    expect(disabled.every((one) => one.keep && one.reason === 'the policy is disabled')).toBe(true);
  });
});

describe('by age', () => {
  test('what has expired goes with the sweep, below the number and without the policy too', () => {
    const backups = daily(3).map((one) => ({ ...one, expiresMs: one.createdMs + 2 * DAY_MS }));
    expect(planRetention(backups, { durationDays: 2 }, TERMS, NOW)).toMatchObject([
      { keep: true, when: null, reason: 'until 2026-04-17T12:00:00Z' },
      { keep: true },
      { keep: false, when: 'sweep', reason: 'expired at 2026-04-15T12:00:00Z' },
    ]);
    expect(kept(planRetention(backups, { maxBackups: 1 }, TERMS, NOW))).toEqual(['d0']);
    expect(kept(planRetention(backups, {}, { ...TERMS, applied: false }, NOW))).toEqual(['d0', 'd1']);
  });

  test('a locked vault keeps what has a time to expire until then, whatever the numbers say', () => {
    const backups = [made('new', NOW), made('old', NOW - DAY_MS, { expiresMs: NOW + 1 }), made('older', 0)];
    const plan = planRetention(backups, { maxBackups: 1 }, { ...TERMS, locked: true }, NOW);
    expect(kept(plan)).toEqual(['new', 'old']);
    expect(kept(planRetention(backups, { maxBackups: 1 }, { ...TERMS, locked: true }, NOW + 1))).toEqual(['new']);
  });

  test('the first of the month that it is stays against every rule, that of the month before does not', () => {
    const rules = { maxBackups: 2, firstOfMonth: true, timeZone: 'UTC+00:00' };
    const plan = planRetention(daily(40), rules, TERMS, NOW);
    expect(kept(plan)).toEqual(['d0', 'd1', 'd14']);
    expect(plan[14]).toMatchObject({ reason: 'the first of this month' });
    const expired = daily(3, { expiresMs: NOW - 1 });
    expect(kept(planRetention(expired, { durationDays: 2, firstOfMonth: true }, TERMS, NOW))).toEqual(['d2']);
  });

  test('ten failed ones stay, a month, and one whose deletion failed is deleted again', () => {
    const failed = daily(12, { status: 'error' });
    const plan = planRetention([...failed, made('good', 0)], { maxBackups: 4 }, TERMS, NOW + 25 * DAY_MS);
    expect(plan.filter((one) => !one.keep).map(({ backupId, when }) => [backupId, when])).toEqual([
      ['d5', 'sweep'],
      ['d6', 'sweep'],
      ['d7', 'sweep'],
      ['d8', 'sweep'],
      ['d9', 'sweep'],
      ['d10', 'now'],
      ['d11', 'now'],
    ]);
    const stuck = [made('stuck', NOW, { status: 'error_deleting' })];
    expect(planRetention(stuck, {}, TERMS, NOW)).toMatchObject([{ keep: false, when: 'sweep' }]);
  });
});

test('random rules over random backups keep what a brute force keeps, and say why', () => {
  const anyBackup = fc.record({
    createdMs: fc.integer({ min: -400 * 24, max: 0 }).map((hours) => NOW + hours * HOUR_MS),
    status: fc.constantFrom('available', 'available', 'available', 'restoring', 'error', 'creating', 'deleting'),
    lifeDays: fc.option(fc.integer({ min: 1, max: 500 })),
  });
  const count = fc.constantFrom(0, 0, 1, 2, 5, 12);
  const anyRules = fc.record({
    max: fc.constantFrom(-1, -1, 1, 3, 10),
    day: count,
    week: count,
    month: count,
    year: count,
    hours: fc.constantFrom(0, 1, -9.5, 14),
  });
  fc.assert(
    fc.property(fc.array(anyBackup, { maxLength: 60 }), anyRules, fc.boolean(), (all, rules, locked) => {
      const backups = all.map(({ createdMs, status, lifeDays }, at) =>
        made(`b${at}`, createdMs, { status, expiresMs: lifeDays === null ? null : createdMs + lifeDays * DAY_MS }),
      );
      const retention = retentionOf(rules);
      const plan = planRetention(backups, retention, { ...TERMS, locked }, NOW);
      const counts = rules.max > 0 || rules.day + rules.week + rules.month + rules.year > 0;
      const byNumber = keptByNumber(backups, { ...rules, offsetMs: rules.hours * HOUR_MS });
      const failed = backups.filter((one) => one.status === 'error').length;
      for (const verdict of plan) {
        const backup = backups.find((one) => one.id === verdict.backupId)!;
        expect(verdict.reason).not.toBe('');
        expect(verdict.when === null).toBe(verdict.keep);
        if (backup.status !== 'available') {
          if (failed <= 10 && backup.createdMs + 30 * DAY_MS > NOW) expect(verdict.keep).toBe(true);
          continue;
        }
        const expired = backup.expiresMs !== null && backup.expiresMs <= NOW;
        const isLocked = locked && backup.expiresMs !== null && !expired;
        const wanted = isLocked || (!expired && (!counts || byNumber.has(backup.id)));
        expect(verdict, JSON.stringify(verdict)).toMatchObject({ keep: wanted });
      }
      expect(plan).toHaveLength(backups.length);
    }),
    { numRuns: 400 },
  );
});

function retentionOf(rules: {
  max: number;
  day: number;
  week: number;
  month: number;
  year: number;
  hours: number;
}): Retention {
  const { max, day, week, month, year, hours } = rules;
  const [whole, half] = [Math.trunc(Math.abs(hours)), Number.isInteger(hours) ? '00' : '30'];
  const timeZone = `UTC${hours < 0 ? '-' : '+'}${String(whole).padStart(2, '0')}:${half}`;
  return { maxBackups: max, dayBackups: day, weekBackups: week, monthBackups: month, yearBackups: year, timeZone };
}
