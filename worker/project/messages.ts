// Messages to users: what went wrong after the answer had gone out. One for each job that failed, kept for a month.

import { Refusal } from '../faults.ts';
import type { Message, MessageQuery, Page } from './contract.ts';
import type { Control } from './control.ts';
import type { Failure } from './held.ts';
import { PATIENCE } from './limits.ts';
import { page, type SortKeys } from './list.ts';
import type { JobAction, JobRecord } from './records.ts';

/** What they may be ordered by. */
export const MESSAGE_SORT_KEYS: SortKeys<Message> = {
  id: (message) => message.id,
  created_at: (message) => message.createdMs,
  resource_type: (message) => message.resourceType,
  resource_uuid: (message) => message.resourceId,
  event_id: (message) => message.eventId,
};

/** What each job was to do, in words and in the numbers that Cinder has for it. */
const EVENTS: Readonly<Partial<Record<JobAction, { readonly number: string; readonly words: string }>>> = {
  createVolume: { number: '001', words: 'create volume' },
  createBackup: { number: '013', words: 'create backup' },
  createSnapshot: { number: '015', words: 'create snapshot' },
  deleteSnapshot: { number: '010', words: 'delete snapshot' },
  deleteBackup: { number: '014', words: 'delete backup' },
  extendVolume: { number: '007', words: 'extend volume' },
  restore: { number: '016', words: 'restore backup' },
  rollback: { number: '018', words: 'revert volume to snapshot' },
  acceptTransfer: { number: '017', words: 'accept transfer' },
};

/** The number of a detail that says no more than its sentence. */
const DETAIL_UNKNOWN = '001';

/** Writes a message about a job that failed; inside the change that settles it. */
export function addMessage(control: Control, job: JobRecord, failure: Failure): void {
  const event = EVENTS[job.action];
  const resource = resourceOf(job);
  if (event === undefined || resource === null || isAnothers(control, job)) return;
  const nowMs = control.now();
  clearMessages(control, nowMs, 1);
  control.messages.put({
    id: crypto.randomUUID(),
    eventId: `VOLUME_${resource.type}_${event.number}_${DETAIL_UNKNOWN}`,
    resourceType: resource.type,
    resourceId: resource.id,
    requestId: null,
    text: `${event.words}: ${failure.message}`.slice(0, 1000),
    createdMs: nowMs,
    expiresMs: nowMs + PATIENCE.messageLifeMs,
  });
}

/** Drops what has expired, and the oldest beyond what is kept when `added` more come. */
export function clearMessages(control: Control, nowMs: number, added = 0): void {
  const all = control.messages.all().toSorted((a, b) => b.createdMs - a.createdMs);
  const kept = PATIENCE.messagesMax - added;
  all.forEach((message, index) => {
    if (message.expiresMs < nowMs || index >= kept) control.messages.delete(message.id);
  });
}

export function getMessage(control: Control, id: string): Message {
  const message = control.messages.get(id);
  if (message === null) throw new Refusal('message-not-found', { id });
  return message;
}

export function listMessages(control: Control, query: MessageQuery): Page<Message> {
  const messages = control.messages
    .all()
    .filter(
      (message) =>
        (query.resourceType === undefined || message.resourceType === query.resourceType) &&
        (query.resourceId === undefined || message.resourceId === query.resourceId) &&
        (query.eventId === undefined || message.eventId === query.eventId),
    );
  return page(messages, query, MESSAGE_SORT_KEYS);
}

export function deleteMessage(control: Control, id: string): null {
  control.messages.delete(getMessage(control, id).id);
  return null;
}

/** An administrator of another project may have backups here that this one does not know of. */
function isAnothers(control: Control, { action, backupId }: JobRecord): boolean {
  if (!action.endsWith('Backup') || backupId === undefined) return false;
  const backup = control.backups.get(backupId);
  return backup !== null && backup.projectId !== control.projectId;
}

/** What a job was about; the thing that it was to make comes first. */
function resourceOf(job: JobRecord): { type: string; id: string } | null {
  const { action, backupId, snapshotId, volumeId } = job;
  if (action.endsWith('Backup') && backupId !== undefined) return { type: 'VOLUME_BACKUP', id: backupId };
  if (action.endsWith('Snapshot') && snapshotId !== undefined) return { type: 'VOLUME_SNAPSHOT', id: snapshotId };
  return volumeId === undefined ? null : { type: 'VOLUME', id: volumeId };
}
