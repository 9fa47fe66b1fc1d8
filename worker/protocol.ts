// What the Durable Objects say to each other. Plain data only: it crosses RPC, and a newer Worker may talk to an older
// object, so fields are added, never changed, and unknown ones are ignored.

import type { MeterCounts } from '../engine/cost.ts';
import type { Frame } from '../engine/ports.ts';
import type { BackupLabel, BackupResult } from '../engine/repository/ports.ts';
import type { VaultDamage } from '../engine/repository/vault-damage.ts';
import type { ObjectRef } from '../engine/types.ts';
import type { HandedVolume, Snapshot } from './project/contract.ts';

export type { BackupLabel, BackupResult };

/** Sent with every call to a Disk, which compares it with its own row: a wrong owner or zone is told "gone". */
export interface DiskOwner {
  readonly projectId: string;
  readonly zone: string;
}

/** Where a new disk's content comes from. */
export type DiskSource =
  | { readonly kind: 'snapshot'; readonly diskId: string; readonly snapshotId: string; readonly zone: string }
  /** `projectId`: whose the vault is, when it is not the disk's own project's. */
  | { readonly kind: 'backup'; readonly projectId?: string; readonly vaultId: string; readonly backupId: string };

/** The jobs of a Disk. One exclusive job at a time; `create` is the only one that may write into an empty object. */
export type DiskJob =
  /** `eager`: done only when nothing is left to fetch. */
  | { readonly kind: 'create'; readonly sizeBytes: number; readonly source?: DiskSource; readonly eager?: boolean }
  /** Done when nothing is left, or when only a hidden tombstone is (a clone still reads from it). */
  | { readonly kind: 'delete' }
  | { readonly kind: 'extend'; readonly sizeBytes: number }
  | { readonly kind: 'createSnapshot'; readonly snapshotId: string }
  | { readonly kind: 'deleteSnapshot'; readonly snapshotId: string }
  | { readonly kind: 'rollback'; readonly snapshotId: string }
  /** Reinstalling an OS: content becomes zeros and every snapshot goes (statement S4). */
  | { readonly kind: 'reinstall' }
  /** The content of now (or of a snapshot) into the vault. `full`: no parent, every object is verified again. */
  | {
      readonly kind: 'backup';
      readonly vaultId: string;
      readonly backupId: string;
      readonly snapshotId?: string;
      readonly full: boolean;
      /** More than this the vault does not take: the backup then fails as `full`. Absent: as much as comes. */
      readonly capacityBytes?: number;
      readonly label: BackupLabel;
    }
  /** A backup's content over this disk. Refuses I/O until the new root is in place, then objects arrive by themselves. */
  | { readonly kind: 'restore'; readonly vaultId: string; readonly backupId: string; readonly eager?: boolean }
  /** Reads and verifies everything; says what is damaged. Guests, and all other jobs, go on meanwhile. */
  | { readonly kind: 'scrub' }
  /** The same, and brings back what any of these vaults of the project has. */
  | { readonly kind: 'heal'; readonly vaultIds: readonly string[] };

/** One backup of a copy, in the words of the vault that it comes from, and what it is to be in the one it goes to. */
export interface BackupCopy {
  readonly fromBackupId: string;
  readonly backupId: string;
  readonly name: string;
  readonly createdMs: number;
}

/** The jobs of a Vault. */
export type VaultJob =
  | { readonly kind: 'create' }
  | { readonly kind: 'deleteBackup'; readonly backupId: string }
  | { readonly kind: 'prune'; readonly thresholdPercent: number; readonly dryRun: boolean }
  | { readonly kind: 'check'; readonly mode: 'structure' | 'bytes' }
  /** The rows made anew from object storage. `onlyIfLost`: a vault that still has its rows only says what it holds. */
  | { readonly kind: 'rebuild'; readonly onlyIfLost: boolean }
  /** How the project has set the vault up, so that a rebuild can say it. Larger revisions replace smaller ones. */
  | {
      readonly kind: 'settings';
      readonly revision: number;
      readonly settings: Readonly<Record<string, string | number | boolean | null | readonly VaultTag[]>>;
    }
  /** Of the vault that the copies go to. */
  | { readonly kind: 'copy'; readonly fromVaultId: string; readonly copies: readonly BackupCopy[] }
  | { readonly kind: 'delete' };

/** Progress of bytes; `totalBytes` 0 while unknown. */
export interface Progress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface VaultTag {
  readonly key: string;
  readonly value: string;
}

/** What a vault holds, in the words of object storage: all that is left of it when a project has lost its records. */
export interface VaultContents {
  readonly backups: readonly {
    readonly id: string;
    readonly sizeBytes: number;
    readonly committedMs: number;
    readonly label: BackupLabel;
    readonly result: BackupResult;
  }[];
  /** As `settings` put them last; null when none are there. */
  readonly settings: { readonly revision: number; readonly settings: Readonly<Record<string, unknown>> } | null;
}

export type CopyOutcome =
  | { readonly state: 'done'; readonly result: BackupResult }
  | { readonly state: 'failed'; readonly code: string; readonly message: string };

/** Largest report of an operation, as JSON. Whoever makes one bounds its lists, and says how many were left out. */
export const REPORT_BYTES_MAX = 65_536;

/** How an object answers `run`: insert the job or say how it stands. Idempotent by job id; safe to ask at any time. */
export type JobReport =
  | { readonly state: 'running'; readonly progress: Progress }
  | { readonly state: 'done'; readonly result: JobResult }
  | { readonly state: 'failed'; readonly code: JobFailure; readonly message: string }
  /** The object was deleted, or never existed, or belongs to somebody else. Counts as done for a deletion. */
  | { readonly state: 'gone' };

/** `busy`: another exclusive job runs; `unavailable`: the zone is down; `damaged`: bytes did not match their name. */
export type JobFailure = 'busy' | 'unavailable' | 'damaged' | 'not-found' | 'invalid' | 'full' | 'internal';

export interface JobResult {
  /** What the job made the platform do. */
  readonly cost?: MeterCounts;
  readonly backup?: BackupResult;
  /** Of a copy, by the new backup's id: what was made, or why it was not. */
  readonly copies?: Readonly<Record<string, CopyOutcome>>;
  /** Of a rebuild. */
  readonly contents?: VaultContents;
  /** Of an operation: what it found or did, as JSON of at most REPORT_BYTES_MAX. */
  readonly report?: unknown;
  /** Of a project that gave a volume away: what the accepting one writes down. */
  readonly handed?: { readonly volume: HandedVolume; readonly snapshots: readonly Snapshot[] } | null;
}

export interface PinnedRoot {
  readonly root: Uint8Array;
  readonly sizeBytes: number;
  readonly logicalBytes: number;
}

/** State of a disk as its object sees it; the truth about bytes. */
export interface DiskStatus {
  readonly sizeBytes: number;
  readonly storedBytes: number;
  readonly objects: number;
  readonly logEntries: number;
  readonly snapshots: readonly { readonly id: string; readonly sealed: boolean; readonly hidden: boolean }[];
  /** Bytes that still have to arrive from a source; null when the disk is independent. */
  readonly hydration: { readonly remainingBytes: number } | null;
  /** Since the object came into memory; the vault's share of its jobs is in it. */
  readonly cost: MeterCounts;
  /** The same in the platform's published prices. */
  readonly costUsd: number;
}

/** A fault for simulations; see docs/design on damage. The Disk picks `count` things among what the target reaches. */
export interface DamageSpec {
  readonly target:
    | { readonly kind: 'snapshot'; readonly snapshotId: string }
    | { readonly kind: 'range'; readonly offset: number; readonly length: number }
    | { readonly kind: 'page' }
    | { readonly kind: 'log' }
    /** Everything that the disk stores. */
    | { readonly kind: 'all' };
  readonly fault: 'flip' | 'lose' | 'misdirect';
  readonly count: number;
  readonly seed: number;
}

/**
 * RPC of the Disk class. Besides these, `fetch` carries bytes between the data service and the disk:
 *   GET  http://disk/bytes?point=head|{snapshotId}&offset=N&length=N      200 octet-stream, or a JSON DataFault
 *   PUT  http://disk/bytes?offset=N&length=N                              204, all of it or nothing
 *   GET  http://disk/blocks?point=…&cursor=N&limit=N                      200 JSON AllocatedBlocks
 *   GET  http://disk/block?point=…&index=N                                200 octet-stream with its digest in a header
 *   PUT  http://disk/block?index=N                                        204, if the body has the digest of the header
 *   GET  http://disk/changes?from=…&to=…&cursor=…&limit=N                 200 JSON ChangedBlocks; a point is JSON PointName
 *   GET  http://disk/delta?from=…&to=…[&cursor=…][&limit=N]               200 octet-stream (docs/delta-stream.md)
 *   PUT  http://disk/delta                                                200 JSON AppliedDelta, all of it or nothing
 *   GET  http://disk/commitment?from={"kind":"empty"}&to=…                200 JSON PointState
 *   GET  http://disk/proof?from={"kind":"empty"}&to=…&index=N             200 JSON BlockProof
 * each with `x-evs-project` and `x-evs-zone` as DiskOwner.
 */
export interface DiskRpc {
  run(owner: DiskOwner, jobId: string, job: DiskJob): Promise<JobReport>;
  /** The caller has applied the result: the record may go. */
  forget(owner: DiskOwner, jobId: string): Promise<void>;
  /**
   * Makes the disk another project's; no byte moves, and asking twice is harmless. 'wait': it still fetches from elsewhere,
   * others read from it, or a job of its owner is not over.
   */
  handOver(owner: DiskOwner, projectId: string): Promise<'done' | 'wait' | 'gone'>;
  /** null when gone or foreign. */
  status(owner: DiskOwner): Promise<DiskStatus | null>;
  /** Returns how many stored things were hit. Refused unless the deployment is a simulation. */
  damage(owner: DiskOwner, spec: DamageSpec): Promise<{ hit: number }>;
  /**
   * Keeps a snapshot's content for a clone until `unpin`. 'wait': this disk still fetches from its own source; ask again.
   * null: no such snapshot. `logicalBytes`: of its allocated blocks.
   */
  pin(owner: DiskOwner, pinId: string, snapshotId: string): Promise<PinnedRoot | 'wait' | null>;
  /**
   * From a Vault: which of these leases and sessions the disk uses, or is about to, in order. Any vault may ask, also
   * another project's that is shared with this one; a disk that does not exist holds nothing. null: its zone is down, so
   * nobody knows.
   */
  holding(ids: readonly string[]): Promise<boolean[] | null>;
  /** Unknown pins are no error. */
  unpin(owner: DiskOwner, pinId: string): Promise<void>;
  /** Frames of a pinned root as they are stored, unchecked; null where absent. null as a whole: no such pin. */
  objects(owner: DiskOwner, pinId: string, refs: readonly ObjectRef[]): Promise<(Frame | null)[] | null>;
}

/** RPC of the Vault class, as the Project and the data service see it. `fetch` serves bytes as the Disk's does:
 *   GET http://vault/bytes?backup={id}&offset=N&length=N ; GET http://vault/blocks?backup={id}&cursor=N&limit=N
 * with `x-evs-project`. What Disk and Vault say to each other while a backup runs is engine/repository/ports.ts. */
export interface VaultRpc {
  run(projectId: string, jobId: string, job: VaultJob): Promise<JobReport>;
  forget(projectId: string, jobId: string): Promise<void>;
  /** Forgets all rows, as if the object's storage had been lost. Refused unless the deployment is a simulation. */
  lose(projectId: string): Promise<void>;
  /** Damages what the vault has in object storage. Returns how many things were hit. Refused unless the deployment is a simulation. */
  damage(projectId: string, spec: VaultDamage): Promise<{ hit: number }>;
}

/** Health of a zone. */
export type ZoneHealth = 'up' | 'down' | 'slow';

export interface ZoneRpc {
  health(): Promise<{ state: ZoneHealth; delayMs: number }>;
  /** Simulation only. */
  set(state: ZoneHealth, delayMs: number): Promise<void>;
}

/** Allocated blocks of a point, in order. `next` is a block index to continue from, or null at the end. */
export interface AllocatedBlocks {
  readonly blocks: readonly { readonly blockIndex: number; readonly digest: string }[];
  readonly next: number | null;
  readonly sizeBytes: number;
  readonly blockBytes: 65536;
}

/** A point as the data service names it to the object that looks at two of them. */
export type PointName =
  /** Zeros, as large as the other point. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'head' }
  | { readonly kind: 'snapshot'; readonly snapshotId: string }
  | { readonly kind: 'backup'; readonly vaultId: string; readonly backupId: string };

/** The whole content of a point in 32 bytes, as hex: what proofs and delta streams name it by. */
export interface PointState {
  readonly sizeBytes: number;
  readonly commitment: string;
}

/** Blocks that differ between two points, in order, a part of them. */
export interface ChangedBlocks {
  readonly from: PointState;
  readonly to: PointState;
  readonly blockBytes: 65536;
  /** `digest`: of the block in `to`, null for a hole. */
  readonly blocks: readonly { readonly blockIndex: number; readonly digest: string | null; readonly hole: boolean }[];
  /** Cursor of the next part, or null at the end. */
  readonly next: string | null;
  readonly counts: { readonly blocks: number; readonly holes: number; readonly pagesRead: number };
  /** What this part made the platform do. */
  readonly cost: MeterCounts;
}

/** Largest body of one request that applies a delta stream; a deployment's front would refuse a larger one, too. */
export const DELTA_BYTES_MAX = 64 * 1024 * 1024;

/** BLAKE3 of a block's 65,536 bytes as 64 hex digits: of what is read, and of what is to be written. */
export const BLOCK_DIGEST_HEADER = 'X-Evs-Block-Digest';
/** `true` for a block that is read and is a hole. */
export const BLOCK_HOLE_HEADER = 'X-Evs-Block-Hole';
/** Where the next part of a delta begins, if one does. */
export const NEXT_CURSOR_HEADER = 'X-Evs-Next';

/** Body of an error answer of `fetch`. */
export interface DataFault {
  readonly code:
    | 'not-found'
    | 'out-of-range'
    | 'unaligned'
    | 'busy'
    | 'unavailable'
    | 'damaged'
    | 'body-size'
    | 'full'
    | 'bad-cursor'
    | 'bad-points'
    | 'bad-stream'
    | 'changed'
    | 'wrong-base'
    | 'too-large'
    | 'digest-mismatch';
  readonly message: string;
  /** For `damaged`: the byte ranges that cannot be read. */
  readonly ranges?: readonly { readonly offset: number; readonly length: number }[];
}
