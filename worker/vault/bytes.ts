// What a Vault's `fetch` serves: a backup's bytes as a stream, and the list of its allocated blocks.

import { EngineError } from '../../engine/errors.ts';
import type { BackupReader } from '../../engine/repository/reader.ts';
import { BLOCK_BYTES, toHex } from '../../engine/types.ts';
import { blockResponse } from '../disk/blocks.ts';
import type { AllocatedBlocks } from '../protocol.ts';

const CHUNK_BYTES = 1_048_576;
const BLOCKS_PER_ANSWER_MAX = 10_000;

/** 200 with the bytes. The first part is read before the answer begins, so that most faults are answers, not resets. */
export async function bytesResponse(reader: BackupReader, query: URLSearchParams): Promise<Response> {
  const offset = numberOf(query, 'offset');
  const length = numberOf(query, 'length');
  reader.check(offset, length);
  const parts = joined(reader.read(offset, length));
  let next: IteratorResult<Uint8Array, void> | null = await parts.next();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const part = next ?? (await parts.next());
      next = null;
      if (part.done) controller.close();
      else controller.enqueue(part.value);
    },
    cancel: async () => {
      await parts.return();
    },
  });
  return new Response(body, { headers: { 'content-type': 'application/octet-stream', 'content-length': `${length}` } });
}

/** 200 with one block and its digest. */
export async function singleBlock(reader: BackupReader, query: URLSearchParams): Promise<Response> {
  const parts: Uint8Array[] = [];
  for await (const part of reader.read(numberOf(query, 'index') * BLOCK_BYTES, BLOCK_BYTES)) parts.push(part);
  return blockResponse(concat(parts, BLOCK_BYTES));
}

/** 200 with AllocatedBlocks. */
export async function blocksResponse(
  reader: BackupReader,
  sizeBytes: number,
  query: URLSearchParams,
): Promise<Response> {
  const cursor = numberOf(query, 'cursor', 0);
  const limit = Math.min(numberOf(query, 'limit', BLOCKS_PER_ANSWER_MAX), BLOCKS_PER_ANSWER_MAX);
  if (limit < 1) throw new EngineError('out-of-range', 'limit must be at least 1');
  const { blocks, next } = await reader.blocks(cursor, limit);
  const listed = blocks.map(({ blockIndex, digest }) => ({ blockIndex, digest: toHex(digest) }));
  return Response.json({ blocks: listed, next, sizeBytes, blockBytes: 65536 } satisfies AllocatedBlocks);
}

/** Parts of at most a megabyte: an answer in pieces of 64 KiB costs more in handling than in copying. */
async function* joined(parts: AsyncGenerator<Uint8Array, void, void>): AsyncGenerator<Uint8Array, void, void> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of parts) {
    held.push(part);
    bytes += part.length;
    if (bytes < CHUNK_BYTES) continue;
    yield concat(held, bytes);
    held = [];
    bytes = 0;
  }
  if (bytes > 0) yield concat(held, bytes);
}

function concat(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function numberOf(query: URLSearchParams, name: string, fallback?: number): number {
  const text = query.get(name);
  if (text === null && fallback !== undefined) return fallback;
  const value = text !== null && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new EngineError('out-of-range', `${name} is no number`);
  return value;
}
