// Attachments (3.27), image metadata, messages, and what a slow zone lets a client see.

import { beforeAll, describe, expect, it } from 'vitest';
import type { Json } from './api.ts';
import { at, must, type Users, users } from './cinder-bench.ts';

let who: Users;
beforeAll(async () => {
  who = await users();
});

const reserve = (volumeId: string, fields: Readonly<Record<string, unknown>> = {}) =>
  at(54, who.demo, 'POST', '/attachments', { attachment: { volume_uuid: volumeId, ...fields } });

describe('an attachment', () => {
  it('reserves, connects, completes and lets go', async () => {
    const { demo, other } = who;
    const volume = await demo.createVolume();
    const { status, body } = await reserve(volume.id, { instance_uuid: 'server-1' });
    const { id } = body.attachment;
    expect([status, body.attachment.status, body.attachment.connection_info]).toEqual([200, 'reserved', {}]);
    expect(await demo.volumeAs(volume.id)).toMatchObject({ status: 'reserved', attachments: [] });
    expect((await reserve(volume.id)).status).toBe(400);
    expect((await at(44, demo, 'POST', `/attachments/${id}/action`, { 'os-complete': null })).status).toBe(400);
    expect((await at(70, other, 'GET', `/attachments/${id}`)).status).toBe(404);

    const connector = { host: 'h1', mountpoint: '/dev/vdc', mode: 'ro', initiator: 'iqn' };
    const connecting = await at(54, demo, 'PUT', `/attachments/${id}`, { attachment: { connector } });
    expect(connecting.body.attachment).toMatchObject({ status: 'attaching', attach_mode: 'ro' });
    expect(connecting.body.attachment.connection_info.data.url).toContain(`/volumes/${volume.id}`);
    expect((await at(44, demo, 'POST', `/attachments/${id}/action`, { 'os-complete': null })).status).toBe(204);
    const shown = await demo.volumeAs(volume.id);
    expect(shown.status).toBe('in-use');
    expect(shown.attachments).toMatchObject([{ attachment_id: id, server_id: 'server-1', device: '/dev/vdc' }]);
    const listed = await must(200, demo, 'GET', `/attachments/detail?volume_id=${volume.id}`);
    expect(listed.attachments).toMatchObject([{ id, status: 'attached', instance: 'server-1' }]);
    expect((await at(70, demo, 'DELETE', `/volumes/${volume.id}`)).status).toBe(400);
    expect((await at(70, demo, 'DELETE', `/attachments/${id}`)).body).toEqual({ attachments: [] });
    expect((await demo.volumeAs(volume.id)).status).toBe('available');
    expect((await at(26, demo, 'GET', '/attachments')).status).toBe(404);
  });

  it('reserves as long as the connector is empty, and nobody connects with one', async () => {
    const { demo } = who;
    const volume = await demo.createVolume();
    const { status, body } = await reserve(volume.id, { instance_uuid: 'server-1', connector: {} });
    expect([status, body.attachment.status, body.attachment.connection_info]).toEqual([200, 'reserved', {}]);
    expect((await demo.volumeAs(volume.id)).status).toBe('reserved');
    const nobody = { attachment: { connector: {} } };
    expect((await at(54, demo, 'PUT', `/attachments/${body.attachment.id}`, nobody)).status).toBe(400);
    expect((await demo.volumeAs(volume.id)).status).toBe('reserved');
  });

  it('of a shared volume is one of several', async () => {
    const { demo } = who;
    const volume = await demo.createVolume({ multiattach: true });
    const connector = { host: 'h' };
    const first = await reserve(volume.id, { instance_uuid: 'a', connector });
    const second = await reserve(volume.id, { instance_uuid: 'b', connector });
    expect((await reserve(volume.id, { instance_uuid: 'a' })).status).toBe(400);
    for (const { body } of [first, second]) {
      await must(204, demo, 'POST', `/attachments/${body.attachment.id}/action`, { 'os-complete': {} });
    }
    expect((await demo.volumeAs(volume.id)).attachments).toHaveLength(2);
    await must(200, demo, 'DELETE', `/attachments/${first.body.attachment.id}`);
    expect((await demo.volumeAs(volume.id)).status).toBe('in-use');
  });
});

describe('notes about an image', () => {
  it('are set, shown and taken away, and only then show', async () => {
    const { demo } = who;
    const volume = await demo.createVolume();
    expect(volume).not.toHaveProperty('volume_image_metadata');
    const act = (body: Json) => at(70, demo, 'POST', `/volumes/${volume.id}/action`, body);
    const metadata = { os: 'linux', kernel: '7' };
    expect(await act({ 'os-set_image_metadata': { metadata } })).toEqual({ status: 200, body: { metadata } });
    expect((await demo.volumeAs(volume.id)).volume_image_metadata).toEqual(metadata);
    expect((await act({ 'os-unset_image_metadata': { key: 'os' } })).status).toBe(200);
    expect((await act({ 'os-unset_image_metadata': { key: 'os' } })).status).toBe(404);
    expect((await act({ 'os-show_image_metadata': null })).body).toEqual({ metadata: { kernel: '7' } });
  });
});

describe('what happens in the background', () => {
  it('shows while a zone is slow, and what fails leaves a message', async () => {
    const { demo } = who;
    await demo.ask('PUT', '/sim/v1/zones/eu-de-03', { state: 'slow', delay_ms: 300 });
    const slow = await must(202, demo, 'POST', '/volumes', { volume: { size: 1, availability_zone: 'eu-de-03' } });
    expect((await demo.volumeAs(slow.volume.id)).status).toBe('creating');
    await demo.volume(slow.volume.id);
    await demo.setZone('eu-de-03', 'down');
    const lost = await must(202, demo, 'POST', '/volumes', { volume: { size: 1, availability_zone: 'eu-de-03' } });
    const { id } = lost.volume;
    await demo.until('the failure', async () => ((await demo.volumeAs(id)).status === 'error' ? true : null));
    await demo.setZone('eu-de-03', 'up');
    const { messages } = await must(200, demo, 'GET', `/messages?resource_uuid=${id}`);
    expect(messages).toMatchObject([{ resource_type: 'VOLUME', message_level: 'ERROR', resource_uuid: id }]);
    expect((await at(2, demo, 'GET', '/messages')).status).toBe(404);
    await must(204, demo, 'DELETE', `/messages/${messages[0].id}`);
    expect((await at(70, demo, 'GET', `/messages/${messages[0].id}`)).status).toBe(404);
  });
});
