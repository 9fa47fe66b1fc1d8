// Vaults, policies, checkpoints and backups in the form of the backup service.

import type { Requests } from '../requests.ts';
import { Tenant } from '../tenant.ts';
import { backup, on, plain } from './common.ts';

const vault = (tenant: Tenant) => tenant.vault();
const policy = (tenant: Tenant) => tenant.policy();

async function withPolicy(tenant: Tenant): Promise<{ id: string; policyId: string }> {
  const [id, policyId] = [await tenant.vaultOf([]), await tenant.policy()];
  await tenant.ask('POST', `/cbr/v3/{p}/vaults/${id}/associatepolicy`, { policy_id: policyId });
  return { id, policyId };
}

async function task(tenant: Tenant): Promise<string> {
  await tenant.checkpoint();
  return (await tenant.ask('GET', '/cbr/v3/{p}/operation-logs')).operation_logs[0].id;
}

/** A vault with a tag. */
async function tagged(tenant: Tenant): Promise<string> {
  const id = await tenant.vaultOf([]);
  await tenant.ask('POST', `/cbr/v3/{p}/vault/${id}/tags`, { tag: { key: 'key', value: 'v' } });
  return id;
}

/** A backup of this project, and one that it is shared with. */
async function shared(tenant: Tenant): Promise<string> {
  const id = await tenant.backupOf(await tenant.ownVolume());
  await tenant.ask('POST', `/cbr/v3/{p}/backups/${id}/members`, { members: ['a-friend'] });
  return id;
}

/** A backup of somebody else, shared with this project. */
async function received(tenant: Tenant): Promise<string> {
  const giver = await Tenant.fresh();
  const id = await giver.backupOf(await giver.ownVolume());
  const { projectId } = tenant.api;
  await giver.ask('POST', `/cbr/v3/{p}/backups/${id}/members`, { members: [projectId] });
  await tenant.api.until('the offer', async () => {
    const { status } = await tenant.api.send('GET', `/cbr/v3/{p}/backups/${id}/members/${projectId}`);
    return status === 200 ? true : null;
  });
  return id;
}

const BILLING = { size: 100, object_type: 'disk', protect_type: 'backup', consistent_level: 'crash_consistent' };
const POLICY = {
  name: 'p',
  operation_type: 'backup',
  operation_definition: {},
  trigger: { properties: { pattern: ['FREQ=DAILY;BYHOUR=14;BYMINUTE=00'] } },
};

export const VAULT_REQUESTS: Requests = {
  'GET /cbr': plain,
  'GET /cbr/v3': plain,
  'POST /cbr/*/vaults': () => ({ body: { vault: { name: 'v', billing: BILLING, resources: [] } } }),
  'GET /cbr/*/vaults': plain,
  'GET /cbr/*/vaults/{vault_id}': on(vault),
  'PUT /cbr/*/vaults/{vault_id}': on(vault, { vault: { name: 'n', billing: { size: 200 } } }),
  'DELETE /cbr/*/vaults/{vault_id}': on(vault),
  'POST /cbr/*/vaults/{vault_id}/addresources': async (tenant) => ({
    ids: [await tenant.vault()],
    body: { resources: [{ id: await tenant.ownVolume(), type: 'OS::Cinder::Volume' }] },
  }),
  'POST /cbr/*/vaults/{vault_id}/removeresources': async (tenant) => {
    const id = await tenant.ownVolume();
    return { ids: [await tenant.vaultOf([id])], body: { resource_ids: [id] } };
  },
  'POST /cbr/*/vaults/{vault_id}/migrateresources': async (tenant) => {
    const id = await tenant.ownVolume();
    const body = { destination_vault_id: await tenant.vaultOf([]), resource_ids: [id] };
    return { ids: [await tenant.vaultOf([id])], body };
  },
  'PUT /cbr/*/vaults/{vault_id}/set-resources': async (tenant) => {
    const id = await tenant.ownVolume();
    return { ids: [await tenant.vaultOf([id])], body: { action: 'suspend', resource_ids: [id] } };
  },
  'GET /cbr/*/vaults/summary': plain,
  'PUT /cbr/*/vaults/batch-update': () => ({ body: { vault: { smn_notify: false, threshold: 70 } } }),
  'GET /cbr/*/protectables/disk/instances': plain,
  'GET /cbr/*/protectables/disk/instances/{instance_id}': on((tenant) => tenant.volume()),
  'GET /cbr/*/protectables/server/instances': plain,
  'GET /cbr/*/protectables/server/instances/{instance_id}': on((tenant) => tenant.server()),
  'GET /cbr/*/replication-capabilities': plain,
  'GET /cbr/*/vault/tags': plain,
  'POST /cbr/*/vault/resource_instances/action': () => ({ body: { action: 'filter', tags: [] } }),
  'GET /cbr/*/vault/{vault_id}/tags': on(vault),
  'POST /cbr/*/vault/{vault_id}/tags': on(vault, { tag: { key: 'k', value: 'v' } }),
  'DELETE /cbr/*/vault/{vault_id}/tags/{key}': on(tagged, undefined, 'key'),
  'POST /cbr/*/vault/{vault_id}/tags/action': on(vault, { action: 'create', tags: [{ key: 'k', value: 'v' }] }),
  'GET /cbr/*/backups/{backup_id}/members': on(backup),
  'POST /cbr/*/backups/{backup_id}/members': on(backup, { members: ['a-friend'] }),
  'GET /cbr/*/backups/{backup_id}/members/{member_project_id}': on(shared, undefined, 'a-friend'),
  'PUT /cbr/*/backups/{backup_id}/members/{member_project_id}': async (tenant) => ({
    ids: [await received(tenant), tenant.api.projectId],
    body: { status: 'accepted', vault_id: await tenant.vaultOf([]) },
  }),
  'DELETE /cbr/*/backups/{backup_id}/members/{member_project_id}': on(shared, undefined, 'a-friend'),
  'POST /cbr/*/vaults/{vault_id}/associatepolicy': async (tenant) => ({
    ids: [await tenant.vault()],
    body: { policy_id: await tenant.policy() },
  }),
  'POST /cbr/*/vaults/{vault_id}/dissociatepolicy': async (tenant) => {
    const { id, policyId } = await withPolicy(tenant);
    return { ids: [id], body: { policy_id: policyId } };
  },
  'POST /cbr/*/policies': () => ({ body: { policy: POLICY } }),
  'GET /cbr/*/policies': plain,
  'GET /cbr/*/policies/{policy_id}': on(policy),
  'PUT /cbr/*/policies/{policy_id}': on(policy, { policy: { name: 'n' } }),
  'DELETE /cbr/*/policies/{policy_id}': on(policy),
  'GET /cbr/*/backups': plain,
  'GET /cbr/*/backups/{backup_id}': on(backup),
  'PUT /cbr/*/backups/{backup_id}': on(backup, { backup: { name: 'n' } }),
  'DELETE /cbr/*/backups/{backup_id}': on(backup),
  'POST /cbr/*/backups/{backup_id}/restore': async (tenant) => {
    const id = await tenant.ownVolume();
    return { ids: [await tenant.backupOf(id)], body: { restore: { volume_id: id } } };
  },
  'POST /cbr/*/checkpoints': async (tenant) => ({
    body: { checkpoint: { vault_id: await tenant.vaultOf([await tenant.ownVolume()]), parameters: { name: 'c' } } },
  }),
  'GET /cbr/*/checkpoints/{checkpoint_id}': on((tenant) => tenant.checkpoint()),
  'GET /cbr/*/operation-logs': plain,
  'GET /cbr/*/operation-logs/{task_id}': on(task),
};
