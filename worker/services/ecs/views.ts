// Servers as the compute service shows them. They have no machine behind them: they say which disks are attached.

import { z } from '@hono/zod-openapi';
import type { Attachment, Server } from '../../project/contract.ts';

export const ServerView = z
  .looseObject({
    id: z.string(),
    name: z.string(),
    status: z.string(),
    'OS-EXT-AZ:availability_zone': z.string(),
    'os-extended-volumes:volumes_attached': z.array(z.looseObject({ id: z.string(), device: z.string() })),
  })
  .openapi('Server');

export const AttachmentView = z
  .object({ id: z.string(), serverId: z.string(), volumeId: z.string(), device: z.string() })
  .openapi('VolumeAttachment');

/** Nova's times have a Z and no fraction. */
const seconds = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

export function serverView(server: Server): z.input<typeof ServerView> {
  return {
    id: server.id,
    name: server.name,
    status: server.status,
    tenant_id: server.projectId,
    user_id: server.userId,
    created: seconds(server.createdMs),
    updated: seconds(server.updatedMs),
    metadata: {},
    'OS-EXT-AZ:availability_zone': server.zone,
    'OS-EXT-STS:vm_state': server.status === 'SHUTOFF' ? 'stopped' : 'active',
    'os-extended-volumes:volumes_attached': server.attachments.map((attachment) => ({
      id: attachment.volumeId,
      device: attachment.device,
      bootIndex: attachment.volumeId === server.systemVolumeId ? '0' : null,
      delete_on_termination: 'false',
    })),
  };
}

export function attachmentView(
  server: { readonly id: string },
  attachment: Attachment,
): z.input<typeof AttachmentView> {
  return {
    id: attachment.volumeId,
    serverId: server.id,
    volumeId: attachment.volumeId,
    device: attachment.device,
  };
}
