// Applying a delta stream to a disk that is at the stream's first point. What arrives is staged and nobody sees it; one
// commit at the end makes it visible, after the stream was seen to be whole and to lead where it says.

import { badStream, DeltaError, type DeltaHeader } from './delta.ts';
import { type DeltaChange, DeltaReader, type Take } from './delta-read.ts';
import { ReplacedRoot } from './delta-root.ts';
import type { WriteBatch } from './disk/batch.ts';
import type { Disk } from './disk/disk.ts';
import { EngineError } from './errors.ts';
import { release } from './release.ts';
import { type Job, runFetching } from './steps.ts';
import { BLOCK_BYTES, bytesEqual, type ObjectRef, toHex } from './types.ts';

/** Blocks that are staged in one transaction: 1 MiB. */
const BLOCKS_AT_ONCE = 16;
/** Frames of one stream: their entries stay in memory until the next fold, and are half of what the log may hold. */
export const APPLY_FRAMES_MAX = 16_384;

export interface ApplyPorts {
  readonly take: Take;
  bring(refs: readonly ObjectRef[]): Promise<void>;
  /** Awaited between stagings. Throw to stop: nothing was changed. */
  pause(): Promise<void>;
  /** Throws what forbids to write to the disk now. Asked in the turn of the commit. */
  check(): void;
}

export interface AppliedDelta {
  /** What the disk holds now, as the stream's header names it: 64 hex digits, and the size that they are of. */
  readonly commitment: string;
  readonly sizeBytes: number;
  readonly blocks: number;
  readonly holes: number;
}

/**
 * Applies a stream to the head, whose log must have been folded: all of it, or nothing. Throws DeltaError `bad-stream`,
 * `wrong-base` when the disk does not hold the stream's first point, `too-large` beyond APPLY_FRAMES_MAX; EngineError
 * `busy` when the disk was written to meanwhile, and what committing throws.
 */
export async function applyDelta(disk: Disk, ports: ApplyPorts): Promise<AppliedDelta> {
  const { state } = disk;
  if (!state.log.isEmpty) throw new EngineError('busy', 'the log of the disk is not folded');
  const { newestSeq } = state;
  const { version, root } = state.head;
  const assertSame = () => {
    if (state.newestSeq !== newestSeq || state.head.version !== version) {
      throw new EngineError('busy', 'the disk was written to while the stream was applied; nothing of it was');
    }
  };
  const reader = new DeltaReader(state.host, ports.take);
  const header = await reader.header();
  assertSame();
  checkBase(disk, header);
  const base = root.slice();
  const batch = disk.begin();
  // The walk below reads pages of it, whatever becomes of the disk meanwhile.
  state.walkedRoots.add(base);
  try {
    const applying = new Applying(disk, batch, new ReplacedRoot(state.objects, state.kernel, base), ports);
    for await (const change of reader.changes(header)) {
      assertSame();
      await applying.add(change);
    }
    const reached = await applying.root();
    if (!bytesEqual(state.kernel.rootCommitment(reached, header.toSizeBytes), header.to)) {
      throw badStream('it does not lead to where its header says');
    }
    await ports.pause();
    ports.check();
    assertSame();
    disk.commit(batch);
    return { commitment: toHex(header.to), sizeBytes: header.toSizeBytes, ...applying.counts };
  } finally {
    disk.drop(batch);
    state.walkedRoots.delete(base);
  }
}

/** Throws `wrong-base` unless the disk holds the first point, and has room for the second. */
function checkBase(disk: Disk, header: DeltaHeader): void {
  const { kernel, head } = disk.state;
  const held = kernel.rootCommitment(head.root, header.fromSizeBytes);
  if (!bytesEqual(held, header.from)) {
    const where = `the disk's root is ${toHex(held)}, the stream starts at ${toHex(header.from)}`;
    throw new DeltaError('wrong-base', `The disk does not hold what the stream starts from: ${where}.`);
  }
  if (disk.sizeBytes < header.toSizeBytes) {
    const sizes = `the disk has ${disk.sizeBytes} bytes, and the stream leads to ${header.toSizeBytes}`;
    throw new DeltaError('wrong-base', `The disk is too small: ${sizes}. Extend it first.`);
  }
}

/** The changes of one stream on their way into a batch. */
class Applying {
  readonly #disk: Disk;
  readonly #batch: WriteBatch;
  readonly #root: ReplacedRoot;
  readonly #ports: ApplyPorts;
  #frames = 0;
  /** Blocks that are not staged yet: the batch refers to them. */
  #waiting: Uint8Array[] = [];
  #blocks = 0;
  #holes = 0;

  constructor(disk: Disk, batch: WriteBatch, root: ReplacedRoot, ports: ApplyPorts) {
    this.#disk = disk;
    this.#batch = batch;
    this.#root = root;
    this.#ports = ports;
  }

  get counts(): { blocks: number; holes: number } {
    return { blocks: this.#blocks, holes: this.#holes };
  }

  async add(change: DeltaChange): Promise<void> {
    if (++this.#frames > APPLY_FRAMES_MAX) {
      const text = `One stream is applied with at most ${APPLY_FRAMES_MAX} frames: ask for the delta in parts.`;
      throw new DeltaError('too-large', text);
    }
    if (change.kind === 'block') await this.#addBlock(change);
    else await this.#addHoles(change);
  }

  async root() {
    return await this.#drive(this.#root.finish());
  }

  async #addBlock({ blockIndex, digest, bytes }: Extract<DeltaChange, { kind: 'block' }>): Promise<void> {
    this.#batch.write(blockIndex * BLOCK_BYTES, bytes);
    this.#blocks += 1;
    await this.#drive(this.#root.set(blockIndex, digest));
    this.#waiting.push(bytes);
    if (this.#waiting.length < BLOCKS_AT_ONCE) return;
    this.#batch.stage();
    for (const staged of this.#waiting.splice(0)) release(staged);
    await this.#ports.pause();
  }

  async #addHoles({ firstBlock, blockCount }: Extract<DeltaChange, { kind: 'holes' }>): Promise<void> {
    // What lies beyond a disk that has become smaller is zeros already.
    const offset = firstBlock * BLOCK_BYTES;
    const length = Math.min(blockCount * BLOCK_BYTES, this.#disk.sizeBytes - offset);
    if (length > 0) this.#batch.writeZeroes(offset, length);
    this.#holes += blockCount;
    await this.#drive(this.#root.clear(firstBlock, blockCount));
  }

  #drive<T>(job: Job<T>): Promise<T> {
    return runFetching(job, (refs) => this.#ports.bring(refs));
  }
}
