// What operators ask of a Cinder: its services, hosts and pools. There is one service here, and a pool in each zone; nothing
// of it can be switched. And what lists may be filtered by, which everybody may ask.

import { z } from '@hono/zod-openapi';
import { ok } from '../../faults.ts';
import { notFound } from '../../http/errors.ts';
import { queryFlag } from '../../http/fields.ts';
import { type Call, json, type Routes } from '../../http/operation.ts';
import { askEvery, mustBeAdmin } from '../../http/reach.ts';
import { plainTime } from '../../http/times.ts';
import type { AvailabilityZone } from '../../project/contract.ts';
import { collectAll } from './lists.ts';
import { SINCE } from './since.ts';

type AnyCall = Call<unknown, unknown>;

const BACKEND = 'edge-evs';
const VOLUME_SERVICE = 'cinder-volume';

/** What stands for a host: everything of a zone. */
const hostOf = (zone: AvailabilityZone) => `${zone.name}@${BACKEND}`;

async function zonesOf(call: AnyCall): Promise<readonly AvailabilityZone[]> {
  await mustBeAdmin(call.session, call.env);
  return await call.ask((project, caller) => project.listZones(caller));
}

interface Service {
  readonly binary: string;
  readonly host: string;
  readonly zone: string;
  readonly up: boolean;
}

/** The parts that clients look for by name. */
async function servicesOf(call: AnyCall): Promise<Service[]> {
  const zones = await zonesOf(call);
  const home = zones.find((zone) => zone.isDefault)?.name ?? '';
  const everywhere = ['cinder-scheduler', 'cinder-backup'].map((binary) => ({
    binary,
    host: BACKEND,
    zone: home,
    up: true,
  }));
  const volumes = zones.map((zone) => ({
    binary: VOLUME_SERVICE,
    host: hostOf(zone),
    zone: zone.name,
    up: zone.available,
  }));
  return [...everywhere, ...volumes];
}

async function listServices(call: Call<{ binary?: string | undefined; host?: string | undefined }, unknown>) {
  const { binary, host } = call.query;
  const services = (await servicesOf(call)).filter(
    (service) =>
      (binary === undefined || service.binary === binary) && (host === undefined || service.host.startsWith(host)),
  );
  return json(200, {
    services: services.map((service) => ({
      binary: service.binary,
      host: service.host,
      zone: service.zone,
      status: 'enabled',
      state: service.up ? 'up' : 'down',
      updated_at: plainTime(Date.now()),
      disabled_reason: null,
    })),
  });
}

async function listHosts(call: AnyCall): Promise<Response> {
  const hosts = (await servicesOf(call)).map((service) => ({
    host_name: service.host,
    service: service.binary,
    zone: service.zone,
    'service-status': service.up ? 'available' : 'unavailable',
    'service-state': 'enabled',
    'last-update': plainTime(Date.now()),
  }));
  return json(200, { hosts });
}

/** All projects together, and each that has something there. */
async function showHost(call: AnyCall): Promise<Response> {
  const host = call.params.host!;
  const zone = (await zonesOf(call)).find((each) => hostOf(each) === host);
  if (zone === undefined) throw notFound(`Host ${host} could not be found.`);
  const parts = await askEvery(call.session, call.env, async (project, caller) => {
    const inZone = { zone: zone.name };
    const volumes = await collectAll(project, caller, (one, who, paging) =>
      one.listVolumes(who, { ...paging, ...inZone }),
    );
    if (!volumes.ok) return volumes;
    const snapshots = await collectAll(project, caller, (one, who, paging) =>
      one.listSnapshots(who, { ...paging, ...inZone }),
    );
    if (!snapshots.ok) return snapshots;
    return ok({
      project: caller.projectId,
      volumes: volumes.value.length,
      volumeGib: gibOf(volumes.value),
      snapshots: snapshots.value.length,
      snapshotGib: gibOf(snapshots.value),
    });
  });
  const sum = (field: 'volumes' | 'volumeGib' | 'snapshots' | 'snapshotGib') =>
    parts.reduce((total, part) => total + part[field], 0);
  const total = {
    project: '(total)',
    volumes: sum('volumes'),
    volumeGib: sum('volumeGib'),
    snapshots: sum('snapshots'),
    snapshotGib: sum('snapshotGib'),
  };
  const shown = [total, ...parts.filter((part) => part.volumes + part.snapshots > 0)];
  return json(200, {
    host: shown.map((part) => ({
      resource: {
        host,
        project: part.project,
        volume_count: String(part.volumes),
        total_volume_gb: String(part.volumeGib),
        snapshot_count: String(part.snapshots),
        total_snapshot_gb: String(part.snapshotGib),
      },
    })),
  });
}

function gibOf(items: readonly { readonly sizeGib: number }[]): number {
  return items.reduce((sum, item) => sum + item.sizeGib, 0);
}

/** Capacity has no number here: a disk has its own object. */
const CAPABILITIES = {
  volume_backend_name: BACKEND,
  vendor_name: BACKEND,
  driver_version: '1.0',
  storage_protocol: 'http',
};

async function listPools(call: Call<{ detail?: string | undefined }, unknown>): Promise<Response> {
  const detailed = queryFlag(call.query.detail);
  const pools = (await zonesOf(call)).map((zone) => ({
    name: `${hostOf(zone)}#${BACKEND}`,
    ...(detailed
      ? {
          capabilities: {
            ...CAPABILITIES,
            total_capacity_gb: 'infinite',
            free_capacity_gb: 'infinite',
            allocated_capacity_gb: 0,
            reserved_percentage: 0,
            QoS_support: false,
            updated: null,
          },
        }
      : {}),
  }));
  return json(200, { pools });
}

async function capabilities(call: AnyCall): Promise<Response> {
  const host = call.params.host!;
  const zone = (await zonesOf(call)).find((each) => hostOf(each) === host);
  if (zone === undefined) throw notFound(`Host ${host} could not be found.`);
  return json(200, {
    ...CAPABILITIES,
    namespace: `OS::Storage::Capabilities::${host}`,
    pool_name: null,
    display_name: zone.name,
    description: null,
    visibility: null,
    replication_targets: [],
    properties: {},
  });
}

const FILTERS: Readonly<Record<string, readonly string[]>> = {
  volume: ['name', 'status', 'metadata', 'bootable', 'availability_zone', 'created_at', 'updated_at'],
  snapshot: ['name', 'status', 'volume_id', 'metadata', 'availability_zone', 'created_at', 'updated_at'],
  backup: ['name', 'status', 'volume_id', 'snapshot_id', 'created_at', 'updated_at'],
  attachment: ['volume_id', 'status', 'instance_id', 'attach_status'],
  message: ['resource_uuid', 'resource_type', 'event_id'],
};

async function resourceFilters(call: Call<{ resource?: string | undefined }, unknown>): Promise<Response> {
  await call.ask((project, caller) => project.checkToken(caller));
  const { resource } = call.query;
  const shown = Object.entries(FILTERS).filter(([name]) => resource === undefined || name === resource);
  return json(200, { resource_filters: shown.map(([name, filters]) => ({ resource: name, filters })) });
}

/** Registers the calls of one version. */
export function operatorRoutes(routes: Routes): void {
  const items = z.array(z.looseObject({}));
  routes
    .get('/os-services', {
      summary: 'Parts of the service (for administrators)',
      query: z.object({ binary: z.string().optional(), host: z.string().optional() }),
      answers: { 200: z.object({ services: items }) },
      handle: listServices,
    })
    .get('/os-hosts', {
      summary: 'What stands for hosts (for administrators)',
      answers: { 200: z.object({ hosts: items }) },
      handle: listHosts,
    })
    .get('/os-hosts/{host}', {
      summary: 'What is on a host, by project (for administrators)',
      answers: { 200: z.object({ host: items }) },
      handle: showHost,
    })
    .get('/scheduler-stats/get_pools', {
      summary: 'Storage pools: one in each zone (for administrators)',
      query: z.object({ detail: z.string().optional() }),
      answers: { 200: z.object({ pools: items }) },
      handle: listPools,
    })
    .get('/capabilities/{host}', {
      summary: 'What a host can do (for administrators)',
      answers: { 200: z.looseObject({}) },
      handle: capabilities,
    })
    .get('/resource_filters', {
      summary: 'What lists may be filtered by',
      since: SINCE.resourceFilters,
      query: z.object({ resource: z.string().optional() }),
      answers: { 200: z.object({ resource_filters: items }) },
      handle: resourceFilters,
    });
}
