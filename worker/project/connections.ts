// Volumes that somebody is connected to over the data path. The Disk says when the first one comes and the last one goes;
// here it becomes an attachment, so that everybody sees why the volume is in use.

import { writeAttachments } from './attachment-records.ts';
import type { Attachment, Connected } from './contract.ts';
import type { Control } from './control.ts';

/** What clients see as the host of such an attachment. */
const HOST_NAME = 'nbd';

/**
 * A volume that nobody uses becomes in-use (while it is backed up: afterwards) by an attachment of its own. One that is
 * attached stays as it is: connecting is how its server, or whoever it was reserved for, gets at the bytes.
 *
 * `attachmentId`: of a connection that is made again. Null is answered, and nothing is done, when that attachment has ended:
 * others may have written since, and what the client knows, or sends again, would destroy what they wrote.
 */
export function connectVolume(
  control: Control,
  id: string,
  mode: 'rw' | 'ro',
  attachmentId: string | null,
): Connected | null {
  const volume = control.volume(id);
  const { attachments, multiattach } = volume;
  const had = attachments.find((at) => at.id === attachmentId);
  if (attachmentId !== null && !had) return null;
  const own = attachments.find((at) => at.connection);
  const attachment = had ?? own ?? attachments[0] ?? null;
  const isFree = volume.status === 'available' || (volume.status === 'backing-up' && attachments.length === 0);
  if (!isFree) {
    // Readers were there first, and now somebody writes.
    if (own?.mode === 'ro' && mode === 'rw') {
      const changed = attachments.map((at) => (at === own ? { ...own, mode } : at));
      writeAttachments(control, volume, changed);
    }
    return { multiattach, attachmentId: attachment?.id ?? null };
  }
  const made: Attachment = {
    id: crypto.randomUUID(),
    volumeId: id,
    serverId: null,
    hostName: HOST_NAME,
    device: '',
    mode,
    attachedMs: control.now(),
    connection: true,
  };
  writeAttachments(control, volume, [...attachments, made]);
  return { multiattach, attachmentId: made.id };
}

/** Ends the attachment that connecting made. Inside a change: a project that has slept looks for its tables there. */
export function disconnectVolume(control: Control, id: string): void {
  control.commit(() => {
    const volume = control.volumes.get(id);
    if (!volume?.attachments.some((at) => at.connection)) return;
    const others = volume.attachments.filter((at) => !at.connection);
    writeAttachments(control, volume, others);
  });
}
