// Backups: one record behind the Cinder, VBS and CBR faces.

import type { Face } from '../../faults.ts';
import type { ListQuery } from './common.ts';
import type { ShareStatus } from './sharing.ts';

/** CBR shows creating as protecting. A backup in an unfinished state is never readable. */
export type BackupStatus = 'creating' | 'available' | 'restoring' | 'deleting' | 'error' | 'error_deleting';

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
  /** Of the disk when the backup was made: a disk made from it has the same. */
  readonly volumeMetadata?: Readonly<Record<string, string>>;
  readonly sizeGib: number;
  /** Where the bytes are: never the disk's zone. */
  readonly zone: string;
  readonly snapshotId: string | null;
  readonly automatic: boolean;
  readonly policyId: string | null;
  /** What happened: it added to an earlier backup's objects. */
  readonly incremental: boolean;
  /** Cinder: the backup that this one was asked to build on. Each restores on its own all the same. */
  readonly parentId?: string | null;
  /** Cinder: others name this one as their parent. */
  readonly hasDependents?: boolean;
  readonly objectCount: number;
  readonly logicalBytes: number;
  /** What it added to the vault. */
  readonly storedBytes: number;
  /** Bytes of blocks that differ from the backup before, and what of them the vault had; absent when nobody counted. */
  readonly changedBytes?: number;
  readonly knownBytes?: number;
  readonly progressPercent: number;
  readonly container: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly projectId: string;
  readonly userId: string;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** The moment whose content it holds. */
  readonly dataMs: number;
  /** When its policy lets it go: said when it is made, and not changed by later rules. Null: never by age. */
  readonly expiresMs: number | null;
  readonly failReason: string | null;
  /** The native form of VBS made it, which wraps descriptions up. */
  readonly madeBy?: 'vbs';
  /** Given in the native form of VBS. */
  readonly tags?: Readonly<Record<string, string>>;
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
  /** Cinder: build on the newest backup, and refuse when there is none. */
  readonly incremental?: boolean | undefined;
  /** Cinder: also while the volume is in use; the vendor's forms always may. */
  readonly force?: boolean | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** VBS. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
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
  /** A part of the disk's id. */
  readonly volumeIdPart?: string | undefined;
  readonly volumeName?: string | undefined;
  readonly volumeZone?: string | undefined;
  readonly vaultId?: string | undefined;
  readonly checkpointId?: string | undefined;
  readonly snapshotId?: string | undefined;
  /** Default private: what others share is left out. */
  readonly ownType?: 'private' | 'shared' | 'all_granted' | undefined;
  /** In a vault that is full to at least so many percent. */
  readonly vaultUsedPercentMin?: number | undefined;
  /** Of shared ones: what this project said to them. */
  readonly memberStatus?: ShareStatus | undefined;
  /** For administrators: whose backups; absent is everybody's. Others see their own. */
  readonly ownerId?: string | undefined;
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

/** A backup as it is written down for another deployment, or for this one after its records were lost. */
export interface BackupExport {
  readonly service: string;
  /** Base64 of JSON. */
  readonly url: string;
}
