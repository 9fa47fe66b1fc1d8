// Vaults, checkpoints and the operation log (CBR).

import type { ListQuery } from './common.ts';

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
