// Objects are lost, and object storage brings back what was promised: a vault's index, then a whole project's vaults.

import { env as bindings } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import type { Env } from '../../worker/env.ts';
import type { Api, Json } from './api.ts';
import { Tenant } from './openapi/tenant.ts';

const env = bindings as unknown as Env;
const MIB = 2 ** 20;

async function freshApi(): Promise<Api> {
  return (await Tenant.fresh()).api;
}

function pattern(seed: number): Uint8Array {
  return Uint8Array.from({ length: MIB }, (_, i) => (i * seed + (i >> 8)) & 255);
}

async function write(api: Api, volumeId: string, offset: number, bytes: Uint8Array): Promise<void> {
  const headers = { 'Content-Range': `bytes ${offset}-${offset + bytes.length - 1}/*` };
  expect((await api.send('PUT', `/data/v1/{p}/volumes/${volumeId}`, bytes, headers)).status).toBe(204);
}

async function read(api: Api, path: string, offset: number, length: number): Promise<Uint8Array> {
  const headers = { Range: `bytes=${offset}-${offset + length - 1}` };
  const response = await api.send('GET', `/data/v1/{p}/${path}`, undefined, headers);
  expect(response.status).toBe(206);
  return new Uint8Array(await response.arrayBuffer());
}

async function ended(api: Api, operation: Json): Promise<Json> {
  return api.until(`operation ${operation.id} to end`, async () => {
    const now = (await api.ask('GET', `/data/v1/{p}/operations/${operation.id}`)).operation;
    return now.state === 'running' ? null : now;
  });
}

async function rebuilt(api: Api, vaultId: string): Promise<Json> {
  return ended(api, (await api.ask('POST', `/data/v1/{p}/vaults/${vaultId}/rebuild`, {})).operation);
}

async function recovered(api: Api): Promise<Json[]> {
  const { operations } = await api.ask('POST', '/data/v1/{p}/vaults/recover');
  return Promise.all(operations.map((operation: Json) => ended(api, operation)));
}

async function restored(api: Api, backupId: string): Promise<string> {
  const body = { restore: { name: 'back' } };
  const { restore } = await api.ask('POST', `/evs/v3/{p}/backups/${backupId}/restore`, body);
  return (await api.volume(restore.volume_id)).id;
}

/** A disk with two backups in one named vault, and what each of them holds at its beginning. */
async function makeBackups(api: Api) {
  const volume = await api.createVolume({ name: 'data', metadata: { owner: 'me' } });
  const vault = {
    ...{ name: 'café', description: 'nightly ones' },
    billing: { size: 120, object_type: 'disk', protect_type: 'backup', consistent_level: 'crash_consistent' },
    resources: [{ id: volume.id, type: 'OS::Cinder::Volume' }],
    tags: [{ key: 'team', value: 'storage' }],
  };
  const vaultId = (await api.ask('POST', '/cbr/v3/{p}/vaults', { vault })).vault.id as string;
  await write(api, volume.id, 0, pattern(3));
  const first = await api.createBackup(volume.id);
  await write(api, volume.id, MIB, pattern(5));
  await write(api, volume.id, 0, pattern(7));
  const second = await api.createBackup(volume.id);
  expect((await api.ask('GET', `/cbr/v3/{p}/backups/${second.id}`)).backup.vault_id).toBe(vaultId);
  return { volume, vaultId, first, second };
}

const backupsOf = async (api: Api): Promise<Json[]> => {
  const { backups } = await api.ask('GET', '/evs/v3/{p}/backups/detail');
  return backups.sort((a: Json, b: Json) => (a.id < b.id ? -1 : 1));
};

describe('a vault that lost its index', () => {
  test('is rebuilt through the API: backups are read, restored, made and deleted again', async () => {
    const api = await freshApi();
    const { volume, vaultId, first, second } = await makeBackups(api);
    await api.ask('POST', `/sim/v1/{p}/vaults/${vaultId}/lose`);
    expect((await api.send('GET', `/data/v1/{p}/backups/${first.id}`)).status).toBe(404);
    const operation = await rebuilt(api, vaultId);
    expect(operation).toMatchObject({
      ...{ kind: 'rebuild', state: 'done', vaultId },
      report: {
        ...{ adoptedBackups: 0, missingBackups: 0 },
        rebuilt: { generation: 2, backups: 2, damagedBackups: { count: 0 }, damagedPacks: { count: 0 } },
      },
    });
    expect(await read(api, `backups/${first.id}`, 0, MIB)).toEqual(pattern(3));
    expect(await read(api, `volumes/${await restored(api, second.id)}`, 0, 2 * MIB)).toEqual(
      new Uint8Array([...pattern(7), ...pattern(5)]),
    );
    // Against the newest backup of before: only what changed since is sent.
    await write(api, volume.id, 2 * MIB, pattern(11));
    const third = await api.createBackup(volume.id);
    expect((await api.ask('GET', `/cbr/v3/{p}/backups/${third.id}`)).backup.extend_info.incremental).toBe(true);
    await api.ask('DELETE', `/evs/v3/{p}/backups/${first.id}`);
    await api.gone(`/evs/v3/{p}/backups/${first.id}`);
    expect(await read(api, `backups/${third.id}`, 2 * MIB, MIB)).toEqual(pattern(11));
    expect(await read(api, `backups/${second.id}`, 0, MIB)).toEqual(pattern(7));
  });

  test('may be rebuilt while it has its index; a backup that is not there any more is named', async () => {
    const api = await freshApi();
    const { vaultId, first, second } = await makeBackups(api);
    await env.OBS.delete(`evs1/${api.projectId}/${vaultId}/0000000001/manifest/${first.id}`);
    const operation = await rebuilt(api, vaultId);
    expect(operation.report).toMatchObject({ missingBackups: 1, rebuilt: { backups: 1 } });
    const backup = (await api.ask('GET', `/evs/v3/{p}/backups/${first.id}`)).backup;
    expect(backup).toMatchObject({ status: 'error', fail_reason: expect.stringContaining('object storage') });
    expect(await read(api, `backups/${second.id}`, 0, MIB)).toEqual(pattern(7));
    expect((await api.ask('GET', `/cbr/v3/{p}/vaults/${vaultId}`)).vault.billing.status).toBe('available');
  });

  test('is deleted with all that is in object storage', async () => {
    const api = await freshApi();
    const { vaultId } = await makeBackups(api);
    await api.ask('POST', `/sim/v1/{p}/vaults/${vaultId}/lose`);
    await api.ask('DELETE', `/cbr/v3/{p}/vaults/${vaultId}`);
    await api.gone(`/cbr/v3/{p}/vaults/${vaultId}`);
    const left = await env.OBS.list({ prefix: `evs1/${api.projectId}/${vaultId}/` });
    expect(left.objects.every(({ key }) => key.includes('/generation/'))).toBe(true);
    // What is deleted is not found again.
    expect(await recovered(api)).toEqual([]);
  });

  test('of another project cannot be rebuilt, and one that never was is not found', async () => {
    const [api, foreign] = [await freshApi(), await freshApi()];
    const { vaultId } = await makeBackups(api);
    expect((await foreign.answer('POST', `/data/v1/{p}/vaults/${vaultId}/rebuild`, {})).status).toBe(404);
    expect(await recovered(foreign)).toEqual([]);
  });
});

describe('a project that lost its records', () => {
  test.each(['its own only', 'those of its vaults too'])('%s: finds its vaults and backups again', async (what) => {
    const api = await freshApi();
    const { volume, vaultId, first, second } = await makeBackups(api);
    const before = await backupsOf(api);
    if (what !== 'its own only') await api.ask('POST', `/sim/v1/{p}/vaults/${vaultId}/lose`);
    await api.ask('POST', '/sim/v1/{p}/lose');
    expect(await backupsOf(api)).toEqual([]);
    expect((await api.ask('GET', '/cbr/v3/{p}/vaults')).vaults).toEqual([]);
    const operations = await recovered(api);
    expect(operations).toMatchObject([{ kind: 'recover', state: 'done', vaultId, report: { adoptedBackups: 2 } }]);
    const vault = (await api.ask('GET', `/cbr/v3/{p}/vaults/${vaultId}`)).vault;
    expect(vault).toMatchObject({
      ...{ name: 'café', description: 'nightly ones', tags: [{ key: 'team', value: 'storage' }] },
      billing: { size: 120, status: 'available' },
    });
    // As they were: names, sizes, times, and which disk they are of.
    const same = ({ updated_at, ...backup }: Json) => backup;
    expect((await backupsOf(api)).map(same)).toEqual(before.map(same));
    const newId = await restored(api, second.id);
    expect(await read(api, `volumes/${newId}`, 0, 2 * MIB)).toEqual(new Uint8Array([...pattern(7), ...pattern(5)]));
    expect((await api.volumeAs(newId)).metadata).toMatchObject({ owner: 'me' });
    expect(await read(api, `backups/${first.id}`, 0, MIB)).toEqual(pattern(3));
    // Once more there is nothing to find.
    expect(await recovered(api)).toEqual([]);
    expect((await api.send('GET', `/data/v1/{p}/volumes/${volume.id}`)).status).toBe(404);
  });

  test('and whose vault was renamed since: the last name comes back', async () => {
    const api = await freshApi();
    const { vaultId } = await makeBackups(api);
    const vault = { name: 'renamed', billing: { size: 150 } };
    await api.ask('PUT', `/cbr/v3/{p}/vaults/${vaultId}`, { vault });
    await api.until('the settings to be kept', async () => {
      const { objects } = await env.OBS.list({ prefix: `evs1/${api.projectId}/${vaultId}/0000000001/settings/` });
      return objects.length === 1 && objects[0]!.key.endsWith('2') ? true : null;
    });
    await api.ask('POST', '/sim/v1/{p}/lose');
    await recovered(api);
    const found = (await api.ask('GET', `/cbr/v3/{p}/vaults/${vaultId}`)).vault;
    expect(found).toMatchObject({ name: 'renamed', billing: { size: 150 } });
  });
});
