// Making a delta stream of two points, in pieces of about a megabyte, whatever the points hold. What is sent was checked
// against its name; what cannot be read ends the stream.

import { encodeFrameHead, encodeHeader, FRAME_FIELDS_BYTES } from './delta.ts';
import { type ChangedBlock, type ChangeRange, mixedRoot, walkChangedBlocks } from './delta-changes.ts';
import { EngineError } from './errors.ts';
import type { Kernel } from './kernel.ts';
import type { Objects } from './objects.ts';
import type { Frame } from './ports.ts';
import { release } from './release.ts';
import type { NeedStep, Step } from './steps.ts';
import { BLOCK_BYTES, HOLE, isHole, Kind, type ObjectRef } from './types.ts';

/** Blocks that are read in one go: 1 MiB. */
const BLOCKS_AT_ONCE = 16;

/** Which part of the way between two contents: blocks [firstBlock, endBlock), and the sizes that the points have. */
export interface DeltaSpec extends ChangeRange {
  readonly fromSizeBytes: number;
  readonly toSizeBytes: number;
}

/** Frames are gathered up to here: fewer pieces are cheaper to send. */
const PIECE_BYTES = 512 * 1_024;

/** A piece of the stream: at most about one and a half mebibytes, never empty. */
export interface DeltaPiece {
  readonly bytes: Uint8Array;
}

/** Blocks one after the other that are read together: a run of holes, or some with content. */
interface Group {
  readonly isHoles: boolean;
  readonly blocks: ChangedBlock[];
}

/**
 * The stream, piece by piece. Throws EngineError `invalid` for a size that is no multiple of a block, `damaged` with the
 * ranges of what cannot be read.
 */
export function* writeDelta(
  objects: Objects,
  kernel: Kernel,
  spec: DeltaSpec,
): Generator<Step | DeltaPiece, void, void> {
  const hasher = kernel.hasher();
  let frames = 0;
  let parts: Uint8Array[] = [yield* makeHeader(objects, kernel, spec)];
  let partsBytes = 0;
  const takePiece = (): DeltaPiece => {
    const bytes = concat(parts);
    hasher.update(bytes);
    parts = [];
    partsBytes = 0;
    return { bytes };
  };

  for (const step of walkChangedBlocks(objects, kernel, spec)) {
    if (!('blocks' in step)) {
      yield step;
      continue;
    }
    for (const group of groupsOf(step.blocks)) {
      const added = group.isHoles ? [holesFrame(group.blocks)] : yield* blockFrames(objects, group.blocks);
      frames += group.isHoles ? 1 : group.blocks.length;
      parts.push(...added);
      partsBytes += added.reduce((sum, part) => sum + part.length, 0);
      if (partsBytes >= PIECE_BYTES) yield takePiece();
    }
  }
  yield takePiece();
  const end = encodeFrameHead({ kind: 'end', frames, digest: HOLE });
  end.set(hasher.update(end.subarray(0, FRAME_FIELDS_BYTES)).digest(), FRAME_FIELDS_BYTES);
  yield { bytes: end };
}

function* makeHeader(objects: Objects, kernel: Kernel, spec: DeltaSpec): Generator<NeedStep, Uint8Array, void> {
  const { from, to, firstBlock, endBlock, fromSizeBytes, toSizeBytes } = spec;
  for (const sizeBytes of [fromSizeBytes, toSizeBytes]) {
    if (sizeBytes % BLOCK_BYTES !== 0) throw new EngineError('invalid', 'a delta is between points of whole blocks');
  }
  const begin = yield* mixedRoot(objects, kernel, from, to, firstBlock);
  const end = yield* mixedRoot(objects, kernel, from, to, endBlock);
  return encodeHeader(kernel, {
    fromSizeBytes,
    toSizeBytes,
    from: kernel.rootCommitment(begin, fromSizeBytes),
    to: kernel.rootCommitment(end, toSizeBytes),
  });
}

function groupsOf(blocks: readonly ChangedBlock[]): Group[] {
  const groups: Group[] = [];
  for (const block of blocks) {
    const isHoles = isHole(block.digest);
    const last = groups.at(-1);
    const fits = isHoles
      ? last?.blocks.at(-1)?.blockIndex === block.blockIndex - 1
      : last?.blocks.length !== BLOCKS_AT_ONCE;
    if (last?.isHoles === isHoles && fits) last.blocks.push(block);
    else groups.push({ isHoles, blocks: [block] });
  }
  return groups;
}

function holesFrame(blocks: readonly ChangedBlock[]): Uint8Array {
  return encodeFrameHead({ kind: 'holes', firstBlock: blocks[0]!.blockIndex, blockCount: blocks.length });
}

/** Heads and encoded bytes of some blocks. Asks for those that are absent, once. */
function* blockFrames(objects: Objects, blocks: readonly ChangedBlock[]): Generator<NeedStep, Uint8Array[], void> {
  const refs = blocks.map(({ digest }): ObjectRef => ({ kind: Kind.block, digest }));
  let found = objects.readFrames(refs);
  const need = refs.filter((_, i) => found[i] === 'absent');
  if (need.length > 0) {
    yield { need };
    found = objects.readFrames(refs);
  }
  const bad = blocks.filter((_, i) => typeof found[i] === 'string');
  if (bad.length > 0) {
    const ranges = bad.map(({ blockIndex }) => ({ offset: blockIndex * BLOCK_BYTES, length: BLOCK_BYTES }));
    throw new EngineError('damaged', 'blocks of the delta cannot be read', ranges);
  }
  return (found as Frame[]).flatMap(({ encoding, bytes }, i) => {
    const { blockIndex, digest } = blocks[i]!;
    return [encodeFrameHead({ kind: 'block', blockIndex, digest, encoding, length: bytes.length }), bytes];
  });
}

/** The parts in one array; those that were frames are given back. */
function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
    release(part);
  }
  return whole;
}
