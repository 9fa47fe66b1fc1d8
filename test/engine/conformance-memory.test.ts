// The conformance suites on the memory implementations, and what only those can do.

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { MemoryDiskStore } from '../../engine/memory/disk-store.ts';
import { MemoryObs } from '../../engine/memory/obs.ts';
import { blockRef, digestOf, objectOf, randomBytes } from '../conformance/data.ts';
import { diskStoreConformance } from '../conformance/disk-store.ts';
import { objectStoreConformance, type WithDiskStore } from '../conformance/object-store.ts';
import { obsConformance } from '../conformance/obs.ts';

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest());

const withStore: WithDiskStore = (body) => body(new MemoryDiskStore());
objectStoreConformance('memory', withStore);
diskStoreConformance('memory', withStore);

const obs = new MemoryObs({ sha256, pageKeys: 7 });
obsConformance('memory', () => ({ obs, sha256: async (bytes) => sha256(bytes) }));

describe('a fork', () => {
  test('of a disk store shares nothing with its origin', () => {
    const origin = new MemoryDiskStore();
    origin.writeHead({ root: digestOf(1), sizeBytes: 512, foldedSeq: 0, version: 1, anchor: digestOf(2) });
    origin.objects.putMany([objectOf(blockRef(1), 1)]);
    origin.appendLog({ seq: 1, dir: randomBytes(1, 9), sum: digestOf(3) }, randomBytes(2, 512));
    const fork = origin.fork();
    expect(fork.meter.counts.rowsWritten).toBe(0);
    fork.objects.deleteMany([blockRef(1)]);
    fork.damage({ target: 'log', seq: 1, kind: 'flip', random: 0 });
    origin.objects.putMany([objectOf(blockRef(2), 2)]);
    expect(origin.objects.hasMany([blockRef(1), blockRef(2)])).toEqual([true, true]);
    expect(fork.objects.hasMany([blockRef(1), blockRef(2)])).toEqual([false, false]);
    expect([origin.objects.usage().objects, fork.objects.usage().objects]).toEqual([2, 0]);
    expect(origin.scanLog(0)[0]!.dir).toEqual(randomBytes(1, 9));
    expect(fork.readHead()).toEqual(origin.readHead());
  });

  test('inside of a transaction is refused', () => {
    const store = new MemoryDiskStore();
    expect(() => store.transaction(() => store.fork())).toThrow(/transaction/);
  });

  test('of an obs shares nothing with its origin', async () => {
    const origin = new MemoryObs();
    await origin.putOnce('a', randomBytes(1, 10));
    const fork = origin.fork();
    await fork.delete(['a']);
    expect(origin.tamper('a', (bytes) => bytes.fill(0))).toBe(true);
    expect(await origin.get('a')).toEqual(new Uint8Array(10));
    expect(await fork.get('a')).toBeNull();
    expect(fork.tamper('a', () => null)).toBe(false);
  });
});
