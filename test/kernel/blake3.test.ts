// Plain BLAKE3 of messages: fixed vectors, and an independent implementation as oracle.
import { readFileSync } from 'node:fs';
import { blake3 } from '@noble/hashes/blake3.js';
import { describe, expect, test } from 'vitest';
import { Kernel } from '../../engine/kernel.ts';
import { toHex } from '../../engine/types.ts';
import { KERNEL_BUILDS, kernelModule } from '../support/kernel.ts';
import { randomBytes, randomIntegers } from './bytes.ts';

/** Messages whose byte i is i % 251, and their hashes. */
const vectors: { cases: { bytes: number; hash: string }[] } = JSON.parse(
  readFileSync(new URL('vectors/blake3.json', import.meta.url), 'utf8'),
);

const WINDOW_BYTES = 262_144;
const PIECE_BYTES = 65_536;
const EDGES = [
  ...[0, 1, 3, 31, 32, 63, 64, 65, 127, 128, 129, 960, 961, 1_023, 1_024, 1_025, 2_047, 2_048, 2_049],
  ...[3 * 1_024, 3 * 1_024 + 1, 4_095, 4_096, 4_097, 5 * 1_024, 7 * 1_024 + 5, 31 * 1_024, 33 * 1_024 - 1],
  ...[PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES, 3 * PIECE_BYTES, 3 * PIECE_BYTES + 1],
  ...[WINDOW_BYTES - 1_024, WINDOW_BYTES - 1, WINDOW_BYTES, WINDOW_BYTES + 1, WINDOW_BYTES + PIECE_BYTES],
  ...[5 * PIECE_BYTES + 1_025, 7 * PIECE_BYTES, 8 * PIECE_BYTES, 9 * PIECE_BYTES - 1],
];

// The oracle is slow: each message is hashed by it once, for all tests and builds.
const message = randomBytes(Math.max(...EDGES), 1);
const oracle = new Map<number, string>();
function expected(bytes: number): string {
  let hash = oracle.get(bytes);
  if (hash === undefined) {
    hash = toHex(blake3(message.subarray(0, bytes)));
    oracle.set(bytes, hash);
  }
  return hash;
}

describe.each(KERNEL_BUILDS)('BLAKE3 of a message, %s build', (build) => {
  const kernel = new Kernel(kernelModule(build));

  test.each(vectors.cases)('vector of $bytes bytes', ({ bytes, hash }) => {
    const input = Uint8Array.from({ length: bytes }, (_, i) => i % 251);
    expect(toHex(kernel.hash(input))).toBe(hash);
    expect(toHex(kernel.hasher().update(input).digest())).toBe(hash);
  });

  test.each(EDGES)('edge length %i', (bytes) => {
    const input = message.subarray(0, bytes);
    expect(toHex(kernel.hash(input))).toBe(expected(bytes));
    expect(toHex(kernel.hasher().update(input).digest())).toBe(expected(bytes));
  });

  test('random lengths', () => {
    const below = randomIntegers(2);
    for (let i = 0; i < 60; i++) {
      const bytes = below(below(2) === 0 ? 3_000 : 40_000);
      expect(toHex(kernel.hash(message.subarray(0, bytes))), `${bytes} bytes`).toBe(expected(bytes));
    }
  });

  test('zeros are hashed like anything else', () => {
    const zeros = new Uint8Array(PIECE_BYTES);
    expect(toHex(kernel.hash(zeros))).toBe(toHex(blake3(zeros)));
  });

  test('what an earlier, longer message left in the window does not matter', () => {
    kernel.hash(message);
    for (const bytes of [0, 1, 70, 1_030]) expect(toHex(kernel.hash(message.subarray(0, bytes)))).toBe(expected(bytes));
  });

  test('parts are hashed as their concatenation', () => {
    const below = randomIntegers(3);
    for (const bytes of [0, 1, 2_048, 2_049, 5 * PIECE_BYTES + 1_025]) {
      for (let round = 0; round < 3; round++) {
        const parts: Uint8Array[] = [];
        for (let at = 0; at < bytes; ) {
          const part = message.subarray(at, Math.min(bytes, at + 1 + below(round === 0 ? 100_000 : bytes)));
          parts.push(part, new Uint8Array(0));
          at += part.length;
        }
        expect(toHex(kernel.hashParts(parts)), `${bytes} bytes in ${parts.length} parts`).toBe(expected(bytes));
      }
    }
  });

  test('a hasher takes parts of any size, and tells the digest at any time', () => {
    const below = randomIntegers(4);
    for (const largest of [1, 100, 5_000, 70_000, 200_000]) {
      const hasher = kernel.hasher();
      const total = Math.min(largest * 50, 5 * PIECE_BYTES + 1_025);
      for (let at = 0; at < total; ) {
        const end = Math.min(total, at + below(largest + 1));
        hasher.update(message.subarray(at, end));
        at = end;
        if (below(200) === 0) hasher.digest();
      }
      expect(toHex(hasher.digest()), `parts up to ${largest}`).toBe(expected(total));
      expect(toHex(hasher.digest())).toBe(expected(total));
    }
  });

  test('hashers do not disturb each other', () => {
    const lengths = [7 * PIECE_BYTES, 1_025, 3 * PIECE_BYTES + 1];
    const hashers = lengths.map(() => kernel.hasher());
    const step = 30_000;
    for (let at = 0; at < lengths[0]!; at += step) {
      for (const [i, hasher] of hashers.entries()) {
        hasher.update(message.subarray(Math.min(at, lengths[i]!), Math.min(at + step, lengths[i]!)));
        kernel.hash(message.subarray(0, 65));
      }
    }
    expect(hashers.map((hasher) => toHex(hasher.digest()))).toEqual(lengths.map(expected));
  });

  test('a hasher keeps what it was given, not the array', () => {
    const hasher = kernel.hasher();
    const part = message.slice(0, 65);
    hasher.update(part);
    part.fill(0);
    expect(toHex(hasher.digest())).toBe(expected(65));
  });

  test('results are copies', () => {
    const first = kernel.hash(message.subarray(0, 1));
    kernel.hash(message.subarray(0, 3));
    expect(toHex(first)).toBe(expected(1));
  });
});

/** BLAKE3's compression in plain words, for one chunk of 1,024 bytes at any position of a message: its chaining value. */
function referenceChunk(chunk: Uint8Array, counter: bigint): Uint8Array {
  const iv = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
  const permutation = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  let node = Uint32Array.from(iv);
  for (let block = 0; block < 16; block++) {
    let words = Array.from({ length: 16 }, (_, i) => view.getUint32(64 * block + 4 * i, true));
    const flags = (block === 0 ? 1 : 0) | (block === 15 ? 2 : 0);
    const counters = [Number(counter & 0xffff_ffffn), Number(counter >> 32n)];
    const v = Uint32Array.from([...node, ...iv.slice(0, 4), ...counters, 64, flags]);
    const rotate = (value: number, bits: number): number => (value >>> bits) | (value << (32 - bits));
    const mix = (a: number, b: number, c: number, d: number, i: number): void => {
      for (const [word, first, second] of [[words[i]!, 16, 12] as const, [words[i + 1]!, 8, 7] as const]) {
        v[a] = v[a]! + v[b]! + word;
        v[d] = rotate(v[d]! ^ v[a]!, first);
        v[c] = v[c]! + v[d]!;
        v[b] = rotate(v[b]! ^ v[c]!, second);
      }
    };
    for (let round = 0; round < 7; round++) {
      for (let i = 0; i < 4; i++) mix(i, 4 + i, 8 + i, 12 + i, 2 * i);
      for (let i = 0; i < 4; i++) mix(i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4), 8 + 2 * i);
      words = permutation.map((from) => words[from]!);
    }
    node = node.map((_, i) => v[i]! ^ v[i + 8]!);
  }
  return new Uint8Array(node.buffer);
}

// 4 TiB of input cannot be fed to a test, but the call that a hasher makes for a part of a message takes any counter.
describe.each(KERNEL_BUILDS)('chunk counters beyond 32 bits, %s build', (build) => {
  const exports = new WebAssembly.Instance(kernelModule(build)).exports as unknown as {
    memory: { buffer: ArrayBuffer };
    WINDOW_AT: { value: number };
    NODES_AT: { value: number };
    hashMessage(bytes: number, low: number, high: number, isRoot: number): void;
  };
  const chunk = message.subarray(0, 1_024);

  test.each([0n, 64n, 2n ** 31n, 2n ** 32n - 64n, 2n ** 32n, 2n ** 40n + 2n ** 31n + 128n])('chunk %i', (counter) => {
    new Uint8Array(exports.memory.buffer, exports.WINDOW_AT.value).set(chunk);
    exports.hashMessage(1_024, Number(counter & 0xffff_ffffn), Number(counter >> 32n), 0);
    const node = new Uint8Array(exports.memory.buffer, exports.NODES_AT.value, 32);
    expect(toHex(node)).toBe(toHex(referenceChunk(chunk, counter)));
  });
});
