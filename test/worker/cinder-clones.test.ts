// Volumes made from volumes: the bytes of one moment, and nothing left behind.

import { beforeAll, describe, expect, it } from 'vitest';
import { at, must, pattern, type Users, users } from './cinder-bench.ts';

let who: Users;
beforeAll(async () => {
  who = await users();
});

describe('a clone', () => {
  it('has the bytes of its source as they were, and takes metadata, zone and size from it', async () => {
    const { demo } = who;
    const source = await demo.createVolume({ metadata: { a: 'b' }, availability_zone: 'eu-de-02' });
    await demo.write(source.id, 0, pattern(1));
    const { volume } = await must(202, demo, 'POST', '/volumes', {
      volume: { source_volid: source.id, name: 'clone' },
    });
    expect(volume).toMatchObject({ source_volid: source.id, size: 1, availability_zone: 'eu-de-02' });
    expect(volume.metadata).toEqual({ a: 'b' });
    await demo.volume(volume.id);
    await demo.write(source.id, 0, pattern(2));
    expect(await demo.read(`volumes/${volume.id}`, 65_536)).toEqual(pattern(1));
    expect(await demo.read(`volumes/${source.id}`, 65_536)).toEqual(pattern(2));
    // The moment was marked by a snapshot that nobody sees, and that goes again.
    expect((await must(200, demo, 'GET', `/snapshots?volume_id=${source.id}`)).snapshots).toEqual([]);
    await demo.deleteVolume(source.id);
    expect(await demo.read(`volumes/${volume.id}`, 65_536)).toEqual(pattern(1));
  });

  it('may be larger, never smaller, nor in another zone, nor of two things at once', async () => {
    const { demo } = who;
    const source = await demo.createVolume({ size: 2 });
    const make = (volume: Readonly<Record<string, unknown>>) =>
      at(70, demo, 'POST', '/volumes', { volume: { source_volid: source.id, ...volume } });
    expect((await make({ size: 1 })).status).toBe(400);
    expect((await make({ availability_zone: 'eu-de-03' })).status).toBe(400);
    expect((await make({ snapshot_id: source.id })).status).toBe(400);
    expect((await at(70, demo, 'POST', '/volumes', { volume: { source_volid: 'nope' } })).status).toBe(404);
    const { body } = await make({ size: 3 });
    expect((await demo.volume(body.volume.id)).size).toBe(3);
  });

  it('is made of one backup as often as is asked at a time, with the metadata of its volume', async () => {
    const { demo } = who;
    const source = await demo.createVolume({ metadata: { k: 'v' } });
    await demo.write(source.id, 0, pattern(3));
    const backup = await demo.createBackup(source.id);
    const made = await Promise.all(
      [1, 2, 3].map(() => must(202, demo, 'POST', '/volumes', { volume: { size: 1, backup_id: backup.id } })),
    );
    for (const { volume } of made) {
      expect(volume.metadata).toEqual({ k: 'v' });
      await demo.volume(volume.id);
      expect(await demo.read(`volumes/${volume.id}`, 65_536)).toEqual(pattern(3));
    }
    await demo.backup(backup.id);
  });
});
