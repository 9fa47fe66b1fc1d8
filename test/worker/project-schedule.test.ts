// Policies: when they come due, what they make, what they keep. Statement B4.

import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { describe, expect, test } from 'vitest';
import type { PolicyInput } from '../../worker/project/contract.ts';
import { nextPoint, parseRule, type Rule, tooOften } from '../../worker/project/rrule.ts';
import { Bench, must, mustRefuse, until } from './fakes/bench.ts';
import { DAILY, protectedVolume } from './fakes/protected.ts';

const HOUR = 3600_000;
const DAY = 24 * HOUR;
/** A Sunday. */
const START = Date.UTC(2026, 10, 22, 9, 30);

const rule = (text: string): Rule => {
  const parsed = parseRule(text, START);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
};

describe('recurrence rules', () => {
  const points = (text: string, count: number): string[] => {
    const found: string[] = [];
    let at = nextPoint(rule(text), START, START);
    while (found.length < count && at !== null) {
      found.push(new Date(at).toISOString().slice(5, 16));
      at = nextPoint(rule(text), START, at);
    }
    return found;
  };

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
  test.each([
    'FREQ=MONTHLY;BYHOUR=1',
    'FREQ=DAILY;BYHOUR=24',
    'FREQ=DAILY;BYMINUTE=60',
    'FREQ=WEEKLY;BYDAY=1MO',
    'FREQ=DAILY;COUNT=3',
    'FREQ=DAILY;INTERVAL=0',
    'FREQ=DAILY;FREQ=DAILY',
    '',
  ])('refuses "%s"', (text) => {
    expect(typeof parseRule(text, START)).toBe('string');
  });
  test('less than an hour apart is too often', () => {
    expect(tooOften([rule('FREQ=DAILY;BYHOUR=1;BYMINUTE=0,30')])).toMatch(/hour apart/);
    expect(tooOften([rule('FREQ=DAILY;BYHOUR=1;BYMINUTE=0'), rule('FREQ=DAILY;BYHOUR=2;BYMINUTE=0')])).toBeNull();
    const midnight = [rule('FREQ=DAILY;BYHOUR=23;BYMINUTE=45'), rule('FREQ=DAILY;BYHOUR=0;BYMINUTE=15')];
    expect(tooOften(midnight)).toMatch(/hour apart/);
    const everyHour = Array.from({ length: 24 }, (_, hour) => hour).join(',');
    expect(tooOften([rule(`FREQ=DAILY;BYHOUR=${everyHour};BYMINUTE=0`)])).toBeNull();
  });
});

describe('policies', () => {
  test('B4: backups come by themselves, in order, and only the last n automatic ones stay', async () => {
    const { bench, volume, policyId } = await protectedVolume();
    const { project, caller } = bench;
    const manual = await bench.backup(volume.id);
    const advance = must(await project.advanceClock(caller, 3 * DAY));
    expect(advance).toMatchObject({ unsettled: 0, reachedTarget: true });
    expect(advance.ran).toHaveLength(6);
    const due = advance.ran.map((run) => run.dueMs);
    expect(due).toEqual(due.toSorted((a, b) => a - b));
    expect(due.every((ms) => [2 * HOUR, 14 * HOUR].includes(ms % DAY))).toBe(true);
    const { items } = must(await project.listBackups(caller, {}));
    const automatic = items.filter((backup) => backup.automatic);
    expect(automatic.map((backup) => Math.floor(backup.createdMs / 1000) * 1000)).toEqual([due[5], due[4]]);
    expect(automatic.every((backup) => /^autobk_[0-9a-f]{4}$/.test(backup.name) && backup.policyId === policyId)).toBe(
      true,
    );
    expect(items.map((backup) => backup.id)).toContain(manual.id);
    expect(must(await project.getPolicy(caller, policyId)).nextMs).toBe(due[5]! + 12 * HOUR);
  });

  test('points that were missed run once', async () => {
    const { bench, policyId } = await protectedVolume();
    // The object was away for days: the clock moves without it, then the alarm rings late.
    await runInDurableObject(bench.stub, (_project, state) => {
      const row = state.storage.sql.exec('SELECT body FROM policy').one();
      const policy = JSON.parse(String(row.body));
      const body = JSON.stringify({ ...policy, startMs: policy.startMs - 9 * DAY, doneMs: policy.doneMs - 9 * DAY });
      state.storage.sql.exec('UPDATE policy SET body = ?', body);
      state.storage.sql.exec("UPDATE due SET due_ms = 1 WHERE key LIKE 'policy:%'");
      return state.storage.setAlarm(Date.now() + HOUR);
    });
    await runDurableObjectAlarm(bench.stub);
    const list = () => bench.project.listBackups(bench.caller, {}).then(must);
    await until(list, (page) => page.total === 1 && page.items[0]?.status === 'available');
    await runDurableObjectAlarm(bench.stub);
    expect((await list()).total).toBe(1);
    expect(must(await bench.project.getPolicy(bench.caller, policyId)).nextMs).toBeGreaterThan(Date.now());
  });

  test('a run that is still going makes the next point skip, and the log says so', async () => {
    const { bench, volume, policyId } = await protectedVolume();
    await bench.disk(volume.id).script('backup', ['hang']);
    const { caller } = bench;
    const begun = bench.project.advanceClock(caller, DAY).catch(() => 'crashed');
    await until(
      async () => must(await bench.project.listBackups(caller, { status: ['creating'] })).total,
      (total) => total === 1,
    );
    const { nextMs } = must(await bench.project.getPolicy(caller, policyId));
    await bench.sql(`INSERT OR REPLACE INTO meta VALUES ('clockOffsetMs', '${nextMs! - Date.now()}')`);
    await bench.crash();
    await begun;
    await bench.sql("UPDATE due SET due_ms = 1 WHERE key LIKE 'policy:%'");
    await bench.alarm();
    const skipped = await until(
      async () => must(await bench.project.listTasks(caller, { status: 'skipped' })).items,
      (items) => items.length > 0,
    );
    expect(skipped[0]).toMatchObject({ kind: 'backup', policyId, errorCode: 'BackupService.6125' });
    expect(must(await bench.project.listBackups(caller, {})).total).toBe(1);
  });

  test('a disabled or dissociated policy does not run, and is not made up for', async () => {
    const { bench, policyId, vaultId } = await protectedVolume();
    const { project, caller } = bench;
    must(await project.updatePolicy(caller, policyId, { enabled: false }));
    expect(must(await project.advanceClock(caller, 2 * DAY)).ran).toEqual([]);
    must(await project.updatePolicy(caller, policyId, { enabled: true }));
    expect(must(await project.advanceClock(caller, 1000)).ran).toEqual([]);
    must(await project.dissociatePolicy(caller, vaultId, policyId));
    mustRefuse(await project.dissociatePolicy(caller, vaultId, policyId), 'policy-not-on-vault');
    expect(must(await project.advanceClock(caller, 2 * DAY)).ran).toEqual([]);
    must(await project.associatePolicy(caller, vaultId, policyId));
    must(await project.associatePolicy(caller, vaultId, policyId));
    expect(must(await project.advanceClock(caller, DAY)).ran).toHaveLength(2);
    must(await project.deletePolicy(caller, policyId));
    expect(must(await project.advanceClock(caller, DAY)).ran).toEqual([]);
  });

  test('bad policies are refused', async () => {
    const bench = new Bench();
    const make = (input: PolicyInput) => bench.project.createPolicy(bench.caller, { ...DAILY, ...input });
    mustRefuse(await make({ patterns: [] }), 'policy-invalid');
    mustRefuse(await make({ patterns: ['FREQ=YEARLY'] }), 'policy-invalid');
    mustRefuse(await make({ patterns: ['FREQ=DAILY;BYHOUR=1;BYMINUTE=0,10'] }), 'policy-invalid');
    mustRefuse(await make({ name: '' }), 'policy-invalid');
    mustRefuse(await make({ definition: { max_backups: 0 } }), 'policy-invalid');
    mustRefuse(await make({ definition: { max_backups: true } }), 'policy-invalid');
    mustRefuse(await make({ definition: { max_backups: [2] } }), 'policy-invalid');
    mustRefuse(await make({ definition: { max_backups: 1, retention_duration_days: 1 } }), 'policy-invalid');
    mustRefuse(await make({ definition: { day_backups: 3 } }), 'not-implemented');
    mustRefuse(await make({ operationType: 'replication' }), 'not-implemented');
    expect(await bench.stored()).toBe('{}');
  });
});

test('a clock goes forward only, and only as far as is allowed', async () => {
  const bench = new Bench();
  mustRefuse(await bench.project.advanceClock(bench.caller, -1), 'invalid-request');
  mustRefuse(await bench.project.advanceClock(bench.caller, 400 * DAY), 'invalid-request');
  const before = must(await bench.project.clock(bench.caller));
  must(await bench.project.advanceClock(bench.caller, HOUR));
  const after = must(await bench.project.clock(bench.caller));
  expect(after.nowMs - before.nowMs).toBeGreaterThanOrEqual(HOUR);
  await bench.crash();
  expect(must(await bench.project.clock(bench.caller)).offsetMs).toBe(after.offsetMs);
  expect((await bench.volume()).createdMs).toBeGreaterThanOrEqual(after.nowMs);
});
