// From the project's records to the objects of the Cinder form.

import type { z } from '@hono/zod-openapi';
import type { Call } from '../../http/operation.ts';
import { plainTime } from '../../http/times.ts';
import type { Attachment, Snapshot, Volume } from '../../project/contract.ts';
import type { CinderSnapshot, CinderSnapshotDetail, CinderVolume, CinderVolumeDetail, Summary } from './shapes.ts';
import { SINCE } from './since.ts';

/** What a view needs to know of the request. */
export type ViewContext = Pick<Call<unknown, unknown>, 'endpoints' | 'microversion' | 'params' | 'c'>;

/** `self` and `bookmark` of an object, absolute, in the version of the request. */
export function linksOf(call: ViewContext, collection: string, id: string): { rel: string; href: string }[] {
  const root = call.endpoints.of('evs');
  const version = call.c.req.path.split('/')[2];
  const tail = `${call.params.project_id}/${collection}/${id}`;
  return [
    { rel: 'self', href: `${root}/${version}/${tail}` },
    { rel: 'bookmark', href: `${root}/${tail}` },
  ];
}

/** Who has the volume; who has only reserved it is not shown yet. */
export function attached(volume: Volume): Attachment[] {
  return volume.attachments.filter((at) => (at.state ?? 'attached') === 'attached');
}

/** An attachment as both the Cinder and the vendor form show it. */
export function attachmentView(attachment: Attachment) {
  return {
    id: attachment.volumeId,
    attachment_id: attachment.id,
    volume_id: attachment.volumeId,
    server_id: attachment.serverId,
    host_name: attachment.hostName,
    device: attachment.device,
    attached_at: plainTime(attachment.attachedMs),
  };
}

/** Volume as POST and PUT show it. */
export function volumeView(call: ViewContext, volume: Volume): z.input<typeof CinderVolume> {
  const at = call.microversion;
  return {
    id: volume.id,
    name: volume.name,
    description: volume.description,
    status: volume.status,
    size: volume.sizeGib,
    availability_zone: volume.zone,
    volume_type: volume.type,
    bootable: volume.bootable ? 'true' : 'false',
    encrypted: false,
    multiattach: volume.multiattach,
    // Cinder shows the read-only flag among the metadata, from the first time that it was set.
    metadata:
      volume.readonly === null
        ? { ...volume.metadata }
        : { ...volume.metadata, readonly: volume.readonly ? 'True' : 'False' },
    attachments: attached(volume).map(attachmentView),
    snapshot_id: volume.snapshotId,
    source_volid: volume.sourceVolumeId ?? null,
    consistencygroup_id: null,
    replication_status: null,
    user_id: volume.userId,
    created_at: plainTime(volume.createdMs),
    updated_at: plainTime(volume.updatedMs),
    links: linksOf(call, 'volumes', volume.id),
    ...(at >= SINCE.groupOfVolume ? { group_id: null } : {}),
    ...(at >= SINCE.sharedTargets ? { shared_targets: false, service_uuid: null } : {}),
    ...(at >= SINCE.volumeTypeId ? { volume_type_id: volume.typeId ?? null } : {}),
    ...(at >= SINCE.consumesQuota ? { consumes_quota: true } : {}),
  };
}

/** Volume as GET shows it. */
export function volumeDetail(call: ViewContext, volume: Volume): z.input<typeof CinderVolumeDetail> {
  const image = volume.imageMetadata ?? {};
  return {
    ...volumeView(call, volume),
    'os-vol-tenant-attr:tenant_id': volume.projectId,
    ...(Object.keys(image).length > 0 ? { volume_image_metadata: { ...image } } : {}),
  };
}

/** Id, name and links of anything that has them. */
export function summaryView(
  call: ViewContext,
  collection: string,
  item: { readonly id: string; readonly name: string },
): z.input<typeof Summary> {
  return { id: item.id, name: item.name, links: linksOf(call, collection, item.id) };
}

export function snapshotView(call: ViewContext, snapshot: Snapshot): z.input<typeof CinderSnapshot> {
  return {
    id: snapshot.id,
    name: snapshot.name,
    description: snapshot.description,
    status: snapshot.status,
    size: snapshot.sizeGib,
    volume_id: snapshot.volumeId,
    metadata: { ...snapshot.metadata },
    created_at: plainTime(snapshot.createdMs),
    updated_at: plainTime(snapshot.updatedMs),
    ...(call.microversion >= SINCE.groupOfSnapshot ? { group_snapshot_id: null } : {}),
    ...(call.microversion >= SINCE.userOfSnapshot ? { user_id: snapshot.userId } : {}),
    ...(call.microversion >= SINCE.consumesQuota ? { consumes_quota: true } : {}),
  };
}

export function snapshotDetail(call: ViewContext, snapshot: Snapshot): z.input<typeof CinderSnapshotDetail> {
  return {
    ...snapshotView(call, snapshot),
    'os-extended-snapshot-attributes:progress': `${snapshot.progressPercent}%`,
    'os-extended-snapshot-attributes:project_id': snapshot.projectId,
  };
}
