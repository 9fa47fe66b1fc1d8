// Types, zones and extensions: what a client asks before it creates something.

import { z } from '@hono/zod-openapi';
import { notFound } from '../../http/errors.ts';
import { type Call, json, type Routes } from '../../http/operation.ts';
import type { VolumeType } from '../../project/contract.ts';

export const TypeView = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    is_public: z.boolean(),
    'os-volume-type-access:is_public': z.boolean(),
    qos_specs_id: z.string().nullable(),
    extra_specs: z.record(z.string(), z.string()),
  })
  .openapi('VolumeType');

/** A volume type. Terraform's provider panics when the RESKEY spec is missing from any type. */
function typeView(type: VolumeType): z.input<typeof TypeView> {
  const zones = type.zones.join(',');
  return {
    id: type.id,
    name: type.name,
    description: type.description,
    is_public: true,
    'os-volume-type-access:is_public': true,
    qos_specs_id: null,
    extra_specs: {
      volume_backend_name: type.name,
      'availability-zone': zones,
      'RESKEY:availability_zones': zones,
      'os-vendor-extended:sold_out_availability_zones': '',
    },
  };
}

async function showType(call: Call<unknown, unknown>): Promise<Response> {
  const wanted = call.params.type_id!;
  const types = await call.ask((project, caller) => project.listVolumeTypes(caller));
  const type = types.find(
    (each) => each.id === wanted || each.name === wanted || (wanted === 'default' && each.isDefault),
  );
  if (type === undefined) throw notFound(`Volume type ${wanted} could not be found.`);
  return json(200, { volume_type: typeView(type) });
}

/** Aliases and names of what the vendor's documents list. Clients look for the name "Hosts". */
const EXTENSIONS: readonly (readonly [string, string])[] = [
  ['OS-SCH-HNT', 'SchedulerHints'],
  ['os-hosts', 'Hosts'],
  ['os-vol-tenant-attr', 'VolumeTenantAttribute'],
  ['os-quota-sets', 'Quotas'],
  ['os-types-manage', 'TypesManage'],
  ['os-volume-encryption-metadata', 'VolumeEncryptionMetadata'],
  ['backups', 'Backups'],
  ['os-snapshot-actions', 'SnapshotActions'],
  ['os-volume-actions', 'VolumeActions'],
  ['os-used-limits', 'UsedLimits'],
  ['os-volume-unmanage', 'VolumeUnmanage'],
  ['os-vol-host-attr', 'VolumeHostAttribute'],
  ['encryption', 'VolumeTypeEncryption'],
  ['os-availability-zone', 'AvailabilityZones'],
  ['qos-specs', 'Qos_specs_manage'],
  ['os-types-extra-specs', 'TypesExtraSpecs'],
  ['os-vol-mig-status-attr', 'VolumeMigStatusAttribute'],
  ['os-image-create', 'CreateVolumeExtension'],
  ['os-extended-services', 'ExtendedServices'],
  ['os-extended-snapshot-attributes', 'ExtendedSnapshotAttributes'],
  ['os-vol-image-meta', 'VolumeImageMetadata'],
  ['os-quota-class-sets', 'QuotaClasses'],
  ['os-volume-transfer', 'VolumeTransfer'],
  ['os-volume-manage', 'VolumeManage'],
  ['os-admin-actions', 'AdminActions'],
  ['os-services', 'Services'],
];

const ExtensionView = z.object({
  alias: z.string(),
  name: z.string(),
  description: z.string(),
  updated: z.string(),
  links: z.array(z.unknown()),
});

/** Registers types, zones and extensions of one version. */
export function placeRoutes(routes: Routes): void {
  routes
    .get('/types', {
      summary: 'List volume types',
      answers: { 200: z.object({ volume_types: z.array(TypeView) }) },
      handle: async (call) => {
        const types = await call.ask((project, caller) => project.listVolumeTypes(caller));
        return json(200, { volume_types: types.map(typeView) });
      },
    })
    .get('/types/{type_id}', {
      summary: 'Show a volume type by id or name, or the default one',
      answers: { 200: z.object({ volume_type: TypeView }) },
      handle: showType,
    })
    .get('/os-availability-zone', {
      summary: 'List availability zones',
      answers: {
        200: z.object({
          availabilityZoneInfo: z.array(
            z.object({ zoneName: z.string(), zoneState: z.object({ available: z.boolean() }) }),
          ),
        }),
      },
      handle: async (call) => {
        const zones = await call.ask((project, caller) => project.listZones(caller));
        return json(200, {
          availabilityZoneInfo: zones.map(({ name, available }) => ({ zoneName: name, zoneState: { available } })),
        });
      },
    })
    .get('/extensions', {
      summary: 'List API extensions',
      answers: { 200: z.object({ extensions: z.array(ExtensionView) }) },
      handle: async (call) => {
        await call.ask((project, caller) => project.checkToken(caller));
        const extensions = EXTENSIONS.map(([alias, name]) => ({
          alias,
          name,
          description: name,
          updated: '2024-01-01T00:00:00+00:00',
          links: [],
        }));
        return json(200, { extensions });
      },
    });
}
