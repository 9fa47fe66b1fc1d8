// Checks a proof of a block with nothing of edge-evs: docs/proofs.md as a program. Node 20 or later, and
// `npm install @noble/hashes`.
//
//   node verify-proof.mjs proof.json COMMITMENT BLOCK_INDEX [block.bin]

import { readFileSync } from 'node:fs';
import { blake3 } from '@noble/hashes/blake3.js';

const HOLE = '0'.repeat(64);
const derive = (context, bytes) => blake3(bytes, { context: Buffer.from(context) });
const hex = (bytes) => Buffer.from(bytes).toString('hex');

const [proofFile, commitment, index, blockFile] = process.argv.slice(2);
const proof = JSON.parse(readFileSync(proofFile, 'utf8'));
const blockIndex = Number(index);

/** The digest that the proof leads to, or what is wrong with it. */
function prove() {
  if (proof.version !== 1) throw new Error('another version');
  if (proof.blockIndex !== blockIndex || !(blockIndex * 65_536 < proof.sizeBytes)) throw new Error('another block');
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(proof.sizeBytes));
  const held = hex(derive('edge-evs 2026-11 root', Buffer.concat([Buffer.from(proof.root, 'hex'), size])));
  if (held !== commitment) throw new Error('another content');
  let wanted = proof.root;
  for (const [i, { present, digests }] of proof.path.entries()) {
    const page = unpack(Buffer.from(present, 'hex'), Buffer.from(digests, 'hex'));
    const name = page.every((byte) => byte === 0) ? HOLE : hex(derive('edge-evs 2026-11 page', page));
    if (name !== wanted) throw new Error(`page ${i} is another`);
    const child = Math.floor(blockIndex / 256 ** (3 - i)) % 256;
    wanted = hex(page.subarray(child * 32, child * 32 + 32));
  }
  if (proof.path.length !== 4 || wanted !== (proof.digest ?? HOLE)) throw new Error('the digest is another');
  return wanted;
}

/** The 8,192 bytes of a page. */
function unpack(present, digests) {
  const page = Buffer.alloc(8_192);
  let at = 0;
  for (let child = 0; child < 256; child++) {
    if ((present[child >> 3] & (0x80 >> (child & 7))) === 0) continue;
    digests.copy(page, child * 32, at, at + 32);
    at += 32;
  }
  if (at !== digests.length) throw new Error('a page has not the digests that it announces');
  return page;
}

const digest = prove();
if (blockFile !== undefined) {
  const block = readFileSync(blockFile);
  const name = block.every((byte) => byte === 0) ? HOLE : hex(blake3(block));
  if (block.length !== 65_536 || name !== digest) throw new Error('the bytes are others');
}
console.log(digest === HOLE ? `block ${blockIndex} is a hole` : `block ${blockIndex} is ${digest}`);
