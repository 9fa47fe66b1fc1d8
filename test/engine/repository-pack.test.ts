// The formats: packs, records, keys.

import { describe, expect, test } from 'vitest';
import { MemoryObs } from '../../engine/memory/obs.ts';
import { uuidBytes, uuidText, VaultKeys } from '../../engine/repository/keys.ts';
import { decodeRecord, encodeRecord } from '../../engine/repository/manifest.ts';
import { decodeEntries, encodeEntries, PACK_BYTES_MAX } from '../../engine/repository/pack-format.ts';
import { readPack, scanPack } from '../../engine/repository/pack-reader.ts';
import { PACK_BUFFER_BYTES, PackWriter } from '../../engine/repository/pack-writer.ts';
import { PACK_MEMORY_BYTES_MAX } from '../../engine/repository/uploader.ts';
import { Kind, type ObjectRef } from '../../engine/types.ts';
import { blockRef, pageRef, randomBytes } from '../conformance/data.ts';
import { host, uuid } from '../support/repository.ts';

const { kernel } = host;

/** A pack of `count` frames of different lengths, and what is in it. */
function makePack(count: number, kind: Kind = Kind.block) {
  const writer = new PackWriter(kernel, kind);
  const frames: [ObjectRef, Uint8Array][] = Array.from({ length: count }, (_, i) => [
    kind === Kind.block ? blockRef(i) : pageRef(i),
    randomBytes(i, 100 + 37 * (i % 50)),
  ]);
  for (const [ref, bytes] of frames) writer.add(ref, { encoding: 2, bytes });
  return { writer, frames, bytes: writer.seal(uuid(7)).slice() };
}

async function obsWith(bytes: Uint8Array): Promise<MemoryObs> {
  const obs = new MemoryObs();
  await obs.putOnce('pack', bytes);
  return obs;
}

describe('a pack', () => {
  test.each([1, 3, 1_363, 1_364, 3_000])('of %i objects is listed by its trailer', async (count) => {
    const { writer, frames, bytes } = makePack(count);
    const obs = await obsWith(bytes);
    const contents = await readPack(obs, kernel, 'pack');
    expect(contents).toEqual({ entries: writer.entries, sizeBytes: bytes.length, foundBy: 'trailer' });
    expect(obs.meter.counts.obsClassB).toBe(count > 1_363 ? 2 : 1);
    contents!.entries.forEach((entry, i) => {
      const [ref, frame] = frames[i]!;
      expect(entry.digest).toEqual(ref.digest);
      expect(bytes.slice(entry.offset, entry.offset + entry.length)).toEqual(frame);
    });
  });

  test('has the same objects by its headers, wherever the trailer is damaged', async () => {
    const { writer, bytes } = makePack(40);
    const trailerBytes = 40 * 48 + 96;
    for (let i = 0; i < trailerBytes; i += 13) {
      const damaged = bytes.slice();
      damaged[bytes.length - 1 - i]! ^= 1 << (i & 7);
      const contents = await readPack(await obsWith(damaged), kernel, 'pack');
      expect(contents, `byte ${i} from the end`).toMatchObject({ foundBy: 'scan', entries: writer.entries });
    }
    for (const cut of [1, 95, 96, 500, trailerBytes]) {
      const contents = await readPack(await obsWith(bytes.slice(0, bytes.length - cut)), kernel, 'pack');
      expect(contents!.entries).toEqual(writer.entries);
    }
  });

  test('with a damaged header loses that frame and no other', () => {
    const { writer, bytes } = makePack(10);
    for (let byte = 0; byte < 48; byte++) {
      const damaged = bytes.slice(0, bytes.length - 96);
      damaged[writer.entries[4]!.offset - 48 + byte]! ^= 0x20;
      expect(scanPack(kernel, damaged)).toEqual(writer.entries.filter((_, i) => i !== 4));
    }
  });

  test('is found by a scan also where a block holds a pack', () => {
    const inner = makePack(3).bytes;
    const writer = new PackWriter(kernel, Kind.block);
    writer.add(blockRef(100), { encoding: 0, bytes: inner });
    writer.add(blockRef(101), { encoding: 0, bytes: randomBytes(1, 50) });
    const bytes = writer.seal(uuid(8));
    expect(scanPack(kernel, bytes).slice(0, 2)).toEqual(writer.entries);
  });

  test('that is absent, or no pack, is told apart', async () => {
    const obs = await obsWith(randomBytes(1, 5_000));
    expect(await readPack(obs, kernel, 'other')).toBeNull();
    expect(await readPack(obs, kernel, 'pack')).toMatchObject({ entries: [], sizeBytes: 5_000, foundBy: 'scan' });
    expect(await readPack(await obsWith(new Uint8Array(0)), kernel, 'pack')).toMatchObject({ entries: [] });
  });

  test('can be sealed again under another UUID', async () => {
    const { writer, bytes } = makePack(5);
    const again = writer.seal(uuid(9));
    expect(again).not.toEqual(bytes);
    expect((await readPack(await obsWith(again), kernel, 'pack'))!.entries).toEqual(writer.entries);
    expect(writer.seal(uuid(7))).toEqual(bytes);
  });

  test('is filled in the buffer of the one before, and shows nothing of it', () => {
    const { writer } = makePack(20);
    const first = writer.seal(uuid(9));
    writer.clear();
    writer.add(blockRef(7), { encoding: 0, bytes: randomBytes(7, 40) });
    const fresh = new PackWriter(kernel, Kind.block);
    fresh.add(blockRef(7), { encoding: 0, bytes: randomBytes(7, 40) });
    const second = writer.seal(uuid(8));
    expect(second).toEqual(fresh.seal(uuid(8)));
    expect(second.buffer === first.buffer).toBe(true);
  });

  test('has bounds, and never two kinds', () => {
    const full = new PackWriter(kernel, Kind.block);
    const frame = { encoding: 0, bytes: randomBytes(1, 65_536) };
    for (let i = 0; !full.isFull; i++) full.add(blockRef(i), frame);
    const bytes = full.seal(uuid(7));
    expect(bytes.length).toBeGreaterThan(4 * 2 ** 20);
    expect(bytes.length).toBeLessThanOrEqual(PACK_BUFFER_BYTES);
    expect(PACK_BUFFER_BYTES).toBeLessThan(PACK_BYTES_MAX);
    expect(PACK_MEMORY_BYTES_MAX).toBeLessThan(18 * 2 ** 20);
    expect(() => full.add(blockRef(9_999), frame)).toThrow(RangeError);
    const tiny = new PackWriter(kernel, Kind.page);
    for (let i = 0; !tiny.isFull; i++) tiny.add(pageRef(i), { encoding: 1, bytes: new Uint8Array(30) });
    expect(tiny.entries).toHaveLength(8_192);
    expect(() => new PackWriter(kernel, Kind.page).add(blockRef(1), frame)).toThrow(RangeError);
  });

  test('entries survive their packed form', () => {
    const { writer } = makePack(20, Kind.page);
    expect(decodeEntries(encodeEntries(writer.entries))).toEqual(writer.entries);
    expect(() => decodeEntries(new Uint8Array(47))).toThrow(RangeError);
  });
});

describe('a record', () => {
  const record = { kind: 'aborted', version: 1, backupId: uuid(1), decidedMs: 17 } as const;

  test('is read as it was written, and any flipped byte is noticed', () => {
    const bytes = encodeRecord(kernel, record);
    expect(decodeRecord(kernel, bytes)).toEqual(record);
    for (let i = 0; i < bytes.length; i++) {
      const damaged = bytes.slice();
      damaged[i]! ^= 2;
      expect(() => decodeRecord(kernel, damaged)).toThrow(expect.objectContaining({ code: 'damaged' }));
    }
    expect(() => decodeRecord(kernel, bytes.slice(0, 20))).toThrow(expect.objectContaining({ code: 'damaged' }));
  });

  test('of a newer version is refused in words; unknown fields are not', () => {
    expect(() => decodeRecord(kernel, encodeRecord(kernel, { ...record, version: 2 }))).toThrow(/version 2/);
    const wider = { ...record, later: 1 };
    expect(decodeRecord(kernel, encodeRecord(kernel, wider))).toEqual(wider);
  });
});

describe('keys', () => {
  const keys = new VaultKeys('p1', 'v1');

  test('are under project, vault and generation', () => {
    expect(keys.pack(1, Kind.block, uuid(5))).toBe(`evs1/p1/v1/0000000001/blocks/${uuid(5)}`);
    expect(keys.pack(2, Kind.page, uuid(5))).toBe(`evs1/p1/v1/0000000002/pages/${uuid(5)}`);
    expect(keys.manifest(1, uuid(5))).toBe(`evs1/p1/v1/0000000001/manifest/${uuid(5)}`);
    expect(keys.deleted(1, uuid(5))).toBe(`evs1/p1/v1/0000000001/deleted/${uuid(5)}`);
    expect(keys.condemned(1, 12)).toBe('evs1/p1/v1/0000000001/condemned/0000000012');
    expect(keys.inherited(2)).toBe('evs1/p1/v1/0000000002/inherited');
    expect(keys.settings(2, 7)).toBe('evs1/p1/v1/0000000002/settings/0000000007');
    expect(keys.closing(2)).toBe('evs1/p1/v1/0000000002/closing');
    expect(keys.generation(10)).toBe('evs1/p1/v1/generation/0000000010');
    expect(keys.closed()).toBe('evs1/p1/v1/generation/closed');
  });

  test('of packs are read back, and others are no packs', () => {
    for (const kind of [Kind.block, Kind.page]) {
      expect(keys.packNamed(keys.pack(3, kind, uuid(5)))).toEqual({ generation: 3, kind, uuid: uuid(5) });
    }
    const others = [keys.manifest(1, uuid(5)), keys.inherited(2), keys.closed(), `${keys.folder(1, 'blocks')}x`];
    for (const key of [...others, `${keys.pack(1, 0, uuid(5))}/x`, 'evs1/p1/v2/0000000001/blocks/x']) {
      expect(keys.packNamed(key)).toBeNull();
    }
  });

  test('never hold what could leave their folder', () => {
    for (const bad of ['', '../x', 'a/b', 'a b', 'é']) expect(() => new VaultKeys(bad, 'v')).toThrow(/key/);
  });

  test('UUIDs survive their bytes', () => {
    expect(uuidText(uuidBytes(uuid(123_456)))).toBe(uuid(123_456));
  });
});
