// A volume goes to another project. The giving project offers it under a key; the accepting one checks its quotas, writes
// the volume down as on its way, and has the giving one hand it over, as a job: that changes the disk's owner and drops the
// records here. The disk moves no byte.

import { Refusal } from '../faults.ts';
import type { CreateTransfer, HandOver, Page, Transfer, TransferOffer, TransferQuery } from './contract.ts';
import type { Actor, Control } from './control.ts';
import { checkName } from './fields.ts';
import { isCloned, refuseWhileCloned } from './in-use.ts';
import { begin, newJobId } from './jobs.ts';
import { TRANSFERS_MAX } from './limits.ts';
import { page, type SortKeys } from './list.ts';
import { checkArrivalQuota } from './quotas.ts';
import type { SnapshotRecord, TransferRecord, VolumeRecord } from './records.ts';
import { bare as bareSnapshot } from './snapshots.ts';
import { beginOnVolume, endOnVolume } from './states.ts';
import { mustBeKnown } from './types.ts';
import { forgetVolume } from './volumes.ts';

/** What they may be ordered by. */
export const TRANSFER_SORT_KEYS: SortKeys<Transfer> = {
  id: (transfer) => transfer.id,
  name: (transfer) => transfer.name ?? '',
  display_name: (transfer) => transfer.name ?? '',
  created_at: (transfer) => transfer.createdMs,
};

/** Which key opens an offer: only its digest is stored. */
export interface KeyDigest {
  readonly salt: string;
  readonly keyDigest: string;
}

/** HMAC-SHA-256 of a key, in hex. */
export async function digestOfKey(salt: string, authKey: string): Promise<string> {
  const utf8 = new TextEncoder();
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', utf8.encode(salt), algorithm, false, ['sign']);
  return hex(new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8.encode(authKey))));
}

/** Random hex digits, two a byte. */
export function randomHex(byteCount: number): string {
  return hex(crypto.getRandomValues(new Uint8Array(byteCount)));
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Offers a volume; its snapshots go with it. */
export function createTransfer(control: Control, id: string, input: CreateTransfer, key: KeyDigest): Transfer {
  const volume = control.volume(input.volumeId);
  const offered = beginOnVolume(volume, 'transfer', id);
  const snapshots = control.snapshots.by('volumeId', volume.id);
  refuseWhileCloned(control, volume.id, snapshots);
  for (const { id: snapshotId, status } of snapshots) {
    if (status !== 'available') throw new Refusal('snapshot-status', { id: snapshotId, status });
  }
  // They are on the disk: left behind they would be nobody's.
  if (input.noSnapshots === true && snapshots.length > 0) throw new Refusal('transfer-snapshots', { id: volume.id });
  if (control.transfers.count() >= TRANSFERS_MAX) throw new Refusal('conflict', { reason: 'Too many transfers.' });
  control.volumes.put({ ...offered, jobId: null, updatedMs: control.now() });
  const transfer = control.transfers.put({
    id,
    name: input.name == null ? null : checkName(input.name.trim()),
    volumeId: volume.id,
    noSnapshots: input.noSnapshots ?? false,
    sourceProjectId: control.projectId,
    destinationProjectId: null,
    accepted: false,
    createdMs: control.now(),
    ...key,
    takenBy: null,
    handed: null,
  });
  return view(transfer);
}

export function getTransfer(control: Control, id: string): Transfer {
  return view(open(control, id));
}

export function listTransfers(control: Control, query: TransferQuery): Page<Transfer> {
  const transfers = control.transfers
    .all()
    .filter(
      (transfer) =>
        !transfer.accepted &&
        (query.name === undefined || transfer.name === query.name) &&
        (query.volumeId === undefined || transfer.volumeId === query.volumeId),
    );
  return page(transfers.map(view), query, TRANSFER_SORT_KEYS);
}

/** Takes an offer back, unless somebody is just accepting it. */
export function deleteTransfer(control: Control, id: string): null {
  const transfer = open(control, id);
  if (transfer.takenBy !== null) throw new Refusal('transfer-taken', { id });
  control.transfers.delete(id);
  const volume = control.volumes.get(transfer.volumeId);
  // An administrator may have deleted it by force, or said that it is something else.
  if (volume?.status === 'awaiting-transfer') control.volumes.put(endOnVolume(volume, 'transfer'));
  return null;
}

/** What is offered, for the project that accepts it. */
export function offer(control: Control, transfer: TransferRecord): TransferOffer {
  const volume = control.volume(transfer.volumeId);
  if (volume.status !== 'awaiting-transfer') {
    throw new Refusal('transfer-volume-status', { id: volume.id, status: volume.status });
  }
  const { jobId, priorStatus, ...handed } = volume;
  return { transfer: view(transfer), volume: handed, snapshots: snapshotsOf(control, volume.id).map(bareSnapshot) };
}

/** Accepting: the volume is written down as on its way, with the job that fetches it. */
export function takeOver(control: Control, actor: Actor, offered: TransferOffer): Transfer {
  const { transfer, volume, snapshots } = offered;
  mustBeKnown(control, volume.type);
  checkArrivalQuota(control, volume, snapshots);
  if (control.volumes.get(volume.id) !== null) throw new Refusal('transfer-taken', { id: transfer.id });
  const jobId = newJobId();
  const { projectId } = control;
  const job: HandOver = { transferId: transfer.id, toProjectId: projectId };
  control.volumes.put({ ...volume, projectId, userId: actor.userId, priorStatus: null, jobId });
  const target = { kind: 'project', id: transfer.sourceProjectId, job } as const;
  begin(control, { id: jobId, action: 'acceptTransfer', target, volumeId: volume.id });
  return { ...transfer, destinationProjectId: projectId, accepted: true };
}

/**
 * Giving: the offer is this job's from now on, and nothing else may happen to the volume, not even by force. 'gone': it is
 * not to be had any more; 'wait': it is the job's, but something still reads a snapshot or deletes one. Inside a change.
 */
export function takenBy(control: Control, jobId: string, job: HandOver): TransferRecord | 'gone' | 'wait' {
  const offered = control.transfers.get(job.transferId);
  if (offered === null) return 'gone';
  const transfer = offered.takenBy === null ? reserved(control, offered, jobId, job) : offered;
  if (transfer?.takenBy !== jobId) return 'gone';
  // What has gone over waits for nothing more.
  if (transfer.handed !== null) return transfer;
  const snapshots = snapshotsOf(control, transfer.volumeId);
  const isBusy = isCloned(control, transfer.volumeId, snapshots) || snapshots.some((each) => each.jobId !== null);
  return isBusy ? 'wait' : transfer;
}

/** The offer as this job's; null when the volume is not to be had. */
function reserved(control: Control, transfer: TransferRecord, jobId: string, job: HandOver): TransferRecord | null {
  const volume = control.volumes.get(transfer.volumeId);
  // Since the key was looked at it was reset or deleted by force, or another offer of it was accepted.
  if (volume?.status !== 'awaiting-transfer' || volume.jobId !== null) return null;
  control.volumes.put({ ...volume, jobId });
  return control.transfers.put({ ...transfer, takenBy: jobId, destinationProjectId: job.toProjectId });
}

/** Giving: the disk could not be had, so the volume is to be used again, or deleted. Inside a change. */
export function released(control: Control, transferId: string): void {
  const transfer = control.transfer(transferId);
  const volume = control.volumes.get(transfer.volumeId);
  if (volume?.jobId === transfer.takenBy) control.volumes.put({ ...volume, jobId: null });
  control.transfers.put({ ...transfer, takenBy: null, destinationProjectId: null });
}

/** Giving: the disk is the other's. The records go; what they said is kept until the other has it. Inside a change. */
export function handedOver(control: Control, transferId: string): TransferRecord {
  const transfer = control.transfer(transferId);
  if (transfer.handed !== null) return transfer;
  const { volume, snapshots } = offer(control, transfer);
  forgetVolume(control, volume.id);
  return control.transfers.put({ ...transfer, accepted: true, handed: { volume, snapshots } });
}

/** The volume and its snapshots as they are written down by the project that has them now. */
export function received(
  control: Control,
  waiting: VolumeRecord,
  handed: Pick<TransferOffer, 'volume' | 'snapshots'>,
): void {
  const { projectId, userId } = waiting;
  const own = { projectId, userId, jobId: null, priorStatus: null };
  control.volumes.put({ ...handed.volume, ...own, status: 'available', updatedMs: control.now() });
  for (const snapshot of handed.snapshots) control.snapshots.put({ ...snapshot, ...own });
}

function open(control: Control, id: string): TransferRecord {
  const transfer = control.transfer(id);
  if (transfer.accepted) throw new Refusal('transfer-not-found', { id });
  return transfer;
}

function snapshotsOf(control: Control, volumeId: string): SnapshotRecord[] {
  return control.snapshots.by('volumeId', volumeId);
}

function view(record: TransferRecord): Transfer {
  const { salt, keyDigest, takenBy: job, handed, ...transfer } = record;
  return transfer;
}
