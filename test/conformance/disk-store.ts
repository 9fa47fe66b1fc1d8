// What every DiskStore must do beside its objects (object-store.ts): rows, transactions, log, damage.

import { describe, expect, test } from 'vitest';
import type { DiskStore, HeadRow, LogRow, PinRow, SnapshotRow, UpstreamRow } from '../../engine/ports.ts';
import { blockRef, digestOf, objectOf, randomBytes } from './data.ts';
import type { WithDiskStore } from './object-store.ts';

const HEAD: HeadRow = { root: digestOf(1), sizeBytes: 32 * 2 ** 40, foldedSeq: 0, version: 1, anchor: digestOf(2) };

function logRow(seq: number): LogRow {
  return { seq, dir: randomBytes(seq, 40 + seq), sum: digestOf(seq) };
}

function appendLog(store: DiskStore, ...seqs: number[]): void {
  for (const seq of seqs) store.appendLog(logRow(seq), randomBytes(1_000 + seq, 512 * seq));
}

/** Everything that a store holds, in comparable form. */
function contentOf(store: DiskStore): unknown {
  const log = store.scanLog(-1).map((row) => [row, store.readLogData(row.seq, 0, row.dataBytes)]);
  const { refs } = store.objects.scan(null, 10_000);
  const objects = store.objects.getMany(refs);
  const lists = [store.listSnapshots(), store.listPins(), store.listUpstreams()];
  return structuredClone([store.readHead(), log, refs, objects, lists, store.objects.usage().objects]);
}

export function diskStoreConformance(name: string, withStore: WithDiskStore): void {
  describe(`disk store: ${name}`, () => {
    test('a new store is empty', () =>
      withStore((store) => {
        expect(store.readHead()).toBeNull();
        expect(store.scanLog(0)).toEqual([]);
        expect(store.readLogData(1, 0, 1)).toBeNull();
        expect([store.listSnapshots(), store.listPins(), store.listUpstreams()]).toEqual([[], [], []]);
        store.deleteLog(10);
        store.deleteSnapshot('none');
        store.deletePin('none');
        store.deleteUpstream('none');
      }));

    test('the head is one row', () =>
      withStore((store) => {
        store.writeHead(HEAD);
        expect(store.readHead()).toEqual(HEAD);
        const next = { ...HEAD, root: digestOf(3), sizeBytes: 512, foldedSeq: 2 ** 40, version: 2 };
        store.writeHead(next);
        expect(store.readHead()).toEqual(next);
      }));

    test('rows and buffers are not shared with the caller', () =>
      withStore((store) => {
        const row = logRow(1);
        const data = randomBytes(5, 100);
        store.writeHead({ ...HEAD, root: row.sum });
        store.appendLog(row, data);
        const before = contentOf(store);
        row.dir.fill(0);
        row.sum.fill(0);
        data.fill(0);
        store.readHead()!.root.fill(9);
        store.scanLog(0)[0]!.dir.fill(9);
        store.readLogData(1, 0, 10)!.fill(9);
        expect(contentOf(store)).toEqual(before);
      }));

    test('the log is read in order, from where it is asked', () =>
      withStore((store) => {
        appendLog(store, 1, 2, 3, 10);
        store.appendLog({ ...logRow(4), seq: 2 ** 33 }, new Uint8Array(7));
        const rows = [3, 10].map((seq) => ({ ...logRow(seq), dataBytes: 512 * seq }));
        expect(store.scanLog(2).slice(0, 2)).toEqual(rows);
        expect(store.scanLog(10).map((row) => row.seq)).toEqual([2 ** 33]);
        store.deleteLog(3);
        expect(store.scanLog(0).map((row) => row.seq)).toEqual([10, 2 ** 33]);
        store.deleteLog(2 ** 40);
        expect(store.scanLog(0)).toEqual([]);
      }));

    test('log data is read in part, or not at all', () =>
      withStore((store) => {
        store.appendLog(logRow(1), randomBytes(9, 8_192));
        store.appendLog(logRow(2), new Uint8Array(0));
        const data = randomBytes(9, 8_192);
        expect(store.readLogData(1, 0, 8_192)).toEqual(data);
        expect(store.readLogData(1, 512, 1_024)).toEqual(data.slice(512, 1_536));
        expect(store.readLogData(1, 8_191, 1)).toEqual(data.slice(8_191));
        expect(store.readLogData(1, 8_000, 193)).toBeNull();
        expect(store.readLogData(1, 9_000, 1)).toBeNull();
        expect(store.readLogData(2, 0, 0)).toEqual(new Uint8Array(0));
        expect(store.readLogData(3, 0, 1)).toBeNull();
      }));

    test('a sequence number is used once, and a row has a limit', () =>
      withStore((store) => {
        appendLog(store, 1);
        expect(() => appendLog(store, 1)).toThrow();
        expect(() => store.appendLog(logRow(2), new Uint8Array(1_900_000))).toThrow(RangeError);
        store.appendLog(logRow(2), new Uint8Array(1_800_000));
        expect(store.scanLog(1).map((row) => row.dataBytes)).toEqual([1_800_000]);
      }));

    test('snapshots, pins and upstreams are inserted, replaced, listed by id, deleted', () =>
      withStore((store) => {
        const snapshot: SnapshotRow = { id: 'b', cutSeq: 2 ** 35, root: null, sizeBytes: 2 ** 45, hidden: false };
        const sealed: SnapshotRow = { ...snapshot, id: 'a', root: digestOf(4), hidden: true };
        store.writeSnapshot(snapshot);
        store.writeSnapshot(sealed);
        expect(store.listSnapshots()).toEqual([sealed, snapshot]);
        store.writeSnapshot({ ...snapshot, root: digestOf(5) });
        store.deleteSnapshot('a');
        store.deleteSnapshot('a');
        expect(store.listSnapshots()).toEqual([{ ...snapshot, root: digestOf(5) }]);

        const pins: PinRow[] = ['p', 'q'].map((id, seed) => ({ id, root: digestOf(seed), owner: `disk/${id}` }));
        for (const pin of pins) store.writePin(pin);
        store.writePin({ ...pins[0]!, owner: 'other' });
        expect(store.listPins()).toEqual([{ ...pins[0]!, owner: 'other' }, pins[1]]);
        store.deletePin('p');
        expect(store.listPins()).toEqual([pins[1]]);

        const upstream: UpstreamRow = { id: 'u', locator: '{"name":"ünïcode"}', heals: true };
        store.writeUpstream({ ...upstream, heals: false });
        store.writeUpstream(upstream);
        expect(store.listUpstreams()).toEqual([upstream]);
        store.deleteUpstream('u');
        expect(store.listUpstreams()).toEqual([]);
      }));

    describe('a transaction', () => {
      const fill = (store: DiskStore) => {
        store.writeHead(HEAD);
        appendLog(store, 1, 2);
        store.objects.putMany([1, 2, 3].map((seed) => objectOf(blockRef(seed), seed)));
        store.writeSnapshot({ id: 's', cutSeq: 1, root: null, sizeBytes: 512, hidden: false });
        store.writePin({ id: 'p', root: digestOf(1), owner: 'o' });
        store.writeUpstream({ id: 'u', locator: '{}', heals: false });
      };
      const change = (store: DiskStore) => {
        store.writeHead({ ...HEAD, root: digestOf(8) });
        appendLog(store, 3);
        store.deleteLog(1);
        store.objects.deleteMany([blockRef(1)]);
        store.objects.putMany([objectOf(blockRef(4), 4), objectOf(blockRef(5), 5)]);
        store.objects.replaceMany([objectOf(blockRef(2), 99)]);
        store.objects.putMany([objectOf(blockRef(1), 77)]);
        store.writeSnapshot({ id: 's', cutSeq: 1, root: digestOf(7), sizeBytes: 512, hidden: true });
        store.deletePin('p');
        store.writeUpstream({ id: 'v', locator: '[]', heals: true });
      };

      test('keeps all of its writes and returns its result', () =>
        withStore((store) => {
          expect(store.transaction(() => fill(store) ?? 42)).toBe(42);
          expect(store.readHead()).toEqual(HEAD);
          expect(store.objects.usage().objects).toBe(3);
        }));

      test('that throws leaves nothing behind, and the store goes on', () =>
        withStore((store) => {
          fill(store);
          const before = contentOf(store);
          const failing = () =>
            store.transaction(() => {
              change(store);
              expect(store.readHead()!.root).toEqual(digestOf(8));
              expect(store.objects.hasMany([blockRef(4), blockRef(9)])).toEqual([true, false]);
              store.objects.deleteMany([blockRef(3)]);
              expect(store.objects.scan(null, 100).refs).toHaveLength(4);
              throw new Error('crash');
            });
          expect(failing).toThrow('crash');
          expect(contentOf(store)).toEqual(before);
          store.transaction(() => change(store));
          expect(contentOf(store)).not.toEqual(before);
          const after = contentOf(store);
          expect(() => store.transaction(() => store.transaction(() => {}))).toThrow(/nest/);
          expect(contentOf(store)).toEqual(after);
        }));
    });

    test('damage to the log flips one bit of a row, or loses it', () =>
      withStore((store) => {
        appendLog(store, 1, 2, 3);
        const read = (seq: number) => {
          const { dir, dataBytes } = store.scanLog(seq - 1)[0]!;
          return [...dir, ...store.readLogData(seq, 0, dataBytes)!];
        };
        const bitsOf = (a: number[], b: number[]) =>
          a
            .flatMap((byte, i) =>
              Array.from({ length: 8 }, (_, bit) => (((byte ^ b[i]!) >> bit) & 1 ? 8 * i + bit : -1)),
            )
            .filter((bit) => bit >= 0);
        const length = read(2).length * 8;
        for (const random of [0, 41 * 8, length - 1, length + 5]) {
          const before = read(2);
          expect(store.damage({ target: 'log', seq: 2, kind: 'flip', random })).toBe(true);
          expect(bitsOf(before, read(2))).toEqual([random % length]);
        }
        expect(store.scanLog(1)[0]!.sum).toEqual(logRow(2).sum);
        expect(store.damage({ target: 'log', seq: 2, kind: 'lose', random: 0 })).toBe(true);
        expect(store.scanLog(0).map((row) => row.seq)).toEqual([1, 3]);
        expect(store.damage({ target: 'log', seq: 2, kind: 'flip', random: 0 })).toBe(false);
        expect(store.damage({ target: 'log', seq: 2, kind: 'lose', random: 0 })).toBe(false);
      }));

    test('writes one row for each row, and reads directories without data', () =>
      withStore((store) => {
        const written = (action: () => unknown) => {
          const mark = store.meter.mark();
          action();
          return store.meter.since(mark).rowsWritten;
        };
        expect(written(() => store.writeHead(HEAD))).toBe(1);
        expect(written(() => store.writeHead(HEAD))).toBe(1);
        expect(written(() => appendLog(store, 1, 2, 3, 4))).toBe(4);
        expect(written(() => store.deleteLog(3))).toBe(3);
        const snapshot = { id: 's', cutSeq: 1, root: null, sizeBytes: 512, hidden: false };
        expect(written(() => store.writeSnapshot(snapshot))).toBe(1);
        expect(written(() => store.writeSnapshot(snapshot))).toBe(1);
        expect(written(() => store.deleteSnapshot('s'))).toBe(1);
        const mark = store.meter.mark();
        store.scanLog(0);
        expect(store.meter.since(mark)).toMatchObject({ rowsRead: 1, rowsWritten: 0 });
      }));
  });
}
