// Who uses a volume: the reservations and attachments of the Cinder form, and what servers share with them. Only
// bookkeeping: no byte moves, no Disk is asked.

import { Refusal } from '../faults.ts';
import type { Attachment, AttachVolume, Volume, VolumeStatus } from './contract.ts';
import type { Control } from './control.ts';
import { ATTACHMENTS_MAX } from './limits.ts';
import type { VolumeRecord } from './records.ts';
import { bare, save } from './volumes.ts';

const FIRST_DATA_DEVICE = 'b'.charCodeAt(0);
const LAST_DEVICE = 'z'.charCodeAt(0);

/** Nobody else may attach it meanwhile. */
export function reserveVolume(control: Control, id: string): Volume {
  const volume = control.volume(id);
  const shared = volume.multiattach && volume.status === 'in-use';
  if (volume.status !== 'available' && !shared) throw new Refusal('reserve-status', { id, status: volume.status });
  return save(control, volume, { status: 'attaching' });
}

/** Gives a reservation back. */
export function unreserveVolume(control: Control, id: string): Volume {
  const volume = control.volume(id);
  // Cinder answers 202 whether or not there was a reservation.
  return volume.status === 'attaching'
    ? save(control, volume, { status: statusByAttachments(volume.attachments) })
    : bare(volume);
}

/** Announces that a server is about to let go of it. */
export function beginDetachingVolume(control: Control, id: string): Volume {
  return step(control, id, 'in-use', 'detaching');
}

/** The server did not let go after all. */
export function rollDetachingVolume(control: Control, id: string): Volume {
  return step(control, id, 'detaching', 'in-use');
}

function step(control: Control, id: string, from: VolumeStatus, to: VolumeStatus): Volume {
  const volume = control.volume(id);
  if (volume.status !== from) throw new Refusal('detach-status', { id, status: volume.status });
  return save(control, volume, { status: to });
}

/** Attaches to a registered server, or to whatever id or host the Cinder form names. */
export function attachVolume(control: Control, id: string, input: AttachVolume): Attachment {
  const volume = control.volume(id);
  const serverId = input.serverId ?? null;
  const shared = volume.multiattach && volume.status === 'in-use';
  if (volume.status !== 'available' && volume.status !== 'attaching' && !shared) {
    throw new Refusal('attach-status', { id, status: volume.status });
  }
  if (volume.attachments.length > 0 && !volume.multiattach)
    throw new Refusal('attach-status', { id, status: 'in-use' });
  if (serverId !== null && volume.attachments.some((at) => at.serverId === serverId)) {
    throw new Refusal('attach-twice', { id, serverId });
  }
  if (volume.attachments.length >= ATTACHMENTS_MAX) throw new Refusal('attach-limit', { limit: ATTACHMENTS_MAX });
  mustBeInZone(control, volume, serverId);
  const attachment: Attachment = {
    id: crypto.randomUUID(),
    volumeId: id,
    serverId,
    hostName: input.hostName ?? null,
    device: deviceFor(control, serverId, input.device),
    mode: input.mode ?? 'rw',
    attachedMs: control.now(),
  };
  save(control, volume, { status: 'in-use', attachments: [...volume.attachments, attachment] });
  return attachment;
}

/** Ends one attachment; without an id the only one. `force`: whatever the status, and then the volume is available. */
export function detachVolume(
  control: Control,
  id: string,
  input: { attachmentId?: string | null; force?: boolean },
): Volume {
  const found = control.volume(id);
  const volume: VolumeRecord = input.force === true && found.jobId === null ? { ...found, status: 'in-use' } : found;
  // A disk that came to grief while attached must still be freed: only then can it be deleted.
  const failed = volume.status.startsWith('error') && volume.attachments.length > 0;
  if (volume.status !== 'in-use' && volume.status !== 'detaching' && !failed) {
    throw new Refusal('detach-status', { id, status: volume.status });
  }
  const attachmentId = input.attachmentId ?? null;
  if (attachmentId === null && volume.attachments.length > 1) throw new Refusal('detach-ambiguous', { id });
  const attachment = volume.attachments.find((at) => attachmentId === null || at.id === attachmentId);
  if (attachment === undefined && attachmentId !== null)
    throw new Refusal('attachment-not-found', { id: attachmentId });
  const server = attachment?.serverId == null ? null : control.servers.get(attachment.serverId);
  const isSystemDisk = server?.systemVolumeId === id;
  if (server !== null && isSystemDisk) {
    if (server.status !== 'SHUTOFF') throw new Refusal('detach-system');
    control.servers.put({ ...server, systemVolumeId: null, updatedMs: control.now() });
  }
  const attachments = volume.attachments.filter((at) => at !== attachment);
  const status = failed ? volume.status : statusByAttachments(attachments);
  return save(control, volume, { status, attachments, system: isSystemDisk ? false : volume.system });
}

/** Refuses a registered server in another zone than the volume. */
export function mustBeInZone(control: Control, volume: VolumeRecord, serverId: string | null): void {
  const server = serverId === null ? null : control.servers.get(serverId);
  if (server !== null && server.zone !== volume.zone) {
    throw new Refusal('attach-zone', { id: volume.id, volumeZone: volume.zone, serverZone: server.zone });
  }
}

/** Attachments of a server, by device. */
export function attachmentsOf(control: Control, serverId: string): Attachment[] {
  const all = control.volumes.all().flatMap((volume) => volume.attachments.filter((at) => at.serverId === serverId));
  return all.toSorted((a, b) => (a.device < b.device ? -1 : 1));
}

/** What a volume is when nothing but its attachments says so. */
export function statusByAttachments(attachments: readonly Attachment[]): VolumeStatus {
  const states = new Set(attachments.map((at) => at.state ?? 'attached'));
  if (states.has('attached')) return 'in-use';
  if (states.has('attaching')) return 'attaching';
  return states.has('reserved') ? 'reserved' : 'available';
}

function deviceFor(control: Control, serverId: string | null, wanted: string | undefined): string {
  if (serverId === null) return wanted ?? '/dev/vdb';
  const taken = new Set(attachmentsOf(control, serverId).map((at) => at.device));
  if (wanted !== undefined && wanted !== '' && wanted !== 'auto') {
    if (taken.has(wanted) || !wanted.startsWith('/dev/'))
      throw new Refusal('attach-device', { device: wanted, serverId });
    return wanted;
  }
  for (let letter = FIRST_DATA_DEVICE; letter <= LAST_DEVICE; letter++) {
    const device = `/dev/vd${String.fromCharCode(letter)}`;
    if (!taken.has(device)) return device;
  }
  throw new Refusal('attach-device', { device: '/dev/vd?', serverId });
}
