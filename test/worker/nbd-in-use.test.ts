// A volume that somebody is connected to, as the rest of the service sees it: what Cinder's clients are shown, what is
// refused meanwhile, and what happens to the connection when the volume changes under it.

import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { CloseCode, Command, NbdErrno } from '../../worker/nbd/wire.ts';
import { Api, type Json } from './api.ts';
import { hold } from './crashing-disk.ts';
import { randomBytes } from './disk-driver.ts';
import { NbdSocket, request, writeRequest } from './nbd-client.ts';

const GIB = 2 ** 30;

let api: Api;
let id: string;

beforeAll(async () => {
  api = await Api.login('demo1');
});

beforeEach(async () => {
  id = (await api.createVolume()).id;
});

afterEach(() => hold(null));

const attachments = async (): Promise<Json[]> =>
  (await api.ask('GET', `/evs/v3/{p}/attachments/detail?volume_id=${id}`)).attachments;

const action = (body: unknown) => api.answer('POST', `/evs/v3/{p}/volumes/${id}/action`, body);

test('readers alone are attached to read; when a writer joins, to write', async () => {
  const reader = await NbdSocket.open(api, `volumes/${id}`, '?mode=ro');
  expect(await attachments()).toMatchObject([{ attach_mode: 'ro', status: 'attached' }]);
  const writer = await NbdSocket.open(api, `volumes/${id}`);
  expect(writer.attachmentId).toBe(reader.attachmentId);
  expect(await attachments()).toMatchObject([{ id: writer.attachmentId, attach_mode: 'rw', status: 'attached' }]);
  expect((await reader.ask(writeRequest(0, randomBytes(512))))[0]!.errno).toBe(NbdErrno.perm);
});

test('a volume of many is attached once, whoever connects', async () => {
  id = (await api.createVolume({ multiattach: true })).id;
  const sockets = [await NbdSocket.open(api, `volumes/${id}`), await NbdSocket.open(api, `volumes/${id}`)];
  expect(await attachments()).toHaveLength(1);
  for (const socket of sockets) {
    socket.close();
    await socket.closed;
  }
  await api.volume(id);
});

test('its snapshots and backups are read without attaching anything', async () => {
  const { id: snapshotId } = await api.createSnapshot(id);
  const { id: backupId } = await api.createBackup(id);
  await api.volume(id);
  for (const path of [`snapshots/${snapshotId}`, `backups/${backupId}`]) {
    const socket = await NbdSocket.open(api, path);
    expect(socket.attachmentId).toBeNull();
    expect((await api.volumeAs(id)).status).toBe('available');
  }
});

test('connected while it is backed up, it is in use afterwards', async () => {
  await api.write(id, 0, randomBytes(65_536));
  hold('put');
  const { backup } = await api.ask('POST', '/evs/v3/{p}/backups', { backup: { volume_id: id, name: 'b' } });
  await api.settled(`/evs/v3/{p}/volumes/${id}`, 'volume', 'backing-up');
  const socket = await NbdSocket.open(api, `volumes/${id}`);
  expect((await api.volumeAs(id)).status).toBe('backing-up');
  hold(null);
  await api.backup(backup.id);
  await api.settled(`/evs/v3/{p}/volumes/${id}`, 'volume', 'in-use');
  expect(await attachments()).toMatchObject([{ id: socket.attachmentId }]);
  socket.close();
  await api.volume(id);
});

test('it can be neither deleted nor rolled back', async () => {
  const { id: snapshotId } = await api.createSnapshot(id);
  const socket = await NbdSocket.open(api, `volumes/${id}`);
  expect((await api.answer('DELETE', `/evs/v3/{p}/volumes/${id}`)).status).toBe(400);
  expect((await api.rollback(snapshotId, id)).status).toBe(400);
  expect((await socket.ask(request(Command.read, 0, 512)))[0]!.errno).toBe(0);
});

test('extended, it is larger for whoever connects next, and for requests at once', async () => {
  const socket = await NbdSocket.open(api, `volumes/${id}`);
  expect((await socket.ask(request(Command.read, GIB, 512)))[0]!.errno).toBe(NbdErrno.inval);
  expect((await action({ 'os-extend': { new_size: 2 } })).status).toBe(202);
  await api.settled(`/evs/v3/{p}/volumes/${id}`, 'volume', 'in-use');
  expect((await socket.ask(request(Command.read, GIB, 512)))[0]!.errno).toBe(0);
  const [extents] = await (await NbdSocket.open(api, `volumes/${id}`, '?mode=ro')).ask(
    request(Command.blockStatus, 0, 2 * GIB),
  );
  expect(extents!.extents).toEqual([[2 * GIB, 3]]);
});

test('detached by somebody else, the connection lasts until the content is replaced', async () => {
  const { id: snapshotId } = await api.createSnapshot(id);
  const socket = await NbdSocket.open(api, `volumes/${id}`);
  expect((await action({ 'os-detach': {} })).status).toBe(202);
  expect((await socket.ask(writeRequest(0, randomBytes(512))))[0]!.errno).toBe(0);
  expect((await api.rollback(snapshotId, id)).status).toBe(202);
  expect((await socket.closed).code).toBe(CloseCode.gone);
  expect(await api.read(`volumes/${id}`, 512)).toEqual(new Uint8Array(512));
});
