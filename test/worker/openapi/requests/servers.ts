// Servers as far as disks need them, and the empty image service.

import type { Make, Requests } from '../requests.ts';
import type { Tenant } from '../tenant.ts';
import { on, plain } from './common.ts';

const project = async (tenant: Tenant) => tenant.api.projectId;
const server = (tenant: Tenant) => tenant.server();

const attach: Make = async (tenant) => ({
  ids: [await tenant.server()],
  body: { volumeAttachment: { volumeId: await tenant.ownVolume() } },
});

/** A server with a data disk. */
const attached: Make = async (tenant) => {
  const id = await tenant.ownVolume();
  return { ids: [await tenant.serverWith([id]), id] };
};

/** Its operating system is reinstalled while it is off. */
async function stopped(tenant: Tenant): Promise<string> {
  const id = await tenant.serverWith([]);
  await tenant.ask('POST', `/ecs/v2.1/{p}/servers/${id}/action`, { 'os-stop': null });
  return id;
}

async function serverJob(tenant: Tenant): Promise<string> {
  const id = await tenant.serverWith([]);
  const body = { volumeAttachment: { volumeId: await tenant.ownVolume() } };
  return (await tenant.ask('POST', `/ecs/v1/{p}/cloudservers/${id}/attachvolume`, body)).job_id;
}

const attachments = '/ecs/*/servers/{server_id}/os-volume_attachments';

export const SERVER_REQUESTS: Requests = {
  'GET /ecs': plain,
  'GET /ecs/v2.1': plain,
  'POST /ecs/*/cloudservers': async (tenant) => ({
    body: { server: { name: 's', root_volume: { id: await tenant.ownVolume({ size: 40 }) }, data_volumes: [] } },
  }),
  'GET /ecs/*/cloudservers/{server_id}': on(server),
  'DELETE /ecs/*/cloudservers/{server_id}': on(server),
  'POST /ecs/*/cloudservers/{server_id}/attachvolume': attach,
  'DELETE /ecs/*/cloudservers/{server_id}/detachvolume/{volume_id}': attached,
  'POST /ecs/*/cloudservers/{server_id}/reinstallos': on(stopped, { 'os-reinstall': {} }),
  'POST /ecs/*/cloudservers/{server_id}/changeos': on(stopped, { 'os-change': {} }),
  'GET /ecs/*/jobs/{job_id}': on(serverJob),
  'GET /ecs/*/servers': plain,
  'GET /ecs/*/servers/detail': plain,
  'GET /ecs/*/servers/{server_id}': on(server),
  'POST /ecs/*/servers/{server_id}/action': on(server, { 'os-stop': null }),
  [`GET ${attachments}`]: on(server),
  [`POST ${attachments}`]: attach,
  [`GET ${attachments}/{volume_id}`]: attached,
  [`DELETE ${attachments}/{volume_id}`]: attached,
  'GET /ecs/*/limits': plain,
  'GET /ecs/*/os-quota-sets/{quota_project_id}': on(project),
  'GET /ecs/*/os-quota-sets/{quota_project_id}/defaults': on(project),
  'GET /ims': plain,
  'GET /ims/v2': plain,
  'GET /ims/v2/images': plain,
  // There are no images: 404 is the documented answer.
  'GET /ims/v2/images/{image_id}': () => ({ ids: ['11111111-2222-4333-8444-555555555555'] }),
};
