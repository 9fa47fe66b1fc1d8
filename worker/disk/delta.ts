// Delta streams out of an object and into a disk.

import { type AppliedDelta, applyDelta } from '../../engine/delta-apply.ts';
import { listChangedBlocks, ROOT_BLOCKS } from '../../engine/delta-changes.ts';
import { type DeltaPiece, type DeltaSpec, writeDelta } from '../../engine/delta-write.ts';
import { EngineError } from '../../engine/errors.ts';
import type { Step } from '../../engine/steps.ts';
import { NEXT_CURSOR_HEADER, type PointName } from '../protocol.ts';
import { BodyReader } from './body-reader.ts';
import { send } from './bytes.ts';
import { ChangeCursor } from './change-cursor.ts';
import { CHANGES_PER_PAGE_MAX } from './changes.ts';
import { driveOver, ignoreDamaged, type Points } from './points.ts';
import type { DiskRuntime } from './runtime.ts';

/** A disk that is written to all the time is folded so often before it is said to be busy. */
const FOLDS_MAX = 4;

/**
 * 200 with the stream of the way from one point to the other, or of the part of it that `cursor` and `limit` cut out. The
 * first piece is made before the answer begins, so that most faults are answers. Closes the points at its end.
 */
export async function deltaResponse(
  points: Points,
  names: readonly PointName[],
  query: URLSearchParams,
): Promise<Response> {
  try {
    const cursors = new ChangeCursor(points.host.kernel, names, [points.from, points.to]);
    const spec = await specOf(points, cursors, query);
    const nextPiece = piecesOf(points, writeDelta(points.objects, points.host.kernel, spec));
    let ahead = await nextPiece();
    const { readable, writable } = new IdentityTransformStream();
    void send(writable, async () => {
      const piece = ahead ?? (await nextPiece());
      ahead = null;
      return piece;
    }).finally(() => points.close());
    const headers = new Headers({ 'content-type': 'application/octet-stream' });
    if (spec.endBlock < ROOT_BLOCKS) headers.set(NEXT_CURSOR_HEADER, cursors.encode(spec.endBlock));
    return new Response(readable, { headers });
  } catch (error) {
    points.close();
    throw error;
  }
}

async function specOf(points: Points, cursors: ChangeCursor, query: URLSearchParams): Promise<DeltaSpec> {
  const { from, to, objects, host } = points;
  const cursor = query.get('cursor');
  const limit = query.get('limit');
  const range = {
    from: from.root,
    to: to.root,
    firstBlock: cursor === null ? 0 : cursors.decode(cursor),
    endBlock: ROOT_BLOCKS,
  };
  const sizes = { fromSizeBytes: from.sizeBytes, toSizeBytes: to.sizeBytes };
  if (limit === null) return { ...range, ...sizes };
  const blocks = Math.min(Number(limit), CHANGES_PER_PAGE_MAX);
  const { next } = await driveOver(points, listChangedBlocks(objects, host.kernel, range, blocks));
  return { ...range, ...sizes, endBlock: next ?? ROOT_BLOCKS };
}

/** Gives the stream piece by piece, and null at its end. */
function piecesOf(points: Points, steps: Generator<Step | DeltaPiece, void, void>): () => Promise<Uint8Array | null> {
  return async () => {
    for (let step = steps.next(); !step.done; step = steps.next()) {
      if ('bytes' in step.value) {
        // Even where nothing had to be waited for, a piece is all that one turn does.
        await points.pause();
        return step.value.bytes;
      }
      if ('need' in step.value) await points.bring(step.value.need);
      else await points.pause();
    }
    return null;
  };
}

/** Applies a stream to the head: all of it, or nothing. Throws what applyDelta throws, and `busy`. */
export async function applyBody(
  runtime: DiskRuntime,
  body: ReadableStream<Uint8Array> | null,
  bytesMax: number,
): Promise<AppliedDelta> {
  const { disk, contentChanges } = runtime;
  const reader = new BodyReader(body, bytesMax);
  const check = () => {
    runtime.assertOpen();
    runtime.assertNotExclusive();
    if (runtime.contentChanges !== contentChanges) throw new EngineError('busy', 'the disk changed under the stream');
  };
  try {
    await foldWholly(runtime);
    return await applyDelta(disk, {
      take: (length) => reader.take(length),
      bring: (refs) => runtime.bring(refs).catch(ignoreDamaged),
      async pause() {
        await runtime.pause();
        check();
      },
      check,
    });
  } finally {
    await reader.cancel();
  }
}

/** Folds until the tree is all there is. */
async function foldWholly(runtime: DiskRuntime): Promise<void> {
  for (let i = 0; i < FOLDS_MAX && !runtime.disk.state.log.isEmpty; i++) await runtime.foldAll();
}
