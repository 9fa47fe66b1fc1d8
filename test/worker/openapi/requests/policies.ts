// Backup policies: in the form of VBS, and what our own API says of any.

import type { Requests } from '../requests.ts';
import type { Tenant } from '../tenant.ts';
import { on, plain } from './common.ts';

const SCHEDULE = { start_time: '02:00,14:00', frequency: 1, rentention_num: 7, status: 'ON' };
const POLICY = { backup_policy_name: 'p', scheduled_policy: SCHEDULE, tags: [{ key: 'key', value: 'v' }] };

const policy = (tenant: Tenant) => tenant.vbsPolicy();

async function withDisk(tenant: Tenant): Promise<{ id: string; volumeId: string }> {
  const [id, volumeId] = [await policy(tenant), await tenant.ownVolume()];
  const resources = [{ resource_id: volumeId, resource_type: 'volume' }];
  await tenant.ask('POST', '/vbs/v2/{p}/backuppolicyresources', { backup_policy_id: id, resources });
  return { id, volumeId };
}

export const POLICY_REQUESTS: Requests = {
  'GET /vbs/*/backuppolicy': plain,
  'POST /vbs/*/backuppolicy': () => ({ body: POLICY }),
  'PUT /vbs/*/backuppolicy/{policy_id}': on(policy, { backup_policy_name: 'n' }),
  'DELETE /vbs/*/backuppolicy/{policy_id}': on(policy),
  'POST /vbs/*/backuppolicy/{policy_id}/action': async (tenant) => ({ ids: [(await withDisk(tenant)).id] }),
  'GET /vbs/*/backuppolicy/{policy_id}/backuptasks': on(policy),
  'POST /vbs/*/backuppolicyresources': async (tenant) => {
    const resources = [{ resource_id: await tenant.ownVolume(), resource_type: 'volume' }];
    return { body: { backup_policy_id: await policy(tenant), resources } };
  },
  'POST /vbs/*/backuppolicyresources/{policy_id}/deleted_resources': async (tenant) => {
    const { id, volumeId } = await withDisk(tenant);
    return { ids: [id], body: { resources: [{ resource_id: volumeId }] } };
  },
  'GET /vbs/*/backuppolicy/tags': plain,
  'POST /vbs/*/backuppolicy/resource_instances/action': () => ({ body: { action: 'filter', tags: [] } }),
  'GET /vbs/*/backuppolicy/{policy_id}/tags': on(policy),
  'POST /vbs/*/backuppolicy/{policy_id}/tags': on(policy, { tag: { key: 'a', value: 'b' } }),
  'DELETE /vbs/*/backuppolicy/{policy_id}/tags/{key}': on(policy, undefined, 'key'),
  'POST /vbs/*/backuppolicy/{policy_id}/tags/action': on(policy, { action: 'delete', tags: [{ key: 'key' }] }),
  'POST /data/*/policies/{policy_id}/retention-plan': on((tenant) => tenant.policy(), {
    operation_definition: { max_backups: 1 },
  }),
};
