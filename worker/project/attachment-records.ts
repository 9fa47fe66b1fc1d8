// Cinder's attachments (3.27): a volume is reserved for somebody, then connected, then in use. Bookkeeping, as all attaching
// is; the records lie with their volumes.

import { Refusal } from '../faults.ts';
import { mustBeInZone, statusByAttachments } from './attachments.ts';
import type { Attachment, AttachmentQuery, Connector, CreateAttachment, Page } from './contract.ts';
import type { Control } from './control.ts';
import { checkName } from './fields.ts';
import { ATTACHMENTS_MAX } from './limits.ts';
import { page, type SortKeys } from './list.ts';
import type { VolumeRecord } from './records.ts';
import { save } from './volumes.ts';

/** With the names that all lists have. */
export type ListedAttachment = Attachment & { readonly createdMs: number; readonly status: string };

/** What attachments may be ordered by. */
export const ATTACHMENT_SORT_KEYS: SortKeys<ListedAttachment> = {
  id: (at) => at.id,
  status: (at) => at.status,
  created_at: (at) => at.createdMs,
  attached_at: (at) => at.createdMs,
};

/** Reserves a volume; with a connector it is being attached at once. */
export function createAttachment(control: Control, input: CreateAttachment): Attachment {
  const volume = control.volume(input.volumeId);
  const { id, attachments, multiattach, status } = volume;
  const shared = multiattach && (status === 'in-use' || status === 'reserved' || status === 'attaching');
  if (status !== 'available' && !shared) throw new Refusal('attach-status', { id, status });
  const serverId = input.serverId ?? null;
  if (serverId !== null && attachments.some((at) => at.serverId === serverId)) {
    throw new Refusal('attach-twice', { id, serverId });
  }
  if (attachments.length >= ATTACHMENTS_MAX) throw new Refusal('attach-limit', { limit: ATTACHMENTS_MAX });
  mustBeInZone(control, volume, serverId);
  const blank: Attachment = {
    id: crypto.randomUUID(),
    volumeId: id,
    serverId: serverId === null ? null : checkName(serverId),
    hostName: null,
    device: '',
    mode: input.mode ?? 'rw',
    attachedMs: control.now(),
    state: 'reserved',
  };
  const made = input.connector == null ? blank : connected(blank, input.connector);
  writeAttachments(control, volume, [...attachments, made]);
  return made;
}

/** Says who connects. */
export function updateAttachment(control: Control, id: string, connector: Connector): Attachment {
  const { volume, attachment } = find(control, id);
  const changed = connected(attachment, connector);
  replace(control, volume, changed);
  return changed;
}

/** The connection stands: the volume is in use. */
export function completeAttachment(control: Control, id: string): null {
  const { volume, attachment } = find(control, id);
  if (attachment.state === 'reserved') throw new Refusal('attach-status', { id: volume.id, status: volume.status });
  replace(control, volume, { ...attachment, state: 'attached', attachedMs: control.now() });
  return null;
}

/** Lets go, however far it came; the attachments that the volume still has. */
export function deleteAttachment(control: Control, id: string): readonly Attachment[] {
  const { volume, attachment } = find(control, id);
  const server = attachment.serverId === null ? null : control.servers.get(attachment.serverId);
  if (server?.systemVolumeId === volume.id) throw new Refusal('detach-system');
  const rest = volume.attachments.filter((at) => at.id !== id);
  writeAttachments(control, volume, rest);
  return rest;
}

export function getAttachment(control: Control, id: string): Attachment {
  return find(control, id).attachment;
}

export function listAttachments(control: Control, query: AttachmentQuery): Page<ListedAttachment> {
  const attachments = control.volumes
    .all()
    .flatMap((volume) => volume.attachments)
    .map((at) => ({ ...at, createdMs: at.attachedMs, status: at.state ?? 'attached' }))
    .filter(
      (at) =>
        (query.volumeId === undefined || at.volumeId === query.volumeId) &&
        (query.serverId === undefined || at.serverId === query.serverId) &&
        (query.state === undefined || at.status === query.state),
    );
  return page(attachments, query, ATTACHMENT_SORT_KEYS);
}

function connected(attachment: Attachment, { hostName, device, mode }: Connector): Attachment {
  return {
    ...attachment,
    hostName: hostName === undefined ? attachment.hostName : checkName(hostName),
    device: device === undefined ? attachment.device : checkName(device),
    mode: mode ?? attachment.mode,
    state: attachment.state === 'reserved' ? 'attaching' : (attachment.state ?? 'attached'),
  };
}

function find(control: Control, id: string): { volume: VolumeRecord; attachment: Attachment } {
  for (const volume of control.volumes.all()) {
    const attachment = volume.attachments.find((at) => at.id === id);
    if (attachment !== undefined) return { volume, attachment };
  }
  throw new Refusal('attachment-not-found', { id });
}

function replace(control: Control, volume: VolumeRecord, changed: Attachment): void {
  writeAttachments(
    control,
    volume,
    volume.attachments.map((at) => (at.id === changed.id ? changed : at)),
  );
}

/** An operation that runs, or has failed, keeps its status; one that runs comes back to what the volume is by now. */
export function writeAttachments(control: Control, volume: VolumeRecord, attachments: readonly Attachment[]): void {
  const { jobId, status, priorStatus } = volume;
  const now = statusByAttachments(attachments);
  const keeps = jobId !== null || status.startsWith('error');
  const wasIdle = priorStatus === 'available' || priorStatus === 'in-use';
  save(control, volume, {
    attachments,
    status: keeps ? status : now,
    priorStatus: jobId !== null && wasIdle ? now : priorStatus,
  });
}
