// When folding meets content that cannot be read, the entries over it must neither be lost nor pin the log: the tree
// gets a name for "lost" there, and the head's entries go to the tail of the log, after everything else. Snapshots do
// not get them: one that is sealed over lost content says so, instead of showing old bytes once the base is healed.

import { SECTOR_BYTES } from '../types.ts';
import { type BatchRow, ROW_DATA_MAX, ROW_ENTRIES_MAX } from './batch.ts';
import { entryBytes, type LogEntry } from './log.ts';
import { type BlockPlan, type BlockRange, NEWEST, type Patch } from './log-index.ts';
import type { DiskState } from './state.ts';

/** A part of the tree that folding could not read. */
export interface LostSpan extends BlockRange {
  /** For a single block: the digest that could not be read. The head keeps naming it, so that healing can bring it back. */
  readonly base: Uint8Array | null;
}

/** Rows that, appended to the log, give the head the same content over the lost spans as its entries give it now. */
export function relocate(state: DiskState, lost: readonly LostSpan[], zeroes: readonly BlockRange[]): BatchRow[] {
  const rows: BatchRow[] = [];
  const touched = state.log.touchedBlocks(NEWEST);
  for (const span of lost) {
    if (span.base) {
      relocateBlock(span.first, state.log.plan(span.first, NEWEST), span.base);
      continue;
    }
    for (const range of zeroes) {
      const first = Math.max(range.first, span.first);
      const blockCount = Math.min(range.end, span.end) - first;
      if (blockCount > 0) add({ kind: 'zero-blocks', blockIndex: first, blockCount });
    }
    for (const block of touched) {
      if (block >= span.first && block < span.end) relocateBlock(block, state.log.plan(block, NEWEST), null);
    }
  }
  return rows;

  function relocateBlock(blockIndex: number, plan: BlockPlan, treeBase: Uint8Array | null): void {
    const digest = plan.base === 'tree' ? treeBase : plan.base;
    if (digest) add({ kind: 'block', blockIndex, digest });
    for (const patch of plan.patches) relocatePatch(patch);
  }

  function relocatePatch(patch: Patch): void {
    if (patch.kind === 'zero-sectors') {
      add({ kind: 'zero-sectors', blockIndex: patch.blockIndex, sector: patch.sector, sectorCount: patch.sectorCount });
      return;
    }
    // Damaged bytes move as they are and keep their check: those sectors stay unreadable until they are written again.
    const bytes =
      state.store.readLogData(patch.seq, patch.dataOffset, entryBytes(patch)) ??
      new Uint8Array(patch.sectorCount * SECTOR_BYTES);
    const row = rowFor(bytes.length);
    const { kind, blockIndex, sector, sectorCount, check } = patch;
    row.entries.push({ kind, blockIndex, sector, sectorCount, check, dataOffset: row.dataBytes });
    row.data.push(bytes);
    row.dataBytes += bytes.length;
  }

  function add(entry: LogEntry): void {
    rowFor(0).entries.push(entry);
  }

  function rowFor(dataBytes: number): BatchRow {
    const last = rows.at(-1);
    if (last && last.dataBytes + dataBytes <= ROW_DATA_MAX && last.entries.length < ROW_ENTRIES_MAX) return last;
    const row: BatchRow = { entries: [], data: [], dataBytes: 0 };
    rows.push(row);
    return row;
  }
}
