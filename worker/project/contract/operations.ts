// Operations of our own on vaults and disks that take long: asked for, watched, and read when they have ended.

import type { MeterCounts } from '../../../engine/cost.ts';
import type { Progress } from '../../protocol.ts';
import type { ListQuery } from './common.ts';

export type OperationKind = 'prune' | 'check' | 'copy' | 'rebuild' | 'recover' | 'scrub' | 'heal';

export interface Operation {
  readonly id: string;
  readonly kind: OperationKind;
  readonly state: 'running' | 'done' | 'failed';
  /** What it is about; null when it is not about one. */
  readonly vaultId: string | null;
  readonly volumeId: string | null;
  /** Of a copy: where to. */
  readonly toVaultId: string | null;
  /** Of bytes; `totalBytes` 0 while unknown. What is not counted in bytes stays at 0 of 0. */
  readonly progress: Progress;
  /** What it found or did, as JSON of at most REPORT_BYTES_MAX; null while it runs, when it failed, and in lists. */
  readonly report: unknown;
  /** Why it failed. */
  readonly error: { readonly code: string; readonly message: string } | null;
  /** What it made the platform do; null until it has ended. */
  readonly cost: MeterCounts | null;
  readonly createdMs: number;
  readonly endedMs: number | null;
}

export interface OperationQuery extends ListQuery {
  readonly kind?: string | undefined;
  readonly state?: string | undefined;
  readonly vaultId?: string | undefined;
  readonly volumeId?: string | undefined;
}

/** What every request for an operation may say. */
export interface OperationRequest {
  /**
   * A UUID of the caller's choice. The same request again, after a lost answer, gives the same operation; without one
   * each request is another operation.
   */
  readonly id?: string | undefined;
}

export interface PruneVault extends OperationRequest {
  /** Packs with at least this share of dead bytes are repacked, 0 to 100; 0: with any. */
  readonly thresholdPercent: number;
  /** Only says what it would do. */
  readonly dryRun: boolean;
}

export interface CheckVault extends OperationRequest {
  /** `structure`: lists, manifests and pages. `bytes`: every byte of every pack too. */
  readonly mode: 'structure' | 'bytes';
}

export interface CopyVault extends OperationRequest {
  readonly toVaultId: string;
  /** Absent: all that are available and not there yet. */
  readonly backupIds?: readonly string[] | undefined;
}
