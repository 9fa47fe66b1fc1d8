// Bytes for the cases: reproducible, incompressible, cheap to make by the megabyte.

/** Pseudo-random bytes (a whole number of 32-bit words), the same for the same seed. */
export function randomBytes(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(length / 4);
  let state = (Math.imul(seed, 2_654_435_761) + 1) >>> 0 || 1;
  for (let i = 0; i < words.length; i++) {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer);
}

/** Views of `bytes` in parts of `partBytes`. */
export function partsOf(bytes: Uint8Array, partBytes: number): Uint8Array[] {
  return Array.from({ length: bytes.length / partBytes }, (_, i) => bytes.subarray(i * partBytes, (i + 1) * partBytes));
}

/** The bytes as 64-bit words, the widest that plain JavaScript compares at once. */
export function words64(bytes: Uint8Array): BigUint64Array {
  return new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
}

/** The bytes as 32-bit words: in JavaScript faster than 64-bit ones, which are objects until the optimiser sees through. */
export function words32(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}
