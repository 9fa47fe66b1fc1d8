// The data path, the clock, and what was spent.

import type { MeterCounts } from '../../../engine/cost.ts';
import type { DiskOwner } from '../../protocol.ts';

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

/** `ran`: policy points that came due, in order; `sweptMs`: when the daily sweep came; `unsettled`: backups still running when the wait ended. */
export interface ClockAdvance extends ClockState {
  readonly ran: readonly {
    readonly policyId: string;
    readonly dueMs: number;
    readonly checkpointIds: readonly string[];
  }[];
  readonly sweptMs: readonly number[];
  readonly unsettled: number;
  /** False when the wait ended first: the clock then stands at the last point that was run. */
  readonly reachedTarget: boolean;
}

/** A volume that somebody connects to. */
export interface Connected {
  readonly multiattach: boolean;
  /** Names this stay of the volume with its users; null where it is being attached without such a record. */
  readonly attachmentId: string | null;
}
