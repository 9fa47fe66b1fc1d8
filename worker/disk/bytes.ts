// Bytes in and out of a disk: reads are streamed a megabyte at a time, a write is all of its body or nothing.

import { DeltaError } from '../../engine/delta.ts';
import type { WriteBatch } from '../../engine/disk/batch.ts';
import type { PointId } from '../../engine/disk/disk.ts';
import { EngineError, type EngineErrorCode } from '../../engine/errors.ts';
import { release } from '../../engine/release.ts';
import { BLOCK_BYTES, toHex } from '../../engine/types.ts';
import type { AllocatedBlocks, DataFault } from '../protocol.ts';
import { DataRefusal } from './refusal.ts';
import type { DiskRuntime } from './runtime.ts';

const CHUNK_BYTES = 1_048_576;
/** Read before the answer begins: damage in here is an answer that names its ranges, later it ends the connection. */
const AHEAD_BYTES = 4 * CHUNK_BYTES;
const BLOCKS_PER_PAGE_MAX = 10_000;

/** Error answers of `fetch`: the code goes to the data service, which knows what a client is told. */
export function dataFault(error: unknown): Response {
  if (error instanceof DataRefusal || error instanceof DeltaError) {
    const { code, message } = error;
    return Response.json({ code, message } satisfies DataFault, { status: 400 });
  }
  const code = error instanceof EngineError ? error.code : 'internal';
  const status = STATUS[code];
  const message = error instanceof Error ? error.message : String(error);
  const ranges = error instanceof EngineError && error.ranges.length > 0 ? error.ranges : undefined;
  return Response.json({ code: FAULT[code], message, ranges } satisfies DataFault, { status });
}

const FAULT: Record<EngineErrorCode | 'internal', DataFault['code']> = {
  unaligned: 'unaligned',
  'out-of-range': 'out-of-range',
  'not-found': 'not-found',
  exists: 'busy',
  invalid: 'body-size',
  damaged: 'damaged',
  unavailable: 'unavailable',
  busy: 'busy',
  full: 'full',
  format: 'unavailable',
  internal: 'unavailable',
};

const STATUS: Record<EngineErrorCode | 'internal', number> = {
  unaligned: 400,
  'out-of-range': 416,
  'not-found': 404,
  exists: 409,
  invalid: 400,
  damaged: 500,
  unavailable: 503,
  busy: 409,
  full: 507,
  format: 503,
  internal: 500,
};

/**
 * Answers with a range. A short one is one buffer; a long one is streamed, its first mebibytes read before the answer
 * begins, so that most faults are answers, not resets. Either way the body has a known length.
 */
export async function readBytes(
  runtime: DiskRuntime,
  point: PointId,
  offset: number,
  length: number,
): Promise<Response> {
  if (offset + length > runtime.disk.pointBytes(point)) {
    throw new EngineError('out-of-range', 'the range is beyond the end of the disk');
  }
  const { contentChanges } = runtime;
  const readPart = async (start: number, size: number) => {
    const bytes = await runtime.read(point, start, size);
    // Asked afterwards: a read that had to fetch may have begun with one content and ended with another.
    if (point === 'head' && runtime.contentChanges !== contentChanges) {
      throw new EngineError('busy', 'the content of the disk was replaced under the read');
    }
    return bytes;
  };
  if (length <= CHUNK_BYTES) return answerWith(await readPart(offset, length), length);

  let at = offset;
  const end = offset + length;
  const nextChunk = () => {
    // Chunks end at multiples of their size: a block is read once.
    const size = Math.min(CHUNK_BYTES - (at % CHUNK_BYTES), end - at);
    at += size;
    return readPart(at - size, size);
  };
  const ahead = await readAhead(nextChunk, () => at < Math.min(end, offset + AHEAD_BYTES));
  const { readable, writable } = new FixedLengthStream(length);
  void send(writable, async () => {
    if (ahead.length > 0) return ahead.shift()!;
    if (at >= end) return null;
    await runtime.passZone();
    runtime.assertNotExclusive();
    return nextChunk();
  });
  return answerWith(readable, length);
}

/** The header says what is so: workerd frames both kinds of body by their own length. */
function answerWith(body: Uint8Array | ReadableStream<Uint8Array>, length: number): Response {
  const headers = { 'content-type': 'application/octet-stream', 'content-length': `${length}` };
  return new Response(body as BodyInit, { headers });
}

/** Sends chunks to the end, reading one while the one before it is on its way. What fails breaks the stream. */
export async function send(
  writable: WritableStream<Uint8Array>,
  nextChunk: () => Promise<Uint8Array | null>,
): Promise<void> {
  const writer = writable.getWriter();
  let sent = Promise.resolve();
  try {
    for (let chunk = await nextChunk(); chunk !== null; ) {
      const sending = chunk;
      await sent;
      sent = writer.write(sending).then(() => release(sending));
      // Awaited above or below; until then it is not unhandled.
      sent.catch(() => undefined);
      chunk = await nextChunk();
    }
    await sent;
    await writer.close();
  } catch (error) {
    // What is good goes out first: broken in the middle of a write, the stream loses the reason.
    await sent.catch(() => undefined);
    // The reader may be gone: then nobody has to be told.
    await writer.abort(error).catch(() => undefined);
  }
}

/** Chunks while there is more to read ahead. Throws `damaged` with the ranges of all of them. */
async function readAhead(nextChunk: () => Promise<Uint8Array>, isMore: () => boolean): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  const damage: EngineError[] = [];
  while (isMore()) {
    try {
      chunks.push(await nextChunk());
    } catch (error) {
      if (!(error instanceof EngineError && error.code === 'damaged')) throw error;
      damage.push(error);
    }
  }
  if (damage.length === 0) return chunks;
  const ranges = damage.flatMap((error) => error.ranges);
  throw new EngineError('damaged', damage[0]!.message, ranges);
}

/**
 * Writes a body of exactly `length` bytes at `offset`: it becomes visible at its end, or not at all. The length must be
 * known: a body that broke off on its way here looks like one that ended.
 */
export async function writeBytes(
  runtime: DiskRuntime,
  body: ReadableStream<Uint8Array> | null,
  offset: number,
  length: number,
): Promise<void> {
  const { disk, contentChanges } = runtime;
  await runtime.relievePressure();
  const batch = disk.begin();
  let last: Uint8Array | null = null;
  try {
    last = await fill(runtime, batch, body, offset, length);
    await runtime.passZone();
    runtime.assertNotExclusive();
    if (runtime.contentChanges !== contentChanges) throw new EngineError('busy', 'the disk changed under the write');
    disk.commit(batch);
  } finally {
    disk.drop(batch);
    if (last) release(new Uint8Array(last.buffer));
  }
}

/** Adds the body to the batch, which goes on referring to the last piece: it is returned, null for an empty body. */
async function fill(
  runtime: DiskRuntime,
  batch: WriteBatch,
  body: ReadableStream<Uint8Array> | null,
  offset: number,
  length: number,
): Promise<Uint8Array | null> {
  let at = 0;
  let last: Uint8Array | null = null;
  for await (const chunk of chunks(body, offset, length)) {
    if (at + chunk.length > length) throw new EngineError('invalid', `the body is longer than ${length} bytes`);
    runtime.assertOpen();
    batch.write(offset + at, chunk);
    at += chunk.length;
    // The last chunk becomes part of the commit; a small write is one transaction.
    if (at < length) batch.stage();
    last = chunk;
  }
  if (at < length) throw new EngineError('invalid', `the body ended after ${at} of ${length} bytes`);
  return last;
}

/**
 * A body in pieces that end at multiples of a megabyte of the disk. Each is good until the next one is asked for. A body
 * of more than `length` bytes shows as a last piece that is too long.
 */
async function* chunks(
  body: ReadableStream<Uint8Array> | null,
  offset: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  if (!body) return;
  const reader = body.getReader({ mode: 'byob' });
  let buffer = new ArrayBuffer(Math.min(CHUNK_BYTES, length + 1));
  try {
    for (let at = 0; ; ) {
      const want = Math.min(CHUNK_BYTES - ((offset + at) % CHUNK_BYTES), length - at + 1);
      // The last piece is still needed when the end of the body is looked for.
      const view = at === length ? new Uint8Array(1) : new Uint8Array(buffer, 0, want);
      const { value, done } = await reader.readAtLeast(want, view).catch((error: unknown) => {
        throw new EngineError('invalid', `the body broke off: ${error instanceof Error ? error.message : error}`);
      });
      if (value && value.length > 0) yield value;
      if (done || !value || value.length < want) return;
      at += want;
      buffer = value.buffer as ArrayBuffer;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/**
 * Allocated blocks of a point with their digests. The head is folded first, at least as far as it was written when the
 * request came: its log has no digests to tell. Throws `damaged` when entries over lost blocks cannot be folded.
 */
export async function listBlocks(
  runtime: DiskRuntime,
  point: PointId,
  cursor: number,
  limit: number,
): Promise<AllocatedBlocks> {
  if (point === 'head') await runtime.foldAll();
  else if (runtime.disk.view(point).log !== null) await runtime.sealAll();
  const { root } = runtime.disk.view(point);
  const sizeBytes = runtime.disk.pointBytes(point);
  const part = runtime.disk.allocatedBlocks(root, cursor, Math.min(limit, BLOCKS_PER_PAGE_MAX));
  const { blocks, next } = await runtime.drive(part);
  return {
    blocks: blocks.map(({ blockIndex, digest }) => ({ blockIndex, digest: toHex(digest) })),
    next,
    sizeBytes,
    blockBytes: BLOCK_BYTES,
  };
}
