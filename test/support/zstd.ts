// The worker's codec for tests in Node, where node:zlib is the same library without workerd's 40 KB limit.

import { deflateSync, inflateSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { frameCodec, type Primitives } from '../../engine/codec.ts';

function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bounded(maxBytes: number): { maxOutputLength: number } {
  return { maxOutputLength: 2 * Math.max(maxBytes, 1) };
}

export const zstd: Primitives = {
  compress: (bytes) => plain(zstdCompressSync(bytes)),
  decompress: (bytes, maxBytes) => plain(zstdDecompressSync(bytes, bounded(maxBytes))),
};

export const deflate: Primitives = {
  compress: (bytes) => plain(deflateSync(bytes, { level: 1 })),
  decompress: (bytes, maxBytes) => plain(inflateSync(bytes, bounded(maxBytes))),
};

/** Fails as workerd's zstd does (cloudflare/workerd#6769), so that Node tests reach encoding 2 as well. */
export const zstdOfWorkerd: Primitives = {
  ...zstd,
  compress(bytes) {
    const packed = zstd.compress(bytes);
    if (packed.length > 40_900) throw new Error('Unexpected end of file');
    return packed;
  },
};

export const zstdCodec = frameCodec(zstd, deflate);
