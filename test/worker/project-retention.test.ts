// What a policy keeps of the backups that it made, and when it lets them go.

import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { describe, expect, test } from 'vitest';
import { type Bench, must, mustRefuse, until } from './fakes/bench.ts';
import { DAILY, protectedVolume } from './fakes/protected.ts';

const DAY = 24 * 3600_000;

/** The automatic backups that are left, newest first, when nothing is under way. */
async function left(bench: Bench): Promise<string[]> {
  const list = () => bench.project.listBackups(bench.caller, {}).then(must);
  const { items } = await until(list, (page) => page.items.every((one) => one.status === 'available'));
  return items.map((one) => one.id);
}

/** Moves the clock to the next midnight: ahead of the day's runs, and of its sweep. */
async function toMidnight(bench: Bench): Promise<void> {
  const { nowMs } = must(await bench.project.clock(bench.caller));
  must(await bench.project.advanceClock(bench.caller, DAY - (nowMs % DAY)));
}

describe('a rule that changes', () => {
  test('from a number to a smaller one holds at once, for old backups too', async () => {
    const { bench, policyId } = await protectedVolume({ ...DAILY, definition: { max_backups: 5 } });
    const { project, caller } = bench;
    must(await project.advanceClock(caller, 2 * DAY));
    const all = await left(bench);
    expect(all).toHaveLength(4);
    must(await project.updatePolicy(caller, policyId, { definition: { max_backups: 1 } }));
    expect(await left(bench)).toEqual(all.slice(0, 1));
  });

  test('to days holds for new backups only, and days that were promised are kept', async () => {
    const { bench, policyId } = await protectedVolume({ ...DAILY, definition: { max_backups: 9 } });
    const { project, caller } = bench;
    await toMidnight(bench);
    must(await project.advanceClock(caller, DAY));
    const old = await left(bench);
    const definition = { max_backups: -1, retention_duration_days: 5 };
    must(await project.updatePolicy(caller, policyId, { definition }));
    must(await project.advanceClock(caller, DAY));
    const promised = (await left(bench)).slice(0, 2);
    const shown = must(await project.getBackup(caller, promised[0]!));
    expect(shown.expiresMs).toBe(shown.createdMs + 5 * DAY);
    must(await project.updatePolicy(caller, policyId, { definition: { retention_duration_days: 1 } }));
    must(await project.advanceClock(caller, 3 * DAY));
    const ids = await left(bench);
    for (const id of [...old, ...promised]) expect(ids).toContain(id);
    // Of those under the shorter rule the last day's, and one that expired at two, after the day's sweep.
    expect(ids).toHaveLength(old.length + promised.length + 3);
  });

  test('from days to a number: both hold for what was made under days', async () => {
    const { bench, policyId } = await protectedVolume({ ...DAILY, definition: { retention_duration_days: 2 } });
    const { project, caller } = bench;
    must(await project.advanceClock(caller, DAY));
    const old = await left(bench);
    // A definition takes the old one's place as a whole.
    const definition = { max_backups: 3 };
    must(await project.updatePolicy(caller, policyId, { definition }));
    must(await project.advanceClock(caller, DAY));
    expect(await left(bench)).toContain(old[0]);
    expect(await left(bench)).not.toContain(old[1]);
    must(await project.updatePolicy(caller, policyId, { patterns: ['FREQ=DAILY;INTERVAL=9;BYHOUR=0;BYMINUTE=0'] }));
    must(await project.advanceClock(caller, 4 * DAY));
    const ids = await left(bench);
    expect(ids).not.toContain(old[0]);
    expect(ids).toHaveLength(2);
  });

  test('has no hold while the policy is disabled', async () => {
    const { bench, policyId } = await protectedVolume({ ...DAILY, definition: { retention_duration_days: 1 } });
    const { project, caller } = bench;
    must(await project.advanceClock(caller, DAY));
    must(await project.updatePolicy(caller, policyId, { enabled: false }));
    must(await project.advanceClock(caller, 9 * DAY));
    expect(await left(bench)).toHaveLength(2);
    // Switched on again, it lets go with the next sweep.
    must(await project.updatePolicy(caller, policyId, { enabled: true, patterns: ['FREQ=DAILY;INTERVAL=9'] }));
    expect(await left(bench)).toHaveLength(2);
    must(await project.advanceClock(caller, DAY));
    expect(await left(bench)).toHaveLength(0);
  });

  test('numbers have no hold once the policy is taken from the vault, ages have', async () => {
    const { bench, policyId, vaultId } = await protectedVolume({ ...DAILY, definition: { max_backups: 4 } });
    const { project, caller } = bench;
    must(await project.advanceClock(caller, 2 * DAY));
    must(await project.dissociatePolicy(caller, vaultId, policyId));
    must(await project.updatePolicy(caller, policyId, { definition: { max_backups: 1 } }));
    must(await project.advanceClock(caller, 2 * DAY));
    expect(await left(bench)).toHaveLength(4);
  });

  test('in a locked vault what has a time to expire stays until then, whatever the number is by now', async () => {
    const { bench, policyId, vaultId } = await protectedVolume({
      ...DAILY,
      definition: { retention_duration_days: 5 },
    });
    const { project, caller } = bench;
    must(await project.updateVault(caller, vaultId, { locked: true }));
    await toMidnight(bench);
    must(await project.advanceClock(caller, 2 * DAY));
    const before = await left(bench);
    const definition = { retention_duration_days: -1, max_backups: 1 };
    must(await project.updatePolicy(caller, policyId, { definition }));
    must(await project.advanceClock(caller, DAY));
    expect(await left(bench)).toHaveLength(before.length + 1);
    must(await project.advanceClock(caller, 6 * DAY));
    expect(await left(bench)).toHaveLength(1);
  });
});

describe('by calendar', () => {
  test('the newest of each day, by the policy’s own clock, and nothing else', async () => {
    const definition = { day_backups: 2, timezone: 'UTC+12:00' };
    const { bench } = await protectedVolume({ ...DAILY, definition });
    const { project, caller } = bench;
    await toMidnight(bench);
    must(await project.advanceClock(caller, 3 * DAY));
    const { items } = must(await project.listBackups(caller, {}));
    // There the day begins at noon UTC: two o'clock is the last of it.
    expect(items.map((one) => new Date(one.createdMs).getUTCHours())).toEqual([14, 2]);
    expect(items[0]!.createdMs - items[1]!.createdMs).toBeLessThan(13 * 3600_000);
  });
});

describe('the plan, before anything is done', () => {
  test('says what will happen, under the rules that hold and under others, and changes nothing', async () => {
    const { bench, volume, policyId } = await protectedVolume({ ...DAILY, definition: { max_backups: 9 } });
    const { project, caller } = bench;
    await bench.backup(volume.id);
    must(await project.advanceClock(caller, 3 * DAY));
    const before = await bench.stored();
    const now = must(await project.planRetention(caller, policyId, {}));
    expect(now.backups).toHaveLength(6);
    expect(now.backups.every((one) => one.keep && one.reason === 'one of the newest 9')).toBe(true);
    const definition = { max_backups: 1, week_backups: 2, timezone: 'UTC+01:00' };
    const plan = must(await project.planRetention(caller, policyId, { definition }));
    expect(await bench.stored()).toBe(before);
    expect(plan.backups.some((one) => !one.keep && one.when === 'now')).toBe(true);
    must(await project.updatePolicy(caller, policyId, { definition }));
    const kept = plan.backups.filter((one) => one.keep).map((one) => one.id);
    const automatic = async () => {
      await left(bench);
      return must(await project.listBackups(caller, {})).items.filter((one) => one.automatic);
    };
    expect((await automatic()).map((one) => one.id)).toEqual(kept);
  });

  test('names the next runs and the next sweep, also of patterns that are not saved, and at another time', async () => {
    const { bench, policyId } = await protectedVolume();
    const { project, caller } = bench;
    const plan = must(await project.planRetention(caller, policyId, {}));
    expect(plan.nextRunsMs).toHaveLength(10);
    expect(plan.nextRunsMs[0]).toBe(must(await project.getPolicy(caller, policyId)).nextMs);
    expect(plan.nextSweepMs % DAY).toBe(10 * 3600_000);
    const patterns = ['FREQ=WEEKLY;BYDAY=MO;BYHOUR=3;BYMINUTE=15'];
    const atMs = plan.atMs + 100 * DAY;
    const later = must(await project.planRetention(caller, policyId, { patterns, atMs }));
    const [first = 0, second = 0] = later.nextRunsMs;
    expect(first).toBeGreaterThan(atMs);
    expect(new Date(first).toUTCString()).toMatch(/^Mon, .* 03:15:00/);
    expect(second - first).toBe(7 * DAY);
    expect(must(await project.planRetention(caller, policyId, { enabled: false })).nextRunsMs).toEqual([]);
    mustRefuse(await project.planRetention(caller, policyId, { patterns: ['FREQ=HOURLY'] }), 'policy-invalid');
    mustRefuse(await project.planRetention(caller, policyId, { definition: { max_backups: 0 } }), 'policy-invalid');
    mustRefuse(await project.planRetention(caller, crypto.randomUUID(), {}), 'policy-not-found');
  });

  test('at a later time it says what will have expired by then', async () => {
    const { bench, policyId } = await protectedVolume({ ...DAILY, definition: { retention_duration_days: 3 } });
    const { project, caller } = bench;
    must(await project.advanceClock(caller, DAY));
    const { atMs, backups } = must(await project.planRetention(caller, policyId, {}));
    expect(backups.map((one) => one.keep)).toEqual([true, true]);
    const later = must(await project.planRetention(caller, policyId, { atMs: atMs + 4 * DAY }));
    expect(later.backups.map((one) => [one.keep, one.when])).toEqual([
      [false, 'sweep'],
      [false, 'sweep'],
    ]);
  });
});

test('what has expired goes although nothing new is made: once a day somebody looks', async () => {
  const { bench, policyId, vaultId } = await protectedVolume({ ...DAILY, definition: { retention_duration_days: 1 } });
  const { project, caller } = bench;
  must(await project.advanceClock(caller, DAY));
  must(await project.dissociatePolicy(caller, vaultId, policyId));
  expect(await left(bench)).toHaveLength(2);
  const nowMs = must(await project.clock(caller)).offsetMs + 3 * DAY;
  await bench.sql(`INSERT OR REPLACE INTO meta VALUES ('clockOffsetMs', '${nowMs}')`);
  await bench.crash();
  await runInDurableObject(bench.stub, (_project, state) => {
    state.storage.sql.exec("UPDATE due SET due_ms = 1 WHERE key = 'sweep'");
    return state.storage.setAlarm(Date.now() + DAY);
  });
  await runDurableObjectAlarm(bench.stub);
  await until(
    async () => must(await bench.project.listBackups(caller, {})).total,
    (total) => total === 0,
  );
});

test('a checkpoint in the name of a policy needs one', async () => {
  const { bench, vaultId } = await protectedVolume();
  const input = { vaultId, automatic: true, policyId: crypto.randomUUID() };
  mustRefuse(await bench.project.createCheckpoint(bench.caller, input), 'policy-not-found');
});

test('a disk that waits for its zone to be deleted does not hold up the days', async () => {
  const { bench } = await protectedVolume();
  const other = await bench.volume();
  await bench.disk(other.id).script('delete', ['hang']);
  must(await bench.project.deleteVolume(bench.caller, other.id, { face: 'native' }));
  const advance = must(await bench.project.advanceClock(bench.caller, DAY));
  expect(advance).toMatchObject({ reachedTarget: true, unsettled: 0 });
});
