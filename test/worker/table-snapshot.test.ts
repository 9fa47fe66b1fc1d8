// The table that must hold: "backup and snapshot compared" (evs_01_0048), a test for each statement, through the HTTP API
// and over the real objects. Here: snapshots. The ids are those of the fact sheet's section 4.

import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from './api.ts';
import { randomBytes } from './disk-driver.ts';
import { CONTENT, ELSEWHERE, HOME, Table } from './table.ts';

let table: Table;

beforeAll(async () => {
  table = await Table.login();
});

afterEach(async () => {
  await table.api.setZone(HOME, 'up');
});

describe('a snapshot', () => {
  test('S1: is stored with the disk: damage of the disk makes it unusable', async () => {
    const { id, bytes } = await table.filled();
    const snapshot = await table.api.createSnapshot(id);
    await table.settled(id);
    await table.expectBytes(`snapshots/${snapshot.id}`, bytes);
    expect(await table.api.damage(id)).toBeGreaterThan(0);
    const answer = await table.api.get(`snapshots/${snapshot.id}`, CONTENT);
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({ error: { code: 'damaged' } });
    // Going back to it does not help either.
    await table.api.rollback(snapshot.id, id);
    expect((await table.api.get(`volumes/${id}`, CONTENT)).status).toBe(500);
  });

  test('S2: shows the state of one moment: later writes are not in it', async () => {
    const { id, bytes } = await table.filled();
    const first = await table.api.createSnapshot(id);
    const changed = await table.change(id);
    const second = await table.api.createSnapshot(id);
    await table.change(id);
    await table.expectBytes(`snapshots/${first.id}`, bytes);
    await table.expectBytes(`snapshots/${second.id}`, changed);
    await table.settled(id);
    await table.expectBytes(`snapshots/${first.id}`, bytes);
    await table.expectBytes(`snapshots/${second.id}`, changed);
    const refused = await table.api.send('PUT', `/data/v1/{p}/snapshots/${first.id}`, randomBytes(512));
    expect(refused.status).toBeGreaterThanOrEqual(400);
    await table.expectBytes(`snapshots/${first.id}`, bytes);
  });

  test('S3: is gone when the disk is deleted', async () => {
    const { id } = await table.filled();
    const snapshots = [await table.api.createSnapshot(id), await table.api.createSnapshot(id)];
    await table.api.deleteVolume(id);
    for (const { id: snapshotId } of snapshots) {
      for (const path of [`/evs/v2/{p}/cloudsnapshots/${snapshotId}`, `/evs/v3/{p}/snapshots/${snapshotId}`]) {
        expect((await table.api.answer('GET', path)).status).toBe(404);
      }
      expect((await table.api.get(`snapshots/${snapshotId}`, CONTENT)).status).toBe(404);
    }
    expect((await table.api.ask('GET', `/evs/v3/{p}/snapshots?volume_id=${id}`)).snapshots).toEqual([]);
  });

  test.each(['reinstallos', 'changeos'])(
    'S4: of a system disk is gone after %s, that of a data disk is not',
    async (verb) => {
      const system = await table.filled();
      const data = await table.filled();
      const systemSnapshot = await table.api.createSnapshot(system.id);
      const dataSnapshot = await table.api.createSnapshot(data.id);
      const changed = await table.change(data.id);
      const { serverIds } = await table.api.ask('POST', '/ecs/v1/{p}/cloudservers', {
        server: { name: 's', root_volume: { id: system.id }, data_volumes: [{ id: data.id }] },
      });
      const server = `/ecs/v1/{p}/cloudservers/${serverIds[0]}`;
      await table.api.ask('POST', `/ecs/v2.1/{p}/servers/${serverIds[0]}/action`, { 'os-stop': null });
      const body = { [verb === 'changeos' ? 'os-change' : 'os-reinstall']: {} };
      const { job_id: jobId } = await table.api.ask('POST', `${server}/${verb}`, body);
      await table.api.until('the job', async () =>
        (await table.api.ask('GET', `/ecs/v1/{p}/jobs/${jobId}`)).status === 'SUCCESS' ? true : null,
      );
      expect((await table.api.answer('GET', `/evs/v2/{p}/cloudsnapshots/${systemSnapshot.id}`)).status).toBe(404);
      expect((await table.api.get(`snapshots/${systemSnapshot.id}`, CONTENT)).status).toBe(404);
      await table.expectBytes(`volumes/${system.id}`, new Uint8Array(CONTENT));
      await table.expectBytes(`snapshots/${dataSnapshot.id}`, data.bytes);
      await table.expectBytes(`volumes/${data.id}`, changed);
      await table.api.ask('DELETE', server);
      expect((await table.api.rollback(dataSnapshot.id, data.id)).status).toBe(202);
      await table.expectBytes(`volumes/${data.id}`, data.bytes);
    },
  );

  test("S5: is in the disk's zone, and so is every disk that is made from it (EVS.2054)", async () => {
    const { id } = await table.filled();
    const snapshot = await table.api.createSnapshot(id);
    const inZone = async (zone: string) =>
      (await table.api.ask('GET', `/evs/v3/{p}/snapshots?availability_zone=${zone}`)).snapshots.map(
        (one: Json) => one.id,
      );
    expect(await inZone(HOME)).toContain(snapshot.id);
    expect(await inZone(ELSEWHERE)).not.toContain(snapshot.id);
    const before = (await table.api.ask('GET', '/evs/v3/{p}/volumes')).volumes.length;
    const native = { size: 10, snapshot_id: snapshot.id, availability_zone: ELSEWHERE, volume_type: 'SSD' };
    const refused = await table.api.answer('POST', '/evs/v2/{p}/cloudvolumes', { volume: native });
    expect([refused.status, JSON.parse(refused.text).error.code]).toEqual([400, 'EVS.2054']);
    const cinder = { size: 1, snapshot_id: snapshot.id, availability_zone: ELSEWHERE };
    expect((await table.api.answer('POST', '/evs/v3/{p}/volumes', { volume: cinder })).status).toBe(400);
    expect((await table.api.ask('GET', '/evs/v3/{p}/volumes')).volumes).toHaveLength(before);
    const copy = await table.api.createVolume({ snapshot_id: snapshot.id });
    expect(copy.availability_zone).toBe(HOME);
    // Its zone is its fate: with the zone down nothing of it can be reached.
    await table.api.setZone(HOME, 'down');
    expect((await table.api.get(`snapshots/${snapshot.id}`, CONTENT)).status).toBe(503);
  });

  test('S6: brings the original disk back, any number of times', async () => {
    const { id, bytes } = await table.filled();
    const first = await table.api.createSnapshot(id);
    const changed = await table.change(id);
    const second = await table.api.createSnapshot(id);
    await table.change(id);
    for (const [snapshot, expected] of [
      [first, bytes],
      [second, changed],
      [first, bytes],
    ] as const) {
      expect((await table.api.rollback(snapshot.id, id)).status).toBe(202);
      await table.expectBytes(`volumes/${id}`, expected);
    }
    await table.expectBytes(`snapshots/${second.id}`, changed);
  });

  test('S7: makes a new disk with its bytes', async () => {
    const { id, bytes } = await table.filled();
    const snapshot = await table.api.createSnapshot(id);
    const changed = await table.change(id);
    const copy = await table.api.createVolume({ snapshot_id: snapshot.id });
    await table.expectBytes(`volumes/${copy.id}`, bytes);
    const own = await table.change(copy.id);
    await table.expectBytes(`snapshots/${snapshot.id}`, bytes);
    await table.expectBytes(`volumes/${id}`, changed);
    await table.api.deleteVolume(id);
    await table.expectBytes(`volumes/${copy.id}`, own);
    await table.settled(copy.id);
    await table.expectBytes(`volumes/${copy.id}`, own);
  });
});
