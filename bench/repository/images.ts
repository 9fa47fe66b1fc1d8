// The two images that everybody backs up: an ext4 image with real files, and the same with 1 % of its 64 KiB blocks new.

import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { BLOCK_BYTES, type ImagePieces, type Piece } from '../path/content.ts';

const CHANGED_PART = 0.01;

/** New content for every hundredth block that is not zeros, spread evenly. Incompressible: so its own bytes are known. */
export function changesOf(image: ImagePieces): Piece[] {
  const blocks = image.pieces(BLOCK_BYTES);
  const count = Math.max(1, Math.round(blocks.length * CHANGED_PART));
  return Array.from({ length: count }, (_, i) => ({
    offset: blocks[Math.floor((i * blocks.length) / count)]!.offset,
    bytes: new Uint8Array(randomBytes(BLOCK_BYTES)),
  }));
}

/** The image as a file, in the cache of the system. */
export function writeImage(path: string, image: ImagePieces, pieceBytes: number): void {
  writeFileSync(path, '');
  writePieces(path, image.all(pieceBytes));
}

/** Writes pieces into a file, durably: a disk that acknowledges a write has it for good, too. */
export function writePieces(path: string, pieces: readonly Piece[]): void {
  const file = openSync(path, 'r+');
  try {
    for (const { offset, bytes } of pieces) writeSync(file, bytes, 0, bytes.length, offset);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
