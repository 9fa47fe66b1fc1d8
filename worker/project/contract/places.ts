// Jobs, servers, places and numbers.

import type { ZoneHealth } from '../../protocol.ts';
import type { Attachment } from './volumes.ts';

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

export interface QuotaLine {
  /** -1: unlimited. */
  readonly limit: number;
  readonly inUse: number;
  readonly reserved: number;
}

/** Limits and usage under the names of the quota API: `volumes`, `gigabytes_SSD`, … */
export type Quotas = Readonly<Record<string, QuotaLine>>;
