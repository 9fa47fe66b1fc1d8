// The objects of the Cinder form. They are closed: clients validate them and reject a key that is not listed here, so
// nothing of the vendor's may appear, and no key before its microversion.

import { z } from '@hono/zod-openapi';

const link = z.strictObject({ rel: z.string(), href: z.string() });
export const links = z.array(link);
const nullableText = z.string().nullable();
const metadata = z.record(z.string(), z.string());

/** Volume as POST and PUT answer it. */
export const CinderVolume = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    description: nullableText,
    status: z.string(),
    size: z.number().int(),
    availability_zone: z.string(),
    volume_type: nullableText,
    bootable: z.enum(['true', 'false']),
    encrypted: z.boolean(),
    multiattach: z.boolean(),
    metadata,
    attachments: z.array(
      z.strictObject({
        id: z.string(),
        attachment_id: z.string(),
        volume_id: z.string(),
        server_id: nullableText,
        host_name: nullableText,
        device: nullableText,
        attached_at: nullableText,
      }),
    ),
    snapshot_id: nullableText,
    source_volid: nullableText,
    consistencygroup_id: nullableText,
    replication_status: nullableText,
    user_id: z.string(),
    created_at: z.string(),
    updated_at: nullableText,
    links,
    group_id: nullableText.optional(),
    shared_targets: z.boolean().optional(),
    service_uuid: nullableText.optional(),
    volume_type_id: nullableText.optional(),
    consumes_quota: z.boolean().optional(),
  })
  .openapi('CinderVolume');

/** Volume as GET answers it. */
export const CinderVolumeDetail = CinderVolume.extend({
  'os-vol-tenant-attr:tenant_id': z.string(),
  volume_image_metadata: metadata.optional(),
}).openapi('CinderVolumeDetail');

export const CinderSnapshot = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    description: nullableText,
    status: z.string(),
    size: z.number().int(),
    volume_id: z.string(),
    metadata,
    created_at: z.string(),
    updated_at: nullableText,
    group_snapshot_id: nullableText.optional(),
    user_id: z.string().optional(),
    consumes_quota: z.boolean().optional(),
  })
  .openapi('CinderSnapshot');

export const CinderSnapshotDetail = CinderSnapshot.extend({
  'os-extended-snapshot-attributes:progress': z.string(),
  'os-extended-snapshot-attributes:project_id': z.string(),
}).openapi('CinderSnapshotDetail');

export const CinderBackup = z.strictObject({ id: z.string(), name: z.string(), links }).openapi('CinderBackup');

export const CinderBackupDetail = CinderBackup.extend({
  status: z.string(),
  size: z.number().int(),
  volume_id: z.string(),
  object_count: z.number().int(),
  fail_reason: nullableText,
  created_at: z.string(),
  updated_at: nullableText,
  data_timestamp: z.string(),
  availability_zone: nullableText,
  container: nullableText,
  description: nullableText,
  snapshot_id: nullableText,
  is_incremental: z.boolean(),
  has_dependent_backups: z.boolean(),
  'os-backup-project-attr:project_id': z.string().optional(),
  metadata: metadata.optional(),
  user_id: z.string().optional(),
}).openapi('CinderBackupDetail');

/** Id, name and links: lists that are not detailed. */
export const Summary = z.strictObject({ id: z.string(), name: z.string(), links }).openapi('Summary');

export const MetadataAnswer = z.strictObject({ metadata });
export const MetaAnswer = z.strictObject({ meta: metadata });
