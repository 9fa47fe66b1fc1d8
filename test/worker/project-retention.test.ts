// What a policy keeps of the backups that it made, and when it lets them go.

import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { describe, expect, test } from 'vitest';
import { planRetention } from '../../worker/project/retention.ts';
import { type Bench, must, mustRefuse, until } from './fakes/bench.ts';
import { DAILY, protectedVolume } from './fakes/protected.ts';

const DAY = 24 * 3600_000;

describe('the plan', () => {
  const made = (id: string, createdMs: number, expiresMs: number | null = null) =>
    ({ id, status: 'available', createdMs, expiresMs }) as const;
  const kept = (plan: ReturnType<typeof planRetention>) => plan.filter((one) => one.keep).map((one) => one.backupId);

  test('keeps the newest, and never counts what is not usable', () => {
    const backups = [1, 2, 3, 4].map((day) => made(`b${day}`, day * DAY));
    const busy = { ...made('busy', 0), status: 'restoring' as const };
    expect(kept(planRetention([...backups, busy], 2, 5 * DAY))).toEqual(['b4', 'b3', 'busy']);
    expect(kept(planRetention(backups, -1, 5 * DAY))).toHaveLength(4);
  });

  test('lets go what has expired, also below the number', () => {
    const backups = [1, 2, 3].map((day) => made(`b${day}`, day * DAY, (day + 2) * DAY));
    expect(kept(planRetention(backups, -1, 4 * DAY))).toEqual(['b3', 'b2']);
    expect(kept(planRetention(backups, 1, 4 * DAY))).toEqual(['b3']);
  });

  test('keeps ten failed ones, a month, and gives a reason for each', () => {
    const failed = Array.from({ length: 12 }, (_, day) => ({
      ...made(`f${day}`, day * DAY),
      status: 'error' as const,
    }));
    const plan = planRetention([...failed, made('good', DAY)], 4, 35 * DAY);
    const gone = plan.filter((one) => !one.keep);
    expect(gone.map((one) => one.backupId)).toEqual(['f4', 'f3', 'f2', 'f1', 'f0']);
    expect(plan.every((one) => one.reason !== '')).toBe(true);
  });
});

/** The automatic backups that are left, newest first, when nothing is under way. */
async function left(bench: Bench): Promise<string[]> {
  const list = () => bench.project.listBackups(bench.caller, {}).then(must);
  const { items } = await until(list, (page) => page.items.every((one) => one.status === 'available'));
  return items.map((one) => one.id);
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
    // Of those under the shorter rule only the last day's.
    expect(ids).toHaveLength(old.length + promised.length + 2);
  });

  test('has no hold while the policy is disabled', async () => {
    const { bench, policyId } = await protectedVolume({ ...DAILY, definition: { retention_duration_days: 1 } });
    const { project, caller } = bench;
    must(await project.advanceClock(caller, DAY));
    must(await project.updatePolicy(caller, policyId, { enabled: false }));
    must(await project.advanceClock(caller, 9 * DAY));
    expect(await left(bench)).toHaveLength(2);
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
