// Digests known or new: the kernel's set against a Map, from digests as bytes to an answer for each.
import { DigestSet } from '../../engine/kernel.ts';
import { DIGEST_BYTES } from '../../engine/types.ts';
import { partsOf, randomBytes } from './bytes.ts';
import { type Environment, type KernelCase, mustAgree } from './cases.ts';

/** Digests that come with one request: what is added or asked at once. */
const BATCH = 8_192;

export function setInsert(name: string, count: number): KernelCase {
  return {
    id: `set-insert-${name}`,
    title: `${count.toLocaleString('en')} new digests into an empty set`,
    prepare({ kernels, toKey }, tiny) {
      const digests = randomBytes((tiny ? 1_000 : count) * DIGEST_BYTES, 8);
      const batches = batchesOf(digests);
      const keys = partsOf(digests, DIGEST_BYTES).map((digest) => toKey.hex(digest));
      const set = new DigestSet(kernels.relaxed, { capacity: keys.length });
      const work = { amount: keys.length, of: 'digests' };
      return [
        {
          id: 'kernel',
          title: 'DigestSet with room for all',
          work,
          run: () => {
            set.clear();
            for (const batch of batches) set.add(batch);
          },
        },
        {
          id: 'kernel-growing',
          title: 'DigestSet, new, growing',
          work,
          run: () => {
            const growing = new DigestSet(kernels.relaxed);
            for (const batch of batches) growing.add(batch);
          },
        },
        { id: 'map', title: `Map of hex strings (${toKey.title})`, work, run: () => mapOf(digests, toKey) },
        {
          id: 'map-ready',
          title: 'Map, strings made before',
          work,
          run: () => new Map(keys.map((key) => [key, true])),
        },
      ];
    },
  };
}

export function setLookup(name: string, count: number): KernelCase {
  return {
    id: `set-lookup-${name}`,
    title: `Which of ${count.toLocaleString('en')} digests are in a set of as many? Half are`,
    prepare({ kernels, toKey }, tiny) {
      const total = tiny ? 1_000 : count;
      const known = randomBytes(total * DIGEST_BYTES, 9);
      const asked = randomBytes(total * DIGEST_BYTES, 10);
      // Every other digest asked is one of the set, from all over it.
      for (let i = 0; i < total; i += 2) {
        const from = ((i * 7_919) % total) * DIGEST_BYTES;
        asked.set(known.subarray(from, from + DIGEST_BYTES), i * DIGEST_BYTES);
      }
      const batches = batchesOf(asked);
      const set = new DigestSet(kernels.relaxed, { capacity: total });
      for (const batch of batchesOf(known)) set.add(batch);
      const map = mapOf(known, toKey);
      const keys = partsOf(asked, DIGEST_BYTES).map((digest) => toKey.hex(digest));
      const inSet = batches.flatMap((batch) => [...set.has(batch)]);
      mustAgree('set and Map', hasInMap(map, asked, toKey), inSet);
      const work = { amount: total, of: 'digests' };
      const hasEach = () => {
        for (const batch of batches) set.has(batch);
      };
      const hasReady = () => Uint8Array.from(keys, (key) => (map.has(key) ? 1 : 0));
      return [
        { id: 'kernel', title: 'DigestSet', work, run: hasEach },
        { id: 'map', title: `Map of hex strings (${toKey.title})`, work, run: () => hasInMap(map, asked, toKey) },
        { id: 'map-ready', title: 'Map, strings made before', work, run: hasReady },
      ];
    },
  };
}

function batchesOf(digests: Uint8Array): Uint8Array[] {
  const bytes = BATCH * DIGEST_BYTES;
  return Array.from({ length: Math.ceil(digests.length / bytes) }, (_, i) =>
    digests.subarray(i * bytes, (i + 1) * bytes),
  );
}

function mapOf(digests: Uint8Array, toKey: Environment['toKey']): Map<string, boolean> {
  const map = new Map<string, boolean>();
  for (let at = 0; at < digests.length; at += DIGEST_BYTES) {
    map.set(toKey.hex(digests.subarray(at, at + DIGEST_BYTES)), true);
  }
  return map;
}

function hasInMap(map: Map<string, boolean>, digests: Uint8Array, toKey: Environment['toKey']): Uint8Array {
  const flags = new Uint8Array(digests.length / DIGEST_BYTES);
  for (let i = 0; i < flags.length; i++) {
    flags[i] = map.has(toKey.hex(digests.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES))) ? 1 : 0;
  }
  return flags;
}
