// What a vault protects, and what it could.

import { z } from '@hono/zod-openapi';
import { optionalText } from '../../http/fields.ts';
import { type Call, json, type Routes } from '../../http/operation.ts';
import { pageOf } from '../../http/paging.ts';
import type { ProtectableDisk, ResourceRef, Server, VaultView } from '../../project/contract.ts';
import { DISK_RESOURCE } from '../../project/vault-resources.ts';
import { Protectable } from './shapes.ts';
import { vaultView } from './views.ts';

/** A resource as a request names it. */
export const resource = z.object({
  id: z.string(),
  type: z.string(),
  name: optionalText,
  extra_info: z.record(z.string(), z.unknown()).nullish(),
});

/** Servers have no data of their own here: their disks are protected. */
const SERVER_RESOURCE = 'OS::Nova::Server';

const ids = z.array(z.string()).min(1).max(256);

const ProtectableList = z.object({
  id: optionalText,
  name: optionalText,
  status: optionalText,
  server_id: optionalText,
  limit: optionalText,
  offset: optionalText,
  marker: optionalText,
});

type AnyCall = Call<unknown, unknown>;
type Filter = Partial<z.output<typeof ProtectableList>>;

/** A page of instances, and how many there are in all. */
interface Instances {
  readonly items: readonly z.input<typeof Protectable>[];
  readonly count: number;
}

export const resourceOf = ({ id, type, name, extra_info: extraInfo }: z.output<typeof resource>): ResourceRef => ({
  id,
  type,
  name,
  extraInfo: extraInfo ?? undefined,
});

function diskView(disk: ProtectableDisk, vault: VaultView | undefined): z.input<typeof Protectable> {
  const taken = disk.vaultId !== null;
  return {
    id: disk.id,
    name: disk.name,
    type: DISK_RESOURCE,
    size: disk.sizeGib,
    status: disk.status,
    children: [],
    detail: { availability_zone: disk.zone },
    protectable: {
      result: !taken,
      code: taken ? 'BackupService.6103' : '',
      reason: taken ? `It belongs to vault ${disk.vaultId}.` : '',
      message: '',
      ...(vault === undefined ? {} : { vault: vaultView(vault) }),
    },
  };
}

function serverView(server: Server): z.input<typeof Protectable> {
  return {
    id: server.id,
    name: server.name,
    type: SERVER_RESOURCE,
    size: 0,
    status: server.status,
    children: server.attachments.map(({ volumeId }) => ({ id: volumeId, type: DISK_RESOURCE })),
    detail: {},
    protectable: {
      result: false,
      code: 'BackupService.6116',
      reason: 'There are vaults of disks only: protect the disks of the server.',
      message: '',
    },
  };
}

async function disks(call: AnyCall, query: Filter): Promise<Instances> {
  const page = await call.ask((project, caller) =>
    project.listProtectableDisks(caller, {
      ...pageOf(query, 'refuse'),
      ids: query.id === undefined ? undefined : [query.id],
      name: query.name,
      status: query.status,
      serverId: query.server_id,
    }),
  );
  const vaultIds = page.items.flatMap((disk) => disk.vaultId ?? []);
  const vaults = await call.ask((project, caller) => project.listVaults(caller, { ids: vaultIds }));
  const byId = new Map(vaults.items.map((vault) => [vault.id, vault]));
  return { items: page.items.map((disk) => diskView(disk, byId.get(disk.vaultId ?? ''))), count: page.total };
}

async function servers(call: AnyCall, { id, name, status, ...query }: Filter): Promise<Instances> {
  const filter = { ...(name ? { name } : {}), ...(status ? { status } : {}) };
  const page = await call.ask((project, caller) =>
    project.listServers(caller, { ...pageOf(query, 'refuse'), ...filter }),
  );
  const items = page.items.filter((server) => id === undefined || server.id === id).map(serverView);
  return { items, count: id === undefined ? page.total : items.length };
}

/** Registers what concerns the resources of vaults. */
export function vaultResourceRoutes(routes: Routes): void {
  const one = '/vaults/{vault_id}';
  const List = z.object({ instances: z.array(Protectable), count: z.number() });
  routes
    .post(`${one}/addresources`, {
      summary: 'Add disks to a vault',
      body: z.object({ resources: z.array(resource).min(1).max(256) }),
      codes: { resources: 'BackupService.6100' },
      answers: { 200: z.object({ add_resource_ids: z.array(z.string()) }) },
      handle: async (call) => {
        const resources = call.body.resources.map(resourceOf);
        const added = await call.ask((project, caller) =>
          project.addVaultResources(caller, call.params.vault_id!, resources),
        );
        return json(200, { add_resource_ids: added });
      },
    })
    .post(`${one}/removeresources`, {
      summary: 'Take disks out of a vault: their backups in it are deleted',
      body: z.object({ resource_ids: ids }),
      codes: { resource_ids: 'BackupService.6100' },
      answers: { 200: z.object({ remove_resource_ids: z.array(z.string()) }) },
      handle: async (call) => {
        const wanted = call.body.resource_ids;
        const removed = await call.ask((project, caller) =>
          project.removeVaultResources(caller, call.params.vault_id!, wanted),
        );
        return json(200, { remove_resource_ids: removed });
      },
    })
    .post(`${one}/migrateresources`, {
      summary: 'Move disks with their backups to another vault',
      body: z.object({ destination_vault_id: z.string(), resource_ids: ids }),
      codes: { resource_ids: 'BackupService.6100' },
      answers: { 200: z.object({ migrated_resources: z.array(z.string()) }) },
      handle: async (call) => {
        const { destination_vault_id: toVaultId, resource_ids: wanted } = call.body;
        const moved = await call.ask((project, caller) =>
          project.migrateVaultResources(caller, call.params.vault_id!, toVaultId, wanted),
        );
        return json(200, { migrated_resources: moved });
      },
    })
    .put(`${one}/set-resources`, {
      summary: 'Say which disks of a vault its policies pass by',
      body: z.object({ action: z.enum(['suspend', 'unsuspend']), resource_ids: ids }),
      codes: { resource_ids: 'BackupService.6100' },
      answers: { 200: z.object({ set_resource_ids: z.array(z.string()) }) },
      handle: async (call) => {
        const { action, resource_ids: wanted } = call.body;
        const changed = await call.ask((project, caller) =>
          project.suspendVaultResources(caller, call.params.vault_id!, wanted, action === 'suspend'),
        );
        return json(200, { set_resource_ids: changed });
      },
    })
    .get('/protectables/disk/instances', {
      summary: 'List disks, and whether a vault can take them',
      query: ProtectableList,
      answers: { 200: List },
      handle: async (call) => {
        const { items, count } = await disks(call, call.query);
        return json(200, { instances: items, count });
      },
    })
    .get('/protectables/disk/instances/{instance_id}', {
      summary: 'Show a disk, and whether a vault can take it',
      answers: { 200: z.object({ instance: Protectable }) },
      handle: async (call) => {
        const id = call.params.instance_id!;
        await call.ask((project, caller) => project.getVolume(caller, id));
        const { items } = await disks(call, { id });
        return json(200, { instance: items[0] });
      },
    })
    .get('/protectables/server/instances', {
      summary: 'List servers: their disks can be protected, not they',
      query: ProtectableList,
      answers: { 200: List },
      handle: async (call) => {
        const { items, count } = await servers(call, call.query);
        return json(200, { instances: items, count });
      },
    })
    .get('/protectables/server/instances/{instance_id}', {
      summary: 'Show a server: its disks can be protected, not it',
      answers: { 200: z.object({ instance: Protectable }) },
      handle: async (call) => {
        const server = await call.ask((project, caller) => project.getServer(caller, call.params.instance_id!));
        return json(200, { instance: serverView(server) });
      },
    });
}
