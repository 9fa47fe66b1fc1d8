// Bytes and names for conformance tests: deterministic, and of the classes that storage treats differently.

import type { StoredObject } from '../../engine/ports.ts';
import { BLOCK_BYTES, type Digest, Kind, type ObjectRef, PAGE_BYTES } from '../../engine/types.ts';

/** xorshift32: the same bytes for the same seed in every runtime, and nothing that a compressor could find. */
export function randomBytes(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed * 2_654_435_761 + 1) >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state >>> 11;
  }
  return bytes;
}

/** Text of few words: compresses to about a fifth. */
export function compressibleBytes(seed: number, length: number): Uint8Array {
  const words = ['block ', 'page ', 'digest ', 'root ', 'snapshot ', 'backup ', 'vault ', 'zone '];
  const choice = randomBytes(seed, length);
  let text = '';
  for (let i = 0; text.length < length; i++) text += words[choice[i]! & 7];
  return new TextEncoder().encode(text.slice(0, length));
}

/** First half compressible, second half random: passes the probe, saves a little less than half. */
export function halfRandomBytes(seed: number, length: number): Uint8Array {
  const bytes = randomBytes(seed, length);
  bytes.set(compressibleBytes(seed, length >> 1));
  return bytes;
}

/** Five of eight parts random: zstd's output lies between workerd's limit and what is worth keeping. */
export function mostlyRandomBytes(seed: number, length: number): Uint8Array {
  const bytes = randomBytes(seed, length);
  for (let at = 0; at < length; at += 8_192) bytes.fill(0, at, at + 2_048);
  return bytes;
}

/** Every class of data that a block or a page may be. */
export const DATA_CLASSES: readonly (readonly [string, (seed: number, length: number) => Uint8Array])[] = [
  ['zeros', (_seed, length) => new Uint8Array(length)],
  ['random', randomBytes],
  ['half-random', halfRandomBytes],
  ['mostly random', mostlyRandomBytes],
  ['compressible', compressibleBytes],
];

/** A digest as good as any: stores never compute them. `prefix` fixes its first six bytes. */
export function digestOf(seed: number, prefix?: number): Digest {
  const digest = randomBytes(seed + 1_000_003, 32);
  if (prefix !== undefined) digest.fill(prefix, 0, 6);
  return digest;
}

export function blockRef(seed: number, prefix?: number): ObjectRef {
  return { kind: Kind.block, digest: digestOf(seed, prefix) };
}

export function pageRef(seed: number, prefix?: number): ObjectRef {
  return { kind: Kind.page, digest: digestOf(seed, prefix) };
}

/** An object with a raw frame of a few random bytes, or of a whole block or page. */
export function objectOf(ref: ObjectRef, seed: number, length: number | 'whole' = 40): StoredObject {
  const whole = ref.kind === Kind.block ? BLOCK_BYTES : PAGE_BYTES;
  return { ...ref, frame: { encoding: 0, bytes: randomBytes(seed, length === 'whole' ? whole : length) } };
}
