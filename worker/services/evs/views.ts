// From the project's records to the objects of the vendor's native form.

import type { z } from '@hono/zod-openapi';
import { plainTime } from '../../http/times.ts';
import type { Snapshot, Volume } from '../../project/contract.ts';
import { attached, attachmentView, linksOf, type ViewContext } from '../cinder/views.ts';
import type { NativeSnapshot, NativeVolume } from './shapes.ts';

/** The vendor's table of statuses has no word for Cinder's `revert` (to it, every rollback is one) nor for `reserved`. */
const VOLUME_STATUS: Readonly<Record<string, string>> = { reverting: 'rollbacking', reserved: 'attaching' };
const SNAPSHOT_STATUS: Readonly<Record<string, string>> = { restoring: 'rollbacking' };

export function nativeVolume(call: ViewContext, volume: Volume): z.input<typeof NativeVolume> {
  return {
    id: volume.id,
    name: volume.name,
    description: volume.description,
    status: VOLUME_STATUS[volume.status] ?? volume.status,
    size: volume.sizeGib,
    availability_zone: volume.zone,
    volume_type: volume.type,
    bootable: volume.bootable ? 'true' : 'false',
    encrypted: false,
    multiattach: volume.multiattach,
    shareable: volume.multiattach,
    metadata: { ...volume.metadata },
    tags: { ...volume.tags },
    attachments: attached(volume).map(attachmentView),
    snapshot_id: volume.snapshotId,
    source_volid: null,
    consistencygroup_id: null,
    replication_status: 'disabled',
    user_id: volume.userId,
    created_at: plainTime(volume.createdMs),
    updated_at: plainTime(volume.updatedMs),
    links: linksOf(call, 'cloudvolumes', volume.id),
    volume_image_metadata: {},
    service_type: 'EVS',
    enterprise_project_id: '0',
    serial_number: volume.id,
    // A WWN is 16 bytes in hex: the id is that long, and as unique.
    wwn: volume.id.replaceAll('-', ''),
    dedicated_storage_id: null,
    dedicated_storage_name: null,
    'os-vol-tenant-attr:tenant_id': volume.projectId,
    'os-vol-host-attr:host': null,
    'os-vol-mig-status-attr:migstat': null,
    'os-vol-mig-status-attr:name_id': null,
    'os-volume-replication:extended_status': null,
  };
}

export function nativeSnapshot(snapshot: Snapshot): z.input<typeof NativeSnapshot> {
  return {
    id: snapshot.id,
    name: snapshot.name,
    description: snapshot.description,
    status: SNAPSHOT_STATUS[snapshot.status] ?? snapshot.status,
    volume_id: snapshot.volumeId,
    size: snapshot.sizeGib,
    metadata: { ...snapshot.metadata },
    created_at: plainTime(snapshot.createdMs),
    updated_at: plainTime(snapshot.updatedMs),
    service_type: 'EVS',
    'os-extended-snapshot-attributes:progress': `${snapshot.progressPercent}%`,
    'os-extended-snapshot-attributes:project_id': snapshot.projectId,
  };
}
