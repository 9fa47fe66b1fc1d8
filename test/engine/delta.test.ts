// Delta streams against a plain model: whatever was written between two points, the stream carries a disk from the one to
// the other, and nothing else does.

import { describe, expect, test } from 'vitest';
import { HEADER_BYTES } from '../../engine/delta.ts';
import {
  type ChangedPart,
  type ChangeRange,
  listChangedBlocks,
  mixedRoot,
  ROOT_BLOCKS,
} from '../../engine/delta-changes.ts';
import type { Disk } from '../../engine/disk/disk.ts';
import { runLocal } from '../../engine/steps.ts';
import { type AllocatedPart, allocatedBlocks } from '../../engine/tree.ts';
import { BLOCK_BYTES, HOLE, isHole, Kind, toHex } from '../../engine/types.ts';
import { randomBytes } from '../conformance/data.ts';
import { applyTo, deltaBytes, emptyOf, pointOf, specOf, type TestPoint } from '../support/deltas.ts';
import { host, mustRead, newDisk, settle } from '../support/disks.ts';

const SIZE = 2 ** 36;
/** Places far apart: one page of level 1, its neighbour, another of level 2, another of level 3. */
const REGIONS = [0, 256, 65_536 * 3, 65_536 * 14];

/** Numbers from a seed. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** One change of a disk: a block, sectors, or zeros over blocks, or over a whole region. */
function changeSomething(disk: Disk, roll: (below: number) => number): void {
  const block = REGIONS[roll(REGIONS.length)]! + roll(20);
  const what = roll(10);
  if (what < 5) disk.write(block * BLOCK_BYTES, randomBytes(roll(2 ** 30) + 1, BLOCK_BYTES));
  else if (what < 8) disk.write(block * BLOCK_BYTES + 512 * roll(120), randomBytes(roll(2 ** 30) + 1, 512 * 4));
  else if (what < 9) disk.writeZeroes(block * BLOCK_BYTES, (1 + roll(8)) * BLOCK_BYTES);
  else disk.writeZeroes(REGIONS[roll(REGIONS.length)]! * BLOCK_BYTES, 300 * BLOCK_BYTES);
}

/** Every allocated block of a point, by index. */
function contentOf(disk: Disk, { root }: TestPoint): Map<number, string> {
  const { blocks, next } = runLocal(allocatedBlocks(disk.state.objects, root, 0, 100_000));
  expect(next).toBeNull();
  return new Map(blocks.map(({ blockIndex, digest }) => [blockIndex, toHex(digest)]));
}

/** A disk with `count` snapshots, and their points. */
function history(seed: number, count: number) {
  const { disk, store } = newDisk({ sizeBytes: SIZE });
  const roll = dice(seed);
  const points: TestPoint[] = [];
  for (let i = 0; i < count; i++) {
    for (let change = roll(12); change >= 0; change--) changeSomething(disk, roll);
    if (roll(3) === 0) settle(disk);
    disk.createSnapshot(`s${i}`);
    points.push(pointOf(disk, `s${i}`));
  }
  return { disk, store, points, roll };
}

describe.each([1, 2, 3, 4, 5, 6])('histories from seed %i', (seed) => {
  const { disk, store, points, roll } = history(seed * 7_919, 5);
  const { objects } = disk.state;
  const contents = points.map((point) => contentOf(disk, point));

  test('the list is what the model says, in parts of any length', () => {
    for (const [i, from] of points.entries()) {
      for (const [j, to] of points.entries()) {
        const indexes = [...new Set([...contents[i]!.keys(), ...contents[j]!.keys()])].sort((a, b) => a - b);
        const wanted = indexes
          .filter((index) => contents[i]!.get(index) !== contents[j]!.get(index))
          .map((index) => [index, contents[j]!.get(index) ?? null]);
        const found: unknown[] = [];
        const limit = 1 + roll(9);
        for (let firstBlock: number | null = 0; firstBlock !== null; ) {
          const range: ChangeRange = { from: from.root, to: to.root, firstBlock, endBlock: ROOT_BLOCKS };
          const part: ChangedPart = runLocal(listChangedBlocks(objects, host.kernel, range, limit, 1 + roll(20)));
          expect(part.blocks.length).toBeLessThanOrEqual(limit);
          if (part.next !== null) expect(part.blocks.length).toBeGreaterThan(0);
          found.push(
            ...part.blocks.map(({ blockIndex, digest }) => [blockIndex, isHole(digest) ? null : toHex(digest)]),
          );
          firstBlock = part.next;
        }
        expect(found).toEqual(wanted);
      }
    }
  });

  test('streams carry an empty disk from point to point, byte for byte, forwards and back', async () => {
    const target = newDisk({ sizeBytes: SIZE });
    const order = [...points, ...[...points].reverse()];
    let at = emptyOf(points[0]!);
    for (const [i, to] of order.entries()) {
      await applyTo(target.disk, deltaBytes(objects, specOf(at, to)));
      const reached = pointOf(target.disk);
      expect(toHex(reached.root)).toBe(toHex(to.root));
      const point = { snapshotId: `s${points.indexOf(to)}` };
      for (const region of REGIONS) {
        const [offset, length] = [region * BLOCK_BYTES, 32 * BLOCK_BYTES];
        const [got, wanted] = [mustRead(target.disk, 'head', offset, length), mustRead(disk, point, offset, length)];
        expect(host.kernel.equal(got, wanted), `step ${i}`).toBe(true);
      }
      at = to;
    }
  });

  test('streams cut anywhere lead over the mixed roots to the same end', async () => {
    const [from, to] = [points[1]!, points[4]!];
    const target = newDisk({ sizeBytes: SIZE });
    await applyTo(target.disk, deltaBytes(objects, specOf(emptyOf(from), from)));
    pointOf(target.disk);
    const cuts = [0, 5, 256 + roll(20), 65_536 * 3 + roll(20), ROOT_BLOCKS];
    for (const [i, cut] of cuts.slice(1).entries()) {
      await applyTo(target.disk, deltaBytes(objects, specOf(from, to, cuts[i], cut)));
      const mixed = runLocal(mixedRoot(objects, host.kernel, from.root, to.root, cut));
      expect(toHex(pointOf(target.disk).root)).toBe(toHex(mixed));
    }
    expect(toHex(pointOf(target.disk).root)).toBe(toHex(to.root));
  });

  test('a clone that has fetched nothing yet takes a stream as well', async () => {
    const from = points[2]!;
    const upstream = { id: 'u', locator: '{}', heals: false };
    const clone = newDisk({ sizeBytes: SIZE, root: from.root, upstream });
    await applyTo(clone.disk, deltaBytes(objects, specOf(from, points[4]!)), store);
    expect(clone.disk.state.log.isEmpty).toBe(toHex(from.root) === toHex(points[4]!.root));
    // The pages that folding needs come from the source, too.
    const fold = clone.disk.fold();
    for (let step = fold.next(); !step.done; step = fold.next()) {
      if ('need' in step.value) {
        clone.disk.state.objects.adopt(step.value.need, store.objects.getMany(step.value.need));
      }
    }
    expect(toHex(clone.disk.state.head.root)).toBe(toHex(points[4]!.root));
  });
});

test('lists read so many pages at most, and always get on', () => {
  const { disk } = newDisk({ sizeBytes: SIZE });
  const written = Array.from({ length: 40 }, (_, i) => i * 20_000);
  for (const block of written) disk.write(block * BLOCK_BYTES, randomBytes(block + 1, BLOCK_BYTES));
  const { root } = pointOf(disk);
  const { objects } = disk.state;
  const lengths: number[] = [];
  const found: number[] = [];
  for (let next: number | null = 0; next !== null; ) {
    const part: AllocatedPart = runLocal(allocatedBlocks(objects, root, next, 1_000, 4));
    lengths.push(part.blocks.length);
    found.push(...part.blocks.map(({ blockIndex }) => blockIndex));
    next = part.next;
  }
  expect(found).toEqual(written);
  // From the second path on, a page of level 1 and mostly one above it for each block.
  expect(Math.max(...lengths)).toBeLessThanOrEqual(3);
  const range = { from: HOLE, to: root, firstBlock: 0, endBlock: ROOT_BLOCKS };
  const all = runLocal(listChangedBlocks(objects, host.kernel, range, 1_000, 4));
  // Pages are read sixteen at a time.
  expect(all.blocks.map(({ blockIndex }) => blockIndex)).toEqual(written.slice(0, 16));
  expect(all.next).toBe(written[16]);
});

describe('refusals change nothing', () => {
  const { disk, points } = history(99, 3);
  const [from, to] = [points[0]!, points[2]!];
  const stream = deltaBytes(disk.state.objects, specOf(from, to));

  async function base() {
    const target = newDisk({ sizeBytes: SIZE }).disk;
    await applyTo(target, deltaBytes(disk.state.objects, specOf(emptyOf(from), from)));
    settle(target);
    return target;
  }

  async function expectRefused(target: Disk, bytes: Uint8Array, error: object): Promise<void> {
    const { root } = target.state.head;
    const { newestSeq } = target.state;
    await expect(applyTo(target, bytes)).rejects.toMatchObject(error);
    expect(target.state.head.root).toEqual(root);
    expect(target.state.newestSeq).toBe(newestSeq);
    expect(target.state.openBatches.size + target.state.walkedRoots.size).toBe(0);
  }

  /** Where frames begin and end. */
  function boundaries(bytes: Uint8Array): number[] {
    const view = new DataView(bytes.buffer);
    const found = [0, HEADER_BYTES];
    for (let at = HEADER_BYTES; at < bytes.length; found.push(at)) at += 48 + view.getUint32(at + 4, true);
    return found;
  }

  test('a stream that ends at, or around, any boundary', async () => {
    const target = await base();
    const ends = boundaries(stream).flatMap((at) => [at - 1, at, at + 1, at + 20, at + 47]);
    for (const end of new Set(ends.filter((at) => at >= 0 && at < stream.length))) {
      await expectRefused(target, stream.slice(0, end), { code: 'bad-stream' });
    }
    await expectRefused(target, new Uint8Array([...stream, 0]), { code: 'bad-stream' });
    await applyTo(target, stream);
    expect(toHex(pointOf(target).root)).toBe(toHex(to.root));
  });

  test('any bit of a header, head or trailer flipped, and bits of the bytes', async () => {
    const target = await base();
    const roll = dice(5);
    const heads = boundaries(stream).slice(1, -1);
    const places = [
      ...Array.from({ length: HEADER_BYTES }, (_, i) => i),
      ...heads.flatMap((at) => Array.from({ length: 48 }, (_, i) => at + i)),
      ...Array.from({ length: 60 }, () => roll(stream.length)),
    ];
    for (const at of places) {
      const broken = stream.slice();
      broken[at]! ^= 1 << roll(8);
      await expectRefused(target, broken, { code: 'bad-stream' });
    }
  });

  test('frames left out, doubled or in another order, though each is sound', async () => {
    const target = await base();
    const at = boundaries(stream);
    const frames = at.slice(1, -2).map((start, i) => stream.slice(start, at[i + 2]));
    const [header, end] = [stream.slice(0, HEADER_BYTES), stream.slice(-48)];
    const join = (parts: Uint8Array[]) => new Uint8Array(Buffer.concat([header, ...parts, end]));
    expect(join(frames)).toEqual(stream);
    await expectRefused(target, join(frames.slice(1)), { code: 'bad-stream' });
    await expectRefused(target, join([frames[0]!, ...frames]), { code: 'bad-stream' });
    await expectRefused(target, join([...frames].reverse()), { code: 'bad-stream' });
    await expectRefused(target, join([]), { code: 'bad-stream' });
  });

  test('a well-formed stream that does not lead where it says', async () => {
    const target = await base();
    const [a, b] = [from, points[1]!].map((point) => deltaBytes(disk.state.objects, specOf(from, point)));
    expect(toHex(points[1]!.root)).not.toBe(toHex(to.root));
    // The header of the one, made anew over the frames of the other, and a trailer that fits.
    const header = stream.slice(0, HEADER_BYTES);
    const body = b!.slice(HEADER_BYTES, -32);
    const digest = host.kernel.hashParts([header, body]);
    await expectRefused(target, new Uint8Array(Buffer.concat([header, body, digest])), { code: 'bad-stream' });
    expect(await applyTo(target, a!)).toMatchObject({ blocks: 0, holes: 0 });
  });

  test('a stream whose digest fits, and whose frames say what they may not', async () => {
    const target = await base();
    const at = boundaries(stream);
    const [first, end] = [at[1]!, at.at(-2)!];
    /** The stream with one byte changed, and the digest of that at its end. */
    const resealed = (where: number, value: number) => {
      const bytes = stream.slice(0, -32);
      bytes[where] = value;
      return new Uint8Array(Buffer.concat([bytes, host.kernel.hash(bytes)]));
    };
    expect(resealed(end, 3)).toEqual(stream);
    const wrong = [
      [first, 9, 'unknown type'],
      [first + 2, 1, 'where none may be'],
      [end + 4, 1, 'where none may be'],
      [end + 8, 200, 'frames'],
      [first + 13, 200, 'beyond the end'],
      [first + 15, 200, 'too large a number'],
    ] as const;
    for (const [where, value, why] of wrong) {
      const message = expect.stringContaining(why);
      await expectRefused(target, resealed(where, value), { code: 'bad-stream', message });
    }
  });

  test('a disk at another point, or too small', async () => {
    const other = newDisk({ sizeBytes: SIZE }).disk;
    await expectRefused(other, stream, {
      code: 'wrong-base',
      message: expect.stringContaining(
        `root is ${toHex(host.kernel.rootCommitment(HOLE, SIZE))}, the stream starts at ` +
          toHex(host.kernel.rootCommitment(from.root, SIZE)),
      ),
    });
    const small = newDisk({ sizeBytes: SIZE / 2, root: from.root }).disk;
    await expectRefused(small, stream, { code: 'wrong-base', message: expect.stringContaining('too small') });
  });

  test('a disk that is written to meanwhile', async () => {
    const target = await base();
    let writes = 0;
    const write = () => {
      if (writes++ === 0) target.write(0, randomBytes(1, 512));
    };
    await expect(applyTo(target, stream, undefined, write)).rejects.toMatchObject({ code: 'busy' });
    settle(target);
    expect(toHex(target.state.head.root)).not.toBe(toHex(to.root));
  });
});

test('what cannot be read ends a stream before its trailer, and says where it is', () => {
  const { disk, store } = newDisk({ sizeBytes: SIZE });
  disk.write(0, randomBytes(1, 40 * BLOCK_BYTES));
  const to = pointOf(disk);
  const { blocks } = runLocal(allocatedBlocks(disk.state.objects, to.root, 33, 1));
  store.damage({ target: 'object', ref: { kind: Kind.block, digest: blocks[0]!.digest }, kind: 'flip', random: 9 });
  const ranges = [{ offset: 33 * BLOCK_BYTES, length: BLOCK_BYTES }];
  const error = expect.objectContaining({ code: 'damaged', ranges });
  expect(() => deltaBytes(disk.state.objects, specOf(emptyOf(to), to))).toThrow(error);
});

test('a delta of another size leads to a disk that was extended, and back', async () => {
  const { disk } = newDisk({ sizeBytes: 2 ** 24 });
  disk.write(0, randomBytes(1, BLOCK_BYTES));
  disk.createSnapshot('small');
  disk.extend(2 ** 26);
  disk.write(2 ** 25, randomBytes(2, BLOCK_BYTES));
  disk.createSnapshot('large');
  const [small, large] = [pointOf(disk, 'small'), pointOf(disk, 'large')];
  const stream = deltaBytes(disk.state.objects, specOf(small, large));
  const target = newDisk({ sizeBytes: 2 ** 24 }).disk;
  await applyTo(target, deltaBytes(disk.state.objects, specOf(emptyOf(small), small)));
  settle(target);
  await expect(applyTo(target, stream)).rejects.toMatchObject({ code: 'wrong-base' });
  target.extend(2 ** 26);
  await applyTo(target, stream);
  expect(toHex(pointOf(target).root)).toBe(toHex(large.root));
  await applyTo(target, deltaBytes(disk.state.objects, specOf(large, small)));
  expect(toHex(pointOf(target).root)).toBe(toHex(small.root));
});
