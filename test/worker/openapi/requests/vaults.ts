// Vaults, policies, checkpoints and backups in the form of the backup service.

import type { Requests } from '../requests.ts';
import type { Tenant } from '../tenant.ts';
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
