// The Codec of workerd and Node: node:zlib's synchronous zstd under the engine's frame rules.

import { deflateSync, inflateSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { frameCodec, type Primitives } from '../../engine/codec.ts';
import type { Codec } from '../../engine/ports.ts';
import { countGarbage } from './collector.ts';

/** zlib answers Buffers, whose slice() aliases; everything else here expects plain arrays. */
function plain(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  countGarbage(bytes.buffer.byteLength);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Bounds the output of a damaged frame. Twice what is expected: workerd grows its buffer from 40 KiB by doubling, and
 * holds the buffer against the limit, not the output, so that exactly 64 KiB would refuse every block.
 */
function bounded(maxBytes: number): { maxOutputLength: number } {
  return { maxOutputLength: 2 * Math.max(maxBytes, 1) };
}

export const zstd: Primitives = {
  compress: (bytes) => plain(zstdCompressSync(bytes)),
  decompress: (bytes, maxBytes) => plain(zstdDecompressSync(bytes, bounded(maxBytes))),
};

/** What browsers write; here mainly to read it. Level 1 already takes twice as long as zstd. */
export const deflate: Primitives = {
  compress: (bytes) => plain(deflateSync(bytes, { level: 1 })),
  decompress: (bytes, maxBytes) => plain(inflateSync(bytes, bounded(maxBytes))),
};

/** Writes zstd frames, reads zstd and deflate frames. Stateless: one for the whole isolate. */
export const zstdCodec: Codec = frameCodec(zstd, deflate);
