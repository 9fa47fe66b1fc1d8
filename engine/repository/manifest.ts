// Records: the small objects in object storage that say what was decided. A manifest says that a backup exists; the
// others say that one never will, or no longer does. One envelope for all: magic, length, JSON, BLAKE3 of all that.
//
// A manifest lists no objects: the pages under its root are the list.

import { EngineError } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import { bytesEqual } from '../types.ts';
import type { BackupLabel, BackupResult, BackupStats } from './ports.ts';

/** Version of the records. A reader refuses a larger one, and ignores fields that it does not know. */
export const RECORD_VERSION = 1;

export interface ManifestRecord {
  readonly kind: 'manifest';
  readonly version: number;
  readonly projectId: string;
  readonly vaultId: string;
  readonly backupId: string;
  readonly diskId: string;
  /** Hex of the level-4 page's digest; 64 zeros: a disk of zeros. */
  readonly root: string;
  readonly sizeBytes: number;
  readonly blockBytes: number;
  readonly treeLevels: number;
  readonly allocatedBlocks: number;
  readonly committedMs: number;
  readonly label: BackupLabel;
  readonly stats: BackupStats;
  readonly result: BackupResult;
  /** UUIDs of the packs that were made for this backup. Objects of others are shared. */
  readonly newPacks: readonly string[];
}

/** At the manifest's own key, so that a manifest that arrives later finds the place taken. */
export interface AbortedRecord {
  readonly kind: 'aborted';
  readonly version: number;
  readonly backupId: string;
  readonly decidedMs: number;
}

export interface DeletedRecord {
  readonly kind: 'deleted';
  readonly version: number;
  readonly backupId: string;
  readonly decidedMs: number;
}

export interface GenerationRecord {
  readonly kind: 'generation';
  readonly version: number;
  readonly projectId: string;
  readonly vaultId: string;
  readonly generation: number;
  readonly decidedMs: number;
}

/** Packs that a prune deletes: none of them is relied on from here on, by any generation. */
export interface CondemnedRecord {
  readonly kind: 'condemned';
  readonly version: number;
  readonly epoch: number;
  /** Keys of the packs. */
  readonly packs: readonly string[];
  readonly decidedMs: number;
}

/** What a rebuilt generation took over; later records of earlier generations count for nothing. */
export interface InheritedRecord {
  readonly kind: 'inherited';
  readonly version: number;
  readonly generation: number;
  /** Backups, and the generation in which each one's manifest is. */
  readonly backups: readonly { readonly backupId: string; readonly generation: number }[];
  readonly decidedMs: number;
}

/** How the project has set its vault up, so that it comes back with the vault. The engine does not look into it. */
export interface SettingsRecord {
  readonly kind: 'settings';
  readonly version: number;
  readonly revision: number;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** 'closing': the intent. 'closed': nobody has taken the vault over, so it is decided. */
export interface ClosedRecord {
  readonly kind: 'closing' | 'closed';
  readonly version: number;
  readonly decidedMs: number;
}

export type VaultRecord =
  | ManifestRecord
  | AbortedRecord
  | DeletedRecord
  | CondemnedRecord
  | InheritedRecord
  | SettingsRecord
  | GenerationRecord
  | ClosedRecord;

const MAGIC = new TextEncoder().encode('EVSRECD1');
const JSON_AT = 16;
const HASH_BYTES = 32;

/** The record as it lies in object storage. */
export function encodeRecord(kernel: Kernel, record: VaultRecord): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(record));
  const bytes = new Uint8Array(JSON_AT + json.length + HASH_BYTES);
  bytes.set(MAGIC, 0);
  new DataView(bytes.buffer).setUint32(8, json.length, true);
  bytes.set(json, JSON_AT);
  bytes.set(kernel.hash(bytes.subarray(0, JSON_AT + json.length)), JSON_AT + json.length);
  return bytes;
}

/** The inverse. Throws `damaged` when a byte is wrong, `format` when it is right but from a newer version. */
export function decodeRecord(kernel: Kernel, bytes: Uint8Array): VaultRecord {
  const body = bytes.length - HASH_BYTES;
  if (body < JSON_AT || !bytesEqual(kernel.hash(bytes.subarray(0, body)), bytes.subarray(body))) {
    throw new EngineError('damaged', 'a record of the vault does not match its own hash');
  }
  const known = bytesEqual(bytes.subarray(0, MAGIC.length), MAGIC);
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(8, true);
  if (!known || length !== body - JSON_AT) throw new EngineError('format', 'a record of the vault has an unknown form');
  const record = JSON.parse(new TextDecoder().decode(bytes.subarray(JSON_AT, body))) as VaultRecord;
  if (record.version > RECORD_VERSION) {
    throw new EngineError('format', `a record of the vault has version ${record.version}, newer than this program`);
  }
  return record;
}
