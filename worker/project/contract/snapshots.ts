// Snapshots.

import type { Face } from '../../faults.ts';
import type { ListQuery } from './common.ts';

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
