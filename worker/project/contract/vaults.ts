// Vaults, checkpoints and the operation log (CBR).

import type { ListQuery } from './common.ts';
import type { Tag } from './policies.ts';

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
  /** False: policies pass it by. */
  readonly autoProtect: boolean;
}

export interface VaultView {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly status: 'available' | 'lock' | 'frozen' | 'deleting' | 'error';
  /** `disk`: there are no others. */
  readonly objectType: string;
  readonly protectType: string;
  readonly consistentLevel: string;
  readonly sizeGib: number;
  /** Sum of the associated resources' sizes. */
  readonly allocatedGib: number;
  readonly usedBytes: number;
  readonly autoBind: boolean;
  readonly autoExpand: boolean;
  /** Tags of disks that are bound by themselves: one that matches is enough; none at all takes every disk. */
  readonly bindRules: readonly Tag[];
  readonly tags: readonly Tag[];
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
  readonly bindRules?: readonly Tag[] | undefined;
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
  readonly tags?: readonly Tag[] | undefined;
}

/** Absent keys: nothing is asked. Several keys of one list must all be so, of several values of a key one. */
export interface VaultTagQuery extends ListQuery {
  readonly tags?: readonly TagChoice[] | undefined;
  readonly tagsAny?: readonly TagChoice[] | undefined;
  readonly notTags?: readonly TagChoice[] | undefined;
  readonly notTagsAny?: readonly TagChoice[] | undefined;
  readonly withoutAnyTag?: boolean | undefined;
  /** A part of the name, whatever its case. */
  readonly namePart?: string | undefined;
  readonly objectType?: string | undefined;
}

/** Tags to set (a key that is there gets its new value), and keys to take away: they must be there. */
export interface VaultTagChange {
  readonly set?: readonly Tag[] | undefined;
  readonly remove?: readonly string[] | undefined;
}

/** A key with one of the values; without values, with any. */
export interface TagChoice {
  readonly key: string;
  readonly values: readonly string[];
}

/** Capacity of all vaults of a project. */
export interface VaultSummary {
  readonly sizeGib: number;
  readonly usedBytes: number;
}

/** A disk, and whether a vault could take it. */
export interface ProtectableDisk {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly sizeGib: number;
  readonly zone: string;
  /** The vault that protects it, or null. */
  readonly vaultId: string | null;
}

export interface ProtectableQuery extends ListQuery {
  readonly ids?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly status?: string | undefined;
  /** Disks attached to it. */
  readonly serverId?: string | undefined;
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
  /** Of a policy's run. */
  readonly scheduled?: ScheduledRun;
}

/** The point of its timetable that a run is for, and how many before it passed without one. */
export interface ScheduledRun {
  readonly dueMs: number;
  readonly missedPoints: number;
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
  /** Of a vault's deletion, or of resources taken out: how many there were, and for how many it failed. */
  readonly totalCount?: number;
  readonly failCount?: number;
  readonly resources?: readonly { readonly id: string; readonly type: string; readonly name: string }[];
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
