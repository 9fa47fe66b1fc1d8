// The programs in docs/examples/ know nothing of this project but what docs/delta-stream.md and docs/proofs.md say.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { frameCodec } from '../../engine/codec.ts';
import { Disk } from '../../engine/disk/disk.ts';
import { MemoryDiskStore } from '../../engine/memory/disk-store.ts';
import { proveBlock } from '../../engine/proof.ts';
import { runLocal } from '../../engine/steps.ts';
import { BLOCK_BYTES, toHex } from '../../engine/types.ts';
import { randomBytes } from '../conformance/data.ts';
import { deltaBytes, emptyOf, pointOf, specOf } from '../support/deltas.ts';
import { mustRead } from '../support/disks.ts';
import { testHost } from '../support/host.ts';
import { deflate, zstdOfWorkerd } from '../support/zstd.ts';

const SIZE = 64 * BLOCK_BYTES;
const folder = mkdtempSync(join(tmpdir(), 'edge-evs-documents-'));
const file = (name: string) => join(folder, name);
const example = (name: string, ...args: string[]) => {
  const program = join(import.meta.dirname, '../../docs/examples', name);
  return execFileSync(process.execPath, [program, ...args], { encoding: 'utf8', stdio: 'pipe' });
};

afterAll(() => rmSync(folder, { recursive: true }));

/** Raw, one zstd frame, two of them. */
const host = testHost(frameCodec(zstdOfWorkerd, deflate));
const disk = Disk.create(new MemoryDiskStore(), host, { sizeBytes: SIZE });
disk.write(0, randomBytes(1, 3 * BLOCK_BYTES));
disk.write(5 * BLOCK_BYTES, new Uint8Array(BLOCK_BYTES).fill(7));
// Half of it does not compress: more than 40 KB of zstd, and less than an eighth saved by one frame in workerd.
disk.write(7 * BLOCK_BYTES, new Uint8Array([...randomBytes(2, 46_000), ...new Uint8Array(BLOCK_BYTES - 46_000)]));
disk.createSnapshot('a');
const a = pointOf(disk, 'a');
disk.writeZeroes(BLOCK_BYTES, 2 * BLOCK_BYTES);
disk.write(40 * BLOCK_BYTES, randomBytes(3, BLOCK_BYTES));
disk.createSnapshot('b');
const b = pointOf(disk, 'b');

describe('apply-delta.mjs', () => {
  const streams = [specOf(emptyOf(a), a), specOf(a, b)].map((spec) => deltaBytes(disk.state.objects, spec));

  test('makes an image what the points are', () => {
    const encodings = new Set(streams.flatMap((stream) => [...encodingsOf(stream)]));
    expect([...encodings].sort()).toEqual([0, 1, 2]);
    writeFileSync(file('disk.img'), new Uint8Array(SIZE));
    for (const [i, snapshotId] of ['a', 'b'].entries()) {
      writeFileSync(file('stream'), streams[i]!);
      expect(example('apply-delta.mjs', file('stream'), file('disk.img'))).toMatch(/^applied/);
      const image = new Uint8Array(readFileSync(file('disk.img')));
      expect(host.kernel.equal(image, mustRead(disk, { snapshotId }, 0, SIZE))).toBe(true);
    }
  });

  test('notices damage', () => {
    for (const at of [3, 50, 140, 200_000, streams[0]!.length - 1]) {
      const broken = streams[0]!.slice();
      broken[at]! ^= 1;
      writeFileSync(file('stream'), broken);
      expect(() => example('apply-delta.mjs', file('stream'), file('disk.img'))).toThrow();
    }
  });
});

describe('verify-proof.mjs', () => {
  const commitment = toHex(host.kernel.rootCommitment(b.root, b.sizeBytes));
  const check = (blockIndex: number, proof: object, block: Uint8Array) => {
    writeFileSync(file('proof.json'), JSON.stringify(proof));
    writeFileSync(file('block.bin'), block);
    return example('verify-proof.mjs', file('proof.json'), commitment, String(blockIndex), file('block.bin'));
  };

  test('agrees with the engine', () => {
    for (const blockIndex of [0, 1, 40]) {
      const proof = runLocal(proveBlock(disk.state.objects, host.kernel, b, blockIndex));
      const block = mustRead(disk, 'head', blockIndex * BLOCK_BYTES, BLOCK_BYTES);
      const said = check(blockIndex, proof, block);
      expect(said).toContain(proof.digest ?? 'is a hole');
      expect(() => check(blockIndex + 1, proof, block)).toThrow();
      expect(() => check(blockIndex, { ...proof, sizeBytes: 2 * SIZE }, block)).toThrow();
      expect(() => check(blockIndex, proof, randomBytes(9, BLOCK_BYTES))).toThrow();
    }
  });
});

/** Encodings of the blocks of a stream. */
function* encodingsOf(stream: Uint8Array): Generator<number> {
  const view = new DataView(stream.buffer);
  for (let at = 128; stream[at] !== 3; at += 48 + view.getUint32(at + 4, true))
    if (stream[at] === 1) yield stream[at + 1]!;
}
