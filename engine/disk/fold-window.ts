// What a fold needs of the log, a window of blocks at a time. Folding goes by blocks, the log by time: the patches of one
// block lie all over the log, and reading a part of a row costs as much as reading all of it. So for each window the rows
// are gone through once, in order, and what they hold for its blocks is taken out and checked.

import { type Job, PAUSE } from '../steps.ts';
import { entryBytes, type SectorsEntry } from './log.ts';
import type { BlockPlan, LogIndex, Placed } from './log-index.ts';
import { patchBytes, type ReadContext } from './read.ts';

/** Bytes of patches that a window holds; most logs are one window. */
const WINDOW_BYTES = 16 * 2 ** 20;
/** Bytes of rows that one step reads: a few milliseconds. */
const STEP_BYTES = 2 * 2 ** 20;

type SectorsPatch = Placed<SectorsEntry>;

export class FoldWindow {
  readonly #context: ReadContext;
  readonly #log: LogIndex;
  readonly #cutSeq: number;
  readonly #plans = new Map<number, BlockPlan>();
  /** By order; null where they are damaged. */
  readonly #bytes = new Map<number, Uint8Array | null>();

  constructor(context: ReadContext, log: LogIndex, cutSeq: number) {
    this.#context = context;
    this.#log = log;
    this.#cutSeq = cutSeq;
  }

  has(block: number): boolean {
    return this.#plans.has(block);
  }

  /** How a block of the window comes about. */
  plan(block: number): BlockPlan {
    return this.#plans.get(block)!;
  }

  /** Checked bytes of a patch of a block in the window; null when they cannot be read. */
  bytesOf(patch: SectorsPatch): Uint8Array | null {
    return this.#bytes.get(patch.order) ?? null;
  }

  /** Moves the window: it begins with `blocks[from]` and has all blocks from there on that fit, but `atLeast` of them. */
  *load(blocks: readonly number[], from: number, atLeast: number): Job<void> {
    this.#plans.clear();
    this.#bytes.clear();
    const rows = new Map<number, SectorsPatch[]>();
    let bytes = 0;
    for (let i = from; i < blocks.length && (i < from + atLeast || bytes < WINDOW_BYTES); i++) {
      const plan = this.#log.plan(blocks[i]!, this.#cutSeq);
      this.#plans.set(blocks[i]!, plan);
      for (const patch of plan.patches) {
        if (patch.kind !== 'sectors') continue;
        bytes += entryBytes(patch);
        const row = rows.get(patch.seq);
        if (row) row.push(patch);
        else rows.set(patch.seq, [patch]);
      }
    }
    let read = 0;
    for (const seq of [...rows.keys()].sort((a, b) => a - b)) {
      if (read >= STEP_BYTES) {
        yield PAUSE;
        read = 0;
      }
      read += this.#take(seq, rows.get(seq)!);
    }
  }

  /** Takes patches out of a row. Returns how many bytes were read. */
  #take(seq: number, patches: readonly SectorsPatch[]): number {
    const { logData } = this.#context;
    const rowBytes = this.#log.dataBytes.get(seq) ?? 0;
    if (patches.length > 1) logData.open(seq, rowBytes);
    for (const patch of patches) {
      const bytes = patchBytes(this.#context, this.#log, patch);
      // A copy: of most rows only a little is wanted.
      this.#bytes.set(patch.order, bytes?.slice() ?? null);
    }
    logData.clear();
    return rowBytes;
  }
}
