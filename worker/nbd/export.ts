// What the protocol needs of a disk, a snapshot or a backup.

import type { ExportInfo } from './handshake.ts';

/** A change of content. Offsets and lengths are bytes, of any alignment, inside the export. */
export type Change =
  | { readonly kind: 'bytes'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'zeroes'; readonly offset: number; readonly length: number };

/** A stretch of bytes that is allocated, or a hole that reads as zeros. */
export interface Extent {
  readonly length: number;
  readonly isHole: boolean;
}

/** All of these throw EngineError. */
export interface NbdExport extends ExportInfo {
  /** Bytes that belong to the caller. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Applies changes in order; durable when it resolves. All of them in one transaction, when their edges are sectors. */
  write(changes: readonly Change[]): Promise<void>;
  /** Extents from `offset` on, at most `limit`; they may end before the range does, but hold at least a byte. */
  extents(offset: number, length: number, limit: number): Promise<Extent[]>;
}
