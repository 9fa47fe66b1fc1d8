// Proofs of blocks and holes, and every way to forge one that a bit can be.

import { describe, expect, test } from 'vitest';
import { type BlockProof, proveBlock, verifyProof } from '../../engine/proof.ts';
import { runLocal } from '../../engine/steps.ts';
import { BLOCK_BYTES, DISK_BYTES_MAX, toHex } from '../../engine/types.ts';
import { randomBytes } from '../conformance/data.ts';
import { pointOf, type TestPoint } from '../support/deltas.ts';
import { host, mustRead, newDisk } from '../support/disks.ts';

const SIZE = 2 ** 38;
const { disk } = newDisk({ sizeBytes: SIZE });
// Under one page of level 1, under its neighbour, and under other pages of levels 2 and 3.
const WRITTEN = [0, 1, 7, 255, 256, 70_000, 70_001, 3_000_000];
for (const block of WRITTEN) disk.write(block * BLOCK_BYTES, randomBytes(block + 1, BLOCK_BYTES));
const point = pointOf(disk);
const { kernel } = host;
const commitmentOf = ({ root, sizeBytes }: TestPoint) => toHex(kernel.rootCommitment(root, sizeBytes));
const commitment = commitmentOf(point);
const prove = (blockIndex: number, of = point, from = disk) =>
  runLocal(proveBlock(from.state.objects, kernel, of, blockIndex));

/** The proof with one field changed. */
const forged = (proof: BlockProof, changes: object): unknown => ({ ...structuredClone(proof), ...changes });

/** Every proof that differs in one bit of one of its hex fields or numbers. */
function* flips(proof: BlockProof): Generator<unknown> {
  for (const field of ['commitment', 'root', 'digest'] as const) {
    for (const text of textFlips(proof[field] ?? '')) yield forged(proof, { [field]: text });
  }
  for (let bit = 0; bit < 45; bit++) {
    for (const field of ['sizeBytes', 'blockIndex'] as const) {
      const low = Math.floor(proof[field] / 2 ** bit) % 2 === 1;
      yield forged(proof, { [field]: proof[field] + (low ? -1 : 1) * 2 ** bit });
    }
  }
  for (const [level, page] of proof.path.entries()) {
    for (const field of ['present', 'digests'] as const) {
      for (const text of textFlips(page[field])) {
        yield forged(proof, { path: proof.path.with(level, { ...page, [field]: text }) });
      }
    }
  }
}

/** The hex text with each of its bits flipped. */
function* textFlips(text: string): Generator<string> {
  for (let at = 0; at < text.length; at++) {
    for (let bit = 1; bit < 16; bit *= 2) {
      const digit = (Number.parseInt(text[at]!, 16) ^ bit).toString(16);
      yield text.slice(0, at) + digit + text.slice(at + 1);
    }
  }
}

describe('a proof', () => {
  test.each([...WRITTEN, 2, 254, 512, 65_536, 3_000_001, SIZE / BLOCK_BYTES - 1])('of block %i holds', (blockIndex) => {
    const proof: BlockProof = JSON.parse(JSON.stringify(prove(blockIndex)));
    const bytes = mustRead(disk, 'head', blockIndex * BLOCK_BYTES, BLOCK_BYTES);
    const digest = WRITTEN.includes(blockIndex) ? toHex(kernel.hashBlocks(bytes)) : null;
    expect(verifyProof(kernel, proof, { commitment, blockIndex, bytes })).toEqual({ ok: true, digest });
    const others = [randomBytes(12_345, BLOCK_BYTES), bytes.subarray(512)];
    for (const other of others) {
      expect(verifyProof(kernel, proof, { commitment, blockIndex, bytes: other }).ok).toBe(false);
    }
  });

  test.each([0, 2, 70_001, 3_000_001])('of block %i with any bit flipped does not', (blockIndex) => {
    const proof = prove(blockIndex);
    let tried = 0;
    for (const wrong of flips(proof)) {
      tried++;
      const verdict = verifyProof(kernel, wrong, { commitment, blockIndex });
      if (verdict.ok) expect.fail(JSON.stringify(wrong));
    }
    expect(tried).toBeGreaterThan(2_000);
  });

  test('is of one index, one size and one root', () => {
    const proof = prove(7);
    const known = { commitment, blockIndex: 7 };
    expect(verifyProof(kernel, proof, known).ok).toBe(true);
    expect(verifyProof(kernel, proof, { commitment, blockIndex: 8 }).ok).toBe(false);
    expect(verifyProof(kernel, forged(proof, { blockIndex: 8 }), { commitment, blockIndex: 8 }).ok).toBe(false);
    // The same digest claimed at another place, and a hole where there is a block.
    expect(verifyProof(kernel, forged(proof, { digest: null }), known).ok).toBe(false);
    const hole = prove(8);
    const claimed = forged(hole, { digest: proof.digest });
    expect(verifyProof(kernel, claimed, { commitment, blockIndex: 8 }).ok).toBe(false);
    // The same root with another size has another commitment.
    const larger = { ...point, sizeBytes: 2 * SIZE };
    expect(verifyProof(kernel, prove(7, larger), known).ok).toBe(false);
    expect(verifyProof(kernel, prove(7, larger), { commitment: commitmentOf(larger), blockIndex: 7 }).ok).toBe(true);
    const other = newDisk({ sizeBytes: SIZE }).disk;
    other.write(7 * BLOCK_BYTES, randomBytes(8, BLOCK_BYTES));
    expect(verifyProof(kernel, prove(7, pointOf(other), other), known).ok).toBe(false);
  });

  test('is none in any other form, whatever is in it', () => {
    const proof = prove(7);
    const [page] = proof.path;
    const zeros = '0'.repeat(64);
    const wrong: unknown[] = [
      null,
      undefined,
      7,
      'proof',
      [],
      {},
      forged(proof, { version: 2 }),
      forged(proof, { digest: undefined }),
      forged(proof, { digest: zeros }),
      forged(proof, { digest: proof.digest!.toUpperCase() }),
      forged(proof, { root: `${proof.root}00` }),
      forged(proof, { sizeBytes: String(SIZE) }),
      forged(proof, { sizeBytes: 2 * DISK_BYTES_MAX }),
      forged(proof, { blockIndex: 7.5 }),
      forged(proof, { path: proof.path.slice(1) }),
      forged(proof, { path: [...proof.path, page] }),
      forged(proof, { path: proof.path.toReversed() }),
      forged(proof, { path: proof.path.with(0, null as never) }),
      forged(proof, { path: proof.path.with(0, { ...page!, digests: page!.digests + zeros }) }),
      // A hole that is named as present is the same page in another form.
      forged(proof, { path: proof.path.with(0, { present: 'c'.padEnd(64, '0'), digests: page!.digests + zeros }) }),
    ];
    for (const value of wrong) {
      expect(verifyProof(kernel, value, { commitment, blockIndex: 7 }).ok, JSON.stringify(value)).toBe(false);
    }
  });

  test('is made of blocks of the disk only', () => {
    for (const block of [-1, 0.5, SIZE / BLOCK_BYTES]) {
      expect(() => prove(block)).toThrow(expect.objectContaining({ code: 'out-of-range' }));
    }
  });
});
