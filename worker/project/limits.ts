// The service's limits and catalogue, each a named constant. What the vendor documents is taken as documented.

import type { BuiltInTypeName } from './contract.ts';

export const GIB = 2 ** 30;

/**
 * Quotas of a project by the names of the quota API, unless an administrator says otherwise; -1 is unlimited, and so is
 * every `volumes_TYPE`, `gigabytes_TYPE` and `snapshots_TYPE`.
 */
export const QUOTA_DEFAULTS = {
  volumes: 1000,
  per_volume_gigabytes: 32_768,
  snapshots: 7000,
  /** Volumes and snapshots. */
  gigabytes: 1_048_576,
  backups: 10_000,
  backup_gigabytes: 1_048_576,
  groups: 0,
} as const;

/** Largest limit that can be set: Cinder's. */
export const QUOTA_MAX = 2 ** 31 - 1;

/** No disk is larger: what the engine's tree is made for, and the vendor's maximum. */
export const SIZE_GIB_MAX = 32_768;

/** Data disks of the native form start here; Cinder's start at 1. */
export const NATIVE_SIZE_GIB_MIN = 10;
export const SYSTEM_SIZE_GIB_MAX = 1024;
export const VOLUME_COUNT_MAX = 100;
export const NAME_BYTES_MAX = 255;
/** With a count the suffix -0001 must still fit. */
export const BATCH_NAME_BYTES_MAX = 250;
export const DESCRIPTION_BYTES_MAX = 255;
export const METADATA_BYTES_MAX = 255;
/** All keys and values of one resource together: a page of 1,000 still fits into one answer between objects (32 MiB). */
export const METADATA_TOTAL_BYTES_MAX = 16_384;
/** As JSON: what is kept of a vault's tags and binding rules, of a resource's extra_info, of a policy's definition. */
export const VAULT_TAGS_BYTES_MAX = 8_192;
export const EXTRA_INFO_BYTES_MAX = 1_024;
export const POLICY_DEFINITION_BYTES_MAX = 4_096;
export const TAGS_MAX = 10;
/** Manual snapshots of a disk: the vendor's limit, on its own face only; Cinder has none but the quota. */
export const SNAPSHOTS_PER_DISK_MAX = 7;
/** VBS only. */
export const VBS_BACKUPS_PER_DISK_MAX = 20;
export const ATTACHMENTS_MAX = 16;
export const VAULTS_MAX = 100;
export const VAULT_RESOURCES_MAX = 256;
export const VAULT_TAGS_MAX = 20;
/** Projects that one backup is shared with. */
export const BACKUP_MEMBERS_MAX = 10;
/** Offers of other projects that one keeps. */
export const SHARES_RECEIVED_MAX = 1000;
export const VAULT_SIZE_GIB_MIN = 10;
export const VAULT_SIZE_GIB_MAX = 10_485_760;
/** Backups of one copy: their list is part of a job's row. */
export const COPIES_MAX = 500;
export const POLICIES_MAX = 32;
/** Of the VBS form. */
export const VBS_POLICIES_MAX = 10;
export const VBS_POLICY_TAGS_MAX = 10;
/** Automatic backups that failed are kept for a look, but not many. */
export const FAILED_AUTOMATIC_MAX = 10;
export const DAY_MS = 24 * 3600 * 1000;
export const FAILED_AUTOMATIC_LIFE_MS = 30 * DAY_MS;
/** When the daily sweep comes: time of day, UTC. */
export const SWEEP_TIME_MS = 10 * 3600 * 1000;

export const DEFAULT_TYPE: BuiltInTypeName = 'SSD';

/** Ids are for ever: clients store them. */
export const BUILT_IN_TYPES: readonly {
  readonly id: string;
  readonly name: BuiltInTypeName;
  readonly description: string;
}[] = [
  { id: '8c2a1b50-5f0e-4b5b-9d6a-6d8b1f1e0a01', name: 'SATA', description: 'Common I/O' },
  { id: '8c2a1b50-5f0e-4b5b-9d6a-6d8b1f1e0a02', name: 'SAS', description: 'High I/O' },
  { id: '8c2a1b50-5f0e-4b5b-9d6a-6d8b1f1e0a03', name: 'SSD', description: 'Ultra-high I/O' },
  { id: '8c2a1b50-5f0e-4b5b-9d6a-6d8b1f1e0a04', name: 'GPSSD', description: 'General purpose SSD' },
  { id: '8c2a1b50-5f0e-4b5b-9d6a-6d8b1f1e0a05', name: 'ESSD', description: 'Extreme SSD' },
];

/** What a built-in type may become; one that an administrator made may become any, and any may become it. */
export const RETYPE: Readonly<Record<string, readonly string[]>> = {
  ESSD: ['SSD', 'GPSSD'],
  SSD: ['ESSD', 'GPSSD'],
  GPSSD: ['ESSD', 'SSD'],
  SAS: ['ESSD', 'SSD', 'GPSSD'],
  SATA: ['SAS', 'SSD', 'GPSSD', 'ESSD'],
};

/** Types, and specs of quality of service, that administrators may add. */
export const TYPES_MAX = 500;
export const QOS_SPECS_MAX = 500;

/** How old the copy of the settings of all projects may be that a decision rests on. Real time. */
export const CATALOG_COPY_LIFE_MS = 5000;

/** How long a volume type stays out of the catalog while its volumes are counted, unless it is put back before. */
export const TYPE_WITHDRAWN_MS = 60_000;

/** Transfers that wait in one project. */
export const TRANSFERS_MAX = 1000;

/** Most rows of a list in one answer. */
export const PAGE_LIMIT_MAX = 1000;

/** How long a grant to read or write bytes is good. */
export const GRANT_LIFE_MS = 30_000;

/** The job protocol's patience. Real time. */
export const PATIENCE = {
  /** The alarm looks after a job that is driven in memory this much later, should the object be evicted. */
  safetyNetMs: 5000,
  /** The same while it is known to be driven: each look costs rows. */
  drivenNetMs: 30_000,
  /** A disk answers by itself when a job has ended; others are asked at these intervals. */
  pollMinMs: 5,
  pollMaxMs: 1000,
  /** After so many polls in a row the alarm goes on, so that a long job does not keep this object in memory. */
  pollsInMemory: 60,
  backoffMinMs: 100,
  backoffMaxMs: 10_000,
  /** Tries of a job that no target has accepted, when the zone is down or the disk is busy: about 6 s. */
  refusedTriesMax: 6,
  /** Tries when no answer came at all: about a minute. The job may have been done, so give it longer. */
  silentTriesMax: 12,
  /** Tries of an operation in a row, of which none was answered as it should: about ten minutes. */
  operationTriesMax: 60,
  /** Settled jobs are kept this long. */
  jobLifeMs: 7 * DAY_MS,
  /** Lines of the operation log, and checkpoints without backups (project time). */
  logLifeMs: 90 * DAY_MS,
  /** What went wrong is told this long (project time), and of so many things at most. */
  messageLifeMs: 30 * DAY_MS,
  messagesMax: 500,
  /** When an alarm failed as a whole. */
  alarmBackoffMs: 60_000,
} as const;

/** Of a simulated clock: one call may go this far, and wait this long for backups. */
export const ADVANCE_MS_MAX = 3660 * DAY_MS;
export const ADVANCE_WAIT_MS_MAX = 60_000;
