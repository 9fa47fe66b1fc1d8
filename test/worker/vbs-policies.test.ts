// Policies of VBS: their rules, the disks under them, and what they make.

import { describe, expect, test } from 'vitest';
import type { VbsPolicyInput } from '../../worker/project/contract.ts';
import { Bench, must, mustRefuse, until } from './fakes/bench.ts';
import { DAY_MS as DAY, HOUR_MS as HOUR } from './policy-oracle.ts';

const RULES: VbsPolicyInput = { name: 'nightly', startTime: '02:00', frequencyDays: 1, maxBackups: 2 };

async function policyWith(input: VbsPolicyInput = RULES) {
  const bench = new Bench();
  const volume = await bench.volume();
  const { id } = must(await bench.project.createVbsPolicy(bench.caller, input));
  must(await bench.project.addPolicyResources(bench.caller, id, [{ id: volume.id, type: 'volume' }]));
  return { bench, volume, id };
}

/** Backups, newest first, once none is under way. */
async function settled(bench: Bench) {
  const list = () => bench.project.listBackups(bench.caller, {}).then(must);
  return (await until(list, (page) => page.items.every((one) => one.status === 'available'))).items;
}

/** The points of the next so many days. */
async function points(bench: Bench, id: string, days: number): Promise<number[]> {
  const { nextRunsMs, atMs } = must(await bench.project.planRetention(bench.caller, id, {}));
  return nextRunsMs.filter((ms) => ms <= atMs + days * DAY);
}

describe('a policy', () => {
  test('B4: makes backups by itself in the project’s own vault, tagged as it is, and keeps the last ones', async () => {
    const { bench, volume, id } = await policyWith({ ...RULES, tags: [{ key: 'team', value: 'a' }] });
    const { project, caller } = bench;
    const manual = await bench.backup(volume.id);
    const { ran } = must(await project.advanceClock(caller, 4 * DAY));
    expect(ran.map((run) => [run.policyId, run.dueMs % DAY])).toEqual(Array(4).fill([id, 2 * HOUR]));
    const automatic = (await settled(bench)).filter((one) => one.automatic);
    expect(automatic).toHaveLength(2);
    for (const backup of automatic) {
      expect(backup).toMatchObject({ policyId: id, vaultId: manual.vaultId, tags: { team: 'a' } });
      expect(backup.name).toMatch(/^autobk_[0-9a-f]{4}$/);
    }
    const tasks = must(await project.listPolicyTasks(caller, id, { limit: 3 }));
    expect(tasks).toMatchObject({ total: 4, more: true });
    expect(tasks.items[0]).toMatchObject({
      status: 'EXECUTE_SUCCESS',
      volumeId: volume.id,
      backupName: automatic[0]!.name,
    });
  });

  test('goes by its own clock: full hours of UTC, days of the week where it is', async () => {
    // Two in the morning of Monday in Shanghai is six in the evening of Sunday.
    const week = { ...RULES, frequencyDays: undefined, weekDays: ['MON'], startTime: '18:00', timeZone: 'UTC+08:00' };
    const { bench, id } = await policyWith(week);
    const next = await points(bench, id, 30);
    expect(next.length).toBeGreaterThanOrEqual(4);
    expect(next.every((ms) => new Date(ms).getUTCDay() === 0 && ms % DAY === 18 * HOUR)).toBe(true);
    const several = { startTime: '22:00,00:00,02:00', timeZone: 'UTC+02:00', frequencyDays: 1 };
    must(await bench.project.updateVbsPolicy(bench.caller, id, several));
    const hours = (await points(bench, id, 1)).map((ms) => (ms % DAY) / HOUR);
    expect(hours.toSorted((a, b) => a - b)).toEqual([0, 2, 22]);
    const half = { startTime: '20:00,21:00', timeZone: 'UTC+05:30' };
    must(await bench.project.updateVbsPolicy(bench.caller, id, half));
    const halves = (await points(bench, id, 1)).map((ms) => (ms % DAY) / HOUR);
    expect(halves.toSorted((a, b) => a - b)).toEqual([20, 21]);
  });

  test('every so many days counts from the first of the month in which it was made', async () => {
    const { bench, id } = await policyWith({ ...RULES, frequencyDays: 3 });
    const next = await points(bench, id, 40);
    const { createdMs } = must(await bench.project.getVbsPolicy(bench.caller, id));
    const first = Date.parse(`${new Date(createdMs).toISOString().slice(0, 7)}-01T02:00:00Z`);
    expect(next).toHaveLength(10);
    expect(next.every((ms) => (ms - first) % (3 * DAY) === 0)).toBe(true);
  });

  test('off, it does not run; on again, nothing is made up for; by hand it runs all the same', async () => {
    const { bench, id } = await policyWith();
    const { project, caller } = bench;
    must(await project.updateVbsPolicy(caller, id, { status: 'OFF' }));
    expect(must(await project.advanceClock(caller, 3 * DAY)).ran).toEqual([]);
    must(await project.executeVbsPolicy(caller, id));
    expect(await settled(bench)).toHaveLength(1);
    must(await project.updateVbsPolicy(caller, id, { status: 'ON' }));
    expect(must(await project.advanceClock(caller, DAY)).ran).toHaveLength(1);
  });

  test('a run by hand waits for one that is still going, and needs disks', async () => {
    const { bench, id, volume } = await policyWith();
    const { project, caller } = bench;
    await bench.disk(volume.id).script('backup', ['hang']);
    must(await project.executeVbsPolicy(caller, id));
    mustRefuse(await project.executeVbsPolicy(caller, id), 'policy-running');
    const empty = must(await project.createVbsPolicy(caller, { ...RULES, name: 'empty' }));
    mustRefuse(await project.executeVbsPolicy(caller, empty.id), 'policy-empty');
  });

  test('keeps the first of this month, and keeps by age', async () => {
    const { bench, id } = await policyWith({ ...RULES, firstOfMonth: 'Y' });
    const { project, caller } = bench;
    const { nowMs } = must(await project.clock(caller));
    const next = new Date(nowMs);
    const month = Date.UTC(next.getUTCFullYear(), next.getUTCMonth() + 1, 1);
    must(await project.advanceClock(caller, month + 9 * DAY - nowMs, 30_000));
    const days = (await settled(bench)).map((one) => new Date(one.createdMs).getUTCDate());
    expect(days).toEqual([9, 8, 1]);
    must(await project.updateVbsPolicy(caller, id, { durationDays: 3, firstOfMonth: 'N' }));
    must(await project.advanceClock(caller, DAY));
    const [made] = await settled(bench);
    expect(made!.expiresMs).toBe(made!.createdMs + 3 * DAY);
    expect(must(await project.getVbsPolicy(caller, id))).toMatchObject({ maxBackups: null, durationDays: 3 });
  });

  test('is no policy of CBR, nor the other way round', async () => {
    const { bench, id } = await policyWith();
    const { project, caller } = bench;
    expect(must(await project.listPolicies(caller, {}))).toEqual([]);
    mustRefuse(await project.getPolicy(caller, id), 'policy-not-found');
    mustRefuse(await project.deletePolicy(caller, id), 'policy-not-found');
    const other = must(
      await project.createPolicy(caller, { name: 'cbr', patterns: ['FREQ=DAILY'], definition: { max_backups: 1 } }),
    );
    mustRefuse(await project.getVbsPolicy(caller, other.id), 'policy-not-found');
    expect(must(await project.listVbsPolicies(caller)).map((policy) => policy.name)).toEqual(['default', 'nightly']);
    must(await project.deleteVbsPolicy(caller, id));
    expect(must(await project.advanceClock(caller, DAY)).ran).toEqual([]);
  });

  test('what it cannot back up is in its tasks, with the reason, and does not keep the others', async () => {
    const { bench, id, volume } = await policyWith();
    const { project, caller } = bench;
    const other = await bench.volume();
    must(await project.addPolicyResources(caller, id, [{ id: other.id, type: 'volume' }]));
    await bench.disk(volume.id).script('extend', ['hang']);
    must(await project.extendVolume(caller, volume.id, { sizeGib: 7 }));
    must(await project.executeVbsPolicy(caller, id));
    expect((await settled(bench)).map((one) => one.volumeId)).toEqual([other.id]);
    const { items } = must(await project.listPolicyTasks(caller, id, { status: 'SKIP' }));
    expect(items).toMatchObject([{ volumeId: volume.id, errorMessage: expect.stringContaining('extending') }]);
    expect(must(await project.listPolicyTasks(caller, id, { taskId: items[0]!.id })).total).toBe(1);
  });
});

describe('the default policy', () => {
  test('is there, cannot be changed, and takes disks', async () => {
    const bench = new Bench();
    const { project, caller } = bench;
    const [policy] = must(await project.listVbsPolicies(caller));
    expect(policy).toMatchObject({ name: 'default', enabled: true, volumeIds: [], nextMs: null });
    expect(await bench.stored()).toBe('{}');
    mustRefuse(await project.updateVbsPolicy(caller, policy!.id, { name: 'mine' }), 'policy-default');
    mustRefuse(await project.updateVbsPolicy(caller, policy!.id, { status: 'OFF' }), 'policy-default');
    mustRefuse(await project.deleteVbsPolicy(caller, policy!.id), 'policy-default');
    const volume = await bench.volume();
    must(await project.addPolicyResources(caller, policy!.id, [{ id: volume.id, type: 'volume' }]));
    expect(must(await project.advanceClock(caller, DAY)).ran).toHaveLength(1);
    expect(await settled(bench)).toHaveLength(1);
    expect(must(await project.listVbsPolicies(caller))).toHaveLength(1);
  });
});

describe('disks', () => {
  test('each is taken in or refused on its own', async () => {
    const { bench, id, volume } = await policyWith();
    const { project, caller } = bench;
    const failed = await bench.volume();
    const admin = { ...caller, roles: ['admin'] };
    must(await project.resetVolumeStatus(admin, failed.id, { status: 'error' }));
    const stranger = crypto.randomUUID();
    const wanted = [
      { id: volume.id, type: 'volume' },
      { id: failed.id, type: 'volume' },
      { id: volume.id, type: 'server' },
      { id: stranger, type: 'volume' },
    ];
    const answer = must(await project.addPolicyResources(caller, id, wanted));
    expect(answer.map((one) => one.failure?.code ?? null)).toEqual([
      null,
      'policy-resource-status',
      'policy-resource-type',
      'volume-not-found',
    ]);
    expect(answer[0]).toMatchObject({ zone: volume.zone });
    expect(must(await project.getVbsPolicy(caller, id)).volumeIds).toEqual([volume.id]);
    const removed = must(await project.removePolicyResources(caller, id, [volume.id, stranger]));
    expect(removed.map((one) => one.failure?.code ?? null)).toEqual([null, 'policy-resource-absent']);
    mustRefuse(await project.addPolicyResources(caller, stranger, wanted), 'policy-not-found');
  });

  test('a disk that another policy takes leaves the one that it was under, with its backups', async () => {
    const { bench, id, volume } = await policyWith({ ...RULES, maxBackups: 5 });
    const { project, caller } = bench;
    must(await project.advanceClock(caller, 4 * DAY));
    const other = must(await project.createVbsPolicy(caller, { ...RULES, name: 'other' }));
    must(await project.addPolicyResources(caller, other.id, [{ id: volume.id, type: 'volume' }]));
    expect(must(await project.getVbsPolicy(caller, id))).toMatchObject({ volumeIds: [], nextMs: null });
    const { ran } = must(await project.advanceClock(caller, 3 * DAY));
    expect(ran.every((run) => run.policyId === other.id)).toBe(true);
    const made = (await settled(bench)).map((one) => one.policyId);
    expect([made.filter((one) => one === id).length, made.filter((one) => one === other.id).length]).toEqual([4, 2]);
  });

  test('a disk that is deleted is under no policy any more', async () => {
    const { bench, id, volume } = await policyWith();
    const { project, caller } = bench;
    must(await project.deleteVolume(caller, volume.id, { face: 'native' }));
    await bench.volumeGone(volume.id);
    expect(must(await project.getVbsPolicy(caller, id))).toMatchObject({ volumeIds: [], nextMs: null });
    must(await project.advanceClock(caller, 2 * DAY));
    expect(must(await project.listPolicyTasks(caller, id, {})).items).toEqual([]);
  });
});

describe('what is refused', () => {
  test.each<[string, VbsPolicyInput]>([
    ['policy-name-length', { name: '' }],
    ['policy-name-length', { name: 'x'.repeat(65) }],
    ['policy-name', { name: 'a b' }],
    ['policy-name', { name: 'default1' }],
    ['policy-start-time', { startTime: '' }],
    ['policy-start-time', { startTime: '02:30' }],
    ['policy-start-time', { startTime: '24:00' }],
    ['policy-start-time', { startTime: '04:00,02:00' }],
    ['policy-start-time', { startTime: '02:00,02:00' }],
    ['policy-start-time', { startTime: '00:00,22:00', timeZone: 'UTC+02:00' }],
    ['policy-interval', { frequencyDays: 0 }],
    ['policy-interval', { frequencyDays: 31 }],
    ['policy-interval', { frequencyDays: 1.5 }],
    ['policy-interval', { frequencyDays: undefined }],
    ['policy-interval', { frequencyDays: undefined, weekDays: [] }],
    ['policy-interval', { frequencyDays: undefined, weekDays: ['MO'] }],
    ['policy-retention', { maxBackups: 1 }],
    ['policy-retention', { maxBackups: 100 }],
    ['policy-retention', { maxBackups: undefined }],
    ['policy-retention', { maxBackups: undefined, durationDays: 1 }],
    ['policy-retention', { maxBackups: undefined, durationDays: 100_000 }],
    ['policy-first-of-month', { firstOfMonth: 'yes' }],
    ['policy-status', { status: 'on' }],
    ['policy-time-zone', { timeZone: 'CET' }],
    ['policy-tag', { tags: [{ key: '', value: '' }] }],
    ['policy-tag', { tags: [{ key: 'k', value: 'x'.repeat(44) }] }],
    ['policy-tag-limit', { tags: Array.from({ length: 11 }, (_, at) => ({ key: `k${at}`, value: '' })) }],
  ])('%s: %j', async (code, input) => {
    const bench = new Bench();
    mustRefuse(await bench.project.createVbsPolicy(bench.caller, { ...RULES, ...input }), code as 'policy-name');
    expect(await bench.stored()).toBe('{}');
  });

  test('more than ten policies; frequency wins over days of the week, the number over the age', async () => {
    const bench = new Bench();
    const { project, caller } = bench;
    const both = { ...RULES, weekDays: ['SUN'], durationDays: 5 };
    for (let made = 0; made < 10; made++) {
      expect(must(await project.createVbsPolicy(caller, { ...both, name: `p${made}` }))).toMatchObject({
        frequencyDays: 1,
        weekDays: null,
        maxBackups: 2,
        durationDays: null,
      });
    }
    mustRefuse(await project.createVbsPolicy(caller, both), 'policy-limit');
  });
});
