// The calls that Terraform's CBR resources make, in their order, each answer decoded as the provider's Go code does:
// created, read back without a difference, changed, imported, deleted.

import { beforeEach, describe, expect, it } from 'vitest';
import type { Json } from './api.ts';
import { Tenant } from './openapi/tenant.ts';
import { TerraformClient } from './terraform-client.ts';
import { CBR_BACKUP, CBR_POLICY, CHECKPOINT, MEMBER, OPERATION_LOG, TAGS, VAULT } from './terraform-structs.ts';

let tenant: Tenant;
let client: TerraformClient;
beforeEach(async () => {
  tenant = await Tenant.fresh();
  client = new TerraformClient(tenant);
});

const DISK = 'OS::Cinder::Volume';
const POLICY = {
  name: 'tf-policy',
  operation_type: 'backup',
  enabled: true,
  operation_definition: { day_backups: 7, week_backups: 4, timezone: 'UTC+02:00' },
  trigger: { properties: { pattern: ['FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=14;BYMINUTE=00'] } },
};

async function createPolicy(): Promise<Json> {
  return await client.call('POST', '/cbr/v3/{p}/policies', {
    body: { policy: POLICY },
    ok: [200],
    label: 'policy',
    as: CBR_POLICY,
  });
}

/** What the provider writes into the state when it reads a vault. */
async function readVault(id: string): Promise<Json> {
  const vault = await client.call('GET', `/cbr/v3/{p}/vaults/${id}`, { label: 'vault', as: VAULT });
  const byKey = (tags: Json) => Object.fromEntries(tags.map((tag: Json) => [tag.key, tag.value]));
  return {
    name: vault.name,
    description: vault.description,
    project_id: vault.project_id,
    auto_bind: vault.auto_bind,
    auto_expand: vault.auto_expand,
    bind_rules: vault.bind_rules.tags,
    tags: byKey(vault.tags),
    resource: vault.resources.map((one: Json) => ({
      id: one.id,
      name: one.name,
      type: one.type,
      exclude_volumes: one.extra_info.exclude_volumes,
      include_volumes: one.extra_info.include_volumes.map((volume: Json) => volume.id),
    })),
    billing: vault.billing,
  };
}

describe('opentelekomcloud_cbr_policy_v3', () => {
  it('is created, read, changed and deleted', async () => {
    const { id } = await createPolicy();
    const read = () => client.call('GET', `/cbr/v3/{p}/policies/${id}`, { label: 'policy', as: CBR_POLICY });
    const state = await read();
    expect(state).toMatchObject({
      name: 'tf-policy',
      enabled: true,
      operation_definition: { day_backups: 7, week_backups: 4, timezone: 'UTC+02:00' },
    });
    expect(state.trigger.properties.pattern).toEqual(POLICY.trigger.properties.pattern);
    const policy = { ...POLICY, name: 'renamed', enabled: false, operation_type: undefined };
    await client.call('PUT', `/cbr/v3/{p}/policies/${id}`, {
      body: { policy },
      ok: [200],
      label: 'policy',
      as: CBR_POLICY,
    });
    expect(await read()).toMatchObject({ name: 'renamed', enabled: false });
    await client.call('DELETE', `/cbr/v3/{p}/policies/${id}`);
    expect(await client.isGone(`/cbr/v3/{p}/policies/${id}`)).toBe(true);
  });
});

describe('opentelekomcloud_cbr_vault_v3', () => {
  const wanted = (resources: readonly unknown[], more: Readonly<Record<string, unknown>> = {}) => ({
    name: 'tf-vault',
    description: 'CBR vault for terraform',
    billing: {
      cloud_type: 'public',
      consistent_level: 'crash_consistent',
      object_type: 'disk',
      protect_type: 'backup',
      size: 100,
      charging_mode: 'post_paid',
    },
    resources,
    ...more,
  });

  it('is created with everything, read back without a difference, changed, imported and deleted', async () => {
    const [one, two] = [await tenant.ownVolume({ size: 10 }), await tenant.ownVolume({ size: 20 })];
    const { id: policyId } = await createPolicy();
    const other = await createPolicy();
    const config = wanted([{ id: one, type: DISK }], {
      backup_policy_id: policyId,
      tags: [{ key: 'foo', value: 'bar' }],
      auto_bind: true,
      bind_rules: { tags: [{ key: 'filter', value: 'yes' }] },
      auto_expand: true,
    });
    const made = await client.call('POST', '/cbr/v3/{p}/vaults', {
      body: { vault: config },
      ok: [200],
      label: 'vault',
      as: VAULT,
    });
    const path = `/cbr/v3/{p}/vaults/${made.id}`;
    // The provider binds the policy once more, although the creation has named it.
    await client.call('POST', `${path}/associatepolicy`, { body: { policy_id: policyId }, ok: [200] });
    const state = await readVault(made.id);
    expect(state).toMatchObject({
      name: config.name,
      description: config.description,
      project_id: client.projectId,
      auto_bind: true,
      auto_expand: true,
      bind_rules: [{ key: 'filter', value: 'yes' }],
      tags: { foo: 'bar' },
      resource: [{ id: one, type: DISK, exclude_volumes: [], include_volumes: [] }],
      billing: { ...config.billing, allocated: 10, used: 0, status: 'available' },
    });

    const vault = { name: 'renamed', billing: { size: 200 }, auto_bind: false, auto_expand: false };
    await client.call('PUT', path, { body: { vault }, ok: [200], label: 'vault', as: VAULT });
    await client.call('POST', `${path}/removeresources`, { body: { resource_ids: [one] }, ok: [200] });
    const resources = [{ id: two, type: DISK, name: 'two' }];
    await client.call('POST', `${path}/addresources`, { body: { resources }, ok: [200] });
    await client.call('POST', `${path}/dissociatepolicy`, { body: { policy_id: policyId }, ok: [200] });
    await client.call('POST', `${path}/associatepolicy`, { body: { policy_id: other.id }, ok: [200] });
    await client.updateTags(`/cbr/v3/{p}/vault/${made.id}`, { foo: 'bar' }, { muh: 'value', foo: 'other' });
    const changed = await readVault(made.id);
    expect(changed).toMatchObject({
      name: 'renamed',
      auto_bind: false,
      auto_expand: false,
      tags: { muh: 'value', foo: 'other' },
      resource: [{ id: two, name: 'two' }],
      billing: { size: 200, allocated: 20 },
    });
    // An import knows the id alone, and reads the same.
    expect(await readVault(made.id)).toEqual(changed);
    expect((await client.call('GET', `/cbr/v3/{p}/vault/${made.id}/tags`, { as: TAGS })).tags).toHaveLength(2);
    await client.call('DELETE', path);
    await tenant.api.gone(path);
  });

  it('is created with nothing but what is required', async () => {
    const made = await client.call('POST', '/cbr/v3/{p}/vaults', {
      body: { vault: wanted([], { description: '' }) },
      ok: [200],
      label: 'vault',
      as: VAULT,
    });
    expect(await readVault(made.id)).toMatchObject({ description: '', tags: {}, resource: [], bind_rules: [] });
    await client.call('DELETE', `/cbr/v3/{p}/vaults/${made.id}`);
  });
});

describe('what the Go client reads besides', () => {
  /** A disk with one backup in a vault of its own. */
  async function backedUp(): Promise<{ volumeId: string; vaultId: string; backup: Json }> {
    const volumeId = await tenant.ownVolume();
    const vaultId = await tenant.vaultOf([volumeId]);
    const checkpoint = await client.call('POST', '/cbr/v3/{p}/checkpoints', {
      body: { checkpoint: { vault_id: vaultId, parameters: { name: 'cp', incremental: true } } },
      ok: [200],
      label: 'checkpoint',
      as: CHECKPOINT,
    });
    await tenant.api.settled(`/cbr/v3/{p}/checkpoints/${checkpoint.id}`, 'checkpoint');
    await client.call('GET', `/cbr/v3/{p}/checkpoints/${checkpoint.id}`, { label: 'checkpoint', as: CHECKPOINT });
    const query = `vault_id=${vaultId}&checkpoint_id=${checkpoint.id}&own_type=private&sort=created_at:desc`;
    const list = await client.call('GET', `/cbr/v3/{p}/backups?${query}`, { label: 'backups', as: [CBR_BACKUP] });
    expect(list).toHaveLength(1);
    return { volumeId, vaultId, backup: list[0] };
  }

  it('backups, by the data sources: exactly one, with all that is read of it', async () => {
    const { volumeId, vaultId, backup } = await backedUp();
    expect(backup).toMatchObject({
      status: 'available',
      resource_id: volumeId,
      vault_id: vaultId,
      image_type: 'backup',
    });
    const one = await client.call('GET', `/cbr/v3/{p}/backups/${backup.id}`, { label: 'backup', as: CBR_BACKUP });
    expect(one).toEqual(backup);
    const restore = { volume_id: volumeId };
    await client.call('POST', `/cbr/v3/{p}/backups/${backup.id}/restore`, { body: { restore } });
    await tenant.api.volume(volumeId);
  });

  it('members, and the log of every kind of operation', async () => {
    const { volumeId, vaultId, backup } = await backedUp();
    const path = `/cbr/v3/{p}/backups/${backup.id}/members`;
    await client.call('POST', path, { body: { members: ['friend'] }, ok: [200], label: 'members', as: [MEMBER] });
    expect(await client.call('GET', path, { label: 'members', as: [MEMBER] })).toHaveLength(1);
    await client.call('GET', `${path}/friend`, { label: 'member', as: MEMBER });
    await client.call('DELETE', `${path}/friend`);

    const restore = { volume_id: volumeId };
    await client.call('POST', `/cbr/v3/{p}/backups/${backup.id}/restore`, { body: { restore } });
    await tenant.api.volume(volumeId);
    await client.call('DELETE', `/cbr/v3/{p}/backups/${backup.id}`);
    await tenant.api.gone(`/cbr/v3/{p}/backups/${backup.id}`);
    await client.call('POST', `/cbr/v3/{p}/vaults/${vaultId}/removeresources`, {
      body: { resource_ids: [volumeId] },
      ok: [200],
    });
    await client.call('DELETE', `/cbr/v3/{p}/vaults/${vaultId}`);
    await tenant.api.gone(`/cbr/v3/{p}/vaults/${vaultId}`);
    const logs = await client.call('GET', '/cbr/v3/{p}/operation-logs', {
      label: 'operation_logs',
      as: [OPERATION_LOG],
    });
    const kinds = logs.map((log: Json) => [log.operation_type, log.status]).toSorted();
    expect(kinds).toEqual(
      ['backup', 'delete', 'remove_resource', 'restore', 'vault_delete'].map((kind) => [kind, 'success']),
    );
    for (const log of logs) {
      const one = await client.call('GET', `/cbr/v3/{p}/operation-logs/${log.id}`, {
        label: 'operation_log',
        as: OPERATION_LOG,
      });
      expect(one).toEqual(log);
    }
    const removal = logs.find((log: Json) => log.operation_type === 'remove_resource');
    expect(removal.extra_info.remove_resources).toMatchObject({ total_count: 1, resources: [{ id: volumeId }] });
    const filtered = await client.call('GET', '/cbr/v3/{p}/operation-logs?operation_type=restore&status=success', {
      label: 'operation_logs',
      as: [OPERATION_LOG],
    });
    expect(filtered).toHaveLength(1);
    expect(filtered[0].extra_info.restore.target_resource_id).toBe(volumeId);
  });
});
