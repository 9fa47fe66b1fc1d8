// Policies: when they come due, what they make, what they keep. Statement B4.

import { runDurableObjectAlarm } from 'cloudflare:test';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CATALOG_ID } from '../../worker/project/catalog.ts';
import type { PolicyInput } from '../../worker/project/contract.ts';
import { Bench, must, mustRefuse, until } from './fakes/bench.ts';
import { DAILY, protectedVolume } from './fakes/protected.ts';
import { anyParts, DAY_MS as DAY, HOUR_MS as HOUR, minutesDue, textOf } from './policy-oracle.ts';

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

  test('points that were missed run once, and the log and the checkpoint say how many they were', async () => {
    const { bench, policyId, vaultId } = await protectedVolume();
    const { caller } = bench;
    // The object was away for days: the clock moves without it, then the alarm rings late.
    const [due, missed] = await bench.away(policyId, 9 * DAY);
    await runDurableObjectAlarm(bench.stub);
    const list = () => bench.project.listBackups(caller, {}).then(must);
    const { items } = await until(list, (page) => page.total === 1 && page.items[0]?.status === 'available');
    await runDurableObjectAlarm(bench.stub);
    expect((await list()).total).toBe(1);
    expect(must(await bench.project.getPolicy(caller, policyId)).nextMs).toBeGreaterThan(Date.now());
    expect([17, 18]).toContain(missed.length);
    const checkpoint = must(await bench.project.getCheckpoint(caller, items[0]!.checkpointId!));
    expect(checkpoint.scheduled).toEqual({ dueMs: due, missedPoints: missed.length });
    const [said] = must(await bench.project.listTasks(caller, { vaultId, status: 'skipped' })).items;
    expect(said).toMatchObject({ kind: 'backup', policyId });
    expect(said?.errorMessage).toContain(`${missed.length} points`);
    expect(said?.errorMessage).toContain(new Date(missed[0]!).toISOString());
  });

  test('a point that is only late is not missed', async () => {
    const { bench, policyId, vaultId } = await protectedVolume({
      ...DAILY,
      patterns: ['FREQ=WEEKLY;BYHOUR=0;BYMINUTE=0'],
    });
    await bench.away(policyId, 7 * DAY);
    await runDurableObjectAlarm(bench.stub);
    const { items } = must(await bench.project.listBackups(bench.caller, {}));
    expect(must(await bench.project.getCheckpoint(bench.caller, items[0]!.checkpointId!)).scheduled).toMatchObject({
      missedPoints: 0,
    });
    expect(must(await bench.project.listTasks(bench.caller, { vaultId, status: 'skipped' })).items).toEqual([]);
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

  test('a policy that is sent back as it is keeps the day from which its interval counts', async () => {
    const input = { ...DAILY, patterns: ['FREQ=DAILY;INTERVAL=3;BYHOUR=2;BYMINUTE=0'] };
    const { bench, policyId } = await protectedVolume(input);
    const { project, caller } = bench;
    must(await project.advanceClock(caller, DAY));
    const { nextMs, startMs } = must(await project.getPolicy(caller, policyId));
    const renamed = must(await project.updatePolicy(caller, policyId, { ...input, name: 'renamed' }));
    expect(renamed).toMatchObject({ name: 'renamed', nextMs, startMs });
    const other = must(await project.updatePolicy(caller, policyId, { patterns: DAILY.patterns! }));
    expect(other.startMs).toBeGreaterThan(startMs);
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
    mustRefuse(await make({ definition: { day_backups: 3 } }), 'policy-invalid');
    mustRefuse(await make({ definition: { day_backups: 101, timezone: 'UTC+01:00' } }), 'policy-invalid');
    mustRefuse(await make({ definition: { year_backups: -1, timezone: 'UTC+01:00' } }), 'policy-invalid');
    mustRefuse(await make({ definition: { day_backups: 3, timezone: 'CET' } }), 'policy-invalid');
    const both = { retention_duration_days: 1, week_backups: 1, timezone: 'UTC+01:00' };
    mustRefuse(await make({ definition: both }), 'policy-invalid');
    mustRefuse(await make({ operationType: 'replication' }), 'not-implemented');
    expect(await bench.stored()).toBe('{}');
  });
});

test('random rules and random clocks: runs are the minutes of an oracle', async () => {
  const rules = fc.array(anyParts, { minLength: 1, maxLength: 3 });
  const steps = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 2, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(rules, steps, async (parts, hours) => {
      const bench = new Bench();
      const { project, caller } = bench;
      const made = await project.createPolicy(caller, { ...DAILY, patterns: parts.map(textOf) });
      // What comes too often, or never, is refused: the rules have a test of their own.
      fc.pre(made.ok);
      const { id, startMs } = must(made);
      must(await bench.vaultWith([await bench.volume()], id));
      let fromMs = must(await project.clock(caller)).nowMs;
      for (const ms of hours.map((count) => count * HOUR)) {
        const { ran, nowMs, reachedTarget } = must(await project.advanceClock(caller, ms));
        expect(reachedTarget).toBe(true);
        expect(ran.map((run) => run.dueMs)).toEqual(minutesDue(parts, startMs, fromMs, nowMs));
        fromMs = nowMs;
      }
    }),
    { numRuns: 15 },
  );
}, 60_000);

test('years of hourly backups do not take for ever: the call ends, and says where the clock stopped', async () => {
  const everyHour = Array.from({ length: 24 }, (_, hour) => hour).join(',');
  const { bench } = await protectedVolume({ ...DAILY, patterns: [`FREQ=DAILY;BYHOUR=${everyHour};BYMINUTE=0`] });
  const { project, caller } = bench;
  const { nowMs } = must(await project.clock(caller));
  const advance = must(await project.advanceClock(caller, 400 * DAY, 300));
  expect(advance).toMatchObject({ reachedTarget: false, unsettled: 0 });
  expect(advance.ran.length).toBeGreaterThan(0);
  expect(advance.nowMs).toBeLessThan(nowMs + 400 * DAY);
  expect(advance.nowMs - advance.ran.at(-1)!.dueMs).toBeLessThan(HOUR);
  // It goes on from there, and nothing was left out.
  const more = must(await project.advanceClock(caller, 3 * HOUR));
  const due = [...advance.ran, ...more.ran].map((run) => run.dueMs);
  expect(due).toEqual(due.map((_, at) => due[0]! + at * HOUR));
});

test('everything of the clock comes in order: runs and the daily sweep at ten', async () => {
  const { bench } = await protectedVolume();
  const { ran, sweptMs } = must(await bench.project.advanceClock(bench.caller, 5 * DAY));
  expect(ran).toHaveLength(10);
  expect(sweptMs).toHaveLength(5);
  expect(sweptMs.every((ms) => ms % DAY === 10 * HOUR)).toBe(true);
});

test('a run knows the limits of all projects as they are now, also right after the object came into memory', async () => {
  const { bench, policyId, volume } = await protectedVolume();
  const catalog = new Bench(CATALOG_ID);
  const admin = { ...catalog.caller, roles: ['admin'] };
  must(await catalog.project.setQuotaDefaults(admin, { backups: 0 }));
  try {
    await bench.away(policyId, DAY);
    await runDurableObjectAlarm(bench.stub);
    expect(must(await bench.project.listBackups(bench.caller, {})).total).toBe(0);
    const { items } = must(await bench.project.listTasks(bench.caller, { resourceId: volume.id }));
    expect(items[0]).toMatchObject({ status: 'skipped', errorMessage: expect.stringContaining('backups allowed (0)') });
  } finally {
    must(await catalog.project.setQuotaDefaults(admin, { backups: 10_000 }));
  }
});

test('disks with matching tags are bound to a vault when its policy runs', async () => {
  const { bench, policyId, vaultId, volume } = await protectedVolume();
  const { project, caller } = bench;
  const other = await bench.volume({ tags: { team: 'a' } });
  must(await project.updateVault(caller, vaultId, { autoBind: true, bindRules: [{ key: 'team', value: 'a' }] }));
  await bench.away(policyId, DAY);
  await runDurableObjectAlarm(bench.stub);
  const list = () => bench.project.listBackups(caller, {}).then(must);
  const { items } = await until(
    list,
    (page) => page.total === 2 && page.items.every((one) => one.status === 'available'),
  );
  expect(new Set(items.map((one) => one.volumeId))).toEqual(new Set([volume.id, other.id]));
});

test('a vault that has nothing to back up does not keep others from their turn, and the log says so', async () => {
  const { bench, policyId } = await protectedVolume();
  const { project, caller } = bench;
  const empty = must(await bench.vaultWith([], policyId));
  const { ran } = must(await project.advanceClock(caller, DAY));
  expect(ran.every((run) => run.checkpointIds.length === 1)).toBe(true);
  const { items } = must(await project.listTasks(caller, { vaultId: empty.id }));
  expect(items).toHaveLength(2);
  expect(items[0]).toMatchObject({ status: 'skipped', policyId, errorCode: 'BackupService.0001' });
});

test('a clock goes forward only, and only as far as is allowed', async () => {
  const bench = new Bench();
  mustRefuse(await bench.project.advanceClock(bench.caller, -1), 'invalid-request');
  mustRefuse(await bench.project.advanceClock(bench.caller, 4000 * DAY), 'invalid-request');
  const before = must(await bench.project.clock(bench.caller));
  must(await bench.project.advanceClock(bench.caller, HOUR));
  const after = must(await bench.project.clock(bench.caller));
  expect(after.nowMs - before.nowMs).toBeGreaterThanOrEqual(HOUR);
  await bench.crash();
  expect(must(await bench.project.clock(bench.caller)).offsetMs).toBe(after.offsetMs);
  expect((await bench.volume()).createdMs).toBeGreaterThanOrEqual(after.nowMs);
});
