// What is stored: the contract's types plus what only the control plane needs to know.

import type { MeterCounts } from '../../engine/cost.ts';
import type { DiskJob, DiskOwner, Progress, VaultJob } from '../protocol.ts';
import type {
  ApiJob,
  Backup,
  BackupPlace,
  Checkpoint,
  HandOver,
  OperationKind,
  Policy,
  Server,
  ShareNews,
  Sharing,
  Snapshot,
  SnapshotStatus,
  Task,
  Transfer,
  TransferOffer,
  VaultView,
  VbsPolicy,
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
  /** Another project shares it, and this one has accepted: its vault has the bytes, and this record none. */
  readonly sharedFrom?: BackupPlace;
  /** The backup in another vault that it is a copy of. */
  readonly copyOf?: string;
  /** It takes the place of what it is a copy of as soon as it is complete: a disk changes its vault. */
  readonly replaces?: boolean;
  /** What making it made the platform do. */
  readonly cost?: MeterCounts;
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

/** A sharing as either of its two projects keeps it. */
export interface ShareRecord extends Omit<Sharing, 'backup'> {
  /** Of the receiving project: the backup as it was offered, and where its bytes are. */
  readonly offered: { readonly backup: Backup; readonly place: BackupPlace } | null;
  /** The job that told the other project last. */
  readonly toldJobId: string | null;
}

/** In the catalog: where a transfer was offered. */
export interface OfferRecord {
  readonly id: string;
  readonly projectId: string;
}

export interface VaultRecord extends Omit<VaultView, 'allocatedGib' | 'usedBytes' | 'resources' | 'policyIds'>, Held {
  /** The project's own vault, for backups that name none. */
  readonly isDefault: boolean;
  /** Counts the changes of its settings (vault-documents.ts); absent: none was kept yet. */
  readonly settingsRevision?: number;
  readonly resources: readonly {
    readonly id: string;
    readonly type: string;
    readonly name: string;
    readonly extraInfo: Readonly<Record<string, unknown>>;
    /** Policies pass it by. */
    readonly suspended?: boolean;
  }[];
  readonly policyIds: readonly string[];
  /** The job that creates the Vault object; what follows waits for it. Null once it is done. */
  readonly createJobId: string | null;
}

export interface PolicyRecord extends Omit<Policy, 'vaultIds' | 'nextMs'> {
  /** By whose clock the patterns go; absent is UTC. */
  readonly patternZone?: string;
  /** What only a policy of VBS has. */
  readonly vbs?: Pick<VbsPolicy, 'startTime' | 'frequencyDays' | 'weekDays' | 'timeZone' | 'tags' | 'volumeIds'>;
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
  /** What a project tells another about a backup that is shared. */
  | 'tellShare'
  | 'deleteVault'
  /** A second look, long after a vault was deleted: a pack that was on its way then may have landed. */
  | 'sweepVault'
  /** A vault's settings are put beside its backups. */
  | 'keepSettings'
  /** Long work of our own (operations.ts). */
  | OperationKind
  /** Nothing to do elsewhere: bookkeeping that the native form shows as a job, or the sum of several jobs. */
  | 'none';

export type JobTarget =
  | { readonly kind: 'disk'; readonly id: string; readonly owner: DiskOwner; readonly job: DiskJob }
  | { readonly kind: 'vault'; readonly id: string; readonly job: VaultJob }
  /** Another project, which owns what this job needs. */
  | { readonly kind: 'project'; readonly id: string; readonly job: HandOver }
  | { readonly kind: 'peer'; readonly id: string; readonly news: ShareNews }
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
  /** The vault that backups are copied to. */
  readonly toVaultId?: string;
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
  /** Of an operation that has ended: what it told, what it cost, how far it came. */
  readonly report?: unknown;
  readonly cost?: MeterCounts | null;
  readonly progress?: Progress;
}
