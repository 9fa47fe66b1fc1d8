// A volume goes to another project, with its snapshots and without moving a byte.

import { beforeAll, describe, expect, it } from 'vitest';
import type { Json } from './api.ts';
import { at, must, pattern, type Users, users } from './cinder-bench.ts';

let who: Users;
beforeAll(async () => {
  who = await users();
});

const offer = async (volumeId: string): Promise<Json> =>
  (await must(202, who.demo, 'POST', '/volume-transfers', { transfer: { volume_id: volumeId, name: ' t ' } })).transfer;

describe('a transfer', () => {
  it('gives the volume, its bytes and its snapshots to who has the key, and takes all from who had them', async () => {
    const { demo, other } = who;
    const volume = await demo.createVolume({ name: 'goes' });
    await demo.write(volume.id, 0, pattern(1));
    const snapshot = await demo.createSnapshot(volume.id);
    const backup = await demo.createBackup(volume.id);
    await demo.write(volume.id, 0, pattern(2));
    const transfer = await offer(volume.id);
    expect(transfer).toMatchObject({ name: 't', accepted: false, source_project_id: demo.projectId });
    expect(transfer.auth_key).toMatch(/^[0-9a-f]{16}$/);
    expect((await demo.volumeAs(volume.id)).status).toBe('awaiting-transfer');

    const accept = (key: string) =>
      at(70, other, 'POST', `/volume-transfers/${transfer.id}/accept`, { accept: { auth_key: key } });
    expect((await accept('0000000000000000')).status).toBe(400);
    const accepted = await accept(transfer.auth_key);
    expect(accepted.status).toBe(202);
    expect(Object.keys(accepted.body.transfer).sort()).toEqual(['id', 'links', 'name', 'volume_id']);
    const now = await other.volume(volume.id);
    expect(now).toMatchObject({ name: 'goes', 'os-vol-tenant-attr:tenant_id': other.projectId });
    expect(await other.read(`volumes/${volume.id}`, 65_536)).toEqual(pattern(2));
    expect(await other.read(`snapshots/${snapshot.id}`, 65_536)).toEqual(pattern(1));

    for (const path of [`/volumes/${volume.id}`, `/snapshots/${snapshot.id}`, `/volume-transfers/${transfer.id}`]) {
      expect((await at(70, demo, 'GET', path)).status, path).toBe(404);
    }
    expect((await demo.get(`volumes/${volume.id}`, 512)).status).toBe(404);
    expect((await accept(transfer.auth_key)).status).toBe(404);
    // B5, in another way: the backup stays with who made it.
    expect(await demo.read(`backups/${backup.id}`, 65_536)).toEqual(pattern(1));
    const made = await demo.createVolume({ backup_id: backup.id });
    expect(await demo.read(`volumes/${made.id}`, 65_536)).toEqual(pattern(1));
    // The new owner's disk does all that a disk does.
    await other.write(volume.id, 0, pattern(3));
    await other.createBackup(volume.id);
    await other.deleteVolume(volume.id);
  });

  it('can be taken back, and is nothing for a volume that is used or unknown', async () => {
    const { demo, other } = who;
    const volume = await demo.createVolume();
    const transfer = await offer(volume.id);
    expect((await at(70, other, 'GET', `/volume-transfers/${transfer.id}`)).status).toBe(404);
    expect((await at(70, demo, 'POST', '/volume-transfers', { transfer: { volume_id: volume.id } })).status).toBe(400);
    await must(202, demo, 'DELETE', `/volume-transfers/${transfer.id}`);
    expect((await demo.volume(volume.id)).status).toBe('available');
    const path = `/volume-transfers/${transfer.id}/accept`;
    expect((await at(70, other, 'POST', path, { accept: { auth_key: transfer.auth_key } })).status).toBe(404);
    await must(202, demo, 'POST', `/volumes/${volume.id}/action`, {
      'os-attach': { instance_uuid: 'x', mountpoint: '/dev/vdx' },
    });
    expect((await at(70, demo, 'POST', '/volume-transfers', { transfer: { volume_id: volume.id } })).status).toBe(400);
  });

  it('of a disk that still fetches its content, or that a clone reads from, ends when that has ended', async () => {
    const { demo, other } = who;
    const source = await demo.createVolume();
    await demo.write(source.id, 0, pattern(4));
    const { volume: clone } = await must(202, demo, 'POST', '/volumes', { volume: { source_volid: source.id } });
    await demo.volume(clone.id);
    for (const id of [clone.id, source.id]) {
      const transfer = await offer(id);
      const path = `/volume-transfers/${transfer.id}/accept`;
      await must(202, other, 'POST', path, { accept: { auth_key: transfer.auth_key } });
    }
    for (const id of [clone.id, source.id]) {
      await other.volume(id);
      expect(await other.read(`volumes/${id}`, 65_536)).toEqual(pattern(4));
    }
  });

  it('leaves no snapshot behind', async () => {
    const { demo } = who;
    const volume = await demo.createVolume();
    await demo.createSnapshot(volume.id);
    const transfer = { volume_id: volume.id, no_snapshots: true };
    expect((await at(55, demo, 'POST', '/volume-transfers', { transfer })).status).toBe(400);
    expect((await demo.volume(volume.id)).status).toBe('available');
  });

  it('is refused when the new owner has no room for it, and then waits for another', async () => {
    const { demo, other, admin } = who;
    const volume = await demo.createVolume();
    const transfer = await offer(volume.id);
    await must(200, admin, 'PUT', `/os-quota-sets/${other.projectId}`, { quota_set: { volumes: 0 } });
    const accept = () =>
      at(70, other, 'POST', `/volume-transfers/${transfer.id}/accept`, { accept: { auth_key: transfer.auth_key } });
    expect((await accept()).status).toBe(413);
    expect((await demo.volumeAs(volume.id)).status).toBe('awaiting-transfer');
    await must(200, admin, 'DELETE', `/os-quota-sets/${other.projectId}`);
    expect((await accept()).status).toBe(202);
    await other.volume(volume.id);
  });

  it('has its form by version: volume-transfers from 3.55, the history from 3.57', async () => {
    const { demo } = who;
    const volume = await demo.createVolume();
    const transfer = await offer(volume.id);
    const keys = async (minor: number, path: string) =>
      Object.keys((await at(minor, demo, 'GET', `${path}/${transfer.id}`)).body.transfer ?? {}).sort();
    const plain = ['created_at', 'id', 'links', 'name', 'volume_id'];
    expect(await keys(54, '/os-volume-transfer')).toEqual(plain);
    expect((await at(54, demo, 'GET', `/volume-transfers/${transfer.id}`)).status).toBe(404);
    expect(await keys(55, '/volume-transfers')).toEqual([...plain, 'no_snapshots'].sort());
    expect(await keys(57, '/volume-transfers')).toContain('destination_project_id');
  });
});
