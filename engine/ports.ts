// The seams of the engine: everything it needs from outside, and nothing else. Each port has one conformance suite in
// test/conformance/ that every implementation passes (memory, SQLite in a Durable Object, R2).
//
// Stores move *frames*: encoded objects as they lie in storage. Only engine/objects.ts turns bytes into frames and
// frames into bytes, so that encoding and verification exist once (docs/design/0002-frames.md).

import type { Meter } from './cost.ts';
import type { Digest, ObjectRef } from './types.ts';

/** One object in stored form: an encoding (engine/codec.ts) and the encoded bytes, at most 65,536 of them. */
export interface Frame {
  readonly encoding: number;
  readonly bytes: Uint8Array;
}

export interface StoredObject extends ObjectRef {
  readonly frame: Frame;
}

/** Where a scan goes on. Opaque to callers; only the store that made it understands it. */
export type ScanCursor = number;

/**
 * The objects of one disk. Synchronous, inside the caller's transaction. Absence is a result, never an exception.
 * Nothing here verifies: a frame may be damaged, and the reader above finds out.
 */
export interface ObjectStore {
  /** Frames in the order of `refs`; null where absent. A ref of the wrong kind is absent. Duplicates are allowed. */
  getMany(refs: readonly ObjectRef[]): (Frame | null)[];
  /** A part of the frame of `ref`; null when it is absent, shorter, or has another encoding. */
  getPart(ref: ObjectRef, encoding: number, offset: number, length: number): Uint8Array | null;
  /** Inserts the objects that are absent, leaves present ones untouched. Returns how many were inserted. */
  putMany(objects: readonly StoredObject[]): number;
  /** Inserts or overwrites: for healing, where the present bytes are known to be wrong. */
  replaceMany(objects: readonly StoredObject[]): void;
  /** Presence in the order of `refs`, without reading the bytes. */
  hasMany(refs: readonly ObjectRef[]): boolean[];
  /** Deletes what is present; absent refs are no error. */
  deleteMany(refs: readonly ObjectRef[]): void;
  /** Up to `limit` refs in the store's own order, after `cursor` (null: from the start). `next` is null at the end. */
  scan(cursor: ScanCursor | null, limit: number): { refs: ObjectRef[]; next: ScanCursor | null };
  /** Number of objects, and the bytes that storage holds for the disk in all (log included where it shares a file). */
  usage(): { objects: number; storedBytes: number };
}

/** The one mutable pointer of a disk. Guest writes never touch this row. */
export interface HeadRow {
  readonly root: Digest;
  readonly sizeBytes: number;
  /** Log rows up to here are contained in `root` and deleted. */
  readonly foldedSeq: number;
  /** Grows by one whenever `root` changes: what was read before an await is checked against it after. */
  readonly version: number;
  /** `sum` of the newest log row ever deleted: where the chain of the remaining rows begins. 32 bytes. */
  readonly anchor: Uint8Array;
}

/** One commit of the log. `dir` says what was written (engine/disk/log.ts), `data` holds the bytes of sector entries. */
export interface LogRow {
  readonly seq: number;
  readonly dir: Uint8Array;
  /** BLAKE3(previous sum, seq, dir): chains the directories; each entry in `dir` carries the digest of its own data. */
  readonly sum: Uint8Array;
}

export interface SnapshotRow {
  readonly id: string;
  /** The snapshot shows the log up to and including this sequence number. */
  readonly cutSeq: number;
  /** null: not sealed yet, content is the replay of the log up to `cutSeq` over the head's root. */
  readonly root: Digest | null;
  readonly sizeBytes: number;
  /** Made by the system for a backup; not a snapshot that users see. */
  readonly hidden: boolean;
}

/** A root that somebody else reads from (a clone that has not fetched all): kept alive until released. */
export interface PinRow {
  readonly id: string;
  readonly root: Digest;
  readonly owner: string;
}

/** Where absent objects come from until everything is local. `locator` is JSON that the worker understands. */
export interface UpstreamRow {
  readonly id: string;
  readonly locator: string;
  /** A restore: an object that is present but damaged is fetched again and replaced. */
  readonly heals: boolean;
}

/** Everything that one disk stores. Synchronous: a disk operation is one transaction with no await inside. */
export interface DiskStore {
  readonly objects: ObjectStore;
  readonly meter: Meter;
  /** Runs `body`; if it throws, nothing of what it stored remains. Not nested. */
  transaction<T>(body: () => T): T;
  /** null until the disk is created. */
  readHead(): HeadRow | null;
  writeHead(row: HeadRow): void;
  /** Appends; `seq` is larger than any before. `dir` and `data` together stay under 1.9 MB. */
  appendLog(row: LogRow, data: Uint8Array): void;
  /** Rows with seq > afterSeq, ascending, directories only. Materialised: safe to write while iterating. */
  scanLog(afterSeq: number): (LogRow & { readonly dataBytes: number })[];
  /** `length` bytes of a row's data from `offset`; null when row or bytes are missing. */
  readLogData(seq: number, offset: number, length: number): Uint8Array | null;
  /** Deletes rows with seq <= throughSeq. */
  deleteLog(throughSeq: number): void;
  listSnapshots(): SnapshotRow[];
  /** Inserts or replaces by id. */
  writeSnapshot(row: SnapshotRow): void;
  deleteSnapshot(id: string): void;
  listPins(): PinRow[];
  writePin(row: PinRow): void;
  deletePin(id: string): void;
  listUpstreams(): UpstreamRow[];
  writeUpstream(row: UpstreamRow): void;
  deleteUpstream(id: string): void;
  /** Damage fault for tests and simulations: edits stored bytes below every check. False when there is nothing to hit. */
  damage(fault: StoredFault): boolean;
}

/** What a damage fault does to one stored thing. `random` is any non-negative integer: it chooses the byte and bit. */
export type StoredFault =
  | { readonly target: 'object'; readonly ref: ObjectRef; readonly kind: 'flip' | 'lose'; readonly random: number }
  | { readonly target: 'object'; readonly ref: ObjectRef; readonly kind: 'misdirect'; readonly other: ObjectRef }
  | { readonly target: 'log'; readonly seq: number; readonly kind: 'flip' | 'lose'; readonly random: number };

/** Fetches objects from somewhere else: a vault, or the disk that this one was cloned from. */
export interface ObjectSource {
  /** Frames in the order of `refs`; null where the source has none. Throws when the source cannot be reached. */
  fetch(refs: readonly ObjectRef[]): Promise<(Frame | null)[]>;
}

/** Object storage (R2). Keys are UUIDs and digests under project and vault; objects are put once and never changed. */
export interface Obs {
  /** Create-once. 'exists' when the key was there already: nothing was changed. `sha256`: verified by the store. */
  putOnce(key: string, bytes: Uint8Array, sha256?: Uint8Array): Promise<'created' | 'exists'>;
  /** The whole object, or null. */
  get(key: string): Promise<Uint8Array | null>;
  /** Exactly `length` bytes from `offset`; null when the key is absent; throws RangeError when the object is shorter. */
  getRange(key: string, offset: number, length: number): Promise<Uint8Array | null>;
  /** The last `length` bytes, or all when the object is shorter. null when absent. */
  getSuffix(key: string, length: number): Promise<{ bytes: Uint8Array; sizeBytes: number } | null>;
  head(key: string): Promise<{ sizeBytes: number; sha256: Uint8Array | null } | null>;
  /** One page of keys in order. Callers loop until `cursor` is null: a page may be short. */
  list(prefix: string, cursor: string | null): Promise<{ keys: string[]; cursor: string | null }>;
  /** Deletes what exists; absent keys are no error. Any number of keys. */
  delete(keys: readonly string[]): Promise<void>;
}

/** Turns bytes into a frame and back. One implementation a runtime: zstd in workerd and Node, deflate in browsers. */
export interface Codec {
  /** Never throws: incompressible bytes become a raw frame. The frame may alias `bytes`. */
  encode(bytes: Uint8Array): Frame;
  /** null when the frame is damaged, of an unknown encoding, or does not decode to exactly `sizeBytes`. */
  decode(frame: Frame, sizeBytes: number): Uint8Array | null;
}

export interface Clock {
  /** Milliseconds since 1970, never going back. */
  nowMs(): number;
}

export interface Random {
  /** A random (version 4) UUID, lower case with dashes. */
  uuid(): string;
}
