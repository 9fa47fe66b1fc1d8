// The calls that Terraform's VBS resources make, in their order, each answer decoded as the provider's Go code does.

import { beforeEach, describe, expect, it } from 'vitest';
import type { Json } from './api.ts';
import { Tenant } from './openapi/tenant.ts';
import { TerraformClient } from './terraform-client.ts';
import { TAGS, VBS_BACKUP, VBS_JOB, VBS_POLICY, VBS_RESOURCES, VBS_SHARE } from './terraform-structs.ts';

let tenant: Tenant;
let client: TerraformClient;
beforeEach(async () => {
  tenant = await Tenant.fresh();
  client = new TerraformClient(tenant);
});

async function createBackup(fields: Readonly<Record<string, unknown>>): Promise<string> {
  const job = await client.call('POST', '/vbs/v2/{p}/cloudbackups', {
    body: { backup: fields },
    ok: [200],
    as: { job_id: 'string' },
  });
  const ended = await tenant.api.until('the job', async () => {
    const now = await client.call('GET', `/vbs/v1/{p}/jobs/${job.job_id}`, { as: VBS_JOB });
    if (now.status === 'FAIL') throw new Error(now.fail_reason);
    return now.status === 'SUCCESS' ? now : null;
  });
  return ended.entities.backup_id;
}

/** As the provider reads it: the description is unwrapped when it is JSON. */
async function readBackup(id: string): Promise<Json> {
  const backup = await client.call('GET', `/vbs/v2/{p}/backups/${id}`, { label: 'backup', as: VBS_BACKUP });
  return { ...backup, description: JSON.parse(backup.description).DESC };
}

describe('opentelekomcloud_vbs_backup_v2', () => {
  it('is created by a job, read back without a difference, imported, and deleted until it is gone', async () => {
    const volumeId = await tenant.ownVolume();
    const tags = [{ key: 'k', value: 'v' }];
    const config = { name: 'tf-backup', volume_id: volumeId, description: 'by terraform', tags };
    const id = await createBackup(config);
    const state = await readBackup(id);
    expect(state).toMatchObject({ name: 'tf-backup', volume_id: volumeId, description: 'by terraform', size: 1 });
    expect(await readBackup(id)).toEqual(state);
    const list = await client.call('GET', `/vbs/v2/{p}/backups/detail?name=tf-backup&volume_id=${volumeId}`, {
      label: 'backups',
      as: [VBS_BACKUP],
    });
    expect(list).toHaveLength(1);
    await client.call('DELETE', `/vbs/v2/{p}/backups/${id}`);
    await tenant.api.until('the end', async () => ((await client.isGone(`/vbs/v2/{p}/backups/${id}`)) ? true : null));
  });

  it('goes without what is optional', async () => {
    const id = await createBackup({ name: 'plain', volume_id: await tenant.ownVolume() });
    expect(await readBackup(id)).toMatchObject({ description: '', snapshot_id: '', container: '' });
  });
});

describe('opentelekomcloud_vbs_backup_share_v2', () => {
  it('is created, read by its backup, and deleted as a whole', async () => {
    const id = await createBackup({ name: 'shared', volume_id: await tenant.ownVolume() });
    const projects = ['p1', 'p2'];
    const made = await client.call('POST', '/vbs/v2/{p}/os-vendor-backup-sharing', {
      body: { shared: { backup_id: id, to_project_ids: projects } },
      ok: [200],
      label: 'shared',
      as: [VBS_SHARE],
    });
    expect(made[0].backup_id).toBe(id);
    const path = '/vbs/v2/{p}/os-vendor-backup-sharing';
    const read = () => client.call('GET', `${path}/detail?backup_id=${id}`, { label: 'shared', as: [VBS_SHARE] });
    const state = await read();
    expect(state.map((share: Json) => share.to_project_id).toSorted()).toEqual(projects);
    expect(state[0].backup).toMatchObject({ id, name: 'shared', status: 'available', size: 1 });
    await client.call('DELETE', `${path}/${id}?is_backup_id=true`, { ok: [200] });
    expect(await read()).toEqual([]);
  });
});

describe('opentelekomcloud_vbs_backup_policy_v2', () => {
  const schedule = {
    start_time: '12:00',
    frequency: 1,
    rentention_num: 7,
    remain_first_backup_of_curMonth: 'Y',
    status: 'ON',
  };

  it('is created with a disk and tags, found in the list, changed and deleted', async () => {
    const [one, two] = [await tenant.ownVolume(), await tenant.ownVolume()];
    const made = await client.call('POST', '/vbs/v2/{p}/backuppolicy', {
      body: { backup_policy_name: 'tf-policy', scheduled_policy: schedule, tags: [{ key: 'k', value: 'v' }] },
      ok: [200],
      as: VBS_POLICY,
    });
    const id = made.backup_policy_id;
    const associate = (resourceId: string) =>
      client.call('POST', '/vbs/v2/{p}/backuppolicyresources', {
        body: { backup_policy_id: id, resources: [{ resource_id: resourceId, resource_type: 'volume' }] },
        ok: [200],
        as: VBS_RESOURCES,
      });
    expect((await associate(one)).success_resources).toMatchObject([{ resource_id: one }]);
    const read = async () => {
      const policies = await client.call('GET', '/vbs/v2/{p}/backuppolicy', {
        label: 'backup_policies',
        as: [VBS_POLICY],
      });
      return policies.find((policy: Json) => policy.backup_policy_id === id);
    };
    expect(await read()).toMatchObject({
      backup_policy_name: 'tf-policy',
      scheduled_policy: schedule,
      policy_resource_count: 1,
    });
    const tags = () => client.call('GET', `/vbs/v2/{p}/backuppolicy/${id}/tags`, { as: TAGS });
    expect((await tags()).tags).toEqual([{ key: 'k', value: 'v' }]);

    await client.call('PUT', `/vbs/v2/{p}/backuppolicy/${id}`, {
      body: { backup_policy_name: 'renamed', scheduled_policy: { frequency: 2, rentention_num: 5 } },
      ok: [200],
      as: VBS_POLICY,
    });
    await client.updateTags(`/vbs/v2/{p}/backuppolicy/${id}`, { k: 'v' }, { other: 'w' });
    await client.call('POST', `/vbs/v2/{p}/backuppolicyresources/${id}/deleted_resources`, {
      body: { resources: [{ resource_id: one }] },
      ok: [200],
      as: VBS_RESOURCES,
    });
    await associate(two);
    expect(await read()).toMatchObject({
      backup_policy_name: 'renamed',
      scheduled_policy: { frequency: 2, rentention_num: 5, start_time: '12:00' },
      policy_resource_count: 1,
    });
    expect((await tags()).tags).toEqual([{ key: 'other', value: 'w' }]);
    await client.call('DELETE', `/vbs/v2/{p}/backuppolicy/${id}`);
    expect(await read()).toBeUndefined();
  });
});
