// The seams of the backup repository: what a Disk asks of a Vault while a backup or a restore runs, and what a Vault
// stores. Glossary of engine/repository/ (on top of engine/types.ts):
//
//   vault    one repository: packs and manifests in object storage, and an index over them
//   pack     one object in object storage that holds many frames; blocks and pages never share one
//   session  one backup while it is being made; it has the id of the backup that it makes
//   parent   the root against which an incremental backup walks: the newest available backup of the same disk
//   manifest names a root: a backup exists exactly when its manifest does
//   lease    a root that somebody still reads from, though its backup may be deleted meanwhile
//   epoch    counts prunes; packs remember the epoch in which a session last relied on them
//   generation  counts rebuilds; every key in object storage carries one
//
// Formats: docs/repository-format.md. Why it is so: STORAGE.md section 5 (shared design notes).

import type { Meter } from '../cost.ts';
import type { Digest, Kind, ObjectRef } from '../types.ts';
import type { Presence } from './claims.ts';

/** Digests in one lookup, locate or report. Keeps an RPC value far below 32 MiB and a Vault's turn below 10 ms. */
export const REFS_PER_CALL_MAX = 1_024;

/** What a manifest says about a backup's origin, for people and for a rebuild from object storage alone. */
export interface BackupLabel {
  readonly name: string;
  readonly volumeId: string;
  readonly volumeName: string;
  readonly zone: string;
  readonly createdMs: number;
  readonly automatic: boolean;
  /** Of a copy: the backup in another vault that it was made from. */
  readonly copiedFrom?: { readonly vaultId: string; readonly backupId: string };
  /** What else the service wants to know of it after a rebuild. The engine does not look into it. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export interface BackupResult {
  /** Bytes of allocated blocks in the backed-up root. */
  readonly logicalBytes: number;
  /** Bytes that this backup added to the vault, pack overhead included. */
  readonly storedBytes: number;
  /** Objects (blocks and pages) that this backup added. */
  readonly objectCount: number;
  /** True when it was made against a parent. */
  readonly incremental: boolean;
  /** Bytes of blocks that differ from the parent's at the same place; absent in backups of earlier programs. */
  readonly changedBytes?: number;
  /** Of those, what the vault had already; absent like them. */
  readonly knownBytes?: number;
}

/** Counted by the Disk during one run, for the manifest. The Vault counts what was stored by itself. */
export interface BackupStats {
  /** Objects that differ from the parent's at the same place. */
  readonly changedObjects: number;
  /** Of those, how many the vault had already. */
  readonly knownObjects: number;
  /** The same two for blocks alone, in bytes of the disk. */
  readonly changedBytes: number;
  readonly knownBytes: number;
}

export interface BeginRequest {
  /** A UUID, and the operation's id: the same one again resumes, or returns the finished result. */
  readonly backupId: string;
  readonly diskId: string;
  /** No parent: every object of the root is looked at, and verified on the disk. */
  readonly full: boolean;
  readonly label: BackupLabel;
}

export interface OpenSession {
  readonly state: 'open';
  readonly sessionId: string;
  /** null: nothing may be skipped. Leased by the session, so nothing under it can go meanwhile. */
  readonly parent: { readonly root: Digest; readonly allocatedBlocks: number } | null;
}

export type BeginReport = OpenSession | { readonly state: 'done'; readonly result: BackupResult };

/** One frame's place in a pack. Its number in the pack is its position in the list. */
export interface PackEntry extends ObjectRef {
  readonly encoding: number;
  /** Of the encoded bytes, behind the frame's header, from the start of the pack. */
  readonly offset: number;
  readonly length: number;
}

/** Where an object's encoded bytes are. */
export interface Location {
  /** Key in object storage. */
  readonly key: string;
  readonly offset: number;
  readonly length: number;
  readonly encoding: number;
}

export interface CommitRequest {
  readonly root: Digest;
  readonly sizeBytes: number;
  readonly stats: BackupStats;
}

export type CommitReport =
  /** Not finished checking: call again with the same values. */
  | { readonly state: 'running' }
  /** Some object of the root is not in the vault (it was found bad meanwhile, or never sent): begin and walk again. */
  | { readonly state: 'missing' }
  | { readonly state: 'done'; readonly result: BackupResult };

export interface LeasedBackup {
  readonly root: Digest;
  readonly sizeBytes: number;
  /** Bytes of allocated blocks: what there is to bring. */
  readonly logicalBytes: number;
}

/**
 * What a Disk asks of a Vault. Every call may be repeated with the same arguments: the second one changes nothing and
 * gives the same answer, so that a lost answer costs a retry. Throws EngineError with
 *   `busy`       another backup of this disk is running
 *   `not-found`  no such backup or vault, or it was aborted or deleted: final
 *   `invalid`    the arguments contradict what was said before: final
 *   `unavailable` and anything that is no EngineError: the call may or may not have happened: try again later.
 */
export interface VaultClient {
  begin(request: BeginRequest): Promise<BeginReport>;
  /**
   * Presence in the order of `refs`, at most REFS_PER_CALL_MAX. Keeps what is present for as long as the session lasts.
   * 'coming': absent, and another session was told so before: it may arrive by itself.
   */
  lookup(sessionId: string, refs: readonly ObjectRef[]): Promise<Presence[]>;
  /** Announces a pack that is about to be put. `packUuid`: fresh for every attempt (never derived from content). */
  reserve(sessionId: string, packUuid: string, kind: Kind): Promise<{ readonly key: string }>;
  /** The pack is in object storage, `packBytes` long: its objects exist from now on. */
  addPack(sessionId: string, packUuid: string, entries: readonly PackEntry[], packBytes: number): Promise<void>;
  /** Checks that all of `root` is there and makes the backup available. In slices: call until it is not `running`. */
  commit(sessionId: string, request: CommitRequest): Promise<CommitReport>;
  /** Gives the backup up for good. 'done' when it was available already: then nothing changed. */
  abort(sessionId: string): Promise<'aborted' | 'done'>;
  /** Keeps a backup's objects until released. `leaseId`: chosen by the caller, unique; `diskId`: who holds it. */
  lease(leaseId: string, backupId: string, diskId: string): Promise<LeasedBackup>;
  /** An unknown lease is no error. */
  release(leaseId: string): Promise<void>;
  /** Where to read each of `refs` (at most REFS_PER_CALL_MAX), null where the vault has no good copy. */
  locate(refs: readonly ObjectRef[]): Promise<(Location | null)[]>;
  /**
   * These could not be read or did not match their name. The Vault looks for itself; what is bad counts as absent from
   * then on, so that the next backup uploads it again. Returns how many are bad.
   */
  report(refs: readonly ObjectRef[]): Promise<number>;
}

// ---- What a Vault stores ----

export interface VaultMeta {
  /** Version of everything that the Vault stores; a newer one is refused. */
  readonly format: number;
  readonly projectId: string;
  readonly vaultId: string;
  /** Grows with every prune. */
  readonly epoch: number;
  /** Grows with every rebuild from object storage. */
  readonly generation: number;
  readonly state: VaultState;
}

/**
 * open: serves. closing: it is being deleted, and every call but the deletion itself is told that there is none.
 * rebuilding: the index is being made from object storage, and callers are told to come again. superseded: a rebuild
 * began a newer generation elsewhere; this one never writes again.
 */
export const VaultState = { open: 0, closing: 1, rebuilding: 2, superseded: 3 } as const;
export type VaultState = (typeof VaultState)[keyof typeof VaultState];

/**
 * pending: reserved, perhaps put, no object in the index. live: its objects are in the index. condemned: its rows are
 * gone from the index, never to return; the pack is about to be deleted.
 */
export const PackState = { pending: 0, live: 1, condemned: 2 } as const;
export type PackState = (typeof PackState)[keyof typeof PackState];

export interface PackRow {
  /** Assigned by the store, ascending. */
  readonly no: number;
  readonly uuid: string;
  readonly generation: number;
  readonly state: PackState;
  readonly kind: Kind;
  /** Size in object storage; 0 while pending. */
  readonly bytes: number;
  /** Encoded bytes of objects that are not, or no longer, indexed here. A hint for choosing what to repack. */
  readonly deadBytes: number;
  /** Epoch in which a session last relied on it. */
  readonly touchedEpoch: number;
}

/** Where the index says that an object is. */
export interface IndexEntry extends PackEntry {
  readonly packNo: number;
  /** Position in the pack's directory. */
  readonly slot: number;
}

/**
 * The index of all objects of a vault, by digest. Behind its own interface because it is what grows: one table holds
 * about 170 million objects (10 TiB of blocks), then it must be split (STORAGE.md section 6).
 */
export interface PackIndex {
  /** In the order of `refs`; null where absent. A ref of the wrong kind is absent. */
  lookup(refs: readonly ObjectRef[]): (IndexEntry | null)[];
  /** Adds those whose digest is not indexed yet; returns for each whether it was added. */
  add(entries: readonly IndexEntry[]): boolean[];
  /** Points existing digests to a new place (prune, after copying). Digests that are not indexed stay so. */
  move(entries: readonly IndexEntry[]): void;
  remove(refs: readonly ObjectRef[]): void;
}

/**
 * available: its manifest is in object storage. deleting: decided, perhaps not done. deleted, aborted: gone for good;
 * the row stays, so that a late call cannot revive it.
 */
export type BackupState = 'available' | 'deleting' | 'deleted' | 'aborted';

export interface BackupRow {
  readonly id: string;
  readonly state: BackupState;
  /** Where its manifest is. */
  readonly generation: number;
  readonly diskId: string;
  readonly root: Digest;
  readonly sizeBytes: number;
  readonly allocatedBlocks: number;
  readonly result: BackupResult;
  readonly label: BackupLabel;
  /** Order of commits, ascending: the newest available one of a disk is the next one's parent. */
  readonly committedMs: number;
}

export interface SessionRow {
  readonly id: string;
  readonly state: 'open' | 'aborting';
  readonly diskId: string;
  readonly parent: { readonly root: Digest; readonly allocatedBlocks: number } | null;
  readonly beginEpoch: number;
  readonly label: BackupLabel;
  /** What its packs have added so far. */
  readonly storedBytes: number;
  readonly storedObjects: number;
}

export interface LeaseRow extends LeasedBackup {
  readonly id: string;
  readonly diskId: string;
  readonly backupId: string;
}

/** Everything that one vault stores besides object storage. Synchronous; rows stay under 1.9 MB. */
export interface VaultStore {
  readonly meter: Meter;
  readonly index: PackIndex;
  /** Runs `body`; if it throws, nothing of what it stored remains. Not nested. */
  transaction<T>(body: () => T): T;
  /** null until the vault is created. */
  readMeta(): VaultMeta | null;
  writeMeta(meta: VaultMeta): void;

  /** Deletes all rows but the leases, which nobody else knows of: a rebuild begins. */
  reset(): void;
  /** How far a long job has come, as text of its own (below 1.9 MB); null when none is written. */
  readProgress(job: string): string | null;
  /** null: the job is over. */
  writeProgress(job: string, progress: string | null): void;

  /** Inserts a pack that no session made and returns its row. */
  addPack(pack: Omit<PackRow, 'no'>): PackRow;
  /** Inserts a pending pack of a session and returns its row. */
  insertPack(sessionId: string, pack: Pick<PackRow, 'uuid' | 'generation' | 'kind' | 'touchedEpoch'>): PackRow;
  /** A pack that this session reserved. */
  findSessionPack(sessionId: string, packUuid: string): PackRow | null;
  /** All packs that this session reserved. */
  listSessionPacks(sessionId: string): PackRow[];
  /** Rows in the order of `nos`; null where there is none. */
  readPacks(nos: readonly number[]): (PackRow | null)[];
  /** Deletes packs with their directories. Their numbers are never given again. */
  deletePacks(nos: readonly number[]): void;
  /** Objects in a pack's directory; 0 while there is none. */
  countPackObjects(no: number): number;
  /** Changes a pack's state, bytes, deadBytes and touchedEpoch. */
  updatePack(row: PackRow): void;
  /** A pack's directory (engine/repository/pack-directory.ts), null while pending. */
  writePackDirectory(no: number, directory: Uint8Array): void;
  readPackDirectory(no: number): Uint8Array | null;
  /** Pack rows with no > afterNo, ascending, at most `limit`. */
  listPacks(afterNo: number, limit: number): PackRow[];

  readBackup(id: string): BackupRow | null;
  /** Inserts or replaces by id. */
  writeBackup(row: BackupRow): void;
  /** All rows, tombstones included, in order of ids. */
  listBackups(): BackupRow[];
  /** The available backup of this disk that was committed last. */
  newestBackup(diskId: string): BackupRow | null;

  readSession(id: string): SessionRow | null;
  listSessions(): SessionRow[];
  writeSession(row: SessionRow): void;
  /** Deletes the session and forgets which packs it reserved; the packs stay. */
  deleteSession(id: string): void;

  readLease(id: string): LeaseRow | null;
  listLeases(): LeaseRow[];
  writeLease(row: LeaseRow): void;
  deleteLease(id: string): void;

  /** Objects whose only copy was found bad and that have not been uploaded again. At most `limit`. */
  listBad(limit: number): ObjectRef[];
  addBad(refs: readonly ObjectRef[]): void;
  removeBad(refs: readonly ObjectRef[]): void;
}
