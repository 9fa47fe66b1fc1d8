// Backups in the native form of VBS: jobs, names and descriptions as its clients know them, its limits.

import { beforeAll, describe, expect, it } from 'vitest';
import type { Json } from './api.ts';
import { Tenant } from './openapi/tenant.ts';

let tenant: Tenant;
let volumeId: string;
beforeAll(async () => {
  tenant = await Tenant.fresh();
  volumeId = await tenant.ownVolume();
});

const create = (fields: Readonly<Record<string, unknown>>) =>
  tenant.api.answer('POST', '/vbs/v2/{p}/cloudbackups', { backup: { volume_id: volumeId, name: 'b', ...fields } });

async function jobEnd(id: string): Promise<Json> {
  return await tenant.api.until(`job ${id}`, async () => {
    const job = await tenant.ask('GET', `/vbs/v1/{p}/jobs/${id}`);
    return job.status === 'SUCCESS' ? job : null;
  });
}

async function made(fields: Readonly<Record<string, unknown>> = {}): Promise<Json> {
  const { status, text } = await create(fields);
  expect(status, text).toBe(200);
  const { entities } = await jobEnd((JSON.parse(text) as Json).job_id);
  return (await tenant.ask('GET', `/vbs/v2/{p}/backups/${entities.backup_id}`)).backup;
}

describe('cloudbackups', () => {
  it('make a backup by a job whose entities are text, and wrap its description up', async () => {
    const first = await made({ name: 'one', description: 'before', tags: [{ key: 'k', value: 'v' }] });
    expect(first).toMatchObject({
      name: 'one',
      status: 'available',
      description: '{"DESC":"before","INC":0}',
      'os-bak-tenant-attr:tenant_id': tenant.api.projectId,
      service_metadata: '',
      tags: [{ key: 'k', value: 'v' }],
    });
    await tenant.api.write(volumeId, 0, new Uint8Array(65_536).fill(9));
    expect((await made({ description: 'after' })).description).toBe('{"DESC":"after","INC":1}');
    const full = await made({ extend_param: { FullBackup: 'true' } });
    expect(full).toMatchObject({ description: '{"DESC":"","INC":0}', is_incremental: false });
    // To Cinder it is a backup like any other.
    expect((await tenant.api.backup(first.id)).description).toBe('before');
    const list = await tenant.ask('GET', `/vbs/v3/{p}/backups/detail?volume_id~=${volumeId.slice(0, 8)}`);
    expect(list.backups).toHaveLength(3);
    expect((await tenant.ask('GET', '/vbs/v3/{p}/backups/detail?volume_id~=nothing')).backups).toEqual([]);
  });

  it('restore and delete by jobs; jobs of another kind are not theirs', async () => {
    await tenant.api.write(volumeId, 0, new Uint8Array(65_536).fill(1));
    const { id } = await made();
    await tenant.api.write(volumeId, 0, new Uint8Array(65_536).fill(2));
    const restore = { restore: { volume_id: volumeId } };
    await jobEnd((await tenant.ask('POST', `/vbs/v2/{p}/cloudbackups/${id}/restore`, restore)).job_id);
    expect((await tenant.api.read(`volumes/${volumeId}`, 1))[0]).toBe(1);
    const job = await jobEnd((await tenant.ask('POST', `/vbs/v2/{p}/cloudbackups/${id}`)).job_id);
    for (const value of Object.values(job.entities)) expect(typeof value).toBe('string');
    expect((await tenant.api.answer('GET', `/vbs/v2/{p}/backups/${id}`)).status).toBe(404);
    const again = await tenant.api.answer('POST', `/vbs/v2/{p}/cloudbackups/${id}`);
    expect([again.status, (JSON.parse(again.text) as Json).error.code]).toEqual([404, 'VolumeBackup.0103']);
  });

  it('refuse with the codes of the vendor', async () => {
    const refused = async (fields: Readonly<Record<string, unknown>>) => {
      const { status, text } = await create(fields);
      return [status, (JSON.parse(text) as Json).error.code];
    };
    expect(await refused({ name: '' })).toEqual([400, 'VolumeBackup.0003']);
    expect(await refused({ name: 'a b' })).toEqual([400, 'VolumeBackup.0003']);
    expect(await refused({ name: 'x'.repeat(65) })).toEqual([400, 'VolumeBackup.0003']);
    expect(await refused({ name: 'autobk_1234' })).toEqual([400, 'VolumeBackup.0005']);
    expect(await refused({ description: '<b>' })).toEqual([400, 'VolumeBackup.0002']);
    expect(await refused({ volume_id: 'nothing' })).toEqual([404, 'VolumeBackup.0021']);
    const tags = Array.from({ length: 11 }, (_, index) => ({ key: `k${index}`, value: '' }));
    expect(await refused({ tags })).toEqual([400, 'VolumeBackup.0049']);
  });

  it('are twenty for each disk', async () => {
    const own = await tenant.ownVolume();
    const first = await made({ volume_id: own });
    const { resources } = (await tenant.ask('GET', '/vbs/v2/{p}/cloudbackups/quota')).quotas;
    expect(resources).toMatchObject([
      { type: 'backups', reserved: 0 },
      { type: 'backup_gigabytes', reserved: 0 },
    ]);
    for (let count = 1; count < 20; count++) await made({ volume_id: own });
    const { status, text } = await create({ volume_id: own });
    expect([status, (JSON.parse(text) as Json).error.code]).toEqual([400, 'VolumeBackup.0040']);
    await jobEnd((await tenant.ask('POST', `/vbs/v2/{p}/cloudbackups/${first.id}`)).job_id);
    await made({ volume_id: own });
  });
});
