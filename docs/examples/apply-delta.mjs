// Applies a delta stream to an image of a disk, in place, with nothing of edge-evs: docs/delta-stream.md as a program.
// Node 22.15 or later, and `npm install @noble/hashes`.
//
//   node apply-delta.mjs stream.delta disk.img
//
// The image is changed while the stream is read: apply it to a copy, and keep that only when this says "applied".

import { ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { inflateSync, zstdDecompressSync } from 'node:zlib';
import { blake3 } from '@noble/hashes/blake3.js';

const BLOCK = 65_536;
const HEADER = 128;
const HEAD = 48;
const ZEROS = Buffer.alloc(BLOCK);

const [streamFile, imageFile] = process.argv.slice(2);
const stream = readFileSync(streamFile);
const image = openSync(imageFile, 'r+');

const insist = (holds, what) => {
  if (!holds) throw new Error(what);
};
const number = (at) => Number(stream.readBigUInt64LE(at));
const same = (digest, at) => Buffer.from(digest).equals(stream.subarray(at, at + 32));

insist(stream.toString('latin1', 0, 8) === 'EVSDELTA', 'this is no delta stream');
insist(stream.readUInt32LE(8) === 1 && stream.readUInt32LE(12) === BLOCK, 'another version');
insist(same(blake3(stream.subarray(0, 96)), 96), 'the header is damaged');
ftruncateSync(image, Math.max(number(16), number(24)));

let frames = 0;
let next = 0;
for (let at = HEADER; ; frames++) {
  insist(at + HEAD <= stream.length, 'the stream ends too early');
  const type = stream[at];
  if (type === 3) {
    insist(number(at + 8) === frames, 'frames are missing');
    insist(same(blake3(stream.subarray(0, at + 16)), at + 16), 'the stream is damaged');
    insist(at + HEAD === stream.length, 'something follows the end');
    break;
  }
  const first = number(at + 8);
  insist(first >= next, 'blocks are out of order');
  if (type === 1) {
    const length = stream.readUInt32LE(at + 4);
    const block = decode(stream[at + 1], stream.subarray(at + HEAD, at + HEAD + length));
    insist(block.length === BLOCK && same(blake3(block), at + 16), `block ${first} is damaged`);
    writeSync(image, block, 0, BLOCK, first * BLOCK);
    at += HEAD + length;
    next = first + 1;
  } else {
    insist(type === 2, 'an unknown frame');
    next = first + number(at + 16);
    for (let hole = first; hole < next; hole++) writeSync(image, ZEROS, 0, BLOCK, hole * BLOCK);
    at += HEAD;
  }
}
ftruncateSync(image, number(24));
console.log(`applied: ${frames} frames, now ${stream.toString('hex', 64, 96)}`);

/** The 65,536 bytes of an encoded block. */
function decode(encoding, bytes) {
  if (encoding === 0) return bytes;
  if (encoding === 1) return zstdDecompressSync(bytes);
  const first = 4 + bytes.readUInt32LE(0);
  if (encoding === 3) return inflateSync(bytes.subarray(4, first));
  insist(encoding === 2, 'an unknown encoding');
  const halves = [bytes.subarray(4, first), bytes.subarray(first + 4, first + 4 + bytes.readUInt32LE(first))];
  return Buffer.concat(halves.map((half) => zstdDecompressSync(half)));
}
