// What every VaultStore must do: rows of a vault, and the index of its objects.

import { describe, expect, test } from 'vitest';
import {
  type BackupRow,
  type IndexEntry,
  type LeaseRow,
  PackState,
  type SessionRow,
  type VaultMeta,
  VaultState,
  type VaultStore,
} from '../../engine/repository/ports.ts';
import { Kind } from '../../engine/types.ts';
import { blockRef, digestOf, pageRef, randomBytes } from './data.ts';

/** Runs `body` where an empty store can be used: in place, or inside of a Durable Object. */
export type WithVaultStore = (body: (store: VaultStore) => void) => void | Promise<void>;

const META: VaultMeta = {
  ...{ format: 1, projectId: 'p', vaultId: 'v' },
  ...{ epoch: 1, generation: 1, state: VaultState.open },
};
const LABEL = {
  ...{ name: 'nächtlich', volumeId: 'd', volumeName: '"x"', zone: 'z' },
  ...{ createdMs: 2 ** 41, automatic: true },
};
const uuid = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

function entry(seed: number, packNo = 1, kind: Kind = Kind.block): IndexEntry {
  const ref = kind === Kind.block ? blockRef(seed) : pageRef(seed);
  return { ...ref, encoding: 2, offset: 80 + seed, length: 100 + seed, packNo, slot: seed };
}

function backup(id: string, changes: Partial<BackupRow> = {}): BackupRow {
  return {
    ...{ id, state: 'available', generation: 1, diskId: 'd', root: digestOf(1), sizeBytes: 2 ** 45 },
    ...{ allocatedBlocks: 2 ** 29, committedMs: 2 ** 41, label: LABEL },
    result: { logicalBytes: 2 ** 44, storedBytes: 5, objectCount: 6, incremental: true },
    ...changes,
  };
}

function session(id: string, changes: Partial<SessionRow> = {}): SessionRow {
  return {
    ...{ id, state: 'open', diskId: 'd', parent: null, beginEpoch: 3, label: LABEL },
    ...{ storedBytes: 2 ** 40, storedObjects: 7 },
    ...changes,
  };
}

const lease = (id: string): LeaseRow => ({
  ...{ id, diskId: 'd', backupId: 'b', root: digestOf(4) },
  ...{ sizeBytes: 512, logicalBytes: 2 ** 40 },
});

function newPack(store: VaultStore, sessionId: string, n: number) {
  return store.insertPack(sessionId, { uuid: uuid(n), generation: 2, kind: Kind.page, touchedEpoch: 5 });
}

/** Everything that a store holds, in comparable form. */
function contentOf(store: VaultStore): unknown {
  const packs = store.listPacks(0, 1_000);
  const directories = packs.map(({ no }) => store.readPackDirectory(no));
  const sessions = store.listSessions();
  const refs = [1, 2, 3, 4, 5].map((seed) => blockRef(seed));
  return structuredClone([
    [store.readMeta(), packs, directories, store.index.lookup(refs), store.listBackups(), sessions],
    [sessions.map(({ id }) => store.listSessionPacks(id)), store.listLeases(), store.listBad(100)],
  ]);
}

export function vaultStoreConformance(name: string, withStore: WithVaultStore): void {
  describe(`vault store: ${name}`, () => {
    test('a new store is empty', () =>
      withStore((store) => {
        expect(store.readMeta()).toBeNull();
        expect([store.listPacks(0, 9), store.listBackups(), store.listSessions(), store.listLeases()]).toEqual([
          ...[[], [], [], []],
        ]);
        expect([store.readBackup('b'), store.readSession('s'), store.readLease('l')]).toEqual([null, null, null]);
        expect([store.newestBackup('d'), store.findSessionPack('s', uuid(1))]).toEqual([null, null]);
        expect([store.readPacks([1]), store.readPackDirectory(1)]).toEqual([[null], null]);
        expect(store.index.lookup([blockRef(1)])).toEqual([null]);
        store.deleteSession('s');
        store.deleteLease('l');
        store.index.remove([blockRef(1)]);
        store.removeBad([blockRef(1)]);
      }));

    test('meta is one row', () =>
      withStore((store) => {
        store.writeMeta(META);
        const next = { ...META, epoch: 2 ** 40, generation: 7, state: VaultState.superseded };
        store.writeMeta(next);
        expect(store.readMeta()).toEqual(next);
      }));

    test('packs are numbered, found by their session, and updated', () =>
      withStore((store) => {
        const a = newPack(store, 's', 1);
        const b = newPack(store, 't', 2);
        const c = newPack(store, 's', 3);
        expect(a).toEqual({
          ...{ no: a.no, uuid: uuid(1), generation: 2, state: PackState.pending, kind: Kind.page },
          ...{ bytes: 0, deadBytes: 0, touchedEpoch: 5 },
        });
        expect(a.no < b.no && b.no < c.no && a.no > 0).toBe(true);
        expect(store.findSessionPack('s', uuid(3))).toEqual(c);
        expect(store.findSessionPack('t', uuid(3))).toBeNull();
        const live = { ...b, state: PackState.live, bytes: 2 ** 24, deadBytes: 9, touchedEpoch: 2 ** 33 };
        store.updatePack(live);
        expect(store.readPacks([c.no, 999, b.no])).toEqual([c, null, live]);
        expect(store.listPacks(0, 2)).toEqual([a, live]);
        expect(store.listPacks(b.no, 2)).toEqual([c]);
        expect(store.listSessionPacks('s')).toEqual([a, c]);
        store.writeSession(session('s'));
        store.deleteSession('s');
        expect(store.listSessionPacks('s')).toEqual([]);
        expect(store.listPacks(0, 9)).toHaveLength(3);
      }));

    test('a pack directory is written, replaced, and has a limit', () =>
      withStore((store) => {
        store.writePackDirectory(4, randomBytes(1, 400_000));
        expect(store.readPackDirectory(4)).toEqual(randomBytes(1, 400_000));
        store.writePackDirectory(4, randomBytes(2, 48));
        expect(store.readPackDirectory(4)).toEqual(randomBytes(2, 48));
        expect(() => store.writePackDirectory(5, new Uint8Array(1_900_001))).toThrow(RangeError);
      }));

    test('the index finds an object by digest and kind, in the order asked', () =>
      withStore((store) => {
        const page = entry(3, 2, Kind.page);
        expect(store.index.add([entry(1), entry(2), page])).toEqual([true, true, true]);
        const asPage = { kind: Kind.page, digest: blockRef(1).digest };
        expect(store.index.lookup([blockRef(2), blockRef(9), asPage, pageRef(3), blockRef(2)])).toEqual([
          ...[entry(2), null, null, page, entry(2)],
        ]);
      }));

    test('what is indexed stays where it is, until it is moved or removed', () =>
      withStore((store) => {
        store.index.add([entry(1, 1)]);
        const elsewhere = { ...entry(1, 7), offset: 5_000_000, slot: 3, encoding: 1 };
        expect(store.index.add([elsewhere, entry(2), entry(2, 8)])).toEqual([false, true, false]);
        expect(store.index.lookup([blockRef(1)])).toEqual([entry(1, 1)]);
        store.index.move([elsewhere, entry(5)]);
        expect(store.index.lookup([blockRef(1), blockRef(5)])).toEqual([elsewhere, null]);
        store.index.remove([{ kind: Kind.page, digest: blockRef(1).digest }, blockRef(2)]);
        expect(store.index.lookup([blockRef(1), blockRef(2)])).toEqual([elsewhere, null]);
        store.index.remove([blockRef(1)]);
        expect(store.index.add([entry(1, 9)])).toEqual([true]);
      }));

    test('the newest available backup of a disk is the one that was committed last', () =>
      withStore((store) => {
        store.writeBackup(backup('b', { committedMs: 5 }));
        store.writeBackup(backup('c', { committedMs: 9, diskId: 'other' }));
        store.writeBackup(backup('a', { committedMs: 7 }));
        store.writeBackup(backup('z', { committedMs: 8, state: 'deleting' }));
        expect(store.newestBackup('d')).toEqual(backup('a', { committedMs: 7 }));
        store.writeBackup(backup('a', { committedMs: 7, state: 'deleted' }));
        expect(store.newestBackup('d')!.id).toBe('b');
        store.writeBackup(backup('e', { committedMs: 5 }));
        expect(store.newestBackup('d')!.id).toBe('e');
        expect(store.listBackups().map((row) => row.id)).toEqual(['a', 'b', 'c', 'e', 'z']);
        expect(store.readBackup('z')).toEqual(backup('z', { committedMs: 8, state: 'deleting' }));
      }));

    test('sessions and leases are inserted, replaced, listed by id, deleted', () =>
      withStore((store) => {
        store.writeSession(session('t'));
        const parent = { root: digestOf(8), allocatedBlocks: 2 ** 29 };
        store.writeSession(session('s', { parent, state: 'aborting' }));
        expect(store.listSessions()).toEqual([session('s', { parent, state: 'aborting' }), session('t')]);
        store.writeSession(session('t', { storedBytes: 1 }));
        expect(store.readSession('t')).toEqual(session('t', { storedBytes: 1 }));
        store.deleteSession('t');
        expect(store.readSession('t')).toBeNull();
        store.writeLease(lease('m'));
        store.writeLease(lease('l'));
        expect(store.listLeases()).toEqual([lease('l'), lease('m')]);
        store.writeLease({ ...lease('l'), diskId: 'e' });
        expect(store.readLease('l')).toEqual({ ...lease('l'), diskId: 'e' });
        store.deleteLease('l');
        expect(store.readLease('l')).toBeNull();
      }));

    test('bad objects are remembered once', () =>
      withStore((store) => {
        store.addBad([blockRef(1), pageRef(2)]);
        store.addBad([blockRef(1)]);
        expect(store.listBad(9)).toHaveLength(2);
        expect(store.listBad(9)).toEqual(expect.arrayContaining([blockRef(1), pageRef(2)]));
        expect(store.listBad(1)).toHaveLength(1);
        store.removeBad([pageRef(2), pageRef(3)]);
        expect(store.listBad(9)).toEqual([blockRef(1)]);
      }));

    test('rows and buffers are not shared with the caller', () =>
      withStore((store) => {
        const row = backup('b');
        const added = entry(1);
        const directory = randomBytes(3, 96);
        store.writeBackup(row);
        store.index.add([added]);
        store.writeLease(lease('l'));
        const { no } = newPack(store, 's', 1);
        store.writePackDirectory(no, directory);
        const before = contentOf(store);
        directory.fill(0);
        store.readPackDirectory(no)!.fill(9);
        store.readBackup('b')!.root.fill(9);
        store.readLease('l')!.root.fill(9);
        store.index.lookup([blockRef(1)])[0]!.digest.fill(9);
        expect(contentOf(store)).toEqual(before);
      }));

    describe('a transaction', () => {
      const fill = (store: VaultStore) => {
        store.writeMeta(META);
        store.writeSession(session('s'));
        newPack(store, 's', 1);
        store.index.add([entry(1), entry(2)]);
        store.writeBackup(backup('b'));
        store.writeLease(lease('l'));
        store.addBad([blockRef(7)]);
      };
      const change = (store: VaultStore) => {
        store.writeMeta({ ...META, epoch: 2 });
        const pack = newPack(store, 's', 2);
        store.updatePack({ ...pack, state: PackState.live, bytes: 1 });
        store.writePackDirectory(pack.no, randomBytes(1, 48));
        store.index.remove([blockRef(1)]);
        store.index.add([entry(1, 9), entry(3)]);
        store.index.move([entry(2, 9)]);
        store.writeBackup(backup('c'));
        store.deleteSession('s');
        store.deleteLease('l');
        store.removeBad([blockRef(7)]);
      };

      test('keeps all of its writes and returns its result', () =>
        withStore((store) => {
          expect(store.transaction(() => fill(store) ?? 42)).toBe(42);
          expect(store.readMeta()).toEqual(META);
          expect(store.listSessionPacks('s')).toHaveLength(1);
        }));

      test('that throws leaves nothing behind, and the store goes on', () =>
        withStore((store) => {
          fill(store);
          const before = contentOf(store);
          const failing = () =>
            store.transaction(() => {
              change(store);
              throw new Error('crash');
            });
          expect(failing).toThrow('crash');
          expect(contentOf(store)).toEqual(before);
          store.transaction(() => change(store));
          expect(store.index.lookup([blockRef(1), blockRef(2)])).toEqual([entry(1, 9), entry(2, 9)]);
          expect(() => store.transaction(() => store.transaction(() => 1))).toThrow(/nest/);
        }));
    });

    test('an object added is one row, a known one none', () =>
      withStore((store) => {
        const entries = Array.from({ length: 100 }, (_, i) => entry(i + 1));
        const mark = store.meter.mark();
        store.index.add(entries);
        expect(store.meter.since(mark).rowsWritten).toBe(100);
        store.index.add(entries);
        expect(store.meter.since(mark).rowsWritten).toBe(100);
        const reads = store.meter.mark();
        store.index.lookup(entries);
        expect(store.meter.since(reads)).toMatchObject({ rowsRead: 100, rowsWritten: 0 });
      }));
  });
}
