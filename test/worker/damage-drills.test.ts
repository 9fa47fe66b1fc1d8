// Drills through the HTTP API: bytes rot on a disk or in a vault, are named, never served, and come back from where they are well.

import { beforeAll, describe, expect, test } from 'vitest';
import type { Json } from './api.ts';
import { CONTENT, ELSEWHERE, MIB, Table } from './table.ts';

const BLOCK = 65_536;

let table: Table;

beforeAll(async () => {
  table = await Table.login();
});

/** Runs an operation to its end; what it reports. */
async function operate(path: string, body: Json = {}): Promise<Json> {
  const { operation } = await table.api.ask('POST', `/data/v1/{p}/${path}`, body);
  const ended = await table.api.until(path, async () => {
    const { operation: now } = await table.api.ask('GET', `/data/v1/{p}/operations/${operation.id}`);
    return now.state === 'running' ? null : now;
  });
  if (ended.state !== 'done') throw new Error(`${path}: ${JSON.stringify(ended)}`);
  return ended.report;
}

async function damageVault(id: string, target: string, fault: string, seed = 1, count = 1): Promise<number> {
  const body = { target, fault, count, seed };
  return (await table.api.ask('POST', `/sim/v1/{p}/vaults/${id}/damage`, body)).hit;
}

/** A vault, and a disk with bytes on it that is backed up there. */
async function protectedDisk(
  bytes?: Uint8Array,
): Promise<{ id: string; bytes: Uint8Array; vaultId: string; backup: Json }> {
  const disk = await table.filled();
  if (bytes) await table.api.write(disk.id, 0, bytes);
  const { vault } = await table.api.ask('POST', '/cbr/v3/{p}/vaults', {
    vault: {
      name: 'drill',
      billing: { size: 10, object_type: 'disk', protect_type: 'backup' },
      resources: [{ id: disk.id, type: 'OS::Cinder::Volume' }],
    },
  });
  const backup = await table.api.createBackup(disk.id);
  return { id: disk.id, bytes: bytes ?? disk.bytes, vaultId: vault.id, backup };
}

/** Reads block by block: which are refused, each with the range that the refusal names. The others must be right. */
async function refusedBlocks(place: string, bytes: Uint8Array): Promise<number[]> {
  const refused: number[] = [];
  for (let offset = 0; offset < bytes.length; offset += BLOCK) {
    const headers = { Range: `bytes=${offset}-${offset + BLOCK - 1}` };
    const answer = await table.api.send('GET', `/data/v1/{p}/${place}`, undefined, headers);
    if (answer.status === 206) {
      const found = new Uint8Array(await answer.arrayBuffer());
      expect(found.every((byte, i) => byte === bytes[offset + i])).toBe(true);
      continue;
    }
    expect(answer.status).toBe(500);
    const { error } = await answer.json<Json>();
    expect(error).toMatchObject({ code: 'damaged', ranges: [{ offset, length: BLOCK }] });
    refused.push(offset / BLOCK);
  }
  return refused;
}

/** The ranges that a refusal of the whole names, as numbers of blocks. */
async function namedBlocks(place: string): Promise<number[]> {
  const answer = await table.api.get(place, CONTENT);
  const { error } = await answer.json<Json>();
  return error.ranges.flatMap(({ offset, length }: Json) =>
    Array.from({ length: length / BLOCK }, (_, i) => offset / BLOCK + i),
  );
}

describe('a damaged disk', () => {
  test('is scrubbed, healed from a vault, and reads as before, its snapshot too', async () => {
    const { id, bytes, vaultId } = await protectedDisk();
    const snapshot = await table.api.createSnapshot(id);
    const changed = await table.change(id);
    await table.api.createBackup(id);
    await table.settled(id);
    expect(await operate(`volumes/${id}/scrub`)).toMatchObject({ damagedPointCount: 0 });
    expect(await table.api.damage(id)).toBeGreaterThan(0);
    expect((await table.api.get(`volumes/${id}`, CONTENT)).status).toBe(500);
    const found = await operate(`volumes/${id}/scrub`);
    const points = found.damagedPoints.map((one: Json) => one.point);
    expect(points).toEqual(expect.arrayContaining([`volumes/${id}`, `snapshots/${snapshot.id}`]));
    const healed = await operate(`volumes/${id}/heal`);
    expect(healed.left).toMatchObject({ damagedPointCount: 0 });
    expect(healed.healed.fromVaults.find((one: Json) => one.vaultId === vaultId).objects).toBeGreaterThan(0);
    await table.expectBytes(`volumes/${id}`, changed);
    await table.expectBytes(`snapshots/${snapshot.id}`, bytes);
    await table.api.rollback(snapshot.id, id);
    await table.expectBytes(`volumes/${id}`, bytes);
  });

  test('keeps its status meanwhile, is used, and a request that is asked again is one operation', async () => {
    const { id } = await table.filled();
    const request = { id: crypto.randomUUID() };
    const { operation } = await table.api.ask('POST', `/data/v1/{p}/volumes/${id}/scrub`, request);
    expect((await table.api.volumeAs(id)).status).toBe('available');
    const again = await table.api.ask('POST', `/data/v1/{p}/volumes/${id}/scrub`, request);
    expect(again.operation.id).toBe(operation.id);
    await table.change(id);
    await operate(`volumes/${id}/scrub`, request);
    const { operations } = await table.api.ask('GET', `/data/v1/{p}/operations?volumeId=${id}&kind=scrub`);
    expect(operations).toHaveLength(1);
  });
});

describe('a damaged vault', () => {
  for (const fault of ['flip', 'lose', 'truncate'] as const) {
    test(`${fault} of objects: a backup names exactly what it lost and serves the rest; so does a disk made of it`, async () => {
      const { id, bytes, vaultId, backup } = await protectedDisk();
      let lost: number[] = [];
      for (let seed = 1; lost.length === 0; seed++) {
        expect(seed).toBeLessThan(12);
        expect(await damageVault(vaultId, 'object', fault, seed)).toBe(1);
        lost = await refusedBlocks(`backups/${backup.id}`, bytes);
      }
      expect(await namedBlocks(`backups/${backup.id}`)).toEqual(lost);
      const made = await table.api.createVolume({ backup_id: backup.id, availability_zone: ELSEWHERE });
      expect(await refusedBlocks(`volumes/${made.id}`, bytes)).toEqual(lost);
      // The disk is well: its next backup brings what was found bad, though nothing has changed.
      await table.api.createBackup(id);
      await table.expectBytes(`backups/${backup.id}`, bytes);
      await table.expectBytes(`volumes/${made.id}`, bytes);
    });
  }

  test('a pack that is gone takes what was in it, and no more', async () => {
    const first = await protectedDisk();
    await table.change(first.id);
    const second = await table.api.createBackup(first.id);
    const changed = await table.api.read(`volumes/${first.id}`, CONTENT);
    expect(await damageVault(first.vaultId, 'pack', 'lose')).toBe(1);
    // Whichever it was: what is served is right, and what is refused is named.
    const lost = [
      await refusedBlocks(`backups/${first.backup.id}`, first.bytes),
      await refusedBlocks(`backups/${second.id}`, changed),
    ];
    expect(lost.flat().length).toBeGreaterThan(0);
    await table.api.createBackup(first.id);
    expect(await refusedBlocks(`backups/${second.id}`, changed)).toEqual([]);
  });

  test.each(['trailer', 'manifest'])('a damaged %s changes nothing of what is read', async (target) => {
    const { id, bytes, vaultId, backup } = await protectedDisk();
    for (const fault of ['flip', 'truncate', 'lose']) {
      expect(await damageVault(vaultId, target, fault, 1, 10)).toBeGreaterThan(0);
      await table.expectBytes(`backups/${backup.id}`, bytes);
    }
    await table.api.restore(backup.id, id);
    await table.expectBytes(`volumes/${id}`, bytes);
    await table.api.deleteBackup(backup.id);
  });

  test('is nobody else’s to damage, and is refused in words', async () => {
    const answer = await table.api.answer('POST', `/sim/v1/{p}/vaults/${crypto.randomUUID()}/damage`, {
      target: 'pack',
      fault: 'flip',
    });
    expect(answer.status).toBe(404);
    const { vaultId } = await protectedDisk(new Uint8Array(MIB).fill(3));
    const wrong = await table.api.answer('POST', `/sim/v1/{p}/vaults/${vaultId}/damage`, {
      target: 'x',
      fault: 'flip',
    });
    expect(wrong.status).toBe(400);
  });
});
