// What a project's control plane is made of, and what can be asked of it. The HTTP services are faces over these types:
// they translate names and shapes, and decide nothing. Plain data only (it crosses RPC); fields are added, never changed.
// Times are milliseconds of the project's clock (which a simulation may advance), sizes carry their unit in the name.

import type { MeterCounts } from '../../engine/cost.ts';
import type { Face, Outcome } from '../faults.ts';
import type { DiskOwner, ZoneHealth } from '../protocol.ts';

/** Who calls: taken from a verified token. Every control call carries it, and is refused when the token was revoked. */
export interface Caller {
  readonly projectId: string;
  readonly projectName: string;
  readonly domainId: string;
  readonly userId: string;
  readonly userName: string;
  readonly roles: readonly string[];
  /** `jti` of the token. */
  readonly tokenId: string;
}

// --- volumes

export type VolumeStatus =
  | 'creating'
  | 'available'
  | 'reserved'
  | 'attaching'
  | 'in-use'
  | 'detaching'
  | 'extending'
  | 'retyping'
  | 'deleting'
  | 'backing-up'
  | 'restoring-backup'
  | 'rollbacking'
  | 'reverting'
  | 'downloading'
  | 'awaiting-transfer'
  | 'error'
  | 'error_extending'
  | 'error_deleting'
  | 'error_restoring'
  | 'error_rollbacking';

export type VolumeTypeName = 'SATA' | 'SAS' | 'SSD' | 'GPSSD' | 'ESSD';

export interface Attachment {
  readonly id: string;
  readonly volumeId: string;
  /** Null for a host attachment of the Cinder form. */
  readonly serverId: string | null;
  readonly hostName: string | null;
  /** `/dev/vdb`. */
  readonly device: string;
  readonly mode: 'rw' | 'ro';
  readonly attachedMs: number;
}

export interface Volume {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly status: VolumeStatus;
  readonly sizeGib: number;
  readonly zone: string;
  readonly type: VolumeTypeName;
  readonly bootable: boolean;
  readonly readonly: boolean;
  readonly multiattach: boolean;
  /** The system disk of a registered server. */
  readonly system: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly attachments: readonly Attachment[];
  readonly snapshotId: string | null;
  readonly backupId: string | null;
  readonly projectId: string;
  readonly userId: string;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** Why it is in an error status. */
  readonly failReason: string | null;
}

export interface CreateVolumes {
  /** Cinder names no job and defaults zone and type; native requires both. */
  readonly face: Face;
  /** Optional from a backup or snapshot in the Cinder form and from a backup in the native one. */
  readonly sizeGib?: number | undefined;
  readonly zone?: string | undefined;
  /** Name or id of a type. */
  readonly type?: string | undefined;
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** 1 to 100; names get -0001, -0002, … when more than one. */
  readonly count?: number | undefined;
  readonly multiattach?: boolean | undefined;
  readonly snapshotId?: string | undefined;
  readonly backupId?: string | undefined;
}

/** `jobId` is null in the Cinder form: those clients poll the status. */
export interface CreatedVolumes {
  readonly volumes: readonly Volume[];
  readonly jobId: string | null;
}

export type SortDir = 'asc' | 'desc';

/** Paging and order, the same for all lists. Values are checked by the project, so pass numbers as parsed (NaN too). */
export interface ListQuery {
  /** 0 to 1000; default 1000. 0 answers an empty page. */
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
  /** Id after which the page starts. */
  readonly marker?: string | undefined;
  /** Default created_at desc. Keys are Cinder's: id, name, display_name, status, size, created_at, updated_at, availability_zone, bootable. */
  readonly sort?: readonly { readonly key: string; readonly dir?: string | undefined }[] | undefined;
}

/** A page of a list; `total` ignores paging; `more`: a next page exists (its marker is the last item's id). */
export interface Page<T> {
  readonly items: readonly T[];
  readonly total: number;
  readonly more: boolean;
}

export interface VolumeQuery extends ListQuery {
  /** Unknown ids are ignored. */
  readonly ids?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly status?: string | undefined;
  readonly zone?: string | undefined;
  readonly type?: string | undefined;
  readonly bootable?: boolean | undefined;
  readonly multiattach?: boolean | undefined;
  readonly sizeGib?: number | undefined;
  readonly serverId?: string | undefined;
  /** All of these keys with these values. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Absent fields stay; `metadata` replaces. */
export interface UpdateDetails {
  readonly name?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** `remove` names keys; a missing one is the fault metadata-not-found. */
export interface MetadataChange {
  readonly set?: Readonly<Record<string, string>> | undefined;
  readonly mode?: 'merge' | 'replace' | undefined;
  readonly remove?: readonly string[] | undefined;
}

export interface DeleteVolume {
  /** Native deletes snapshots too. Cinder refuses when there are any, unless `cascade`. */
  readonly face: Face;
  readonly cascade?: boolean | undefined;
  /** Admin: whatever the status. */
  readonly force?: boolean | undefined;
}

export interface AttachVolume {
  readonly serverId?: string | null | undefined;
  readonly hostName?: string | null | undefined;
  readonly device?: string | undefined;
  readonly mode?: 'rw' | 'ro' | undefined;
}

// --- snapshots

export type SnapshotStatus =
  | 'creating'
  | 'available'
  | 'error'
  | 'deleting'
  | 'error_deleting'
  | 'rollbacking'
  | 'restoring'
  | 'backing-up';

export interface Snapshot {
  readonly id: string;
  readonly volumeId: string;
  readonly name: string;
  readonly description: string | null;
  readonly status: SnapshotStatus;
  /** Size of the disk when it was made. */
  readonly sizeGib: number;
  /** Of its disk: a snapshot never leaves it. */
  readonly zone: string;
  readonly progressPercent: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly projectId: string;
  readonly userId: string;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly failReason: string | null;
}

export interface CreateSnapshot {
  readonly face: Face;
  readonly volumeId: string;
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
  /** Allows a volume that is attaching. */
  readonly force?: boolean | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export interface SnapshotQuery extends ListQuery {
  readonly ids?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly status?: string | undefined;
  readonly volumeId?: string | undefined;
  readonly zone?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

// --- backups: one record behind the Cinder, VBS and CBR faces

/** CBR shows creating as protecting. A backup in an unfinished state is never readable. */
export type BackupStatus =
  | 'creating'
  | 'available'
  | 'restoring'
  | 'deleting'
  | 'error'
  | 'error_restoring'
  | 'error_deleting';

export interface Backup {
  readonly id: string;
  readonly vaultId: string;
  readonly checkpointId: string | null;
  readonly name: string;
  readonly description: string | null;
  readonly status: BackupStatus;
  /** The disk it is of; it may be gone by now. */
  readonly volumeId: string;
  readonly volumeName: string;
  readonly volumeZone: string;
  readonly volumeBootable: boolean;
  readonly volumeSystem: boolean;
  readonly sizeGib: number;
  /** Where the bytes are: never the disk's zone. */
  readonly zone: string;
  readonly snapshotId: string | null;
  readonly automatic: boolean;
  readonly policyId: string | null;
  readonly incremental: boolean;
  readonly objectCount: number;
  readonly logicalBytes: number;
  /** What it added to the vault. */
  readonly storedBytes: number;
  readonly progressPercent: number;
  readonly container: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly projectId: string;
  readonly userId: string;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** The moment whose content it holds. */
  readonly dataMs: number;
  readonly failReason: string | null;
}

export interface CreateBackup {
  readonly face: Face;
  readonly volumeId: string;
  readonly snapshotId?: string | undefined;
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
  readonly container?: string | null | undefined;
  /** No parent; every object is verified again. Default false. */
  readonly full?: boolean | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Default: the vault that holds the disk, else the project's `default`, made when needed. */
  readonly vaultId?: string | undefined;
}

export interface CreatedBackup {
  readonly backup: Backup;
  /** Null in the Cinder form. */
  readonly jobId: string | null;
}

export interface BackupQuery extends ListQuery {
  readonly ids?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly status?: readonly string[] | undefined;
  readonly volumeId?: string | undefined;
  readonly volumeName?: string | undefined;
  readonly volumeZone?: string | undefined;
  readonly vaultId?: string | undefined;
  readonly checkpointId?: string | undefined;
  /** Of createdMs, inclusive. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

export interface RestoreBackup {
  readonly face: Face;
  /** Null or absent: a new disk `restore_backup_{id}` (or `name`) in the default zone, or in `zone`. */
  readonly volumeId?: string | null | undefined;
  readonly name?: string | null | undefined;
  readonly zone?: string | undefined;
}

export interface RestoreStarted {
  readonly backupId: string;
  readonly volumeId: string;
  readonly volumeName: string;
  /** Null in the Cinder and CBR forms. */
  readonly jobId: string | null;
}

// --- vaults and policies (CBR)

export type ProtectStatus = 'available' | 'protecting' | 'restoring' | 'removing' | 'error';

export interface VaultResource {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly sizeGib: number;
  readonly protectStatus: ProtectStatus;
  readonly backupBytes: number;
  readonly backupCount: number;
  readonly extraInfo: Readonly<Record<string, unknown>>;
}

export interface VaultView {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly status: 'available' | 'lock' | 'frozen' | 'deleting' | 'error';
  /** First cut: `disk` only. */
  readonly objectType: string;
  readonly protectType: string;
  readonly consistentLevel: string;
  readonly sizeGib: number;
  /** Sum of the associated resources' sizes. */
  readonly allocatedGib: number;
  readonly usedBytes: number;
  readonly autoBind: boolean;
  readonly autoExpand: boolean;
  readonly bindRules: readonly { readonly key: string; readonly value: string }[];
  readonly tags: readonly { readonly key: string; readonly value: string }[];
  readonly thresholdPercent: number;
  readonly smnNotify: boolean;
  readonly locked: boolean;
  readonly resources: readonly VaultResource[];
  readonly policyIds: readonly string[];
  readonly projectId: string;
  readonly userId: string;
  readonly createdMs: number;
  readonly updatedMs: number;
}

export interface ResourceRef {
  readonly id: string;
  readonly type: string;
  readonly name?: string | undefined;
  readonly extraInfo?: Readonly<Record<string, unknown>> | undefined;
}

export interface VaultSettings {
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
  readonly sizeGib?: number | undefined;
  readonly autoBind?: boolean | undefined;
  readonly autoExpand?: boolean | undefined;
  readonly bindRules?: readonly { readonly key: string; readonly value: string }[] | undefined;
  readonly thresholdPercent?: number | undefined;
  readonly smnNotify?: boolean | undefined;
  readonly locked?: boolean | undefined;
}

export interface CreateVault extends VaultSettings {
  readonly name: string;
  readonly sizeGib: number;
  readonly objectType: string;
  readonly protectType: string;
  readonly consistentLevel: string;
  readonly resources: readonly ResourceRef[];
  readonly policyId?: string | undefined;
  readonly tags?: readonly { readonly key: string; readonly value: string }[] | undefined;
}

export interface VaultQuery extends ListQuery {
  readonly ids?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly status?: string | undefined;
  readonly objectType?: string | undefined;
  readonly protectType?: string | undefined;
  readonly policyId?: string | undefined;
  readonly resourceIds?: readonly string[] | undefined;
}

/** What a policy keeps. Absent means -1: no such rule. */
export interface Retention {
  readonly maxBackups?: number | undefined;
  readonly durationDays?: number | undefined;
}

export interface Policy {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly operationType: 'backup' | 'replication';
  readonly retention: Retention;
  /** operation_definition as it was given: fields that are not yet acted upon are kept for the answer. */
  readonly definition: Readonly<Record<string, unknown>>;
  /** RRULEs, UTC. */
  readonly patterns: readonly string[];
  readonly startMs: number;
  readonly triggerId: string;
  readonly vaultIds: readonly string[];
  /** Next due time; null when disabled or without a vault. Not part of the vendor's API. */
  readonly nextMs: number | null;
  readonly createdMs: number;
  readonly updatedMs: number;
}

export interface PolicyInput {
  readonly name?: string | undefined;
  readonly enabled?: boolean | undefined;
  /** On creation only. */
  readonly operationType?: string | undefined;
  /** operation_definition: max_backups, retention_duration_days, … with the vendor's names. */
  readonly definition?: Readonly<Record<string, unknown>> | undefined;
  readonly patterns?: readonly string[] | undefined;
}

export interface CheckpointResource {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly sizeGib: number;
  readonly backupId: string | null;
}

/** One run of a vault: a backup for each of its resources that could be backed up. */
export interface Checkpoint {
  readonly id: string;
  readonly vaultId: string;
  readonly vaultName: string;
  readonly name: string;
  readonly description: string | null;
  readonly status: 'protecting' | 'available' | 'error' | 'deleting' | 'deleted';
  readonly automatic: boolean;
  readonly resources: readonly CheckpointResource[];
  readonly skipped: readonly {
    readonly id: string;
    readonly type: string;
    readonly name: string;
    readonly code: string;
    readonly reason: string;
  }[];
  readonly projectId: string;
  readonly createdMs: number;
}

export interface CreateCheckpoint {
  readonly vaultId: string;
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
  readonly incremental?: boolean | undefined;
  /** Subset of the vault's resources; default all. */
  readonly resourceIds?: readonly string[] | undefined;
  readonly automatic?: boolean | undefined;
  readonly policyId?: string | undefined;
}

/** A line of CBR's operation log. */
export interface Task {
  readonly id: string;
  readonly kind: 'backup' | 'restore' | 'delete' | 'vault_delete' | 'remove_resource';
  readonly status: 'waiting' | 'running' | 'success' | 'failed' | 'skipped' | 'timeout';
  readonly vaultId: string | null;
  readonly vaultName: string | null;
  readonly policyId: string | null;
  readonly checkpointId: string | null;
  readonly resourceId: string | null;
  readonly resourceName: string | null;
  readonly backupId: string | null;
  readonly backupName: string | null;
  readonly incremental: boolean;
  /** Restore only. */
  readonly targetId: string | null;
  readonly targetName: string | null;
  readonly progressPercent: number;
  readonly createdMs: number;
  readonly startedMs: number | null;
  readonly endedMs: number | null;
  readonly updatedMs: number;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

export interface TaskQuery extends ListQuery {
  readonly kind?: string | undefined;
  readonly status?: string | undefined;
  readonly vaultId?: string | undefined;
  readonly vaultName?: string | undefined;
  readonly resourceId?: string | undefined;
  readonly resourceName?: string | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

// --- jobs, servers, places, numbers

/** A native job as `GET /v1/{p}/jobs/{id}` shows it; 32 hex digits. */
export interface ApiJob {
  readonly id: string;
  readonly type:
    | 'createVolume'
    | 'batchCreateVolume'
    | 'deleteVolume'
    | 'extendVolume'
    | 'retypeVolume'
    | 'bksCreateBackup'
    | 'bksDeleteBackup'
    | 'bksRestoreBackup'
    | 'reinstallServerOs'
    | 'attachVolume'
    | 'detachVolume';
  readonly status: 'INIT' | 'RUNNING' | 'SUCCESS' | 'FAIL';
  readonly beginMs: number;
  readonly endMs: number | null;
  readonly errorCode: string | null;
  readonly failReason: string | null;
  readonly entities: {
    readonly volumeId?: string;
    readonly name?: string;
    readonly sizeGib?: number;
    readonly volumeType?: string;
    readonly backupId?: string;
    readonly snapshotId?: string;
    readonly serverId?: string;
  };
  readonly subJobs: readonly ApiJob[];
}

export interface Server {
  readonly id: string;
  readonly name: string;
  /** SHUTOFF is stopped. */
  readonly status: 'ACTIVE' | 'SHUTOFF' | 'REBUILD' | 'ERROR';
  readonly zone: string;
  readonly systemVolumeId: string | null;
  readonly attachments: readonly Attachment[];
  readonly projectId: string;
  readonly userId: string;
  readonly createdMs: number;
  readonly updatedMs: number;
}

export interface CreateServer {
  readonly name: string;
  /** An available volume; its zone becomes the server's. */
  readonly systemVolumeId: string;
  readonly dataVolumeIds?: readonly string[] | undefined;
}

export interface AvailabilityZone {
  readonly name: string;
  readonly available: boolean;
  /** The zone that is used when none is named. */
  readonly isDefault: boolean;
  readonly health: ZoneHealth;
}

export interface VolumeType {
  readonly id: string;
  readonly name: VolumeTypeName;
  readonly description: string;
  readonly isDefault: boolean;
  readonly zones: readonly string[];
}

export interface QuotaLine {
  /** -1: unlimited. */
  readonly limit: number;
  readonly inUse: number;
  readonly reserved: number;
}

export interface Quotas {
  readonly volumes: QuotaLine;
  readonly snapshots: QuotaLine;
  /** Volumes and snapshots. */
  readonly gigabytes: QuotaLine;
  readonly backups: QuotaLine;
  readonly backupGigabytes: QuotaLine;
  readonly perVolumeGigabytes: QuotaLine;
  readonly byType: Readonly<
    Record<
      VolumeTypeName,
      { readonly volumes: QuotaLine; readonly gigabytes: QuotaLine; readonly snapshots: QuotaLine }
    >
  >;
}

// --- the data path

export type DataTarget = { readonly kind: 'volume' | 'snapshot' | 'backup'; readonly id: string };

/** Leave to read or write bytes, good until `expiresMs` of real time (30 s). */
export type DataGrant = {
  readonly expiresMs: number;
  readonly sizeBytes: number;
  readonly right: 'read' | 'write';
} & (
  | {
      /** Ask `env.DISK`, object `diskId`, with `owner` in the headers. */
      readonly kind: 'disk';
      readonly diskId: string;
      readonly owner: DiskOwner;
      readonly locationHint: string | null;
      /** Null: the head. */
      readonly snapshotId: string | null;
    }
  | {
      /** Ask `env.VAULT`, object `vaultId`. */
      readonly kind: 'vault';
      readonly vaultId: string;
      readonly backupId: string;
      readonly projectId: string;
    }
);

/** What a project made the platform do, by operation. */
export interface ProjectMetrics {
  readonly volumes: number;
  readonly volumeGib: number;
  readonly snapshots: number;
  readonly backups: number;
  readonly backupStoredBytes: number;
  readonly jobsRunning: number;
  readonly operations: readonly {
    readonly kind: string;
    readonly done: number;
    readonly failed: number;
    readonly durationMs: number;
    readonly cost: MeterCounts;
  }[];
}

export interface ClockState {
  readonly nowMs: number;
  readonly offsetMs: number;
}

/** `ran`: policy points that came due, in order; `unsettled`: backups still running when the wait ended. */
export interface ClockAdvance extends ClockState {
  readonly ran: readonly {
    readonly policyId: string;
    readonly dueMs: number;
    readonly checkpointIds: readonly string[];
  }[];
  readonly unsettled: number;
  /** False when the wait ended first: the clock then stands at the last point that was run. */
  readonly reachedTarget: boolean;
}

/**
 * RPC of the Project class; the object's name is the project's id. Every method but `revoke` and `metrics` refuses a
 * caller of another project (with 'forbidden') and a revoked token (with 'token-revoked').
 */
export interface ProjectRpc {
  // volumes
  createVolumes(caller: Caller, input: CreateVolumes): Promise<Outcome<CreatedVolumes>>;
  listVolumes(caller: Caller, query: VolumeQuery): Promise<Outcome<Page<Volume>>>;
  getVolume(caller: Caller, id: string): Promise<Outcome<Volume>>;
  updateVolume(caller: Caller, id: string, input: UpdateDetails): Promise<Outcome<Volume>>;
  changeVolumeMetadata(caller: Caller, id: string, change: MetadataChange): Promise<Outcome<Volume>>;
  changeVolumeTags(caller: Caller, id: string, change: MetadataChange): Promise<Outcome<Volume>>;
  deleteVolume(caller: Caller, id: string, input: DeleteVolume): Promise<Outcome<{ jobId: string }>>;
  extendVolume(caller: Caller, id: string, input: { sizeGib: number }): Promise<Outcome<{ jobId: string }>>;
  retypeVolume(caller: Caller, id: string, input: { type: string }): Promise<Outcome<{ jobId: string }>>;
  setVolumeFlags(
    caller: Caller,
    id: string,
    flags: { bootable?: boolean; readonly?: boolean },
  ): Promise<Outcome<Volume>>;
  reserveVolume(caller: Caller, id: string): Promise<Outcome<Volume>>;
  unreserveVolume(caller: Caller, id: string): Promise<Outcome<Volume>>;
  beginDetachingVolume(caller: Caller, id: string): Promise<Outcome<Volume>>;
  rollDetachingVolume(caller: Caller, id: string): Promise<Outcome<Volume>>;
  /** Bookkeeping of the Cinder form. */
  attachVolume(caller: Caller, id: string, input: AttachVolume): Promise<Outcome<Attachment>>;
  detachVolume(caller: Caller, id: string, input: { attachmentId?: string | null }): Promise<Outcome<Volume>>;
  /** Admin. */
  resetVolumeStatus(caller: Caller, id: string, status: string): Promise<Outcome<Volume>>;

  // snapshots
  createSnapshot(caller: Caller, input: CreateSnapshot): Promise<Outcome<Snapshot>>;
  listSnapshots(caller: Caller, query: SnapshotQuery): Promise<Outcome<Page<Snapshot>>>;
  getSnapshot(caller: Caller, id: string): Promise<Outcome<Snapshot>>;
  updateSnapshot(caller: Caller, id: string, input: UpdateDetails): Promise<Outcome<Snapshot>>;
  changeSnapshotMetadata(caller: Caller, id: string, change: MetadataChange): Promise<Outcome<Snapshot>>;
  deleteSnapshot(caller: Caller, id: string): Promise<Outcome<null>>;
  /** Vendor: any snapshot of the disk, only to its own disk. */
  rollbackSnapshot(caller: Caller, id: string, input: { volumeId: string }): Promise<Outcome<{ volumeId: string }>>;
  /** Cinder: the newest snapshot only, and not after an extension. */
  revertVolume(caller: Caller, volumeId: string, input: { snapshotId: string }): Promise<Outcome<null>>;

  // backups
  createBackup(caller: Caller, input: CreateBackup): Promise<Outcome<CreatedBackup>>;
  listBackups(caller: Caller, query: BackupQuery): Promise<Outcome<Page<Backup>>>;
  getBackup(caller: Caller, id: string): Promise<Outcome<Backup>>;
  updateBackup(caller: Caller, id: string, input: UpdateDetails): Promise<Outcome<Backup>>;
  deleteBackup(caller: Caller, id: string): Promise<Outcome<{ jobId: string }>>;
  restoreBackup(caller: Caller, id: string, input: RestoreBackup): Promise<Outcome<RestoreStarted>>;

  // vaults, policies, checkpoints, operation log
  createVault(caller: Caller, input: CreateVault): Promise<Outcome<VaultView>>;
  listVaults(caller: Caller, query: VaultQuery): Promise<Outcome<Page<VaultView>>>;
  getVault(caller: Caller, id: string): Promise<Outcome<VaultView>>;
  updateVault(caller: Caller, id: string, input: VaultSettings): Promise<Outcome<VaultView>>;
  /** With all its backups. */
  deleteVault(caller: Caller, id: string): Promise<Outcome<null>>;
  addVaultResources(caller: Caller, id: string, resources: readonly ResourceRef[]): Promise<Outcome<readonly string[]>>;
  /** Deletes the backups of these resources in this vault. */
  removeVaultResources(caller: Caller, id: string, resourceIds: readonly string[]): Promise<Outcome<readonly string[]>>;
  /** Repeatable. */
  associatePolicy(caller: Caller, vaultId: string, policyId: string): Promise<Outcome<null>>;
  dissociatePolicy(caller: Caller, vaultId: string, policyId: string): Promise<Outcome<null>>;
  createPolicy(caller: Caller, input: PolicyInput): Promise<Outcome<Policy>>;
  listPolicies(
    caller: Caller,
    query: { operationType?: string; vaultId?: string },
  ): Promise<Outcome<readonly Policy[]>>;
  getPolicy(caller: Caller, id: string): Promise<Outcome<Policy>>;
  updatePolicy(caller: Caller, id: string, input: PolicyInput): Promise<Outcome<Policy>>;
  deletePolicy(caller: Caller, id: string): Promise<Outcome<null>>;
  createCheckpoint(caller: Caller, input: CreateCheckpoint): Promise<Outcome<Checkpoint>>;
  getCheckpoint(caller: Caller, id: string): Promise<Outcome<Checkpoint>>;
  listTasks(caller: Caller, query: TaskQuery): Promise<Outcome<Page<Task>>>;
  getTask(caller: Caller, id: string): Promise<Outcome<Task>>;

  // jobs
  getJob(caller: Caller, id: string): Promise<Outcome<ApiJob>>;

  // servers
  createServer(caller: Caller, input: CreateServer): Promise<Outcome<Server>>;
  listServers(caller: Caller, query: ListQuery & { name?: string; status?: string }): Promise<Outcome<Page<Server>>>;
  getServer(caller: Caller, id: string): Promise<Outcome<Server>>;
  /** Volumes stay; they are detached. */
  deleteServer(caller: Caller, id: string): Promise<Outcome<null>>;
  startServer(caller: Caller, id: string): Promise<Outcome<Server>>;
  stopServer(caller: Caller, id: string): Promise<Outcome<Server>>;
  attachToServer(
    caller: Caller,
    serverId: string,
    input: { volumeId: string; device?: string },
  ): Promise<Outcome<{ attachment: Attachment; jobId: string }>>;
  detachFromServer(caller: Caller, serverId: string, volumeId: string): Promise<Outcome<{ jobId: string }>>;
  /** The server must be stopped; the system disk becomes zeros and loses its snapshots, data disks keep theirs. */
  reinstallOs(caller: Caller, serverId: string): Promise<Outcome<{ jobId: string }>>;

  // places and numbers
  listZones(caller: Caller): Promise<Outcome<readonly AvailabilityZone[]>>;
  listVolumeTypes(caller: Caller): Promise<Outcome<readonly VolumeType[]>>;
  quotas(caller: Caller): Promise<Outcome<Quotas>>;

  // the data path
  grant(caller: Caller, target: DataTarget, right: 'read' | 'write'): Promise<Outcome<DataGrant>>;

  // the clock; advancing is refused unless the deployment is a simulation
  clock(caller: Caller): Promise<Outcome<ClockState>>;
  /** Runs everything that comes due on the way, in order, and waits (bounded) for the backups that it started. */
  advanceClock(caller: Caller, ms: number): Promise<Outcome<ClockAdvance>>;

  /** Is this token still good here? For calls that need nothing else of the project. */
  checkToken(caller: Caller): Promise<Outcome<null>>;
  /** From Identity: these token ids are refused from now on; an entry may go after `expiresMs`. */
  revoke(tokens: readonly { readonly id: string; readonly expiresMs: number }[]): Promise<void>;
  /** Is it worth asking? Null when the project never stored anything. */
  metrics(): Promise<ProjectMetrics | null>;
}
