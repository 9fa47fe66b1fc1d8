// What a rebuild says of itself. Every list is bounded and has a count beside it: a report must fit into an answer, and
// into a row, however much is broken.

import type { ByteRange } from '../errors.ts';
import { toHex } from '../types.ts';
import type { Lost } from './structure-walk.ts';

/** The first of many. */
export interface Listed<T> {
  count: number;
  readonly first: T[];
}

export interface DamagedPack {
  readonly key: string;
  /** Objects that could still be found in it; it may have had more. */
  readonly objectsFound: number;
}

export interface DamagedRecord {
  readonly key: string;
  readonly reason: string;
}

export interface DamagedBackup {
  readonly backupId: string;
  readonly name: string;
  readonly lostBytes: number;
  /** The first of the byte ranges that cannot be restored. */
  readonly ranges: readonly ByteRange[];
  /** Objects that are missing, and the first of their digests. */
  readonly objectsLost: number;
  readonly digests: readonly string[];
}

export interface RebuildReport {
  /** The one that the vault has from now on. */
  readonly generation: number;
  packs: number;
  packBytes: number;
  /** Distinct objects that were found. */
  objects: number;
  /** Backups that are available again, those among them that are damaged included. */
  backups: number;
  /** Packs that a prune was about to delete: left out. */
  condemnedPacks: number;
  readonly damagedPacks: Listed<DamagedPack>;
  /** Records that cannot be read. A backup whose manifest is among them cannot be restored. */
  readonly damagedRecords: Listed<DamagedRecord>;
  readonly damagedBackups: Listed<DamagedBackup>;
}

/** All lists at their longest are 30 KB of JSON. */
const LISTED_MAX = 20;
const RANGES_MAX = 16;
const DIGESTS_MAX = 4;

export function emptyReport(generation: number): RebuildReport {
  return {
    ...{ generation, packs: 0, packBytes: 0, objects: 0, backups: 0, condemnedPacks: 0 },
    damagedPacks: { count: 0, first: [] },
    damagedRecords: { count: 0, first: [] },
    damagedBackups: { count: 0, first: [] },
  };
}

export function note<T>(list: Listed<T>, item: T): void {
  list.count += 1;
  if (list.first.length < LISTED_MAX) list.first.push(item);
}

export function damagedBackup(backupId: string, name: string, lost: Lost): DamagedBackup {
  const digests = lost.missing.slice(0, DIGESTS_MAX).map((ref) => toHex(ref.digest));
  return {
    ...{ backupId, name, lostBytes: lost.bytes, ranges: lost.ranges.slice(0, RANGES_MAX) },
    ...{ objectsLost: lost.missing.length, digests },
  };
}
