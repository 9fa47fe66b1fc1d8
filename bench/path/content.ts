// What is written: incompressible bytes, cheap distinct blocks, and a real ext4 image.

import { randomFillSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeImage } from '../../cli/tour/image.ts';
import { hear } from './wire.ts';

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const BLOCK_BYTES = 64 * KIB;

/** Makes the content of a stretch of a disk. Every 64 KiB block differs from every other, of this and any other maker. */
export interface Content {
  readonly name: string;
  /** Compression finds nothing in it, or almost everything. */
  bytes(length: number): Uint8Array;
}

let stamps = 0;

/** Random bytes: neither compression nor deduplication helps. A pool is used again with a stamp in each 4 KiB. */
export function incompressible(): Content {
  return stamped('incompressible', randomFillSync(new Uint8Array(16 * MIB)));
}

/** Blocks that take next to no room when compressed: fills a large disk in seconds, with as many objects as any other. */
export function cheap(): Content {
  return stamped('compressible', new Uint8Array(16 * MIB).fill(0x5a));
}

function stamped(name: string, pool: Uint8Array): Content {
  return {
    name,
    bytes(length) {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; at += pool.length)
        bytes.set(pool.subarray(0, Math.min(pool.length, length - at)), at);
      const view = new DataView(bytes.buffer);
      for (let at = 0; at < length; at += 4 * KIB) view.setFloat64(at, ++stamps);
      return bytes;
    },
  };
}

/** A piece of an image, and where it belongs. */
export interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** An ext4 image with real files in it; where there is no mkfs.ext4, the files one after the other. */
export interface ImagePieces {
  readonly kind: 'ext4' | 'files';
  /** The image as it is, cut into pieces of that size. */
  all(pieceBytes: number): Piece[];
  /** Without its pieces of zeros, which are nearly free for the service: what a careful importer sends. */
  pieces(pieceBytes: number): Piece[];
  /** Its 64 KiB blocks that are not zeros, neighbours joined to pieces of at most `bytesMax`: for few requests. */
  runs(bytesMax: number): Piece[];
}

const images = new Map<string, Promise<ImagePieces>>();

/** The image of a run, made once below `folder`: 256 MiB, not quite half of it files. */
export function benchImage({
  folder,
  tiny,
}: {
  readonly folder: string;
  readonly tiny: boolean;
}): Promise<ImagePieces> {
  const image = images.get(folder) ?? readImage(folder, (tiny ? 32 : 256) * MIB);
  images.set(folder, image);
  return image;
}

async function readImage(folder: string, sizeBytes: number): Promise<ImagePieces> {
  const own = mkdtempSync(join(folder, 'image-'));
  const { path, kind } = await makeImage(own, sizeBytes);
  const image = new Uint8Array(readFileSync(path));
  rmSync(own, { recursive: true });
  await hear();
  const all = (pieceBytes: number): Piece[] =>
    Array.from({ length: image.length / pieceBytes }, (_, i) => i * pieceBytes).map((offset) => ({
      offset,
      bytes: image.subarray(offset, offset + pieceBytes),
    }));
  const pieces = (pieceBytes: number): Piece[] => {
    const zeros = Buffer.alloc(pieceBytes);
    return all(pieceBytes).filter(({ bytes }) => zeros.compare(bytes) !== 0);
  };
  const runs = (bytesMax: number): Piece[] => {
    const joined: Piece[] = [];
    for (const { offset, bytes } of pieces(BLOCK_BYTES)) {
      const last = joined.at(-1);
      const follows = last !== undefined && last.offset + last.bytes.length === offset && last.bytes.length < bytesMax;
      if (follows) joined[joined.length - 1] = { ...last, bytes: image.subarray(last.offset, offset + BLOCK_BYTES) };
      else joined.push({ offset, bytes });
    }
    return joined;
  };
  return { kind, all, pieces, runs };
}
