// Bytes for the kernel's tests: reproducible, and cheap to make in megabytes.
import { DIGEST_BYTES, toHex } from '../../engine/types.ts';

/** Pseudo-random bytes, the same for the same seed. */
export function randomBytes(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  for (let i = 0; i < length; i++) {
    // xorshift32: no zero state, passes for noise here.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** A source of pseudo-random integers below a bound. */
export function randomIntegers(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The digests of a result, as hex. */
export function digestsOf(bytes: Uint8Array): string[] {
  return Array.from({ length: bytes.length / DIGEST_BYTES }, (_, i) =>
    toHex(bytes.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES)),
  );
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
