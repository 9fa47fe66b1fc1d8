// Sharings as records. Each of the two projects keeps one, under the same id: the giving project's says who may read, the
// receiving one's what it was offered. What it accepted is a backup record beside it, whose bytes stay where they are.

import { Refusal } from '../faults.ts';
import { bare } from './backup-places.ts';
import type { Backup, ShareNews, Sharing } from './contract.ts';
import type { Control } from './control.ts';
import { begin, newJobId } from './jobs.ts';
import type { ShareRecord } from './records.ts';

/** The sharings that this project gives of a backup. */
export function givenOf(control: Control, backupId: string): ShareRecord[] {
  return control.shares.by('backupId', backupId).filter((share) => share.fromProjectId === control.projectId);
}

/** What this project was given of a backup, or null. */
export function receivedOf(control: Control, backupId: string): ShareRecord | null {
  return control.shares.by('backupId', backupId).find((share) => share.toProjectId === control.projectId) ?? null;
}

/** A sharing with its backup, as this project sees it. */
export function viewShare(control: Control, share: ShareRecord): Sharing {
  const { offered, toldJobId, ...shown } = share;
  if (offered !== null) return { ...shown, backup: { ...offered.backup, vaultId: share.vaultId ?? '' } };
  return { ...shown, backup: bare(control.backup(share.backupId)) };
}

/** The backups that this project was given, whatever it said to them. */
export function receivedBackups(control: Control): { readonly share: ShareRecord; readonly backup: Backup }[] {
  return control.shares
    .all()
    .filter((share) => share.toProjectId === control.projectId)
    .map((share) => {
      const copy = share.status === 'accepted' ? control.backups.get(share.backupId) : null;
      return { share, backup: copy === null ? viewShare(control, share).backup : bare(copy) };
    });
}

/** Stores the job that tells the other project, after what it was told last. Returns the job's id. */
export function tell(control: Control, share: ShareRecord, news: ShareNews): string {
  const id = newJobId();
  const other = share.fromProjectId === control.projectId ? share.toProjectId : share.fromProjectId;
  begin(control, {
    id,
    action: 'tellShare',
    target: { kind: 'peer', id: other, news },
    backupId: share.backupId,
    afterJobId: share.toldJobId,
  });
  return id;
}

/** Giving: the backup is nobody else's any more. Nothing waits for the others: what they made of it stays theirs. */
export function withdraw(control: Control, shares: readonly ShareRecord[]): void {
  for (const share of shares) {
    tell(control, share, { kind: 'withdrawn', sharingId: share.id });
    control.shares.delete(share.id);
  }
}

/** Receiving: writes an accepted backup down. It costs this project no bytes: those are the giver's. */
export function keepCopy(control: Control, share: ShareRecord): void {
  const have = control.backups.get(share.backupId);
  if (have !== null && have.sharedFrom === undefined) throw new Refusal('backup-exists', { id: share.backupId });
  const { backup, place } = share.offered!;
  control.backups.put({
    ...backup,
    vaultId: share.vaultId ?? '',
    // Rules and runs of the other project are none of this one's.
    checkpointId: null,
    policyId: null,
    expiresMs: null,
    parentId: null,
    storedBytes: 0,
    jobId: have?.jobId ?? null,
    status: have?.status ?? 'available',
    sharedFrom: place,
  });
}

/** Receiving: takes the accepted backup away again. Disks that were made of it are not touched. */
export function dropCopy(control: Control, backupId: string): void {
  if (control.backups.get(backupId)?.sharedFrom !== undefined) control.backups.delete(backupId);
}

/** Receiving: this project wants the accepted backup no more, and says so. */
export function leaveShare(control: Control, backupId: string): void {
  const share = receivedOf(control, backupId);
  dropCopy(control, backupId);
  if (share !== null) putAnswer(control, share, 'rejected', null);
}

/** Receiving: what this project says to a sharing, stored and told. */
export function putAnswer(
  control: Control,
  share: ShareRecord,
  status: Sharing['status'],
  vaultId: string | null,
): ShareRecord {
  const { id: sharingId, toProjectId } = share;
  const toldJobId = tell(control, share, { kind: 'answered', sharingId, toProjectId, status, vaultId });
  return control.shares.put({ ...share, status, vaultId, toldJobId, updatedMs: control.now() });
}
