// Volumes that somebody is connected to over the data path. The Disk says when the first one comes and the last one goes;
// here it becomes an attachment, so that everybody sees why the volume is in use.

import { writeAttachments } from './attachment-records.ts';
import type { Attachment } from './contract.ts';
import type { Control } from './control.ts';

/** What clients see as the host of such an attachment. */
const HOST_NAME = 'nbd';

/**
 * A volume that nobody uses becomes in-use by an attachment of its own. One that is attached stays as it is: connecting is
 * how its server, or whoever it was reserved for, gets at the bytes.
 */
export function connectVolume(control: Control, id: string, mode: 'rw' | 'ro'): { readonly multiattach: boolean } {
  const volume = control.volume(id);
  if (volume.status === 'available') {
    const attachment: Attachment = {
      id: crypto.randomUUID(),
      volumeId: id,
      serverId: null,
      hostName: HOST_NAME,
      device: '',
      mode,
      attachedMs: control.now(),
      connection: true,
    };
    writeAttachments(control, volume, [...volume.attachments, attachment]);
  }
  return { multiattach: volume.multiattach };
}

/** Ends the attachment that connecting made. */
export function disconnectVolume(control: Control, id: string): void {
  const volume = control.volumes.get(id);
  if (!volume?.attachments.some((at) => at.connection)) return;
  control.commit(() =>
    writeAttachments(
      control,
      volume,
      volume.attachments.filter((at) => !at.connection),
    ),
  );
}
