// What backups cost: bytes, operations of the platform, and their price.

import type { MeterCounts } from '../../../engine/cost.ts';
import type { Outcome } from '../../faults.ts';
import type { Caller } from './common.ts';

/** Bytes of one backup, or of several together. */
export interface StoredBytes {
  /** Of allocated blocks: what a restore brings back. */
  readonly logicalBytes: number;
  /** Of blocks that differed from the backup before. Null when that was not counted. */
  readonly changedBytes: number | null;
  /** Of the changed ones, what the vault had already. */
  readonly dedupedBytes: number | null;
  /** Added to the vault: what was new, compressed, with its names. */
  readonly storedBytes: number;
}

export interface BackupCost extends StoredBytes {
  readonly backupId: string;
  readonly vaultId: string;
  readonly volumeId: string;
  readonly incremental: boolean;
  /** What making it took. Null when that was not counted. */
  readonly operations: MeterCounts | null;
  readonly operationsUsd: number | null;
  readonly storageUsdPerMonth: number;
}

/** Of the backups that are available. What deleted ones leave is in no sum until a prune gives it back: its plan tells. */
export interface VaultCost extends StoredBytes {
  readonly vaultId: string;
  readonly backups: number;
  readonly volumes: number;
  readonly operations: MeterCounts;
  readonly operationsUsd: number;
  readonly storageUsdPerMonth: number;
}

export interface CostPreviewInput {
  /** As in a policy. */
  readonly patterns: readonly string[];
  readonly definition: Readonly<Record<string, unknown>>;
  /** Which disks; with `vaultId`, those that the vault protects too. */
  readonly volumeIds?: readonly string[] | undefined;
  readonly vaultId?: string | undefined;
  /** For disks whose rate of change was not observed yet. Default 1. */
  readonly assumedChangePercentPerDay?: number | undefined;
}

/** On what a disk's estimate rests. */
export interface ObservedDisk {
  readonly volumeId: string;
  /** `backup`: of its newest backup. `size`: it has none, so all of the disk is taken to be allocated. */
  readonly allocatedFrom: 'backup' | 'size';
  readonly allocatedBytes: number;
  /** `backups`: of incremental backups in the past. `assumed`: of the request's percentage. */
  readonly changeFrom: 'backups' | 'assumed';
  readonly changedBytesPerDay: number;
  /** Stored bytes for each changed one, in the past; 1 when there is no past. */
  readonly storedPerChanged: number;
}

export interface CostPreview {
  readonly runsPerMonth: number;
  /** Longest time between two runs: what is lost at worst. */
  readonly rpoSeconds: number;
  /** Backups of each disk that are there at the end of the horizon. */
  readonly keptBackups: number;
  readonly horizonDays: number;
  /** Nothing ends a backup: from month to month there are more. */
  readonly isGrowing: boolean;
  readonly storedBytes: number;
  readonly operationsPerMonth: MeterCounts;
  readonly storageUsdPerMonth: number;
  readonly operationsUsdPerMonth: number;
  readonly totalUsdPerMonth: number;
  readonly disks: readonly ObservedDisk[];
}

export interface CostRpc {
  backupCost(caller: Caller, id: string): Promise<Outcome<BackupCost>>;
  vaultCost(caller: Caller, id: string): Promise<Outcome<VaultCost>>;
  /** Changes nothing. */
  previewCost(caller: Caller, input: CostPreviewInput): Promise<Outcome<CostPreview>>;
}
