// What a project's control plane is made of, and what can be asked of it. The HTTP services are faces over these types:
// they translate names and shapes, and decide nothing. Plain data only (it crosses RPC); fields are added, never changed.
// Times are milliseconds of the project's clock (which a simulation may advance), sizes carry their unit in the name.

import type { Outcome } from '../faults.ts';
import type {
  Backup,
  BackupQuery,
  CreateBackup,
  CreatedBackup,
  RestoreBackup,
  RestoreStarted,
} from './contract/backups.ts';
import type { Caller, ListQuery, MetadataChange, Page, UpdateDetails } from './contract/common.ts';
import type { ClockAdvance, ClockState, DataGrant, DataTarget, ProjectMetrics } from './contract/data.ts';
import type { ApiJob, AvailabilityZone, CreateServer, Quotas, Server, VolumeType } from './contract/places.ts';
import type { CreateSnapshot, Snapshot, SnapshotQuery } from './contract/snapshots.ts';
import type {
  Checkpoint,
  CreateCheckpoint,
  CreateVault,
  Policy,
  PolicyInput,
  ResourceRef,
  Task,
  TaskQuery,
  VaultQuery,
  VaultSettings,
  VaultView,
} from './contract/vaults.ts';
import type {
  Attachment,
  AttachVolume,
  CreatedVolumes,
  CreateVolumes,
  DeleteVolume,
  Volume,
  VolumeQuery,
} from './contract/volumes.ts';

export type * from './contract/backups.ts';
export type * from './contract/common.ts';
export type * from './contract/data.ts';
export type * from './contract/places.ts';
export type * from './contract/snapshots.ts';
export type * from './contract/vaults.ts';
export type * from './contract/volumes.ts';

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
  /** Null when the project never stored anything. */
  metrics(): Promise<ProjectMetrics | null>;
}
