// Zones and extensions: what a client asks before it creates something.

import { z } from '@hono/zod-openapi';
import { json, type Routes } from '../../http/operation.ts';

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

/** Registers zones and extensions of one version. */
export function placeRoutes(routes: Routes): void {
  routes
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
