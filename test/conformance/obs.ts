// What every Obs must do: put-once objects, ranges, lists in pages, deletes that do not mind.

import { describe, expect, test } from 'vitest';
import type { Meter } from '../../engine/cost.ts';
import type { Obs } from '../../engine/ports.ts';
import { randomBytes } from './data.ts';

export interface ObsFixture {
  /** Its lists have pages of at most 7 keys, so that callers must loop. */
  readonly obs: Obs & { readonly meter: Meter };
  /** SHA-256 as this runtime has it. */
  readonly sha256: (bytes: Uint8Array) => Promise<Uint8Array>;
}

async function listAll(obs: Obs, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for (let cursor: string | null = null, pages = 0; ; pages++) {
    const page: { keys: string[]; cursor: string | null } = await obs.list(prefix, cursor);
    keys.push(...page.keys);
    expect(pages).toBeLessThan(100);
    if (page.cursor === null) return keys;
    cursor = page.cursor;
  }
}

/** Keys of different tests must not meet: each takes a folder of its own. */
export function obsConformance(name: string, fixture: () => ObsFixture): void {
  describe(`obs: ${name}`, () => {
    test('an object is put once', async () => {
      const { obs } = fixture();
      const bytes = randomBytes(1, 70_000);
      expect(await obs.get('once/a')).toBeNull();
      expect(await obs.putOnce('once/a', bytes)).toBe('created');
      expect(await obs.putOnce('once/a', randomBytes(2, 10))).toBe('exists');
      expect(await obs.putOnce('once/a', bytes)).toBe('exists');
      expect(await obs.get('once/a')).toEqual(bytes);
      await obs.delete(['once/a']);
      expect(await obs.putOnce('once/a', randomBytes(2, 10))).toBe('created');
    });

    test('of two puts at the same time one wins', async () => {
      const { obs } = fixture();
      const puts = await Promise.all([1, 2, 3, 4].map((seed) => obs.putOnce('race/a', randomBytes(seed, 100))));
      expect(puts.filter((result) => result === 'created')).toHaveLength(1);
      expect(await obs.get('race/a')).toEqual(randomBytes(puts.indexOf('created') + 1, 100));
    });

    test('a part of a buffer is put as that part, and buffers are not shared', async () => {
      const { obs } = fixture();
      const buffer = randomBytes(1, 1_000);
      const expected = buffer.slice(100, 300);
      await obs.putOnce('part/a', buffer.subarray(100, 300));
      buffer.fill(0);
      const got = (await obs.get('part/a'))!;
      expect(got).toEqual(expected);
      got.fill(0);
      expect(await obs.get('part/a')).toEqual(expected);
    });

    test('a checksum is verified and kept', async () => {
      const { obs, sha256 } = fixture();
      const bytes = randomBytes(3, 5_000);
      const sum = await sha256(bytes);
      await expect(obs.putOnce('sum/a', bytes.slice(1), sum)).rejects.toThrow();
      expect(await obs.head('sum/a')).toBeNull();
      expect(await obs.putOnce('sum/a', bytes, sum)).toBe('created');
      expect(await obs.head('sum/a')).toEqual({ sizeBytes: 5_000, sha256: sum });
      await obs.putOnce('sum/b', bytes);
      expect(await obs.head('sum/b')).toEqual({ sizeBytes: 5_000, sha256: null });
    });

    test('ranges are exact, absent, or an error', async () => {
      const { obs } = fixture();
      const bytes = randomBytes(4, 1_000);
      await obs.putOnce('range/a', bytes);
      expect(await obs.getRange('range/a', 0, 1_000)).toEqual(bytes);
      expect(await obs.getRange('range/a', 10, 20)).toEqual(bytes.slice(10, 30));
      expect(await obs.getRange('range/a', 999, 1)).toEqual(bytes.slice(999));
      expect(await obs.getRange('range/a', 500, 0)).toEqual(new Uint8Array(0));
      expect(await obs.getRange('range/a', 1_000, 0)).toEqual(new Uint8Array(0));
      expect(await obs.getRange('range/none', 0, 1)).toBeNull();
      expect(await obs.getRange('range/none', 0, 0)).toBeNull();
      await expect(obs.getRange('range/a', 990, 11)).rejects.toThrow(RangeError);
      await expect(obs.getRange('range/a', 2_000, 1)).rejects.toThrow(RangeError);
      await expect(obs.getRange('range/a', 1_001, 0)).rejects.toThrow(RangeError);
    });

    test('suffixes are the last bytes, or all', async () => {
      const { obs } = fixture();
      const bytes = randomBytes(5, 1_000);
      await obs.putOnce('suffix/a', bytes);
      await obs.putOnce('suffix/empty', new Uint8Array(0));
      expect(await obs.getSuffix('suffix/a', 10)).toEqual({ bytes: bytes.slice(990), sizeBytes: 1_000 });
      expect(await obs.getSuffix('suffix/a', 1_000)).toEqual({ bytes, sizeBytes: 1_000 });
      expect(await obs.getSuffix('suffix/a', 5_000)).toEqual({ bytes, sizeBytes: 1_000 });
      expect(await obs.getSuffix('suffix/a', 0)).toEqual({ bytes: new Uint8Array(0), sizeBytes: 1_000 });
      expect(await obs.getSuffix('suffix/empty', 10)).toEqual({ bytes: new Uint8Array(0), sizeBytes: 0 });
      expect(await obs.getSuffix('suffix/none', 10)).toBeNull();
      expect(await obs.get('suffix/empty')).toEqual(new Uint8Array(0));
    });

    test('lists are complete, in order and in pages', async () => {
      const { obs } = fixture();
      const keys = Array.from({ length: 40 }, (_, i) => `list/a/${String((i * 17) % 40).padStart(3, '0')}`);
      await Promise.all([...keys, 'list/b', 'lisu'].map((key) => obs.putOnce(key, randomBytes(1, 3))));
      const first = await obs.list('list/a/', null);
      expect(first.keys.length).toBeLessThanOrEqual(7);
      expect(await listAll(obs, 'list/a/')).toEqual([...keys].sort());
      expect(await listAll(obs, 'list/')).toEqual([...keys, 'list/b'].sort());
      expect(await listAll(obs, 'list/none')).toEqual([]);
    });

    test('a list goes on when what it listed is deleted', async () => {
      const { obs } = fixture();
      const keys = Array.from({ length: 20 }, (_, i) => `sweep/${String(i).padStart(3, '0')}`);
      await Promise.all(keys.map((key) => obs.putOnce(key, randomBytes(1, 3))));
      const seen: string[] = [];
      for (let cursor: string | null = null; ; ) {
        const page: { keys: string[]; cursor: string | null } = await obs.list('sweep/', cursor);
        seen.push(...page.keys);
        await obs.delete(page.keys);
        if (page.cursor === null) break;
        cursor = page.cursor;
      }
      expect(seen).toEqual(keys);
      expect(await listAll(obs, 'sweep/')).toEqual([]);
    });

    test('deletes take any number of keys, absent ones too', async () => {
      const { obs } = fixture();
      await obs.putOnce('delete/a', randomBytes(1, 3));
      const absent = Array.from({ length: 2_100 }, (_, i) => `delete/absent/${i}`);
      const mark = obs.meter.mark();
      await obs.delete([...absent, 'delete/a']);
      await obs.delete([]);
      expect(obs.meter.since(mark).obsDeletes).toBe(3);
      expect(await obs.get('delete/a')).toBeNull();
    });

    test('counts what the platform bills', async () => {
      const { obs } = fixture();
      const mark = obs.meter.mark();
      await obs.putOnce('cost/a', randomBytes(1, 100));
      await obs.putOnce('cost/a', randomBytes(1, 100));
      await obs.list('cost/', null);
      await obs.get('cost/a');
      await obs.getRange('cost/a', 0, 10);
      await obs.getSuffix('cost/a', 5);
      await obs.head('cost/a');
      await obs.get('cost/none');
      const { obsClassA, obsClassB, obsBytesIn, obsBytesOut } = obs.meter.since(mark);
      expect({ obsClassA, obsClassB, obsBytesIn, obsBytesOut }).toEqual({
        obsClassA: 3,
        obsClassB: 5,
        obsBytesIn: 200,
        obsBytesOut: 115,
      });
    });
  });
}
