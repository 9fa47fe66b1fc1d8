// Folding under hydration: what the source does not have now, it may have again; nothing is named lost before hydration
// itself has given up.

import { describe, expect, test } from 'vitest';
import { BLOCK_BYTES, Kind, type ObjectRef } from '../../engine/types.ts';
import { blocks, driveFrom, mustRead, newDisk, settle } from '../support/disks.ts';

/** A clone of a disk of eight blocks, with a small write over the fourth of them; the block below it can be withheld. */
function clone(heals: boolean) {
  const origin = newDisk();
  origin.disk.write(0, blocks(8, 1));
  settle(origin.disk);
  const upstream = { id: 'u', locator: '{}', heals };
  const copy = newDisk({ root: origin.disk.state.head.root, upstream });
  const written = blocks(1, 8).slice(0, 512);
  copy.disk.write(3 * BLOCK_BYTES + 512, written);
  const below = blocks(8, 1).slice(3 * BLOCK_BYTES, 4 * BLOCK_BYTES);
  const [digest] = origin.disk.state.objects.insert(Kind.block, [below]);
  const withhold = (ref: ObjectRef) => Buffer.from(ref.digest).equals(Buffer.from(digest!));
  const expected = below.slice();
  expected.set(written, 512);
  return { origin, copy: copy.disk, withhold, expected };
}

describe.each([false, true])('a source that heals: %s', (heals) => {
  test('that lacks an object makes folding wait; with the object nothing is lost', () => {
    const { origin, copy, withhold, expected } = clone(heals);
    copy.createSnapshot('s');
    const waits = expect.objectContaining({ code: 'unavailable' });
    expect(() => driveFrom(copy, origin.store, copy.fold(), withhold)).toThrow(waits);
    expect(() => driveFrom(copy, origin.store, copy.sealAll(), withhold)).toThrow(waits);
    driveFrom(copy, origin.store, copy.sealAll());
    for (const point of ['head', { snapshotId: 's' }] as const) {
      expect(mustRead(copy, point, 3 * BLOCK_BYTES, BLOCK_BYTES)).toEqual(expected);
    }
  });

  test('that lacks a page makes folding wait, too', () => {
    const { origin, copy, expected } = clone(heals);
    const isPage = (ref: ObjectRef) => ref.kind === Kind.page;
    expect(() => driveFrom(copy, origin.store, copy.fold(), isPage)).toThrow(
      expect.objectContaining({ code: 'unavailable' }),
    );
    driveFrom(copy, origin.store, copy.fold());
    expect(mustRead(copy, 'head', 3 * BLOCK_BYTES, BLOCK_BYTES)).toEqual(expected);
  });

  test('that never has it: hydration gives up, then folding names these bytes lost and no others', () => {
    const { origin, copy, withhold } = clone(heals);
    const pass = (giveUp: boolean) => driveFrom(copy, origin.store, copy.hydrate(giveUp), withhold);
    expect(pass(false)).toMatchObject({ complete: false, missing: 1 });
    expect(() => driveFrom(copy, origin.store, copy.fold(), withhold)).toThrow(/not yet/);
    while (!pass(true).complete);
    settle(copy);
    const whole = copy.read('head', 0, 8 * BLOCK_BYTES);
    expect(whole.kind).toBe('damaged');
    expect(mustRead(copy, 'head', 3 * BLOCK_BYTES + 512, 512)).toEqual(blocks(1, 8).slice(0, 512));
    expect(mustRead(copy, 'head', 4 * BLOCK_BYTES, 4 * BLOCK_BYTES)).toEqual(blocks(8, 1).slice(4 * BLOCK_BYTES));
  });
});
