// Cinder's backups: parents and children in name, records that are carried about, and what administrators may.

import { beforeAll, describe, expect, it } from 'vitest';
import type { Api, Json } from './api.ts';
import { at, must, pattern, type Users, users } from './cinder-bench.ts';

let who: Users;
beforeAll(async () => {
  who = await users();
});

const backUp = (api: Api, volumeId: string, fields: Readonly<Record<string, unknown>> = {}) =>
  at(70, api, 'POST', '/backups', { backup: { volume_id: volumeId, ...fields } });

async function made(api: Api, volumeId: string, fields: Readonly<Record<string, unknown>> = {}): Promise<Json> {
  const { status, body } = await backUp(api, volumeId, fields);
  expect(status).toBe(202);
  return await api.backup(body.backup.id);
}

describe('incremental', () => {
  it('needs a backup to build on, and that one cannot go first: in the Cinder form only', async () => {
    const { demo } = who;
    const volume = await demo.createVolume();
    expect((await backUp(demo, volume.id, { incremental: true })).status).toBe(400);
    const full = await made(demo, volume.id);
    expect(full).toMatchObject({ is_incremental: false, has_dependent_backups: false });
    const child = await made(demo, volume.id, { incremental: true });
    expect(child).toMatchObject({ is_incremental: true, has_dependent_backups: false });
    expect((await demo.backup(full.id)).has_dependent_backups).toBe(true);
    expect((await at(70, demo, 'DELETE', `/backups/${full.id}`)).status).toBe(400);
    // Each stands alone all the same: the vendor's form says so, and takes any of them.
    const vendors = (await demo.ask('GET', `/vbs/v2/{p}/backups/${full.id}`)).backup;
    expect(vendors.has_dependent_backups).toBe(false);
    expect((await demo.send('DELETE', `/vbs/v2/{p}/backups/${full.id}`)).status).toBe(202);
    await demo.gone(`/evs/v3/{p}/backups/${full.id}`);
    await demo.restore(child.id, volume.id);
  });

  it('of a volume in use needs force, of a snapshot it leaves the volume alone', async () => {
    const { demo } = who;
    const volume = await demo.createVolume();
    const snapshot = await demo.createSnapshot(volume.id);
    const ofSnapshot = await backUp(demo, volume.id, { snapshot_id: snapshot.id });
    expect((await demo.volumeAs(volume.id)).status).toBe('available');
    await demo.backup(ofSnapshot.body.backup.id);
    await must(202, demo, 'POST', `/volumes/${volume.id}/action`, {
      'os-attach': { instance_uuid: 'x', mountpoint: '/dev/vdx' },
    });
    expect((await backUp(demo, volume.id)).status).toBe(400);
    await made(demo, volume.id, { force: true });
  });
});

describe('records', () => {
  it('are taken in under another id, or again after they were lost; the bytes go with the last of them', async () => {
    const { demo, admin } = who;
    const volume = await demo.createVolume();
    await demo.write(volume.id, 0, pattern(1));
    const backup = await demo.createBackup(volume.id);
    const path = `/backups/${backup.id}/export_record`;
    expect((await at(70, demo, 'GET', path)).status).toBe(403);
    const record = (await must(200, admin, 'GET', path))['backup-record'];
    const take = (body: Json) => at(70, admin, 'POST', '/backups/import_record', { 'backup-record': body });
    expect((await take(record)).status).toBe(400);

    const id = crypto.randomUUID();
    const url = btoa(JSON.stringify({ ...JSON.parse(atob(record.backup_url)), id }));
    const again = await take({ ...record, backup_url: url });
    expect([again.status, again.body.backup.id]).toEqual([201, id]);
    // It is the administrator's, and its bytes are where they were.
    expect((await must(200, admin, 'GET', '/backups')).backups.map((each: Json) => each.id)).toContain(id);
    expect((await at(70, demo, 'GET', `/backups/${id}`)).status).toBe(404);
    expect((await must(200, demo, 'GET', '/backups')).backups.map((each: Json) => each.id)).not.toContain(id);
    await demo.deleteBackup(backup.id);
    await must(202, admin, 'POST', `/backups/${id}/restore`, { restore: { volume_id: volume.id } });
    await demo.volume(volume.id);
    expect(await demo.read(`volumes/${volume.id}`, 65_536)).toEqual(pattern(1));
    // The first one's record comes back, since the bytes are still there.
    expect((await take(record)).status).toBe(201);
    await admin.backup(backup.id);
    for (const each of [id, backup.id]) await must(202, admin, 'DELETE', `/backups/${each}`);
    await admin.gone(`/evs/v3/{p}/backups/${backup.id}`);
    expect((await take(record)).status).toBe(400);
  });

  it('that are none of ours are refused', async () => {
    const { admin } = who;
    const volume = await who.demo.createVolume();
    const backup = await who.demo.createBackup(volume.id);
    const exported = await must(200, admin, 'GET', `/backups/${backup.id}/export_record`);
    const written = JSON.parse(atob(exported['backup-record'].backup_url));
    // Well formed, but nothing that a list could show, or a disk be made of.
    const id = crypto.randomUUID();
    const never = { ...written, id, created_ms: Number.MAX_SAFE_INTEGER };
    const badKeys = { ...written, id, volume: { ...written.volume, metadata: { '': 'x' } } };
    const mended = [never, badKeys].map((each) => btoa(JSON.stringify(each)));
    for (const url of ['', '!', btoa('{}'), btoa('null'), 'x'.repeat(70_000), ...mended]) {
      const body = { 'backup-record': { backup_service: 'cinder.backup.drivers.edge_evs', backup_url: url } };
      expect((await at(70, admin, 'POST', '/backups/import_record', body)).status).toBe(400);
    }
  });
});

describe('an administrator', () => {
  it('keeps the backups of other projects for himself, and incremental ones know only their own', async () => {
    const { demo, admin } = who;
    const volume = await demo.createVolume();
    const theirs = await made(admin, volume.id);
    expect((await at(70, demo, 'GET', `/backups/${theirs.id}`)).status).toBe(404);
    expect((await backUp(demo, volume.id, { incremental: true })).status).toBe(400);
    const quota = await must(200, demo, 'GET', `/os-quota-sets/${demo.projectId}?usage=True`);
    const listed = await must(200, demo, 'GET', '/backups');
    expect(quota.quota_set.backups.in_use).toBe(listed.backups.length);
  });

  it('has backups of a tenant that this one cannot read, restore or make disks of', async () => {
    const { demo, admin } = who;
    const volume = await demo.createVolume();
    await demo.write(volume.id, 0, pattern(7));
    const { id } = await made(admin, volume.id);
    const before = await must(200, demo, 'GET', '/volumes');
    expect((await at(70, demo, 'POST', '/volumes', { volume: { size: 1, backup_id: id } })).status).toBe(404);
    const native = { volume: { availability_zone: 'eu-de-01', volume_type: 'SAS', size: 10, backup_id: id } };
    expect((await demo.send('POST', '/evs/v2/{p}/cloudvolumes', native)).status).toBe(404);
    expect((await demo.get(`backups/${id}`, 512)).status).toBe(404);
    expect((await demo.send('GET', `/data/v1/{p}/backups/${id}/blocks`)).status).toBe(404);
    expect((await at(70, demo, 'POST', `/backups/${id}/restore`, { restore: {} })).status).toBe(404);
    expect((await demo.answer('GET', '/cbr/v3/{p}/operation-logs')).text).not.toContain(id);
    expect(await must(200, demo, 'GET', '/volumes')).toEqual(before);
    expect((await must(200, admin, 'GET', `/backups/${id}`)).backup.status).toBe('available');
    await must(202, admin, 'DELETE', `/backups/${id}`);
    await admin.gone(`/evs/v3/{p}/backups/${id}`);
    expect((await demo.answer('GET', '/cbr/v3/{p}/operation-logs')).text).not.toContain(id);
  });

  it('has backups that fail without a word to the tenant', async () => {
    const { demo, admin } = who;
    const volume = await demo.createVolume();
    await demo.write(volume.id, 0, pattern(3));
    await demo.damage(volume.id);
    const { body } = await backUp(admin, volume.id);
    await admin.settled(`/evs/v3/{p}/backups/${body.backup.id}`, 'backup', 'error');
    const { messages } = await must(200, demo, 'GET', '/messages');
    expect(messages.map((each: Json) => each.resource_uuid)).not.toContain(body.backup.id);
  });

  it('says what a stuck one is, and nobody else does', async () => {
    const { demo, admin } = who;
    const volume = await demo.createVolume();
    const backup = await demo.createBackup(volume.id);
    const act = (api: Api, body: Json) => at(70, api, 'POST', `/backups/${backup.id}/action`, body);
    expect((await act(demo, { 'os-reset_status': { status: 'error' } })).status).toBe(403);
    expect((await act(admin, { 'os-reset_status': { status: 'flying' } })).status).toBe(400);
    expect((await act(admin, { 'os-reset_status': { status: 'error' } })).status).toBe(202);
    expect((await must(200, demo, 'GET', `/backups/${backup.id}`)).backup.status).toBe('error');
    expect((await act(demo, { 'os-force_delete': {} })).status).toBe(403);
    expect((await act(admin, { 'os-force_delete': {} })).status).toBe(202);
    await demo.gone(`/evs/v3/{p}/backups/${backup.id}`);
  });
});
