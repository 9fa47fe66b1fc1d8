// The table that must hold: "backup and snapshot compared" (evs_01_0048), a test for each statement, through the HTTP API
// and over the real objects. Here: backups. The ids are those of the fact sheet's section 4.

import { evictDurableObject, listDurableObjectIds, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from './api.ts';
import { bindings, randomBytes } from './disk-driver.ts';
import { CONTENT, ELSEWHERE, HOME, MIB, Table } from './table.ts';
import { FACES } from './table-faces.ts';

let table: Table;

beforeAll(async () => {
  table = await Table.login();
});

afterEach(async () => {
  await table.api.setZone(HOME, 'up');
});

/** Deletes everything that Disk objects of a zone have stored, and what of it is in memory; how many there were. */
async function wipeZone(zone: string): Promise<number> {
  let wiped = 0;
  for (const id of await listDurableObjectIds(bindings.DISK)) {
    const stub = bindings.DISK.get(id);
    const isThere = await runInDurableObject(stub, async (_, state) => {
      const [table] = state.storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'owner'");
      const [owner] = table === undefined ? [] : state.storage.sql.exec('SELECT zone FROM owner');
      if (owner?.zone !== zone) return false;
      await state.storage.deleteAlarm();
      await state.storage.deleteAll();
      return true;
    });
    if (!isThere) continue;
    await evictDurableObject(stub);
    wiped += 1;
  }
  return wiped;
}

describe('a backup', () => {
  test('B2: its moment is that of the request, also while it runs', async () => {
    const { id, bytes } = await table.filled();
    const { backup } = await table.api.ask('POST', '/evs/v3/{p}/backups', { backup: { volume_id: id } });
    // Its Disk has accepted the job when the status of the disk says so; from then on writes are later.
    await table.api.until('the backup to begin', async () => {
      const { snapshots } = await table.diskStatus(id);
      return snapshots.some((one) => one.hidden) ? true : null;
    });
    await table.change(id);
    await table.api.backup(backup.id);
    await table.expectBytes(`backups/${backup.id}`, bytes);
  });

  test('B4: is made by policy at its time without a call, named autobk_…, and the last n are kept', async () => {
    const { id } = await table.filled();
    const vaultId = await protect(id, 'FREQ=DAILY;BYHOUR=2;BYMINUTE=00', 2);
    const made = new Map<string, Uint8Array>();
    for (const day of [1, 2, 3]) {
      const now = await table.api.read(`volumes/${id}`, CONTENT);
      const { ran } = await table.api.advance(86_400);
      expect(ran).toHaveLength(1);
      expect(ran[0].due).toMatch(/T02:00:00\.000Z$/);
      const fresh = (await automatic(vaultId)).filter((one) => !made.has(one.id));
      expect(fresh, `day ${day}`).toHaveLength(1);
      expect(fresh[0]).toMatchObject({ resource_id: id, extend_info: { auto_trigger: true } });
      expect(fresh[0].name).toMatch(/^autobk_[0-9a-f]{4}$/);
      made.set(fresh[0].id, now);
      await table.change(id);
    }
    const kept = await table.api.until('retention', async () => {
      const all = await automatic(vaultId);
      return all.length === 2 ? all : null;
    });
    expect(kept.map((one) => one.id).sort()).toEqual([...made.keys()].slice(1).sort());
    for (const one of kept) await table.expectBytes(`backups/${one.id}`, made.get(one.id)!);
  });
});

describe.each(FACES)('a backup, by $name,', (face) => {
  test('B1: is stored in object storage: it restores although the disk itself is damaged', async () => {
    const { id, bytes } = await table.filled();
    const before = await bindings.OBS.list();
    const backup = await face.backUp(table.api, id);
    expect((await bindings.OBS.list()).objects.length).toBeGreaterThan(before.objects.length);
    expect(await table.api.damage(id)).toBeGreaterThan(0);
    expect((await table.api.get(`volumes/${id}`, CONTENT)).status).toBe(500);
    await face.restore(table.api, backup.id, id);
    await table.expectBytes(`volumes/${id}`, bytes);
    await table.settled(id);
    await table.expectBytes(`volumes/${id}`, bytes);
  });

  test('B2: is a point-in-time copy: later writes are not in it', async () => {
    const { id, bytes } = await table.filled();
    const first = await face.backUp(table.api, id);
    const changed = await table.change(id);
    await table.expectBytes(`backups/${first.id}`, bytes);
    const second = await face.backUp(table.api, id);
    await table.change(id);
    await table.expectBytes(`backups/${first.id}`, bytes);
    await table.expectBytes(`backups/${second.id}`, changed);
  });

  test('B3: is in another place than the disk: with everything gone that the zone stored, it restores', async () => {
    const { id, bytes } = await table.filled();
    const backup = await face.backUp(table.api, id);
    const snapshot = await table.api.createSnapshot(id);
    expect(await wipeZone(HOME)).toBeGreaterThan(0);
    // Nothing is left of disk and snapshot, whatever the control plane still lists.
    expect((await table.api.get(`volumes/${id}`, CONTENT)).status).toBe(404);
    expect((await table.api.get(`snapshots/${snapshot.id}`, CONTENT)).status).toBe(404);
    await table.expectBytes(`backups/${backup.id}`, bytes);
    const rescued = await table.api.createVolume({ availability_zone: HOME, backup_id: backup.id });
    await table.expectBytes(`volumes/${rescued.id}`, bytes);
    await table.settled(rescued.id);
    await table.expectBytes(`volumes/${rescued.id}`, bytes);
  });

  test('B5: stays when the disk is deleted, and is usable', async () => {
    const { id, bytes } = await table.filled();
    const backups = [await face.backUp(table.api, id)];
    await table.change(id);
    backups.push(await face.backUp(table.api, id));
    const list = async () => (await table.api.ask('GET', `/evs/v3/{p}/backups/detail?volume_id=${id}`)).backups;
    const before = await list();
    expect(before).toHaveLength(2);
    await table.api.deleteVolume(id);
    const ids = (all: Json[]) => all.map((one) => [one.id, one.status]).sort();
    expect(ids(await list())).toEqual(ids(before));
    await table.expectBytes(`backups/${backups[0].id}`, bytes);
    const copy = await table.api.createVolume({ backup_id: backups[0].id });
    await table.expectBytes(`volumes/${copy.id}`, bytes);
  });

  test("B6: is not in the disk's zone: with everything gone that was there it restores in another", async () => {
    const { id, bytes } = await table.filled();
    const backup = await face.backUp(table.api, id);
    const { availability_zone: zone } = await table.api.volume(id);
    expect(zone).toBe(HOME);
    expect(backup.availability_zone).not.toBe(zone);
    await wipeZone(zone);
    await table.api.setZone(zone, 'down');
    const rescued = await table.api.createVolume({ availability_zone: ELSEWHERE, backup_id: backup.id });
    expect(rescued.availability_zone).toBe(ELSEWHERE);
    await table.expectBytes(`volumes/${rescued.id}`, bytes);
    await table.settled(rescued.id, ELSEWHERE);
    await table.expectBytes(`volumes/${rescued.id}`, bytes);
  });

  test('B7: restores onto the original disk', async () => {
    const { id, bytes } = await table.filled();
    const first = await face.backUp(table.api, id);
    const changed = await table.change(id);
    const second = await face.backUp(table.api, id);
    await table.change(id);
    await table.api.write(id, 2 ** 30 - MIB, randomBytes(MIB));
    await face.restore(table.api, first.id, id);
    await table.expectBytes(`volumes/${id}`, bytes);
    // What was written where the backup has nothing is gone too.
    const { blocks } = await table.api.ask('GET', `/data/v1/{p}/volumes/${id}/blocks?cursor=${CONTENT / 65_536}`);
    expect(blocks).toEqual([]);
    await face.restore(table.api, second.id, id);
    await table.expectBytes(`volumes/${id}`, changed);
    await table.settled(id);
    await table.expectBytes(`volumes/${id}`, changed);
  });

  test('B8: makes a new, independent disk', async () => {
    const { id, bytes } = await table.filled();
    const backup = await face.backUp(table.api, id);
    const changed = await table.change(id);
    const copy = await table.api.createVolume({ backup_id: backup.id });
    await table.expectBytes(`volumes/${copy.id}`, bytes);
    const own = await table.change(copy.id);
    await table.expectBytes(`volumes/${id}`, changed);
    await table.expectBytes(`volumes/${copy.id}`, own);
    await table.expectBytes(`backups/${backup.id}`, bytes);
  });

  test('B8: also after the source is gone, and when hydration has ended even without the backup', async () => {
    const { id, bytes } = await table.filled();
    const backup = await face.backUp(table.api, id);
    await table.api.deleteVolume(id);
    const copy = await table.api.createVolume({ backup_id: backup.id });
    await table.expectBytes(`volumes/${copy.id}`, bytes);
    await table.settled(copy.id);
    expect((await table.diskStatus(copy.id)).hydration).toBeNull();
    await table.expectBytes(`volumes/${copy.id}`, bytes);
    await face.remove(table.api, backup.id);
    await evictDurableObject(bindings.DISK.get(bindings.DISK.idFromName(copy.id)));
    await table.expectBytes(`volumes/${copy.id}`, bytes);
  });

  test("B9: restores in another zone when the disk's zone is lost", async () => {
    const { id, bytes } = await table.filled();
    const backup = await face.backUp(table.api, id);
    await table.api.setZone(HOME, 'down');
    expect((await table.api.get(`volumes/${id}`, CONTENT)).status).toBe(503);
    const rescued = await table.api.createVolume({ availability_zone: ELSEWHERE, backup_id: backup.id });
    await table.expectBytes(`volumes/${rescued.id}`, bytes);
    await table.settled(rescued.id, ELSEWHERE);
    await table.expectBytes(`volumes/${rescued.id}`, bytes);
    await table.api.setZone(HOME, 'up');
    await table.expectBytes(`volumes/${id}`, bytes);
  });
});

/** A vault with the disk, under a policy that keeps the last `keep`. */
async function protect(volumeId: string, pattern: string, keep: number): Promise<string> {
  const { policy } = await table.api.ask('POST', '/cbr/v3/{p}/policies', {
    policy: {
      name: 'daily',
      operation_type: 'backup',
      operation_definition: { max_backups: keep },
      trigger: { properties: { pattern: [pattern] } },
    },
  });
  const { vault } = await table.api.ask('POST', '/cbr/v3/{p}/vaults', {
    vault: {
      name: 'daily',
      billing: { size: 10, object_type: 'disk', protect_type: 'backup' },
      resources: [{ id: volumeId, type: 'OS::Cinder::Volume' }],
    },
  });
  await table.api.ask('POST', `/cbr/v3/{p}/vaults/${vault.id}/associatepolicy`, { policy_id: policy.id });
  return vault.id;
}

/** Backups in a vault, once none is under way. */
async function automatic(vaultId: string): Promise<Json[]> {
  return await table.api.until('the automatic backup', async () => {
    const { backups } = await table.api.ask('GET', `/cbr/v3/{p}/backups?vault_id=${vaultId}`);
    return backups.some((one: Json) => one.status === 'protecting') ? null : backups;
  });
}
