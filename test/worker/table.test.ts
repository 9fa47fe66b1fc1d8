// The table that must hold: "backup and snapshot compared" (evs_01_0048), a test for each statement, through the HTTP API
// and over the real objects. The ids are those of the fact sheet's section 4.

import { evictDurableObject, listDurableObjectIds, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { MeterCounts } from '../../engine/cost.ts';
import type { DiskStatus } from '../../worker/protocol.ts';
import { Api, type Json } from './api.ts';
import { bindings, randomBytes } from './disk-driver.ts';

const MIB = 1_048_576;
const HOME = 'eu-de-01';
const ELSEWHERE = 'eu-de-02';
/** What a test disk holds: half of it compresses well, some of it is zero. */
const CONTENT = 3 * MIB;

let api: Api;

beforeAll(async () => {
  api = await Api.login('demo1');
});

afterEach(async () => {
  await api.setZone(HOME, 'up');
});

function content(): Uint8Array {
  const bytes = new Uint8Array(CONTENT);
  bytes.set(randomBytes(MIB), 4096);
  for (let at = MIB + MIB / 2; at < 2 * MIB; at++) bytes[at] = at % 61;
  return bytes;
}

/** A disk in the home zone with bytes on it. */
async function filled(fields: Readonly<Record<string, unknown>> = {}): Promise<{ id: string; bytes: Uint8Array }> {
  const { id } = await api.createVolume({ availability_zone: HOME, ...fields });
  const bytes = content();
  await api.write(id, 0, bytes);
  return { id, bytes };
}

/** Changes a disk; returns all that it holds then. */
async function change(id: string): Promise<Uint8Array> {
  await api.write(id, MIB - 1024, randomBytes(192 * 1024));
  await api.write(id, 0, new Uint8Array(8192).fill(7));
  return await api.read(`volumes/${id}`, CONTENT);
}

async function expectBytes(place: string, bytes: Uint8Array): Promise<void> {
  // Comparing arrays of millions as arrays would take longer than everything else here.
  const found = await api.read(place, bytes.length);
  const first = found.findIndex((byte, index) => byte !== bytes[index]);
  expect({ place, length: found.length, first }).toEqual({ place, length: bytes.length, first: -1 });
}

/** The Disk object's own view: not public, used here to know what is over and what was counted. */
async function diskStatus(id: string, zone = HOME): Promise<DiskStatus> {
  const status = await bindings.DISK.get(bindings.DISK.idFromName(id)).status({ projectId: api.projectId, zone });
  return status as DiskStatus;
}

/** Waits until a disk folds, seals and fetches nothing more. */
async function settled(id: string, zone = HOME): Promise<void> {
  await api.until('the disk to settle', async () => {
    const { hydration, logEntries, snapshots } = await diskStatus(id, zone);
    return hydration === null && logEntries === 0 && snapshots.every((one) => one.sealed) ? true : null;
  });
}

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
  test('B1: is stored in object storage: it restores although the disk itself is damaged', async () => {
    const { id, bytes } = await filled();
    const before = await bindings.OBS.list();
    const backup = await api.createBackup(id);
    expect((await bindings.OBS.list()).objects.length).toBeGreaterThan(before.objects.length);
    expect(await api.damage(id)).toBeGreaterThan(0);
    expect((await api.get(`volumes/${id}`, CONTENT)).status).toBe(500);
    await api.restore(backup.id, id);
    await expectBytes(`volumes/${id}`, bytes);
    await settled(id);
    await expectBytes(`volumes/${id}`, bytes);
  });

  test('B2: is a point-in-time copy: later writes are not in it', async () => {
    const { id, bytes } = await filled();
    const first = await api.createBackup(id);
    const changed = await change(id);
    await expectBytes(`backups/${first.id}`, bytes);
    const second = await api.createBackup(id);
    await change(id);
    await expectBytes(`backups/${first.id}`, bytes);
    await expectBytes(`backups/${second.id}`, changed);
  });

  test('B2: its moment is that of the request, also while it runs', async () => {
    const { id, bytes } = await filled();
    const { backup } = await api.ask('POST', '/evs/v3/{p}/backups', { backup: { volume_id: id } });
    // Its Disk has accepted the job when the status of the disk says so; from then on writes are later.
    await api.until('the backup to begin', async () => {
      const { snapshots } = await diskStatus(id);
      return snapshots.some((one) => one.hidden) ? true : null;
    });
    await change(id);
    await api.backup(backup.id);
    await expectBytes(`backups/${backup.id}`, bytes);
  });

  test('B3: is in another place than the disk: with everything gone that the zone stored, it restores', async () => {
    const { id, bytes } = await filled();
    const backup = await api.createBackup(id);
    const snapshot = await api.createSnapshot(id);
    expect(await wipeZone(HOME)).toBeGreaterThan(0);
    // Nothing is left of disk and snapshot, whatever the control plane still lists.
    expect((await api.get(`volumes/${id}`, CONTENT)).status).toBe(404);
    expect((await api.get(`snapshots/${snapshot.id}`, CONTENT)).status).toBe(404);
    await expectBytes(`backups/${backup.id}`, bytes);
    const rescued = await api.createVolume({ availability_zone: HOME, backup_id: backup.id });
    await expectBytes(`volumes/${rescued.id}`, bytes);
    await settled(rescued.id);
    await expectBytes(`volumes/${rescued.id}`, bytes);
  });

  test('B4: is made by policy at its time without a call, named autobk_…, and the last n are kept', async () => {
    const { id } = await filled();
    const vaultId = await protect(id, 'FREQ=DAILY;BYHOUR=2;BYMINUTE=00', 2);
    const made = new Map<string, Uint8Array>();
    for (const day of [1, 2, 3]) {
      const now = await api.read(`volumes/${id}`, CONTENT);
      const { ran } = await api.advance(86_400);
      expect(ran).toHaveLength(1);
      expect(ran[0].due).toMatch(/T02:00:00\.000Z$/);
      const fresh = (await automatic(vaultId)).filter((one) => !made.has(one.id));
      expect(fresh, `day ${day}`).toHaveLength(1);
      expect(fresh[0]).toMatchObject({ resource_id: id, extend_info: { auto_trigger: true } });
      expect(fresh[0].name).toMatch(/^autobk_[0-9a-f]{4}$/);
      made.set(fresh[0].id, now);
      await change(id);
    }
    const kept = await api.until('retention', async () => {
      const all = await automatic(vaultId);
      return all.length === 2 ? all : null;
    });
    expect(kept.map((one) => one.id).sort()).toEqual([...made.keys()].slice(1).sort());
    for (const one of kept) await expectBytes(`backups/${one.id}`, made.get(one.id)!);
  });

  test('B5: stays when the disk is deleted, and is usable', async () => {
    const { id, bytes } = await filled();
    const backups = [await api.createBackup(id)];
    await change(id);
    backups.push(await api.createBackup(id));
    const list = async () => (await api.ask('GET', `/evs/v3/{p}/backups/detail?volume_id=${id}`)).backups;
    const before = await list();
    expect(before).toHaveLength(2);
    await api.deleteVolume(id);
    const ids = (all: Json[]) => all.map((one) => [one.id, one.status]).sort();
    expect(ids(await list())).toEqual(ids(before));
    await expectBytes(`backups/${backups[0].id}`, bytes);
    const copy = await api.createVolume({ backup_id: backups[0].id });
    await expectBytes(`volumes/${copy.id}`, bytes);
  });

  test("B6: is not in the disk's zone: with everything gone that was there it restores in another", async () => {
    const { id, bytes } = await filled();
    const backup = await api.createBackup(id);
    const { availability_zone: zone } = await api.volume(id);
    expect(zone).toBe(HOME);
    expect(backup.availability_zone).not.toBe(zone);
    await wipeZone(zone);
    await api.setZone(zone, 'down');
    const rescued = await api.createVolume({ availability_zone: ELSEWHERE, backup_id: backup.id });
    expect(rescued.availability_zone).toBe(ELSEWHERE);
    await expectBytes(`volumes/${rescued.id}`, bytes);
    await settled(rescued.id, ELSEWHERE);
    await expectBytes(`volumes/${rescued.id}`, bytes);
  });

  test('B7: restores onto the original disk', async () => {
    const { id, bytes } = await filled();
    const first = await api.createBackup(id);
    const changed = await change(id);
    const second = await api.createBackup(id);
    await change(id);
    await api.write(id, 2 ** 30 - MIB, randomBytes(MIB));
    await api.restore(first.id, id);
    await expectBytes(`volumes/${id}`, bytes);
    // What was written where the backup has nothing is gone too.
    const { blocks } = await api.ask('GET', `/data/v1/{p}/volumes/${id}/blocks?cursor=${CONTENT / 65_536}`);
    expect(blocks).toEqual([]);
    await api.restore(second.id, id);
    await expectBytes(`volumes/${id}`, changed);
    await settled(id);
    await expectBytes(`volumes/${id}`, changed);
  });

  test('B8: makes a new, independent disk', async () => {
    const { id, bytes } = await filled();
    const backup = await api.createBackup(id);
    const changed = await change(id);
    const copy = await api.createVolume({ backup_id: backup.id });
    await expectBytes(`volumes/${copy.id}`, bytes);
    const own = await change(copy.id);
    await expectBytes(`volumes/${id}`, changed);
    await expectBytes(`volumes/${copy.id}`, own);
    await expectBytes(`backups/${backup.id}`, bytes);
  });

  test('B8: also after the source is gone, and when hydration has ended even without the backup', async () => {
    const { id, bytes } = await filled();
    const backup = await api.createBackup(id);
    await api.deleteVolume(id);
    const copy = await api.createVolume({ backup_id: backup.id });
    await expectBytes(`volumes/${copy.id}`, bytes);
    await settled(copy.id);
    expect((await diskStatus(copy.id)).hydration).toBeNull();
    await expectBytes(`volumes/${copy.id}`, bytes);
    await api.deleteBackup(backup.id);
    await evictDurableObject(bindings.DISK.get(bindings.DISK.idFromName(copy.id)));
    await expectBytes(`volumes/${copy.id}`, bytes);
  });

  test("B9: restores in another zone when the disk's zone is lost", async () => {
    const { id, bytes } = await filled();
    const backup = await api.createBackup(id);
    await api.setZone(HOME, 'down');
    expect((await api.get(`volumes/${id}`, CONTENT)).status).toBe(503);
    const rescued = await api.createVolume({ availability_zone: ELSEWHERE, backup_id: backup.id });
    await expectBytes(`volumes/${rescued.id}`, bytes);
    await settled(rescued.id, ELSEWHERE);
    await expectBytes(`volumes/${rescued.id}`, bytes);
    await api.setZone(HOME, 'up');
    await expectBytes(`volumes/${id}`, bytes);
  });
});

describe('a snapshot', () => {
  test('S1: is stored with the disk: damage of the disk makes it unusable', async () => {
    const { id, bytes } = await filled();
    const snapshot = await api.createSnapshot(id);
    await settled(id);
    await expectBytes(`snapshots/${snapshot.id}`, bytes);
    expect(await api.damage(id)).toBeGreaterThan(0);
    const answer = await api.get(`snapshots/${snapshot.id}`, CONTENT);
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({ error: { code: 'damaged' } });
    // Going back to it does not help either.
    await api.rollback(snapshot.id, id);
    expect((await api.get(`volumes/${id}`, CONTENT)).status).toBe(500);
  });

  test('S2: shows the state of one moment: later writes are not in it', async () => {
    const { id, bytes } = await filled();
    const first = await api.createSnapshot(id);
    const changed = await change(id);
    const second = await api.createSnapshot(id);
    await change(id);
    await expectBytes(`snapshots/${first.id}`, bytes);
    await expectBytes(`snapshots/${second.id}`, changed);
    await settled(id);
    await expectBytes(`snapshots/${first.id}`, bytes);
    await expectBytes(`snapshots/${second.id}`, changed);
    const refused = await api.send('PUT', `/data/v1/{p}/snapshots/${first.id}`, randomBytes(512));
    expect(refused.status).toBeGreaterThanOrEqual(400);
    await expectBytes(`snapshots/${first.id}`, bytes);
  });

  test('S3: is gone when the disk is deleted', async () => {
    const { id } = await filled();
    const snapshots = [await api.createSnapshot(id), await api.createSnapshot(id)];
    await api.deleteVolume(id);
    for (const { id: snapshotId } of snapshots) {
      for (const path of [`/evs/v2/{p}/cloudsnapshots/${snapshotId}`, `/evs/v3/{p}/snapshots/${snapshotId}`]) {
        expect((await api.answer('GET', path)).status).toBe(404);
      }
      expect((await api.get(`snapshots/${snapshotId}`, CONTENT)).status).toBe(404);
    }
    expect((await api.ask('GET', `/evs/v3/{p}/snapshots?volume_id=${id}`)).snapshots).toEqual([]);
  });

  test.each(['reinstallos', 'changeos'])(
    'S4: of a system disk is gone after %s, that of a data disk is not',
    async (verb) => {
      const system = await filled();
      const data = await filled();
      const systemSnapshot = await api.createSnapshot(system.id);
      const dataSnapshot = await api.createSnapshot(data.id);
      const changed = await change(data.id);
      const { serverIds } = await api.ask('POST', '/ecs/v1/{p}/cloudservers', {
        server: { name: 's', root_volume: { id: system.id }, data_volumes: [{ id: data.id }] },
      });
      const server = `/ecs/v1/{p}/cloudservers/${serverIds[0]}`;
      await api.ask('POST', `/ecs/v2.1/{p}/servers/${serverIds[0]}/action`, { 'os-stop': null });
      const body = { [verb === 'changeos' ? 'os-change' : 'os-reinstall']: {} };
      const { job_id: jobId } = await api.ask('POST', `${server}/${verb}`, body);
      await api.until('the job', async () =>
        (await api.ask('GET', `/ecs/v1/{p}/jobs/${jobId}`)).status === 'SUCCESS' ? true : null,
      );
      expect((await api.answer('GET', `/evs/v2/{p}/cloudsnapshots/${systemSnapshot.id}`)).status).toBe(404);
      expect((await api.get(`snapshots/${systemSnapshot.id}`, CONTENT)).status).toBe(404);
      await expectBytes(`volumes/${system.id}`, new Uint8Array(CONTENT));
      await expectBytes(`snapshots/${dataSnapshot.id}`, data.bytes);
      await expectBytes(`volumes/${data.id}`, changed);
      await api.ask('DELETE', server);
      expect((await api.rollback(dataSnapshot.id, data.id)).status).toBe(202);
      await expectBytes(`volumes/${data.id}`, data.bytes);
    },
  );

  test("S5: is in the disk's zone, and so is every disk that is made from it (EVS.2054)", async () => {
    const { id } = await filled();
    const snapshot = await api.createSnapshot(id);
    const inZone = async (zone: string) =>
      (await api.ask('GET', `/evs/v3/{p}/snapshots?availability_zone=${zone}`)).snapshots.map((one: Json) => one.id);
    expect(await inZone(HOME)).toContain(snapshot.id);
    expect(await inZone(ELSEWHERE)).not.toContain(snapshot.id);
    const before = (await api.ask('GET', '/evs/v3/{p}/volumes')).volumes.length;
    const native = { size: 10, snapshot_id: snapshot.id, availability_zone: ELSEWHERE, volume_type: 'SSD' };
    const refused = await api.answer('POST', '/evs/v2/{p}/cloudvolumes', { volume: native });
    expect([refused.status, JSON.parse(refused.text).error.code]).toEqual([400, 'EVS.2054']);
    const cinder = { size: 1, snapshot_id: snapshot.id, availability_zone: ELSEWHERE };
    expect((await api.answer('POST', '/evs/v3/{p}/volumes', { volume: cinder })).status).toBe(400);
    expect((await api.ask('GET', '/evs/v3/{p}/volumes')).volumes).toHaveLength(before);
    const copy = await api.createVolume({ snapshot_id: snapshot.id });
    expect(copy.availability_zone).toBe(HOME);
    // Its zone is its fate: with the zone down nothing of it can be reached.
    await api.setZone(HOME, 'down');
    expect((await api.get(`snapshots/${snapshot.id}`, CONTENT)).status).toBe(503);
  });

  test('S6: brings the original disk back, any number of times', async () => {
    const { id, bytes } = await filled();
    const first = await api.createSnapshot(id);
    const changed = await change(id);
    const second = await api.createSnapshot(id);
    await change(id);
    for (const [snapshot, expected] of [
      [first, bytes],
      [second, changed],
      [first, bytes],
    ] as const) {
      expect((await api.rollback(snapshot.id, id)).status).toBe(202);
      await expectBytes(`volumes/${id}`, expected);
    }
    await expectBytes(`snapshots/${second.id}`, changed);
  });

  test('S7: makes a new disk with its bytes', async () => {
    const { id, bytes } = await filled();
    const snapshot = await api.createSnapshot(id);
    const changed = await change(id);
    const copy = await api.createVolume({ snapshot_id: snapshot.id });
    await expectBytes(`volumes/${copy.id}`, bytes);
    const own = await change(copy.id);
    await expectBytes(`snapshots/${snapshot.id}`, bytes);
    await expectBytes(`volumes/${id}`, changed);
    await api.deleteVolume(id);
    await expectBytes(`volumes/${copy.id}`, own);
    await settled(copy.id);
    await expectBytes(`volumes/${copy.id}`, own);
  });
});

describe('both', () => {
  /** What a disk's operation made the platform do, from a settled disk until all is over. */
  async function spent(id: string, run: () => Promise<unknown>): Promise<MeterCounts> {
    await settled(id);
    const before = (await diskStatus(id)).cost;
    await run();
    const after = (await diskStatus(id)).cost;
    const counts = Object.entries(after).map(([key, value]) => [key, value - before[key as keyof MeterCounts]]);
    return Object.fromEntries(counts) as unknown as MeterCounts;
  }

  const obsWork = (cost: MeterCounts) =>
    cost.obsClassA + cost.obsClassB + cost.obsDeletes + cost.obsBytesIn + cost.obsBytesOut;

  test('N1: a snapshot and a rollback do less than a backup, which moves the data to object storage', async () => {
    const rows: number[][] = [];
    for (const megabytes of [1, 12]) {
      const { id } = await api.createVolume({ availability_zone: HOME });
      for (let at = 0; at < megabytes; at++) await api.write(id, at * MIB, randomBytes(MIB));
      let snapshotId = '';
      const snapshot = await spent(id, async () => {
        snapshotId = (await api.createSnapshot(id)).id;
      });
      await api.write(id, MIB / 2, randomBytes(65_536));
      const rollback = await spent(id, () => api.rollback(snapshotId, id));
      const backup = await spent(id, () => api.createBackup(id));
      expect([obsWork(snapshot), obsWork(rollback)]).toEqual([0, 0]);
      // Rows that keep the job's state are among them.
      expect(snapshot.rowsWritten).toBeLessThan(12);
      expect(rollback.rowsWritten).toBeLessThan(24);
      rows.push([snapshot.rowsWritten, rollback.rowsWritten]);
      expect(backup.obsBytesIn).toBeGreaterThanOrEqual(megabytes * MIB);
      expect(backup.obsClassA).toBeGreaterThanOrEqual(2);
    }
    // And the same for little data and for much.
    expect(rows[1]).toEqual(rows[0]);
  });

  test('N1: what operations cost is in the metrics, for snapshot, rollback and backup', async () => {
    const counter = async (name: string, kind: string) => {
      const text = await (await api.send('GET', '/metrics')).text();
      const line = text.split('\n').find((one) => one.startsWith(`evs_operation_${name}_total{`) && one.includes(kind));
      return Number(line?.split(' ').at(-1) ?? 0);
    };
    const { id } = await filled();
    const moved = async (kind: string) =>
      (await counter('obs_bytes_in', kind)) + (await counter('obs_bytes_out', kind));
    const before = await moved('createBackup');
    const snapshot = await api.createSnapshot(id);
    await api.rollback(snapshot.id, id);
    await api.createBackup(id);
    expect([await moved('createSnapshot'), await moved('rollback')]).toEqual([0, 0]);
    expect(await moved('createBackup')).toBeGreaterThan(before + MIB);
    expect(await counter('rows_written', 'createSnapshot')).toBeGreaterThan(0);
    expect(await counter('rows_written', 'rollback')).toBeGreaterThan(0);
  });

  test('N2: no call rolls a snapshot back onto another disk, and the attempt changes nothing', async () => {
    const source = await filled();
    const other = await filled();
    const snapshot = await api.createSnapshot(source.id);
    const changed = await change(source.id);
    for (const path of ['cloudsnapshots', 'os-vendor-snapshots']) {
      const body = { rollback: { volume_id: other.id } };
      const refused = await api.answer('POST', `/evs/v2/{p}/${path}/${snapshot.id}/rollback`, body);
      expect(refused.status).toBe(400);
      expect(refused.text).toContain('cannot be rolled back to another volume');
    }
    const revert = { revert: { snapshot_id: snapshot.id } };
    const refused = await api.answer('POST', `/evs/v3/{p}/volumes/${other.id}/action`, revert);
    expect(refused.status).toBe(400);
    expect(refused.text).toContain(`has no snapshot`);
    for (const { id } of [source, other]) expect((await api.volume(id)).status).toBe('available');
    expect((await api.settled(`/evs/v3/{p}/snapshots/${snapshot.id}`, 'snapshot')).status).toBe('available');
    await expectBytes(`volumes/${other.id}`, other.bytes);
    await expectBytes(`volumes/${source.id}`, changed);
    await expectBytes(`snapshots/${snapshot.id}`, source.bytes);
  });
});

/** A vault with the disk, under a policy that keeps the last `keep`. */
async function protect(volumeId: string, pattern: string, keep: number): Promise<string> {
  const { policy } = await api.ask('POST', '/cbr/v3/{p}/policies', {
    policy: {
      name: 'daily',
      operation_type: 'backup',
      operation_definition: { max_backups: keep },
      trigger: { properties: { pattern: [pattern] } },
    },
  });
  const { vault } = await api.ask('POST', '/cbr/v3/{p}/vaults', {
    vault: {
      name: 'daily',
      billing: { size: 10, object_type: 'disk', protect_type: 'backup' },
      resources: [{ id: volumeId, type: 'OS::Cinder::Volume' }],
    },
  });
  await api.ask('POST', `/cbr/v3/{p}/vaults/${vault.id}/associatepolicy`, { policy_id: policy.id });
  return vault.id;
}

/** Backups in a vault, once none is under way. */
async function automatic(vaultId: string): Promise<Json[]> {
  return await api.until('the automatic backup', async () => {
    const { backups } = await api.ask('GET', `/cbr/v3/{p}/backups?vault_id=${vaultId}`);
    return backups.some((one: Json) => one.status === 'protecting') ? null : backups;
  });
}
