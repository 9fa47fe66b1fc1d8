// The Disk object: jobs and bytes through its RPC, as Project and the data service use it.

import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { describe, expect, test } from 'vitest';
import { bindings, createVault, DiskDriver, label, OWNER, randomBytes } from './disk-driver.ts';

const MIB = 1_048_576;

async function backedUp(disk: DiskDriver, vaultId: string, full = false): Promise<string> {
  const backupId = crypto.randomUUID();
  await disk.done({ kind: 'backup', vaultId, backupId, full, label: label(disk.id) });
  return backupId;
}

describe('bytes', () => {
  test('what was written is read back, across block edges', async () => {
    const disk = await new DiskDriver().create();
    const bytes = randomBytes(3 * MIB + 1_536);
    await disk.write(64 * 1024 - 512, bytes);
    expect(await disk.read(64 * 1024 - 512, bytes.length)).toEqual(bytes);
    expect((await disk.read(0, 64 * 1024 - 512)).every((b) => b === 0)).toBe(true);
    await disk.settled();
    expect(await disk.read(64 * 1024 - 512, bytes.length)).toEqual(bytes);
  });

  test('the list of blocks has every acknowledged write, also while older ones are being folded', async () => {
    const disk = await new DiskDriver().create();
    await disk.write(0, randomBytes(MIB));
    await disk.done({ kind: 'createSnapshot', snapshotId: 's' });
    await disk.write(4 * MIB, randomBytes(64 * 1024));
    await disk.write(0, new Uint8Array(64 * 1024));
    const { blocks } = await disk.blocks();
    expect(blocks.map((block) => block.blockIndex)).toEqual([...Array.from({ length: 15 }, (_, i) => i + 1), 64]);
    expect((await disk.blocks('s')).blocks.map((block) => block.blockIndex)).toEqual(
      Array.from({ length: 16 }, (_, i) => i),
    );
  });

  test('a body that is shorter or longer than announced changes nothing', async () => {
    const disk = await new DiskDriver().create();
    await disk.write(0, randomBytes(MIB));
    const before = await disk.read(0, 4 * MIB);
    for (const length of [MIB, 3 * MIB]) {
      const response = await disk.put(0, randomBytes(2 * MIB), length);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ code: 'body-size' });
    }
    expect(await disk.read(0, 4 * MIB)).toEqual(before);
  });

  test('a body arrives whole, and one sector too many is noticed, wherever its pieces end', async () => {
    const disk = await new DiskDriver().create();
    for (const [offset, length] of [
      [0, MIB],
      [512, MIB],
      [MIB - 512, 1024],
      [MIB - 512, 2 * MIB + 512],
      [MIB, 3 * MIB],
    ] as const) {
      const bytes = randomBytes(length);
      const response = await disk.put(offset, randomBytes(length + 512), length);
      expect(await response.json()).toMatchObject({ code: 'body-size' });
      await disk.write(offset, bytes);
      expect(await disk.read(offset, length)).toEqual(bytes);
    }
  });

  test('unaligned and out-of-range requests are refused', async () => {
    const disk = await new DiskDriver().create(MIB);
    expect((await disk.put(100, randomBytes(512))).status).toBe(400);
    expect((await disk.put(MIB, randomBytes(512))).status).toBe(416);
    expect((await disk.get(MIB, 512)).status).toBe(416);
  });

  test('an object that was never created says so and stores nothing', async () => {
    const disk = new DiskDriver();
    expect((await disk.get(0, 512)).status).toBe(404);
    expect(await disk.run({ kind: 'extend', sizeBytes: MIB })).toEqual({ state: 'gone' });
    expect(await disk.run({ kind: 'delete' })).toEqual({ state: 'gone' });
    expect(await disk.status()).toBeNull();
  });

  test("another project's request finds nothing", async () => {
    const disk = await new DiskDriver().create();
    const stranger = new DiskDriver({ ...OWNER, projectId: '2'.repeat(32) }, disk.id);
    expect((await stranger.get(0, 512)).status).toBe(404);
    expect(await stranger.run({ kind: 'delete' })).toEqual({ state: 'gone' });
    expect((await disk.get(0, 512)).status).toBe(200);
  });
});

describe('snapshots', () => {
  test('a snapshot shows its moment; a rollback brings it back', async () => {
    const disk = await new DiskDriver().create();
    const old = randomBytes(2 * MIB);
    await disk.write(0, old);
    await disk.done({ kind: 'createSnapshot', snapshotId: 's1' });
    await disk.write(512, randomBytes(MIB));
    expect(await disk.read(0, old.length, 's1')).toEqual(old);
    await disk.done({ kind: 'rollback', snapshotId: 's1' });
    expect(await disk.read(0, old.length)).toEqual(old);
  });

  test('an answer that began before a rollback ends with it, instead of mixing two contents', async () => {
    const disk = await new DiskDriver().create();
    await disk.done({ kind: 'createSnapshot', snapshotId: 'empty' });
    await disk.write(0, randomBytes(16 * MIB));
    const response = await disk.get(0, 16 * MIB);
    const reader = response.body!.getReader();
    await reader.read();
    await disk.done({ kind: 'rollback', snapshotId: 'empty' });
    const rest = (async () => {
      while (!(await reader.read()).done);
    })();
    await expect(rest).rejects.toThrow(/replaced under the read/);
  });

  test('a rollback that cannot be leaves the disk to its guests', async () => {
    const disk = await new DiskDriver().create();
    expect(await disk.run({ kind: 'rollback', snapshotId: 'nothing' })).toMatchObject({ code: 'not-found' });
    await disk.write(0, randomBytes(MIB));
    await disk.done({ kind: 'createSnapshot', snapshotId: 's' });
  });

  test('a disk that could not be made gives back what it was to be made of', async () => {
    const disk = await new DiskDriver().create();
    await disk.write(0, randomBytes(MIB));
    await disk.done({ kind: 'createSnapshot', snapshotId: 's' });
    const jobId = crypto.randomUUID();
    const source = { kind: 'snapshot', diskId: disk.id, snapshotId: 's', zone: OWNER.zone } as const;
    const clone = new DiskDriver();
    expect(await clone.run({ kind: 'create', sizeBytes: MIB, source }, jobId)).toMatchObject({ code: 'invalid' });
    expect(await disk.stub.objects(OWNER, jobId, [])).toBeNull();
  });

  test('nobody can pin a disk that is being deleted', async () => {
    const disk = await new DiskDriver().create();
    await disk.done({ kind: 'createSnapshot', snapshotId: 's' });
    // Something to give back first, to somebody who takes his time: meanwhile others may come in.
    const locator = { kind: 'disk', diskId: crypto.randomUUID(), zone: OWNER.zone, logicalBytes: 0 };
    await runInDurableObject(disk.stub, (object, state) => {
      state.storage.sql.exec('INSERT INTO held(id, locator) VALUES (?, ?)', 'held', JSON.stringify(locator));
      const slow = { idFromName: (name: string) => name, get: () => ({ unpin: () => scheduler.wait(50) }) };
      Object.assign(object, { env: { ...bindings, DISK: slow } });
    });
    const deletion = disk.run({ kind: 'delete' });
    const given: string[] = [];
    for (let i = 0; i < 10; i++) {
      if ((await disk.stub.pin(OWNER, `pin ${i}`, 's')) !== null) given.push(`pin ${i}`);
    }
    expect(await deletion).toMatchObject({ state: 'done' });
    // Who came before the deletion keeps what it was promised.
    for (const pinId of given) expect(await disk.stub.objects(OWNER, pinId, [])).not.toBeNull();
  });

  test('what a disk was doing ends when it becomes a tombstone', async () => {
    const vaultId = await createVault();
    const disk = await new DiskDriver().create();
    await disk.write(0, randomBytes(MIB));
    const backupId = await backedUp(disk, vaultId);
    await disk.done({ kind: 'createSnapshot', snapshotId: 's' });
    await disk.stub.pin(OWNER, 'pin', 's');
    await disk.stub.run(OWNER, crypto.randomUUID(), { kind: 'restore', vaultId, backupId });
    await disk.done({ kind: 'delete' });
    await runDurableObjectAlarm(disk.stub);
    await runInDurableObject(disk.stub, (_disk, { storage: { sql } }) => {
      for (const table of ['job', 'held', 'upstream']) {
        expect([table, ...sql.exec(`SELECT * FROM ${table}`).toArray()]).toEqual([table]);
      }
    });
    expect(await disk.stub.objects(OWNER, 'pin', [])).toEqual([]);
    await disk.stub.unpin(OWNER, 'pin');
    expect(await disk.stub.objects(OWNER, 'pin', [])).toBeNull();
  });

  test('a clone reads from its source until it has all, also after the source was deleted', async () => {
    const disk = await new DiskDriver().create();
    const bytes = randomBytes(2 * MIB);
    await disk.write(0, bytes);
    await disk.done({ kind: 'createSnapshot', snapshotId: 's1' });
    const clone = new DiskDriver();
    await clone.done({
      kind: 'create',
      sizeBytes: 2 ** 30,
      source: { kind: 'snapshot', diskId: disk.id, snapshotId: 's1', zone: OWNER.zone },
    });
    await disk.done({ kind: 'delete' });
    expect(await disk.status()).toBeNull();
    expect(await clone.read(0, bytes.length)).toEqual(bytes);
    await clone.settled();
    expect(await clone.read(0, bytes.length)).toEqual(bytes);
  });
});

describe('backups', () => {
  test('full, incremental, restored over a damaged disk and to a new one', async () => {
    const vaultId = await createVault();
    const disk = await new DiskDriver().create();
    const first = randomBytes(4 * MIB);
    await disk.write(0, first);
    const full = await backedUp(disk, vaultId);
    await disk.write(MIB, randomBytes(128 * 1024));
    const second = await disk.read(0, 4 * MIB);
    const incremental = await backedUp(disk, vaultId);

    await disk.stub.damage(OWNER, { target: { kind: 'all' }, fault: 'flip', count: 10_000, seed: 7 });
    expect((await disk.get(0, 4 * MIB)).status).toBe(500);
    await disk.done({ kind: 'restore', vaultId, backupId: full });
    expect(await disk.read(0, 4 * MIB)).toEqual(first);
    await disk.settled();
    expect(await disk.read(0, 4 * MIB)).toEqual(first);

    await disk.done({ kind: 'delete' });
    const copy = new DiskDriver({ ...OWNER, zone: 'eu-de-02' });
    await copy.done({ kind: 'create', sizeBytes: 2 ** 30, source: { kind: 'backup', vaultId, backupId: incremental } });
    expect(await copy.read(0, 4 * MIB)).toEqual(second);
    await copy.settled();
    expect(await copy.read(0, 4 * MIB)).toEqual(second);
  });

  test('a lost answer of each job is harmless: the same job again', async () => {
    const disk = await new DiskDriver().create();
    const jobId = crypto.randomUUID();
    await disk.done({ kind: 'createSnapshot', snapshotId: 's1' }, jobId);
    await disk.done({ kind: 'deleteSnapshot', snapshotId: 's1' });
    await disk.done({ kind: 'createSnapshot', snapshotId: 's1' }, jobId);
    expect((await disk.status())?.snapshots).toEqual([]);
    await disk.stub.forget(OWNER, jobId);
    await disk.done({ kind: 'delete' });
    expect(await disk.run({ kind: 'delete' })).toEqual({ state: 'gone' });
  });

  test('a late alarm of a deleted disk creates nothing', async () => {
    const disk = await new DiskDriver().create();
    await disk.done({ kind: 'delete' });
    await runDurableObjectAlarm(disk.stub);
    expect(await disk.status()).toBeNull();
  });

  test('a zone that is down refuses, and serves again when it is up', async () => {
    const disk = await new DiskDriver({ ...OWNER, zone: 'eu-de-03' }).create();
    const zone = bindings.ZONE.get(bindings.ZONE.idFromName('eu-de-03'));
    await zone.set('down', 0);
    await scheduler.wait(150);
    expect((await disk.get(0, 512)).status).toBe(503);
    await zone.set('up', 0);
    await scheduler.wait(150);
    expect((await disk.get(0, 512)).status).toBe(200);
  });
});
