// Memory given back by hand must never be memory that somebody else still reads.

import { expect, test } from 'vitest';
import { Objects } from '../../engine/objects.ts';
import type { Frame } from '../../engine/ports.ts';
import { release } from '../../engine/release.ts';
import { FrameCache } from '../../engine/repository/frame-cache.ts';
import { Kind, type ObjectRef, PAGE_BYTES } from '../../engine/types.ts';
import { blockRef, randomBytes } from '../conformance/data.ts';
import { block, host, TestDisk, uuid } from '../support/repository.ts';

test('what is released is empty, and so is every view of it', () => {
  const bytes = randomBytes(1, 1_000);
  const view = bytes.subarray(10, 20);
  release(bytes);
  expect([bytes.length, view.length]).toEqual([0, 0]);
});

test('a part of a larger buffer is left alone', () => {
  const whole = randomBytes(1, 1_000);
  release(whole.subarray(0, 999));
  expect(whole).toEqual(randomBytes(1, 1_000));
});

test('a cache and a store hand out frames that may be released', () => {
  const ref = blockRef(1);
  const cache = new FrameCache(1_000);
  cache.putMany([{ ...ref, frame: { encoding: 0, bytes: randomBytes(1, 100) } }]);
  for (let i = 0; i < 2; i++) {
    const frame = cache.getMany([ref])[0]!;
    expect(frame.bytes).toEqual(randomBytes(1, 100));
    release(frame.bytes);
  }
});

test('checked frames may be released, and the pages that were read before stay', () => {
  const disk = new TestDisk(uuid(1));
  for (let i = 0; i < 300; i++) disk.writeBytes(i, i % 2 === 0 ? block(i) : new Uint8Array(65_536).fill(i));
  const root: ObjectRef = { kind: Kind.page, digest: disk.root() };
  const blocks = [...disk.blocks.values()].slice(0, 4).map((digest): ObjectRef => ({ kind: Kind.block, digest }));
  const objects = new Objects(disk.store.objects, host);
  const page = objects.readPage(root.digest) as Uint8Array;
  for (let i = 0; i < 2; i++) {
    for (const frame of objects.readFrames([root, ...blocks])) release((frame as Frame).bytes);
  }
  expect(page).toHaveLength(PAGE_BYTES);
  expect(objects.readPage(root.digest)).toEqual(page);
  expect(objects.read(blocks)[0]).toEqual(block(0));
});
