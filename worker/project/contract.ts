// What a project's control plane is made of, and what can be asked of it. The HTTP services are faces over these types:
// they translate names and shapes, and decide nothing. Plain data only (it crosses RPC); fields are added, never changed.
// Times are milliseconds of the project's clock (which a simulation may advance), sizes carry their unit in the name.

import type { Face, Outcome } from '../faults.ts';
import type { JobReport } from '../protocol.ts';
import type {
  Backup,
  BackupExport,
  BackupQuery,
  CreateBackup,
  CreatedBackup,
  RestoreBackup,
  RestoreStarted,
} from './contract/backups.ts';
import type { CatalogRpc, VolumeType } from './contract/catalog.ts';
import type { Caller, ListQuery, MetadataChange, Page, UpdateDetails } from './contract/common.ts';
import type { CostRpc } from './contract/cost.ts';
import type { ClockAdvance, ClockState, Connected, DataGrant, DataTarget, ProjectMetrics } from './contract/data.ts';
import type { Message, MessageQuery } from './contract/messages.ts';
import type {
  CheckVault,
  CopyVault,
  Operation,
  OperationQuery,
  OperationRequest,
  PruneVault,
} from './contract/operations.ts';
import type { ApiJob, AvailabilityZone, CreateServer, Quotas, Server } from './contract/places.ts';
import type { PolicyRpc, Tag } from './contract/policies.ts';
import type { SharingRpc } from './contract/sharing.ts';
import type { CreateSnapshot, Snapshot, SnapshotQuery } from './contract/snapshots.ts';
import type {
  CreatedTransfer,
  CreateTransfer,
  HandOver,
  Transfer,
  TransferOffer,
  TransferQuery,
} from './contract/transfers.ts';
import type {
  Checkpoint,
  CreateCheckpoint,
  CreateVault,
  ProtectableDisk,
  ProtectableQuery,
  ResourceRef,
  TagChoice,
  Task,
  TaskQuery,
  VaultQuery,
  VaultSettings,
  VaultSummary,
  VaultTagChange,
  VaultTagQuery,
  VaultView,
} from './contract/vaults.ts';
import type {
  Attachment,
  AttachmentQuery,
  AttachVolume,
  Connector,
  CreateAttachment,
  CreatedVolumes,
  CreateVolumes,
  DeleteVolume,
  Volume,
  VolumeFlags,
  VolumeQuery,
  VolumeSummary,
} from './contract/volumes.ts';

export type * from './contract/backups.ts';
export type * from './contract/catalog.ts';
export type * from './contract/common.ts';
export type * from './contract/cost.ts';
export type * from './contract/data.ts';
export type * from './contract/messages.ts';
export type * from './contract/operations.ts';
export type * from './contract/places.ts';
export type * from './contract/policies.ts';
export type * from './contract/sharing.ts';
export type * from './contract/snapshots.ts';
export type * from './contract/transfers.ts';
export type * from './contract/vaults.ts';
export type * from './contract/volumes.ts';

/**
 * RPC of the Project class; the object's name is the project's id. Every method that takes a caller refuses one of another
 * project (with 'forbidden') and a revoked token (with 'token-revoked'). An administrator acts in another project as its
 * caller, with `homeProjectId`; the token was checked at home before. What is marked Admin refuses everybody else.
 */
export interface ProjectRpc
  extends CatalogRpc,
    TransferRpc,
    BackupRpc,
    PolicyRpc,
    SharingRpc,
    ProtectionRpc,
    OperationRpc,
    CostRpc {
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
  setVolumeFlags(caller: Caller, id: string, flags: VolumeFlags): Promise<Outcome<Volume>>;
  changeImageMetadata(caller: Caller, id: string, change: MetadataChange): Promise<Outcome<Volume>>;
  summarizeVolumes(caller: Caller): Promise<Outcome<VolumeSummary>>;
  reserveVolume(caller: Caller, id: string): Promise<Outcome<Volume>>;
  unreserveVolume(caller: Caller, id: string): Promise<Outcome<Volume>>;
  beginDetachingVolume(caller: Caller, id: string): Promise<Outcome<Volume>>;
  rollDetachingVolume(caller: Caller, id: string): Promise<Outcome<Volume>>;
  /** Bookkeeping of the Cinder form. */
  attachVolume(caller: Caller, id: string, input: AttachVolume): Promise<Outcome<Attachment>>;
  detachVolume(
    caller: Caller,
    id: string,
    input: { attachmentId?: string | null; force?: boolean },
  ): Promise<Outcome<Volume>>;
  /** Cinder's attachments. */
  createAttachment(caller: Caller, input: CreateAttachment): Promise<Outcome<Attachment>>;
  listAttachments(
    caller: Caller,
    query: AttachmentQuery,
  ): Promise<Outcome<Page<Attachment & { readonly createdMs: number; readonly status: string }>>>;
  getAttachment(caller: Caller, id: string): Promise<Outcome<Attachment>>;
  updateAttachment(caller: Caller, id: string, connector: Connector): Promise<Outcome<Attachment>>;
  completeAttachment(caller: Caller, id: string): Promise<Outcome<null>>;
  deleteAttachment(caller: Caller, id: string): Promise<Outcome<readonly Attachment[]>>;
  /** Admin. */
  resetVolumeStatus(
    caller: Caller,
    id: string,
    input: { status?: string | undefined; attachStatus?: string | undefined },
  ): Promise<Outcome<Volume>>;

  // snapshots
  createSnapshot(caller: Caller, input: CreateSnapshot): Promise<Outcome<Snapshot>>;
  listSnapshots(caller: Caller, query: SnapshotQuery): Promise<Outcome<Page<Snapshot>>>;
  getSnapshot(caller: Caller, id: string): Promise<Outcome<Snapshot>>;
  updateSnapshot(caller: Caller, id: string, input: UpdateDetails): Promise<Outcome<Snapshot>>;
  changeSnapshotMetadata(caller: Caller, id: string, change: MetadataChange): Promise<Outcome<Snapshot>>;
  /** `force`: Admin. */
  deleteSnapshot(caller: Caller, id: string, input?: { force?: boolean }): Promise<Outcome<null>>;
  /** Admin. */
  resetSnapshotStatus(caller: Caller, id: string, status: string): Promise<Outcome<Snapshot>>;
  tellSnapshotStatus(
    caller: Caller,
    id: string,
    input: { status: string; progressPercent?: number | undefined },
  ): Promise<Outcome<Snapshot>>;
  /** Vendor: any snapshot of the disk, only to its own disk. */
  rollbackSnapshot(caller: Caller, id: string, input: { volumeId: string }): Promise<Outcome<{ volumeId: string }>>;
  /** Cinder: the newest snapshot only, and not after an extension. */
  revertVolume(caller: Caller, volumeId: string, input: { snapshotId: string }): Promise<Outcome<null>>;

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
  /** What the limits are when an administrator has set none for this project. */
  defaultQuotas(caller: Caller): Promise<Outcome<Readonly<Record<string, number>>>>;
  /** Admin. Null takes back all that was set; answers the limits that hold from now on. */
  setQuotas(
    caller: Caller,
    limits: Readonly<Record<string, number>> | null,
  ): Promise<Outcome<Readonly<Record<string, number>>>>;
  /** Admin: how many volumes have the type, seen with the catalog of now: one that lacks the type makes no more. */
  countOfType(caller: Caller, typeId: string): Promise<Outcome<number>>;
  /** Admin: the type has another name. */
  renameType(caller: Caller, typeId: string, from: string, to: string): Promise<Outcome<null>>;

  // what went wrong
  listMessages(caller: Caller, query: MessageQuery): Promise<Outcome<Page<Message>>>;
  getMessage(caller: Caller, id: string): Promise<Outcome<Message>>;
  deleteMessage(caller: Caller, id: string): Promise<Outcome<null>>;

  // the data path
  grant(caller: Caller, target: DataTarget, right: 'read' | 'write'): Promise<Outcome<DataGrant>>;
  /** From the Disk: somebody connects to a volume's bytes, so it is in use. Null: the attachment they had is gone. Repeatable. */
  connectVolume(
    caller: Caller,
    id: string,
    mode: 'rw' | 'ro',
    attachmentId: string | null,
  ): Promise<Outcome<Connected | null>>;
  /** From the Disk: nobody is connected any more. Repeatable; unknown volumes are no error. */
  disconnectVolume(id: string): Promise<void>;

  // the clock; advancing is refused unless the deployment is a simulation
  clock(caller: Caller): Promise<Outcome<ClockState>>;
  /** Runs everything that comes due on the way, in order, and waits (at most `waitMs`) for what it started. */
  advanceClock(caller: Caller, ms: number, waitMs?: number): Promise<Outcome<ClockAdvance>>;

  /** Is this token still good here? For calls that need nothing else of the project. */
  checkToken(caller: Caller): Promise<Outcome<null>>;
  /** From Identity: these token ids are refused from now on; an entry may go after `expiresMs`. */
  revoke(tokens: readonly { readonly id: string; readonly expiresMs: number }[]): Promise<void>;
  /** Null when the project never stored anything. */
  metrics(): Promise<ProjectMetrics | null>;
}

/** Volumes that go from project to project. What has no caller is asked by other Project objects. */
export interface TransferRpc {
  createTransfer(caller: Caller, input: CreateTransfer): Promise<Outcome<CreatedTransfer>>;
  listTransfers(caller: Caller, query: TransferQuery): Promise<Outcome<Page<Transfer>>>;
  getTransfer(caller: Caller, id: string): Promise<Outcome<Transfer>>;
  deleteTransfer(caller: Caller, id: string): Promise<Outcome<null>>;
  /** The accepting project's; the offer may be anybody's. */
  acceptTransfer(caller: Caller, id: string, authKey: string): Promise<Outcome<Transfer>>;
  /** What is offered, for who has the key. */
  offeredTransfer(id: string, authKey: string): Promise<Outcome<TransferOffer>>;
  /** Hands the volume over, as a job of the accepting project: see JobReport. */
  handOver(jobId: string, job: HandOver): Promise<JobReport>;
  /** The accepting project has written it down. */
  forgetHandOver(transferId: string): Promise<void>;
}

export interface BackupRpc {
  createBackup(caller: Caller, input: CreateBackup): Promise<Outcome<CreatedBackup>>;
  listBackups(caller: Caller, query: BackupQuery): Promise<Outcome<Page<Backup>>>;
  getBackup(caller: Caller, id: string): Promise<Outcome<Backup>>;
  updateBackup(caller: Caller, id: string, input: UpdateDetails): Promise<Outcome<Backup>>;
  /** `force`: Admin. The Cinder form refuses while others name it as their parent. */
  deleteBackup(
    caller: Caller,
    id: string,
    input?: { face?: Face; force?: boolean },
  ): Promise<Outcome<{ jobId: string }>>;
  /** Admin. */
  resetBackupStatus(caller: Caller, id: string, status: string): Promise<Outcome<Backup>>;
  /** Admin. */
  exportBackup(caller: Caller, id: string): Promise<Outcome<BackupExport>>;
  /** Admin. Refused unless the record's vault is in this project and has the bytes. */
  importBackup(caller: Caller, record: BackupExport): Promise<Outcome<Backup>>;
  restoreBackup(caller: Caller, id: string, input: RestoreBackup): Promise<Outcome<RestoreStarted>>;
}

/** Vaults, their runs (checkpoints) and the operation log. */
export interface ProtectionRpc {
  createVault(caller: Caller, input: CreateVault): Promise<Outcome<VaultView>>;
  listVaults(caller: Caller, query: VaultQuery): Promise<Outcome<Page<VaultView>>>;
  getVault(caller: Caller, id: string): Promise<Outcome<VaultView>>;
  updateVault(caller: Caller, id: string, input: VaultSettings): Promise<Outcome<VaultView>>;
  /** The same for all that are available: `smnNotify`, `thresholdPercent`. The ids. */
  updateVaults(caller: Caller, input: VaultSettings): Promise<Outcome<readonly string[]>>;
  summarizeVaults(caller: Caller): Promise<Outcome<VaultSummary>>;
  /** With all its backups. */
  deleteVault(caller: Caller, id: string): Promise<Outcome<null>>;
  addVaultResources(caller: Caller, id: string, resources: readonly ResourceRef[]): Promise<Outcome<readonly string[]>>;
  /** Deletes the backups of these resources in this vault. */
  removeVaultResources(caller: Caller, id: string, resourceIds: readonly string[]): Promise<Outcome<readonly string[]>>;
  /** Disks with their backups into another vault; the backups arrive in the background. The ids. */
  migrateVaultResources(
    caller: Caller,
    id: string,
    toVaultId: string,
    resourceIds: readonly string[],
  ): Promise<Outcome<readonly string[]>>;
  /** Whether policies pass these resources by; the ids. */
  suspendVaultResources(
    caller: Caller,
    id: string,
    resourceIds: readonly string[],
    suspended: boolean,
  ): Promise<Outcome<readonly string[]>>;
  listProtectableDisks(caller: Caller, query: ProtectableQuery): Promise<Outcome<Page<ProtectableDisk>>>;
  /** The tags as they are then. */
  changeVaultTags(caller: Caller, id: string, change: VaultTagChange): Promise<Outcome<readonly Tag[]>>;
  /** All keys with all their values. */
  vaultTags(caller: Caller): Promise<Outcome<readonly TagChoice[]>>;
  findVaults(caller: Caller, query: VaultTagQuery): Promise<Outcome<Page<VaultView>>>;
  createCheckpoint(caller: Caller, input: CreateCheckpoint): Promise<Outcome<Checkpoint>>;
  getCheckpoint(caller: Caller, id: string): Promise<Outcome<Checkpoint>>;
  listTasks(caller: Caller, query: TaskQuery): Promise<Outcome<Page<Task>>>;
  getTask(caller: Caller, id: string): Promise<Outcome<Task>>;
}

/** Our own long work: worker/services/data/operations.ts. */
export interface OperationRpc {
  listOperations(caller: Caller, query: OperationQuery): Promise<Outcome<Page<Operation>>>;
  getOperation(caller: Caller, id: string): Promise<Outcome<Operation>>;
  /** Gives back what no backup of the vault needs any more. */
  pruneVault(caller: Caller, id: string, input: PruneVault): Promise<Outcome<Operation>>;
  /** Says what of the vault is damaged, and which backups it takes. */
  checkVault(caller: Caller, id: string, input: CheckVault): Promise<Outcome<Operation>>;
  /** Backups of one vault into another one, as backups of their own. */
  copyVault(caller: Caller, id: string, input: CopyVault): Promise<Outcome<Operation>>;
  /** Makes the vault's rows anew from object storage. */
  rebuildVault(caller: Caller, id: string, input: OperationRequest): Promise<Outcome<Operation>>;
  /** Takes in the project's vaults that object storage knows and the project does not: an operation each. */
  recoverVaults(caller: Caller): Promise<Outcome<readonly Operation[]>>;
  /** Loses everything that the project stores. Refused unless the deployment is a simulation. */
  lose(caller: Caller): Promise<Outcome<null>>;
  /** Says what of a disk and its snapshots is damaged. */
  scrubVolume(caller: Caller, id: string, input: OperationRequest): Promise<Outcome<Operation>>;
  /** The same, and brings back what any vault of the project has. */
  healVolume(caller: Caller, id: string, input: OperationRequest): Promise<Outcome<Operation>>;
}
