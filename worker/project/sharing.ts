// Sharing backups between projects. The giver offers, the receiver accepts and makes disks of what it was given; the bytes are
// read from the giver's vault. Who may read is the giver's to say, at every use; what the two tell each other are jobs.

import { Refusal } from '../faults.ts';
import type { BackupPlace, Page, ShareAnswer, ShareForm, ShareNews, Sharing, SharingQuery } from './contract.ts';
import type { Control } from './control.ts';
import { BACKUP_MEMBERS_MAX, GIB, SHARES_RECEIVED_MAX } from './limits.ts';
import { page, type SortKeys } from './list.ts';
import type { BackupRecord, ShareRecord } from './records.ts';
import { dropCopy, givenOf, keepCopy, putAnswer, receivedOf, tell, viewShare, withdraw } from './sharing-records.ts';
import { available, usedBytes, withRoom } from './vault-records.ts';

/** What sharings may be ordered by. */
export const SHARING_SORT_KEYS: SortKeys<Sharing> = {
  id: (sharing) => sharing.id,
  created_at: (sharing) => sharing.createdMs,
  updated_at: (sharing) => sharing.updatedMs,
  status: (sharing) => sharing.status,
  name: (sharing) => sharing.backup.name,
};

/** Ids of projects as they stand in paths: nothing else may name an object here. */
const PROJECT_ID = /^[\w-]{1,64}$/;

/** Offers a backup to other projects; all of them or none. */
export function shareBackup(
  control: Control,
  backupId: string,
  toProjectIds: readonly string[],
  form: ShareForm,
): Sharing[] {
  const backup = ownBackup(control, backupId);
  if (backup.status !== 'available') {
    throw new Refusal('member-backup-status', { id: backupId, status: backup.status });
  }
  const given = givenOf(control, backupId);
  if (given.length + toProjectIds.length > BACKUP_MEMBERS_MAX) {
    throw new Refusal('member-limit', { limit: BACKUP_MEMBERS_MAX });
  }
  const taken = new Set(given.map((share) => share.toProjectId));
  return toProjectIds.map((toProjectId) => {
    if (!PROJECT_ID.test(toProjectId) || toProjectId === control.projectId) {
      throw new Refusal('invalid-request', { reason: `A backup cannot be shared with ${toProjectId.slice(0, 64)}.` });
    }
    if (taken.has(toProjectId)) throw new Refusal('member-exists', { id: backupId, projectId: toProjectId });
    taken.add(toProjectId);
    return offer(control, backup, toProjectId, form);
  });
}

function offer(control: Control, backup: BackupRecord, toProjectId: string, form: ShareForm): Sharing {
  const nowMs = control.now();
  const share: ShareRecord = {
    id: crypto.randomUUID(),
    backupId: backup.id,
    fromProjectId: control.projectId,
    toProjectId,
    form,
    status: form === 'vbs' ? 'accepted' : 'pending',
    vaultId: null,
    createdMs: nowMs,
    updatedMs: nowMs,
    offered: null,
    toldJobId: null,
  };
  const sharing = viewShare(control, share);
  const { id, vaultId, storedAs = id } = backup;
  const place = { projectId: control.projectId, vaultId, backupId: storedAs };
  const toldJobId = tell(control, share, { kind: 'offered', sharing, place });
  control.shares.put({ ...share, toldJobId });
  return sharing;
}

/** Sharings that this project gives or was given. */
export function listSharings(control: Control, query: SharingQuery): Page<Sharing> {
  const side = query.direction === 'given' ? 'fromProjectId' : 'toProjectId';
  const sharings = control.shares
    .by(side, control.projectId)
    .map((share) => viewShare(control, share))
    .filter(
      (sharing) =>
        (query.backupId === undefined || sharing.backupId === query.backupId) &&
        (query.status === undefined || sharing.status === query.status) &&
        (query.fromProjectId === undefined || sharing.fromProjectId === query.fromProjectId) &&
        (query.toProjectId === undefined || sharing.toProjectId === query.toProjectId) &&
        (query.vaultId === undefined || sharing.vaultId === query.vaultId) &&
        (query.volumeId === undefined || sharing.backup.volumeId === query.volumeId) &&
        (query.backupName === undefined || sharing.backup.name.includes(query.backupName)) &&
        (query.backupStatus === undefined || sharing.backup.status === query.backupStatus) &&
        (query.backupZone === undefined || sharing.backup.zone === query.backupZone),
    );
  return page(sharings, query, SHARING_SORT_KEYS);
}

export function getSharing(control: Control, id: string): Sharing {
  const share = control.shares.get(id);
  if (share === null) throw new Refusal('sharing-not-found', { id });
  return viewShare(control, share);
}

/** The sharings of one backup: the giver's all, or the receiver's own. */
export function sharingsOf(control: Control, backupId: string): Sharing[] {
  const received = receivedOf(control, backupId);
  if (received !== null) return [viewShare(control, received)];
  ownBackup(control, backupId);
  return givenOf(control, backupId).map((share) => viewShare(control, share));
}

/** Giving: takes a backup back, from one project. */
export function unshareBackup(control: Control, backupId: string, toProjectId: string): null {
  ownBackup(control, backupId);
  const share = givenOf(control, backupId).find((one) => one.toProjectId === toProjectId);
  if (share === undefined) throw new Refusal('member-not-found', { id: backupId, projectId: toProjectId });
  withdraw(control, [share]);
  return null;
}

/** Giving: ends one sharing, or all of a backup. */
export function cancelSharing(control: Control, which: { readonly id: string } | { readonly backupId: string }): null {
  if ('backupId' in which) {
    ownBackup(control, which.backupId);
    withdraw(control, givenOf(control, which.backupId));
    return null;
  }
  const share = control.shares.get(which.id);
  if (share?.fromProjectId !== control.projectId) throw new Refusal('sharing-not-found', { id: which.id });
  withdraw(control, [share]);
  return null;
}

/** Receiving: the sharing of a backup, or the refusal. */
export function received(control: Control, backupId: string): ShareRecord {
  const share = receivedOf(control, backupId);
  if (share === null) throw new Refusal('member-not-found', { id: backupId, projectId: control.projectId });
  return share;
}

/** Receiving: accepts into a vault that has room, or gives back what was accepted. */
export function answerShare(control: Control, backupId: string, answer: ShareAnswer): Sharing {
  const share = received(control, backupId);
  if (answer.status !== 'accepted') {
    dropCopy(control, backupId);
    return viewShare(control, putAnswer(control, share, answer.status, null));
  }
  const vaultId = answer.vaultId ?? share.vaultId;
  if (vaultId === null) {
    throw new Refusal('invalid-request', { reason: 'vault_id is missing: name the vault that is to have the backup.' });
  }
  const vault = withRoom(control, available(control.vault(vaultId)));
  const { logicalBytes } = share.offered!.backup;
  const used = usedBytes(control, vaultId);
  if (used + logicalBytes > vault.sizeGib * GIB) {
    throw new Refusal('vault-full', { id: vaultId, used: Math.ceil(used / GIB), size: vault.sizeGib });
  }
  const accepted = putAnswer(control, share, 'accepted', vaultId);
  keepCopy(control, accepted);
  return viewShare(control, accepted);
}

/** Giving: may that project read the backup of this sharing now? */
export function mayRead(control: Control, sharingId: string, toProjectId: string): boolean {
  const share = control.shares.get(sharingId);
  return share !== null && share.fromProjectId === control.projectId && share.toProjectId === toProjectId;
}

/** Receiving: what was shared is so no longer. */
export function forgetShare(control: Control, share: ShareRecord): void {
  dropCopy(control, share.backupId);
  control.shares.delete(share.id);
}

/** What another project tells. Told twice it changes nothing more. Inside a change. */
export function takeNews(control: Control, news: ShareNews): void {
  if (news.kind === 'offered') {
    takeOffer(control, news);
    return;
  }
  const share = control.shares.get(news.sharingId);
  if (share === null) return;
  if (news.kind === 'withdrawn') {
    if (share.toProjectId === control.projectId) forgetShare(control, share);
  } else if (news.kind === 'moved') {
    if (share.offered !== null) movePlace(control, share, news.place);
  } else if (share.fromProjectId === control.projectId && share.toProjectId === news.toProjectId) {
    control.shares.put({ ...share, status: news.status, vaultId: news.vaultId, updatedMs: control.now() });
  }
}

function movePlace(control: Control, share: ShareRecord, place: BackupPlace): void {
  control.shares.put({ ...share, offered: { ...share.offered!, place } });
  const copy = control.backups.get(share.backupId);
  if (copy?.sharedFrom !== undefined) control.backups.put({ ...copy, sharedFrom: place });
}

function takeOffer(control: Control, { sharing, place }: Extract<ShareNews, { kind: 'offered' }>): void {
  if (sharing.toProjectId !== control.projectId || control.shares.get(sharing.id) !== null) return;
  const older = receivedOf(control, sharing.backupId);
  if (older !== null) forgetShare(control, older);
  // Strangers can offer as much as they like: what is beyond is not kept, and stays pending for them.
  if (control.shares.by('toProjectId', control.projectId).length >= SHARES_RECEIVED_MAX) return;
  const { backup, ...share } = sharing;
  const record = control.shares.put({ ...share, offered: { backup, place }, toldJobId: null });
  if (record.status === 'accepted') keepCopy(control, record);
}

/** A backup of this project that is not merely shared with it. */
function ownBackup(control: Control, id: string): BackupRecord {
  const backup = control.backup(id);
  if (backup.projectId !== control.projectId) throw new Refusal('backup-not-found', { id });
  return backup;
}
