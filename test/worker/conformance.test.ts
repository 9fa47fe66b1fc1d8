// The conformance suites on the real things: SQLite in a Durable Object, R2, and workerd's own zstd.

import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { deflateCodec } from '../../engine/codec.ts';
import { Meter } from '../../engine/cost.ts';
import { R2Obs } from '../../worker/adapters/r2-obs.ts';
import { SqlDiskStore } from '../../worker/adapters/sql-disk-store.ts';
import { deflate, zstdCodec } from '../../worker/adapters/zstd.ts';
import { codecConformance } from '../conformance/codec.ts';
import { blockRef, digestOf, objectOf } from '../conformance/data.ts';
import { diskStoreConformance } from '../conformance/disk-store.ts';
import { objectStoreConformance, type WithDiskStore } from '../conformance/object-store.ts';
import { obsConformance } from '../conformance/obs.ts';
import type { StoreHost } from './entry.ts';

const { STORE_HOST, OBS } = env as unknown as {
  STORE_HOST: DurableObjectNamespace<StoreHost>;
  OBS: R2Bucket;
};

function newHost(): DurableObjectStub<StoreHost> {
  return STORE_HOST.get(STORE_HOST.newUniqueId());
}

const withStore: WithDiskStore = (body) =>
  runInDurableObject(newHost(), (_host, state) => {
    const store = new SqlDiskStore(state.storage);
    store.createTables();
    body(store);
  });

objectStoreConformance('SQLite', withStore);
diskStoreConformance('SQLite', withStore);
codecConformance('zstd in workerd', zstdCodec, [0, 1, 2]);
codecConformance('deflate in workerd', deflateCodec(deflate), [0, 3]);

const obs = new R2Obs(OBS, new Meter(), 7);
const sha256 = async (bytes: Uint8Array) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes.slice()));
obsConformance('R2', () => ({ obs, sha256 }));

describe('an object where no disk was created', () => {
  test('answers absent to everything and writes nothing', () =>
    runInDurableObject(newHost(), (_host, state) => {
      const store = new SqlDiskStore(state.storage);
      expect(store.exists()).toBe(false);
      expect(store.readHead()).toBeNull();
      expect(store.scanLog(0)).toEqual([]);
      expect(store.readLogData(1, 0, 1)).toBeNull();
      expect([store.listSnapshots(), store.listPins(), store.listUpstreams()]).toEqual([[], [], []]);
      store.deleteLog(1);
      store.deleteSnapshot('s');
      store.deletePin('p');
      store.deleteUpstream('u');
      expect(store.objects.getMany([blockRef(1)])).toEqual([null]);
      expect(store.objects.hasMany([blockRef(1)])).toEqual([false]);
      expect(store.objects.scan(null, 9)).toEqual({ refs: [], next: null });
      expect(store.objects.usage()).toEqual({ objects: 0, storedBytes: 0 });
      store.objects.deleteMany([blockRef(1)]);
      expect(store.damage({ target: 'object', ref: blockRef(1), kind: 'lose', random: 0 })).toBe(false);
      expect(store.damage({ target: 'log', seq: 1, kind: 'lose', random: 0 })).toBe(false);
      expect(() => store.objects.putMany([objectOf(blockRef(1), 1)])).toThrow(/no such table/);
      expect(store.meter.counts.rowsWritten).toBe(0);
      expect(
        state.storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
      ).toEqual([]);
    }));

  test('is as before when the creating transaction throws', () =>
    runInDurableObject(newHost(), (_host, state) => {
      const store = new SqlDiskStore(state.storage);
      const failing = () =>
        store.transaction(() => {
          store.createTables();
          throw new Error('crash');
        });
      expect(failing).toThrow('crash');
      expect(store.exists()).toBe(false);
      store.transaction(() => store.createTables());
      store.createTables();
      expect(store.exists()).toBe(true);
      expect(new SqlDiskStore(state.storage).exists()).toBe(true);
    }));
});

describe('a disk store', () => {
  test('is absent again after deleteAll()', () =>
    runInDurableObject(newHost(), async (_host, state) => {
      const store = new SqlDiskStore(state.storage);
      store.createTables();
      store.objects.putMany([objectOf(blockRef(1), 1)]);
      expect(store.objects.usage().objects).toBe(1);
      await state.storage.deleteAll();
      store.forget();
      expect(store.exists()).toBe(false);
      expect(store.objects.hasMany([blockRef(1)])).toEqual([false]);
      store.createTables();
      expect(store.objects.usage().objects).toBe(0);
    }));

  test('finds everything again after an eviction', async () => {
    const host = newHost();
    const head = { root: digestOf(1), sizeBytes: 2 ** 40, foldedSeq: 3, version: 9, anchor: digestOf(2) };
    await runInDurableObject(host, (_host, state) => {
      const store = new SqlDiskStore(state.storage);
      store.createTables();
      store.transaction(() => {
        store.writeHead(head);
        store.objects.putMany([objectOf(blockRef(1), 1, 'whole')]);
      });
    });
    await evictDurableObject(host);
    await runInDurableObject(host, (_host, state) => {
      const store = new SqlDiskStore(state.storage);
      expect(store.readHead()).toEqual(head);
      expect(store.objects.getMany([blockRef(1)])).toEqual([objectOf(blockRef(1), 1, 'whole').frame]);
      expect(store.objects.usage().objects).toBe(1);
      expect(store.objects.usage().storedBytes).toBeGreaterThan(65_536);
    });
  });

  test('of a newer format is refused in words', () =>
    runInDurableObject(newHost(), (_host, state) => {
      new SqlDiskStore(state.storage).createTables();
      state.storage.sql.exec('UPDATE format SET version = 2');
      expect(() => new SqlDiskStore(state.storage).readHead()).toThrow(/format 2/);
    }));
});
