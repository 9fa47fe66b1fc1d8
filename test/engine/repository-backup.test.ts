// Backup and restore on memory stores: what is sent, what comes back, and what damage is reported.

import { describe, expect, test } from 'vitest';
import type { EngineError } from '../../engine/errors.ts';
import { MemoryDiskStore } from '../../engine/memory/disk-store.ts';
import { Objects } from '../../engine/objects.ts';
import { PACK_TARGET_BYTES } from '../../engine/repository/pack-format.ts';
import { readPack } from '../../engine/repository/pack-reader.ts';
import { verifyBackup } from '../../engine/repository/verify.ts';
import { BLOCK_BYTES, HOLE, Kind, type ObjectRef } from '../../engine/types.ts';
import { block, host, sha256, TestDisk, uuid, VAULT, World } from '../support/repository.ts';

/** Blocks on both sides of 16 MiB and of 4 GiB, with repeats. */
function sampleDisk(id = uuid(1), shift = 0): TestDisk {
  const disk = new TestDisk(id);
  for (let i = 0; i < 20; i++) disk.write(i, 100 + i + shift);
  for (let i = 250; i < 260; i++) disk.write(i, 200 + i + shift);
  disk.write(65_535, 7);
  disk.write(65_536, 7);
  return disk;
}

describe('a backup', () => {
  test('full, then incremental: each restores what the disk was', async () => {
    const world = await World.make();
    const disk = sampleDisk();
    const first = disk.content();
    const full = await world.backUp(disk, uuid(11));
    expect(full).toMatchObject({ logicalBytes: 32 * BLOCK_BYTES, incremental: false });
    // 31 different blocks; 3 pages of level 1, 2 of level 2, 1, 1.
    expect(full.objectCount).toBe(31 + 4 + 2 + 1 + 1);
    disk.write(3, 900);
    disk.write(4, 0);
    disk.write(70_000, 901);
    const incremental = await world.backUp(disk, uuid(12));
    // Blocks: 2. Pages: of level 1 two, of level 2 two, 1, 1.
    expect(incremental).toMatchObject({ logicalBytes: 32 * BLOCK_BYTES, incremental: true, objectCount: 2 + 6 });
    expect(incremental.storedBytes).toBeLessThan(2 * BLOCK_BYTES + 6 * 8_192 + 2_000);
    expect(await world.content(uuid(11))).toEqual(first);
    expect(await world.content(uuid(12))).toEqual(disk.content());
    await world.check();
  });

  test('is read back byte for byte, at any alignment of 512', async () => {
    const world = await World.make();
    const disk = new TestDisk(uuid(1), 300);
    for (const index of [0, 1, 3, 255, 256, 299]) disk.write(index, 50 + index);
    await world.backUp(disk, uuid(11));
    const whole = new Uint8Array(300 * BLOCK_BYTES);
    for (const index of disk.blocks.keys()) whole.set(block(50 + index), index * BLOCK_BYTES);
    const reader = world.reader(uuid(11));
    for (const [offset, length] of [
      [0, whole.length],
      [512, 1_024],
      [BLOCK_BYTES - 512, 1_024],
      [255 * BLOCK_BYTES + 512, 2 * BLOCK_BYTES],
      [299 * BLOCK_BYTES, BLOCK_BYTES],
      [512, 0],
    ] as const) {
      const parts: Uint8Array[] = [];
      for await (const part of reader.read(offset, length)) parts.push(part);
      expect(Buffer.concat(parts).equals(whole.subarray(offset, offset + length))).toBe(true);
    }
    expect(() => reader.check(1, 512)).toThrow(/multiples/);
    expect(() => reader.check(whole.length, 512)).toThrow(/ends/);
  });

  test('of a disk of zeros is one manifest', async () => {
    const world = await World.make();
    const result = await world.backUp(new TestDisk(uuid(1)), uuid(11));
    const nothing = { logicalBytes: 0, storedBytes: 0, objectCount: 0, changedBytes: 0, knownBytes: 0 };
    expect(result).toEqual({ ...nothing, incremental: false });
    expect(await world.content(uuid(11))).toEqual([]);
    expect(await world.keys('/blocks/')).toEqual([]);
  });

  test('an unchanged disk sends nothing', async () => {
    const world = await World.make();
    const disk = sampleDisk();
    await world.backUp(disk, uuid(11));
    const again = await world.backUp(disk, uuid(12));
    expect(again).toMatchObject({ storedBytes: 0, objectCount: 0, incremental: true });
    expect(await world.content(uuid(12))).toEqual(disk.content());
  });

  test('disks with the same content store it once', async () => {
    const world = await World.make();
    await world.backUp(sampleDisk(uuid(1)), uuid(11));
    const other = sampleDisk(uuid(2));
    other.write(500, 77);
    const result = await world.backUp(other, uuid(12));
    expect(result).toMatchObject({ incremental: false, objectCount: 1 + 1 + 3 });
    expect(await world.content(uuid(12))).toEqual(other.content());
  });

  test('back to an earlier content sends nothing but is whole', async () => {
    const world = await World.make();
    const disk = sampleDisk();
    const first = disk.content();
    await world.backUp(disk, uuid(11));
    disk.write(3, 900);
    await world.backUp(disk, uuid(12));
    disk.write(3, 103);
    expect(await world.backUp(disk, uuid(13))).toMatchObject({ objectCount: 0 });
    expect(await world.content(uuid(13))).toEqual(first);
  });

  test('a full one takes no parent, stands alone, and stores only what is new', async () => {
    const world = await World.make();
    const disk = sampleDisk();
    await world.backUp(disk, uuid(11));
    disk.write(3, 900);
    const full = await world.backUp(disk, uuid(12), true);
    expect(full).toMatchObject({ incremental: false, objectCount: 1 + 4 });
    expect(await world.content(uuid(12))).toEqual(disk.content());
  });

  test('deleting a full one leaves its incrementals whole, and the other way round', async () => {
    const world = await World.make();
    const disk = sampleDisk();
    await world.backUp(disk, uuid(11));
    disk.write(3, 900);
    await world.backUp(disk, uuid(12));
    await world.vault().deleteBackup(uuid(11));
    expect(
      world
        .vault()
        .list()
        .map((row) => row.id),
    ).toEqual([uuid(12)]);
    expect(await world.content(uuid(12))).toEqual(disk.content());
    disk.write(4, 901);
    expect(await world.backUp(disk, uuid(13))).toMatchObject({ incremental: true });
    await world.vault().deleteBackup(uuid(12));
    await world.check();
    expect(await world.content(uuid(13))).toEqual(disk.content());
    await expect(world.content(uuid(12))).rejects.toThrow(/no such backup/);
    await expect(world.backUp(disk, uuid(12))).rejects.toMatchObject({ code: 'not-found' });
  });

  test("works without the parent's pages on the disk: the vault has them", async () => {
    const world = await World.make();
    const disk = sampleDisk();
    await world.backUp(disk, uuid(11));
    const parentPages = [...disk.store.objects.scan(null, 10_000).refs].filter((ref) => ref.kind === Kind.page);
    disk.write(3, 900);
    disk.root();
    disk.store.objects.deleteMany(parentPages);
    disk.objects.dropCaches();
    expect(await world.backUp(disk, uuid(12))).toMatchObject({ incremental: true, objectCount: 1 + 4 });
    expect(await world.content(uuid(12))).toEqual(disk.content());
  });

  test('of a disk that is still being restored brings what is absent', async () => {
    const world = await World.make();
    const disk = sampleDisk();
    const root = disk.root();
    const bare = new TestDisk(uuid(2));
    const bring = async (refs: readonly ObjectRef[]) => {
      bare.objects.adopt(refs, disk.store.objects.getMany(refs));
    };
    const ports = world.ports(bare, { bring });
    const { backUp } = await import('../../engine/repository/backup.ts');
    const result = await backUp(ports, { ...world.request(bare, uuid(11)), root });
    expect(result.logicalBytes).toBe(32 * BLOCK_BYTES);
    expect(await world.content(uuid(11))).toEqual(disk.content());
  });

  test('of a disk that is still being restored does not take a bad copy from the vault', async () => {
    const world = await World.make();
    const disk = sampleDisk();
    await world.backUp(disk, uuid(11));
    for (const key of await world.keys('/pages/')) {
      const pack = (await world.obs.get(key))!;
      const [entry] = (await readPack(world.obs, host.kernel, key))!.entries;
      pack[entry!.offset]! ^= 1;
      await world.obs.delete([key]);
      await world.obs.putOnce(key, pack);
    }
    const bare = new TestDisk(uuid(2));
    const bring = async (refs: readonly ObjectRef[]) => {
      bare.objects.adopt(refs, disk.store.objects.getMany(refs));
    };
    const { backUp } = await import('../../engine/repository/backup.ts');
    await backUp(world.ports(bare, { bring }), { ...world.request(bare, uuid(12)), root: disk.root() });
    expect(await world.content(uuid(12))).toEqual(disk.content());
  });

  test('of many objects stays within what one call may carry', async () => {
    const world = await World.make();
    const disk = new TestDisk(uuid(1), 1_300);
    const content = new Uint8Array(BLOCK_BYTES);
    for (let i = 0; i < 1_300; i++) {
      new DataView(content.buffer).setUint32(4, i + 1);
      disk.writeBytes(i, content);
    }
    const result = await world.backUp(disk, uuid(11), false, { packTargetBytes: 8 * 2 ** 20 });
    expect(result.objectCount).toBe(1_300 + 6 + 3);
  });

  test('tells its progress in bytes of changed blocks', async () => {
    const world = await World.make();
    const seen: [number, number][] = [];
    await world.backUp(sampleDisk(), uuid(11), false, { progress: (done, total) => seen.push([done, total]) });
    expect(seen[0]).toEqual([0, 32 * BLOCK_BYTES]);
    expect(seen.at(-1)).toEqual([32 * BLOCK_BYTES, 32 * BLOCK_BYTES]);
  });
});

describe('a damaged disk', () => {
  test('is not backed up: the ranges are named, each place of the block', async () => {
    const world = await World.make();
    const disk = sampleDisk();
    const root = disk.root();
    const ref: ObjectRef = { kind: Kind.block, digest: disk.blocks.get(65_535)! };
    disk.store.damage({ target: 'object', ref, kind: 'flip', random: 99 });
    disk.objects.dropCaches();
    const error = await world.backUp(disk, uuid(11)).catch((thrown: EngineError) => thrown);
    expect(error).toMatchObject({
      code: 'damaged',
      ranges: [{ offset: 65_535 * BLOCK_BYTES, length: 2 * BLOCK_BYTES }],
    });
    expect(root).not.toEqual(HOLE);
    expect(world.vault().list()).toEqual([]);
    expect(await world.manifests()).toEqual([]);
    // The session is over: the disk is free for another backup.
    await expect(world.backUp(disk, uuid(12))).rejects.toMatchObject({ code: 'damaged' });
  });

  test('names all that a lost page would have told', async () => {
    const world = await World.make();
    const disk = sampleDisk();
    disk.root();
    const pages = disk.store.objects.scan(null, 10_000).refs.filter((ref) => ref.kind === Kind.page);
    const [page] = pages.filter((ref) => {
      const found = disk.objects.read([ref])[0] as Uint8Array;
      return found.subarray(0, 32).every((byte, i) => byte === disk.blocks.get(0)![i]);
    });
    disk.store.damage({ target: 'object', ref: page!, kind: 'lose', random: 0 });
    disk.objects.dropCaches();
    const error = await world.backUp(disk, uuid(11)).catch((thrown: EngineError) => thrown);
    expect(error).toMatchObject({ code: 'damaged', ranges: [{ offset: 0, length: 256 * BLOCK_BYTES }] });
  });

  test("whose parent's pages are damaged looks at everything instead", async () => {
    const world = await World.make();
    const disk = sampleDisk();
    const root = disk.root();
    await world.backUp(disk, uuid(11));
    disk.write(3, 900);
    disk.root();
    disk.store.damage({ target: 'object', ref: { kind: Kind.page, digest: root }, kind: 'flip', random: 5 });
    disk.objects.dropCaches();
    await world.backUp(disk, uuid(12));
    expect(await world.content(uuid(12))).toEqual(disk.content());
  });

  test('is seen by a full backup also where the vault has a copy', async () => {
    const world = await World.make();
    const disk = sampleDisk();
    await world.backUp(disk, uuid(11));
    const ref: ObjectRef = { kind: Kind.block, digest: disk.blocks.get(3)! };
    disk.store.damage({ target: 'object', ref, kind: 'flip', random: 1 });
    disk.objects.dropCaches();
    await world.backUp(disk, uuid(12));
    await expect(world.backUp(disk, uuid(13), true)).rejects.toMatchObject({
      code: 'damaged',
      ranges: [{ offset: 3 * BLOCK_BYTES, length: BLOCK_BYTES }],
    });
  });
});

describe('a damaged vault', () => {
  /** A world with one backup, and the key of the pack that has the block at an index. */
  async function damagedWorld(blockIndex: number, edit: (bytes: Uint8Array, at: number) => Uint8Array | null) {
    const world = await World.make();
    const disk = sampleDisk();
    await world.backUp(disk, uuid(11));
    const [location] = await world.vault().locate([{ kind: Kind.block, digest: disk.blocks.get(blockIndex)! }]);
    world.obs.tamper(location!.key, (bytes) => edit(bytes, location!.offset));
    return { world, disk, key: location!.key };
  }
  const flip = (bytes: Uint8Array, at: number) => {
    bytes[at + 100]! ^= 4;
    return bytes;
  };

  test('a flipped object is named by its range, never served', async () => {
    const { world, disk } = await damagedWorld(5, flip);
    const range = { offset: 5 * BLOCK_BYTES, length: BLOCK_BYTES };
    const drain = async () => {
      for await (const part of world.reader(uuid(11)).read(0, 20 * BLOCK_BYTES)) part.fill;
    };
    await expect(drain()).rejects.toMatchObject({ code: 'damaged', ranges: [range] });
    const { context } = world.vault();
    const row = world.vault().available(uuid(11));
    expect(await verifyBackup(context, row, 'structure')).toMatchObject({ damaged: [] });
    expect(await verifyBackup(context, row, 'bytes')).toMatchObject({ blocks: 32, damaged: [range] });
    // A restore gets the frame, and its disk refuses it.
    const ref: ObjectRef = { kind: Kind.block, digest: disk.blocks.get(5)! };
    const target = new Objects(new MemoryDiskStore().objects, host);
    expect(target.adopt([ref], await context.source.fetch([ref]))).toEqual([false]);
  });

  test('a lost pack is named by all its ranges', async () => {
    const { world } = await damagedWorld(0, () => null);
    const row = world.vault().available(uuid(11));
    const { damaged } = await verifyBackup(world.vault().context, row, 'bytes');
    expect(damaged).toEqual([{ offset: 0, length: 8 * BLOCK_BYTES }]);
  });

  test('a shortened pack loses only what was cut off', async () => {
    const { world } = await damagedWorld(0, (bytes) => bytes.slice(0, 4 * BLOCK_BYTES));
    const row = world.vault().available(uuid(11));
    const { damaged } = await verifyBackup(world.vault().context, row, 'bytes');
    expect(damaged).toEqual([{ offset: 3 * BLOCK_BYTES, length: 5 * BLOCK_BYTES }]);
  });

  test('what was reported bad is uploaded again by the next backup, and the old ones are whole again', async () => {
    const { world, disk } = await damagedWorld(5, flip);
    const ref: ObjectRef = { kind: Kind.block, digest: disk.blocks.get(5)! };
    const good: ObjectRef = { kind: Kind.block, digest: disk.blocks.get(6)! };
    expect(await world.vault().report([good, ref])).toBe(1);
    expect(await world.vault().report([good, ref])).toBe(0);
    await expect(world.content(uuid(11))).rejects.toThrow(/damaged/);
    // Nothing has changed on the disk, so only a walk without a parent can find it.
    expect(await world.backUp(disk, uuid(12))).toMatchObject({ objectCount: 1, incremental: false });
    expect(await world.content(uuid(11))).toEqual(disk.content());
    disk.write(3, 900);
    expect(await world.backUp(disk, uuid(13))).toMatchObject({ incremental: true });
  });

  test('a page that the commit cannot read is replaced in the same backup', async () => {
    const world = await World.make();
    const disk = sampleDisk();
    const root = disk.root();
    await world.backUp(disk, uuid(11));
    const [location] = await world.vault().locate([{ kind: Kind.page, digest: root }]);
    world.obs.tamper(location!.key, (bytes) => flip(bytes, location!.offset));
    disk.write(3, 900);
    expect(await world.backUp(disk, uuid(12))).toMatchObject({ incremental: false });
    expect(await world.content(uuid(12))).toEqual(disk.content());
  });

  test('a manifest that does not match its hash commits nothing', async () => {
    const world = await World.make();
    const disk = sampleDisk();
    const vault = world.vault();
    await world.backUp(disk, uuid(11));
    const [key] = await world.keys('/manifest/');
    world.obs.tamper(key!, (bytes) => flip(bytes, 0));
    await expect(world.manifests()).rejects.toMatchObject({ code: 'damaged' });
    expect(vault.list()).toHaveLength(1);
  });
});

test('a put is verified by its checksum', async () => {
  const world = await World.make();
  const wrong = async (bytes: Uint8Array) => (await sha256(bytes)).fill(0);
  await expect(world.backUp(sampleDisk(), uuid(11), false, { sha256: wrong })).rejects.toThrow();
  expect(await world.keys('/blocks/')).toEqual([]);
  expect(VAULT).toBe(world.store.readMeta()!.vaultId);
});

test('what backups cost: rows of the vault, operations of object storage', async () => {
  const world = await World.make();
  const disk = new TestDisk(uuid(1));
  for (let i = 0; i < 512; i++) disk.write(i, 1_000 + i);
  const cost = async (id: string) => {
    const marks = [world.store.meter.mark(), world.obs.meter.mark()] as const;
    await world.backUp(disk, id, false, { packTargetBytes: PACK_TARGET_BYTES });
    const { rowsWritten } = world.store.meter.since(marks[0]);
    const { obsClassA, obsClassB } = world.obs.meter.since(marks[1]);
    return { rowsWritten, obsClassA, obsClassB };
  };
  // 32 MiB: 512 blocks in 8 packs (63.9 blocks fill one), 5 pages in one. A row an object, 6 a pack, 3 for the backup.
  expect(await cost(uuid(11))).toEqual({ rowsWritten: 517 + 9 * 6 + 3, obsClassA: 10, obsClassB: 11 });
  for (let i = 0; i < 5; i++) disk.write(100 + i, 2_000 + i);
  // 5 blocks, 4 pages, two packs.
  expect(await cost(uuid(12))).toEqual({ rowsWritten: 9 + 2 * 6 + 3, obsClassA: 3, obsClassB: 5 });
  expect(await cost(uuid(13))).toEqual({ rowsWritten: 3, obsClassA: 1, obsClassB: 1 });
});
