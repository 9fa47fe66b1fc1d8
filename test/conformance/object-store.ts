// What every ObjectStore must do, whatever it stores in.

import { describe, expect, test } from 'vitest';
import type { DiskStore, Frame, StoredObject } from '../../engine/ports.ts';
import { Kind, type ObjectRef, toHex } from '../../engine/types.ts';
import { blockRef, DATA_CLASSES, objectOf, pageRef, randomBytes } from './data.ts';

/** Runs `body` where an empty store can be used: in place, or inside of a Durable Object. */
export type WithDiskStore = (body: (store: DiskStore) => void) => void | Promise<void>;

const SLOTS = 32;

function frames(objects: readonly StoredObject[]): Frame[] {
  return objects.map((object) => object.frame);
}

function nameOf({ kind, digest }: ObjectRef): string {
  return `${kind}:${toHex(digest)}`;
}

function scanAll(store: DiskStore, limit: number, between: () => void = () => {}): string[] {
  const names: string[] = [];
  for (let cursor: number | null = null, pages = 0; ; pages++) {
    const page = store.objects.scan(cursor, limit);
    expect(page.refs.length).toBeLessThanOrEqual(limit);
    expect(pages).toBeLessThan(1_000);
    names.push(...page.refs.map(nameOf));
    if (page.next === null) return names;
    cursor = page.next;
    between();
  }
}

export function objectStoreConformance(name: string, withStore: WithDiskStore): void {
  describe(`object store: ${name}`, () => {
    test('an empty store has nothing', () =>
      withStore(({ objects }) => {
        expect(objects.getMany([blockRef(1), pageRef(1)])).toEqual([null, null]);
        expect(objects.hasMany([blockRef(1)])).toEqual([false]);
        expect(objects.scan(null, 10)).toEqual({ refs: [], next: null });
        expect(objects.usage().objects).toBe(0);
        objects.deleteMany([blockRef(1)]);
        expect(objects.getMany([])).toEqual([]);
        expect(objects.putMany([])).toBe(0);
      }));

    test('frames of every class of data come back as they were', () =>
      withStore(({ objects }) => {
        const stored = DATA_CLASSES.map(([, make], seed) => ({
          ...blockRef(seed),
          frame: { encoding: seed, bytes: make(seed, 65_536) },
        }));
        const page = { ...pageRef(50), frame: { encoding: 255, bytes: randomBytes(50, 8_192) } };
        const empty = { ...pageRef(51), frame: { encoding: 1, bytes: new Uint8Array(0) } };
        expect(objects.putMany([...stored, page, empty])).toBe(stored.length + 2);
        expect(objects.getMany([empty, page, ...stored])).toEqual(frames([empty, page, ...stored]));
      }));

    test('parts of frames, of the encoding that is asked for', () =>
      withStore(({ objects }) => {
        const bytes = randomBytes(1, 65_536);
        objects.putMany([{ ...blockRef(1), frame: { encoding: 3, bytes } }]);
        expect(objects.getPart(blockRef(1), 3, 0, 65_536)).toEqual(bytes);
        expect(objects.getPart(blockRef(1), 3, 61_440, 4_096)).toEqual(bytes.subarray(61_440));
        expect(objects.getPart(blockRef(1), 3, 61_440, 4_097)).toBeNull();
        expect(objects.getPart(blockRef(1), 0, 0, 512)).toBeNull();
        expect(objects.getPart(blockRef(2), 3, 0, 512)).toBeNull();
        expect(objects.getPart({ ...blockRef(1), kind: Kind.page }, 3, 0, 512)).toBeNull();
      }));

    test('answers in the order of the question, with misses and duplicates', () =>
      withStore(({ objects }) => {
        const [a, b] = [objectOf(blockRef(1), 1), objectOf(blockRef(2), 2)];
        objects.putMany([a, b]);
        expect(objects.getMany([b, blockRef(3), a, b])).toEqual([b.frame, null, a.frame, b.frame]);
        expect(objects.hasMany([b, blockRef(3), a, b])).toEqual([true, false, true, true]);
      }));

    test('put keeps what is there and counts only what is new', () =>
      withStore(({ objects }) => {
        const first = objectOf(blockRef(1), 1);
        const other = { ...first, frame: objectOf(first, 2).frame };
        expect(objects.putMany([first, other, objectOf(blockRef(2), 2)])).toBe(2);
        expect(objects.putMany([other])).toBe(0);
        expect(objects.getMany([first])).toEqual([first.frame]);
        expect(objects.usage().objects).toBe(2);
      }));

    test('replace overwrites or inserts', () =>
      withStore(({ objects }) => {
        const first = objectOf(blockRef(1), 1);
        objects.putMany([first]);
        const healed = { ...first, frame: { encoding: 9, bytes: randomBytes(9, 100) } };
        const added = objectOf(blockRef(2), 2);
        objects.replaceMany([healed, added]);
        expect(objects.getMany([first, added])).toEqual([healed.frame, added.frame]);
        expect(objects.usage().objects).toBe(2);
      }));

    test('a block and a page of one digest are two objects', () =>
      withStore(({ objects }) => {
        const block = objectOf(blockRef(1), 1);
        const page = { ...objectOf(pageRef(1), 2), digest: block.digest };
        objects.putMany([block]);
        expect(objects.hasMany([page])).toEqual([false]);
        expect(objects.getMany([page])).toEqual([null]);
        objects.deleteMany([page]);
        expect(objects.putMany([page])).toBe(1);
        expect(objects.getMany([block, page])).toEqual([block.frame, page.frame]);
        objects.deleteMany([block]);
        expect(objects.getMany([block, page])).toEqual([null, page.frame]);
      }));

    test('delete removes what is there, once', () =>
      withStore(({ objects }) => {
        const stored = [1, 2, 3].map((seed) => objectOf(blockRef(seed), seed));
        objects.putMany(stored);
        objects.deleteMany([stored[1]!, blockRef(9), stored[1]!]);
        expect(objects.hasMany(stored)).toEqual([true, false, true]);
        expect(objects.usage().objects).toBe(2);
      }));

    test('digests with the same first 48 bits live side by side, and survive the others’ deletion', () =>
      withStore(({ objects }) => {
        for (const prefix of [0x00, 0x7a, 0xff]) {
          const stored = Array.from({ length: SLOTS }, (_, seed) => objectOf(blockRef(seed, prefix), seed));
          expect(objects.putMany(stored)).toBe(SLOTS);
          expect(objects.getMany(stored)).toEqual(frames(stored));
          objects.deleteMany(stored.slice(0, 31));
          expect(objects.getMany([stored[31]!])).toEqual([stored[31]!.frame]);
          expect(objects.putMany([stored[31]!, stored[3]!])).toBe(1);
          objects.replaceMany([{ ...stored[31]!, frame: stored[5]!.frame }]);
          expect(objects.getMany([stored[3]!, stored[31]!])).toEqual(frames([stored[3]!, stored[5]!]));
        }
      }));

    test('the 33rd digest with the same first 48 bits is refused in words', () =>
      withStore(({ objects }) => {
        objects.putMany(Array.from({ length: SLOTS }, (_, seed) => objectOf(blockRef(seed, 5), seed)));
        expect(() => objects.putMany([objectOf(pageRef(99, 5), 1)])).toThrow(/48 bits/);
        expect(objects.usage().objects).toBe(SLOTS);
      }));

    test('a row beyond the platform’s limit is refused', () =>
      withStore(({ objects }) => {
        expect(() => objects.putMany([objectOf(blockRef(1), 1, 1_900_001)])).toThrow(RangeError);
        objects.putMany([objectOf(blockRef(2), 2)]);
        expect(() => objects.replaceMany([objectOf(blockRef(2), 1, 1_900_001)])).toThrow(RangeError);
        expect(objects.putMany([objectOf(blockRef(3), 1, 1_900_000)])).toBe(1);
      }));

    test('stored bytes change with nobody’s buffer', () =>
      withStore(({ objects }) => {
        const object = objectOf(blockRef(1), 1);
        const before = object.frame.bytes.slice();
        objects.putMany([object]);
        object.frame.bytes.fill(0);
        const got = objects.getMany([blockRef(1)])[0]!;
        expect(got.bytes).toEqual(before);
        got.bytes.fill(1);
        objects.scan(null, 1).refs[0]!.digest.fill(2);
        expect(objects.getMany([blockRef(1)])[0]!.bytes).toEqual(before);
      }));

    describe('scan', () => {
      const stored = [
        ...Array.from({ length: 60 }, (_, seed) => objectOf(seed % 3 === 0 ? pageRef(seed) : blockRef(seed), seed)),
        ...Array.from({ length: SLOTS }, (_, seed) => objectOf(blockRef(seed, 0), seed)),
        ...Array.from({ length: SLOTS }, (_, seed) => objectOf(blockRef(seed, 255), seed)),
      ];
      const names = stored.map(nameOf).sort();

      test.each([1, 7, 31, 32, 33, 1_000])('in pages of %i names everything once', (limit) =>
        withStore((store) => {
          store.objects.putMany(stored);
          expect(scanAll(store, limit).sort()).toEqual(names);
        }),
      );

      test('names everything that stays, while the rest is deleted between pages', () =>
        withStore((store) => {
          store.objects.putMany(stored);
          const doomed = stored.filter((_, i) => i % 2 === 0);
          const kept = stored.filter((_, i) => i % 2 === 1).map(nameOf);
          const seen = scanAll(store, 5, () => store.objects.deleteMany(doomed.splice(0, 4)));
          expect(new Set(seen).size).toBe(seen.length);
          expect(seen).toEqual(expect.arrayContaining(kept));
        }));

      test('goes on behind a row that was deleted, and sees what was added behind', () =>
        withStore(({ objects }) => {
          objects.putMany([objectOf(blockRef(1, 1), 1), objectOf(blockRef(1, 200), 2)]);
          const page = objects.scan(null, 1);
          objects.deleteMany(page.refs);
          objects.putMany([objectOf(blockRef(2, 100), 3)]);
          const rest = objects.scan(page.next, 10);
          expect(rest.refs.map(nameOf)).toEqual([blockRef(2, 100), blockRef(1, 200)].map(nameOf));
          expect(rest.next).toBeNull();
        }));
    });

    describe('damage', () => {
      const [a, b] = [
        objectOf(blockRef(1), 1),
        { ...objectOf(blockRef(2), 2), frame: { encoding: 3, bytes: randomBytes(2, 9) } },
      ];

      test('flip, lose and misdirect do what they say', () =>
        withStore((store) => {
          const { objects } = store;
          objects.putMany([a, b]);
          for (const random of [0, 13, 319, 320, 2 ** 31 + 7]) {
            expect(store.damage({ target: 'object', ref: a, kind: 'flip', random })).toBe(true);
            const flipped = a.frame.bytes.slice();
            flipped[(random % 320) >> 3]! ^= 1 << ((random % 320) & 7);
            expect(objects.getMany([a])).toEqual([{ encoding: 0, bytes: flipped }]);
            objects.replaceMany([a]);
          }
          expect(store.damage({ target: 'object', ref: a, kind: 'misdirect', other: b })).toBe(true);
          expect(objects.getMany([a, b])).toEqual([b.frame, b.frame]);
          expect(store.damage({ target: 'object', ref: a, kind: 'lose', random: 0 })).toBe(true);
          expect(objects.getMany([a, b])).toEqual([null, b.frame]);
          expect(objects.usage().objects).toBe(1);
        }));

      test('finds nothing to hit where nothing is', () =>
        withStore((store) => {
          const page = { ...a, kind: Kind.page };
          const empty = { ...blockRef(7), frame: { encoding: 0, bytes: new Uint8Array(0) } };
          store.objects.putMany([a, empty]);
          expect(store.damage({ target: 'object', ref: b, kind: 'flip', random: 1 })).toBe(false);
          expect(store.damage({ target: 'object', ref: page, kind: 'lose', random: 1 })).toBe(false);
          expect(store.damage({ target: 'object', ref: empty, kind: 'flip', random: 1 })).toBe(false);
          expect(store.damage({ target: 'object', ref: a, kind: 'misdirect', other: b })).toBe(false);
          expect(store.objects.getMany([a])).toEqual([a.frame]);
        }));
    });

    test('counts the rows that the platform bills', () =>
      withStore((store) => {
        const { objects, meter } = store;
        const stored = Array.from({ length: 10 }, (_, seed) => objectOf(blockRef(seed), seed));
        const expectRows = (
          action: () => unknown,
          { written, readAtMost }: { written: number; readAtMost: number },
        ) => {
          const mark = meter.mark();
          action();
          const { rowsRead, rowsWritten } = meter.since(mark);
          expect(rowsWritten).toBe(written);
          expect(rowsRead).toBeGreaterThan(0);
          expect(rowsRead).toBeLessThanOrEqual(readAtMost);
        };
        const asked = [...stored, blockRef(99)];
        objects.hasMany(stored); // the first call also looks whether there are tables
        expectRows(() => objects.putMany(stored), { written: 10, readAtMost: 20 });
        expectRows(() => objects.putMany(stored), { written: 0, readAtMost: 20 });
        expectRows(() => objects.getMany(asked), { written: 0, readAtMost: 11 });
        expectRows(() => objects.hasMany(asked), { written: 0, readAtMost: 11 });
        expectRows(() => objects.replaceMany(stored.slice(0, 3)), { written: 3, readAtMost: 9 });
        expectRows(() => objects.scan(null, 4), { written: 0, readAtMost: 4 });
        expectRows(() => objects.deleteMany(asked), { written: 10, readAtMost: 22 });
      }));
  });
}
