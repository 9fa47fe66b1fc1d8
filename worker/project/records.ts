// What is stored: the contract's types plus what only the control plane needs to know.

import type { DiskJob, DiskOwner, VaultJob } from '../protocol.ts';
import type {
  ApiJob,
  Backup,
  Checkpoint,
  HandOver,
  Policy,
  Server,
  Snapshot,
  SnapshotStatus,
  Task,
  Transfer,
  TransferOffer,
  VaultView,
  Volume,
  VolumeStatus,
  VolumeType,
} from './contract.ts';

/** An object with at most one operation on it; `jobId` names that operation, or is null. */
export interface Held {
  readonly jobId: string | null;
}

export interface VolumeRecord extends Volume, Held {
  /** Status to return to when the operation ends well (extend, backup, reinstall). */
  readonly priorStatus: VolumeStatus | null;
  /** It is or was a server's system disk: that limits its size for good. */
  readonly wasSystem: boolean;
}

export interface SnapshotRecord extends Snapshot, Held {
  readonly priorStatus: SnapshotStatus | null;
}

export interface BackupRecord extends Backup, Held {
  /** Under which id its vault keeps it, when that is not its own: it was imported under a new one. */
  readonly storedAs?: string;
}

/** A transfer that was offered here. The key itself is not kept. */
export interface TransferRecord extends Transfer {
  readonly salt: string;
  /** Hex of HMAC-SHA-256 of the key. */
  readonly keyDigest: string;
  /** The job of the accepting project that takes the volume; nobody else may from then on. */
  readonly takenBy: string | null;
  /** What went over, until the accepting project has it. */
  readonly handed: Pick<TransferOffer, 'volume' | 'snapshots'> | null;
}

/** In the catalog: where a transfer was offered. */
export interface OfferRecord {
  readonly id: string;
  readonly projectId: string;
}

export interface VaultRecord extends Omit<VaultView, 'allocatedGib' | 'usedBytes' | 'resources' | 'policyIds'>, Held {
  /** The project's own vault, for backups that name none. */
  readonly isDefault: boolean;
  readonly resources: readonly {
    readonly id: string;
    readonly type: string;
    readonly name: string;
    readonly extraInfo: Readonly<Record<string, unknown>>;
  }[];
  readonly policyIds: readonly string[];
  /** The job that creates the Vault object; what follows waits for it. Null once it is done. */
  readonly createJobId: string | null;
}

export interface PolicyRecord extends Omit<Policy, 'vaultIds' | 'nextMs'> {
  /** Points up to here have been dealt with. */
  readonly doneMs: number;
  /** Its backups are made on behalf of this user. */
  readonly userId: string;
}

export type CheckpointRecord = Checkpoint;

export interface TaskRecord extends Task {
  /** Stored where the outcome of a job is to be written down. */
  readonly jobId: string | null;
}

/** A volume type in the catalog. */
export interface TypeRecord extends VolumeType {
  /** Real time until which it is out of the catalog. */
  readonly withdrawnUntilMs?: number;
}

export interface ServerRecord extends Omit<Server, 'attachments'>, Held {}

/** Which operation a job carries out; `actions.ts` says what its end means. */
export type JobAction =
  | 'createVolume'
  | 'deleteVolume'
  | 'extendVolume'
  | 'createSnapshot'
  | 'deleteSnapshot'
  | 'rollback'
  | 'createBackup'
  | 'deleteBackup'
  | 'restore'
  | 'reinstallOs'
  | 'createVault'
  /** The moment of a disk that a clone begins with: a snapshot that only the Disk knows. */
  | 'markClone'
  | 'unmarkClone'
  | 'acceptTransfer'
  | 'deleteVault'
  /** Nothing to do elsewhere: bookkeeping that the native form shows as a job, or the sum of several jobs. */
  | 'none';

export type JobTarget =
  | { readonly kind: 'disk'; readonly id: string; readonly owner: DiskOwner; readonly job: DiskJob }
  | { readonly kind: 'vault'; readonly id: string; readonly job: VaultJob }
  /** Another project, which owns what this job needs. */
  | { readonly kind: 'project'; readonly id: string; readonly job: HandOver }
  | { readonly kind: 'none' };

/** What a job is about; each may be gone when it ends. */
export interface JobSubjects {
  readonly volumeId?: string;
  readonly snapshotId?: string;
  readonly backupId?: string;
  readonly vaultId?: string;
  readonly serverId?: string;
  /** The disk that a clone is made of. */
  readonly sourceVolumeId?: string;
}

export interface JobRecord extends JobSubjects {
  readonly id: string;
  readonly action: JobAction;
  readonly apiType: ApiJob['type'] | null;
  readonly target: JobTarget;
  /** `settled`: the outcome was applied here, and the target is still to be told that it may forget. */
  readonly state: 'running' | 'settled' | 'over';
  readonly succeeded: boolean | null;
  /** The target has said that it runs the job: from then on it is waited for. */
  readonly accepted: boolean;
  /** Failed tries since the last answer that was one. */
  readonly attempt: number;
  /** Runs only after this job has succeeded. */
  readonly afterJobId: string | null;
  readonly parentId: string | null;
  readonly entities: ApiJob['entities'];
  /** Project time. */
  readonly beginMs: number;
  readonly endMs: number | null;
  /** Real time, for durations and for clearing away. */
  readonly startedRealMs: number;
  readonly endedRealMs: number | null;
  readonly errorCode: string | null;
  readonly failReason: string | null;
  /** What the last try stumbled over; for people who look into the store. */
  readonly lastError: string | null;
}
