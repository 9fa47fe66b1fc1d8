// Policies through the HTTP API, over the real objects: B4 in the form of VBS, what typed clients decode, the dry run, and the
// clock that says what came due.

import { beforeAll, describe, expect, test } from 'vitest';
import type { Json } from './api.ts';
import { CONTENT, Table } from './table.ts';

const DAY_SECONDS = 86_400;
const SCHEDULE = {
  start_time: '02:00',
  frequency: 1,
  rentention_num: 2,
  remain_first_backup_of_curMonth: 'N',
  status: 'ON',
};

let table: Table;

beforeAll(async () => {
  table = await Table.login();
});

async function vbsPolicy(fields: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const body = { backup_policy_name: 'nightly', scheduled_policy: SCHEDULE, ...fields };
  return (await table.api.ask('POST', '/vbs/v2/{p}/backuppolicy', body)).backup_policy_id;
}

async function under(policyId: string, ...volumeIds: string[]): Promise<Json> {
  const resources = volumeIds.map((id) => ({ resource_id: id, resource_type: 'volume' }));
  return await table.api.ask('POST', '/vbs/v2/{p}/backuppolicyresources', { backup_policy_id: policyId, resources });
}

async function shown(policyId: string): Promise<Json> {
  const { backup_policies: all } = await table.api.ask('GET', '/vbs/v2/{p}/backuppolicy');
  return all.find((policy: Json) => policy.backup_policy_id === policyId);
}

const send = (method: string, path: string, body?: unknown) => table.api.send(method, `/vbs/v2/{p}${path}`, body);

describe('VBS', () => {
  test('B4: a policy makes backups at its time without a call, named autobk_…, and the last n are kept', async () => {
    const { id, bytes } = await table.filled();
    const policyId = await vbsPolicy();
    const added = await under(policyId, id);
    expect(added).toMatchObject({
      success_resources: [{ resource_id: id, resource_type: 'volume', availability_zone: expect.any(String) }],
      fail_resources: [],
    });
    const made = new Map<string, Uint8Array>();
    for (const _day of [1, 2, 3]) {
      const now = await table.api.read(`volumes/${id}`, CONTENT);
      const { ran, swept, reached } = await table.api.advance(DAY_SECONDS);
      expect(ran.filter((run: Json) => run.policy_id === policyId)).toMatchObject([
        { due: expect.stringMatching(/T02:00:00\.000Z$/) },
      ]);
      expect([swept.length, reached]).toEqual([1, true]);
      const { backups } = await table.api.ask('GET', `/vbs/v2/{p}/backups/detail?volume_id=${id}`);
      const fresh = backups.filter((one: Json) => !made.has(one.id));
      expect(fresh).toHaveLength(1);
      expect(fresh[0].name).toMatch(/^autobk_[0-9a-f]{4}$/);
      made.set(fresh[0].id, now);
      await table.change(id);
    }
    const { backups } = await table.api.ask('GET', `/vbs/v2/{p}/backups/detail?volume_id=${id}`);
    expect(backups.map((one: Json) => one.id).sort()).toEqual([...made.keys()].slice(1).sort());
    for (const one of backups) await table.expectBytes(`backups/${one.id}`, made.get(one.id)!);
    expect(made.values().next().value).toEqual(bytes);
    const { tasks, count } = await table.api.ask('GET', `/vbs/v2/{p}/backuppolicy/${policyId}/backuptasks`);
    expect(count).toBe(3);
    expect(tasks[0]).toMatchObject({ status: 'EXECUTE_SUCCESS', resource_id: id, resource_type: 'volume' });
    expect(tasks[0].created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
    // Its job is one as any other.
    const job = await table.api.ask('GET', `/vbs/v1/{p}/jobs/${tasks[0].vbs_job_id}`);
    expect(job).toMatchObject({ status: 'SUCCESS', entities: { backup_id: backups[0].id } });
    expect((await send('DELETE', `/backuppolicy/${policyId}`)).status).toBe(204);
  });

  test('what typed clients decode: integers, no nulls, the vendor’s spelling', async () => {
    const tags = [{ key: 'k', value: 'v' }];
    const policyId = await vbsPolicy({ tags, time_zone: 'UTC+08:00' });
    expect(await shown(policyId)).toEqual({
      backup_policy_id: policyId,
      backup_policy_name: 'nightly',
      scheduled_policy: SCHEDULE,
      policy_resource_count: 0,
      time_zone: 'UTC+08:00',
      tags,
    });
    const week = { week_frequency: ['SUN', 'WED'], rentention_day: 30.7 };
    const changed = await send('PUT', `/backuppolicy/${policyId}`, { scheduled_policy: week });
    expect([changed.status, await changed.json()]).toEqual([200, { backup_policy_id: policyId }]);
    const { frequency, rentention_num, ...rest } = SCHEDULE;
    expect((await shown(policyId)).scheduled_policy).toEqual({ ...rest, ...week, rentention_day: 30 });
    await table.api.send('DELETE', `/vbs/v2/{p}/backuppolicy/${policyId}`);
  });

  test('refusals have the vendor’s codes', async () => {
    const refused = async (body: unknown) => (await (await send('POST', '/backuppolicy', body)).json()) as Json;
    const policy = (scheduled: unknown, name = 'p') => ({ backup_policy_name: name, scheduled_policy: scheduled });
    expect((await refused(policy({ ...SCHEDULE, start_time: '02:30' }))).error.code).toBe('AutoBackup.0103');
    expect((await refused(policy({ ...SCHEDULE, start_time: 2 }))).error.code).toBe('AutoBackup.0103');
    expect((await refused(policy({ ...SCHEDULE, frequency: 99 }))).error.code).toBe('AutoBackup.0106');
    expect((await refused(policy({ ...SCHEDULE, rentention_num: 1 }))).error.code).toBe('AutoBackup.0107');
    expect(await refused(policy(SCHEDULE, 'default'))).toMatchObject({ error: { code: 'AutoBackup.0102' } });
    const unknown = await send('PUT', `/backuppolicy/${crypto.randomUUID()}`, {});
    expect([unknown.status, ((await unknown.json()) as Json).error.code]).toEqual([404, 'AutoBackup.0205']);
    const policyId = await vbsPolicy();
    expect(await under(policyId, crypto.randomUUID())).toMatchObject({
      success_resources: [],
      fail_resources: [{ code: 'VolumeBackup.0021', message: expect.any(String) }],
    });
    const empty = await send('POST', `/backuppolicy/${policyId}/action`);
    expect([empty.status, ((await empty.json()) as Json).error.code]).toEqual([400, 'AutoBackup.1700']);
    await table.api.send('DELETE', `/vbs/v2/{p}/backuppolicy/${policyId}`);
  });

  test('tags: set, changed, deleted, and found by', async () => {
    const policyId = await vbsPolicy({ backup_policy_name: 'tagged', tags: [{ key: 'a', value: '1' }] });
    const tagsOf = async () => (await table.api.ask('GET', `/vbs/v2/{p}/backuppolicy/${policyId}/tags`)).tags;
    const path = `/backuppolicy/${policyId}/tags`;
    expect((await send('POST', path, { tag: { key: 'b', value: '2' } })).status).toBe(204);
    const act = (action: string, key: string, value = '') =>
      send('POST', `${path}/action`, { action, tags: [{ key, value }] });
    expect((await act('update', 'b', '3')).status).toBe(204);
    expect(await tagsOf()).toEqual([
      { key: 'a', value: '1' },
      { key: 'b', value: '3' },
    ]);
    expect(await table.api.ask('GET', '/vbs/v2/{p}/backuppolicy/tags')).toEqual({
      tags: [
        { key: 'a', values: ['1'] },
        { key: 'b', values: ['3'] },
      ],
    });
    const find = (query: unknown) => table.api.ask('POST', '/vbs/v2/{p}/backuppolicy/resource_instances/action', query);
    const found = await find({ action: 'filter', tags: [{ key: 'b', values: ['3', '4'] }], limit: '10' });
    expect(found).toMatchObject({ total_count: 1, resources: [{ resource_id: policyId, resource_name: 'tagged' }] });
    expect(await find({ action: 'count', matches: [{ key: 'resource_name', value: 'TAG' }] })).toEqual({
      total_count: 1,
    });
    expect(await find({ action: 'count', tags: [{ key: 'b', values: ['2'] }] })).toEqual({ total_count: 0 });
    expect((await act('delete', 'a')).status).toBe(204);
    expect((await send('DELETE', `${path}/b`)).status).toBe(204);
    const gone = await send('DELETE', `${path}/b`);
    expect([gone.status, ((await gone.json()) as Json).error.code]).toEqual([404, 'AutoBackup.0216']);
    await table.api.send('DELETE', `/vbs/v2/{p}/backuppolicy/${policyId}`);
  });
});

describe('the dry run', () => {
  test('of a policy of CBR and of VBS: what stays, what goes and why, the next runs; without a body too', async () => {
    const { id } = await table.filled();
    const policyId = await vbsPolicy({ scheduled_policy: { ...SCHEDULE, rentention_num: 9 } });
    await under(policyId, id);
    await table.api.advance(3 * DAY_SECONDS);
    const path = `/data/v1/{p}/policies/${policyId}/retention-plan`;
    const now = await table.api.ask('POST', path);
    expect(now).toMatchObject({ enabled: true, kept: 3, deleted: 0 });
    expect(now.next_runs).toHaveLength(10);
    expect(now.next_runs.every((time: string) => time.endsWith('T02:00:00.000Z'))).toBe(true);
    expect(now.next_sweep).toMatch(/T10:00:00\.000Z$/);
    const other = await table.api.ask('POST', path, {
      operation_definition: { max_backups: 1 },
      trigger: { properties: { pattern: ['FREQ=WEEKLY;BYDAY=TU;BYHOUR=5;BYMINUTE=30'] } },
      at: '2040-01-01T00:00:00Z',
    });
    expect(other).toMatchObject({ at: '2040-01-01T00:00:00.000Z', kept: 1, deleted: 2 });
    expect(other.next_runs[0]).toBe('2040-01-03T05:30:00.000Z');
    expect(other.backups.map((one: Json) => [one.keep, one.when, one.reason])).toEqual([
      [true, null, 'one of the newest 1'],
      [false, 'now', 'not among the newest 1'],
      [false, 'now', 'not among the newest 1'],
    ]);
    const bad = await table.api.send('POST', path, { operation_definition: { max_backups: 0 } });
    expect([bad.status, ((await bad.json()) as Json).error.code]).toEqual([400, 'policy-invalid']);
    await table.api.send('DELETE', `/vbs/v2/{p}/backuppolicy/${policyId}`);
  });
});
