// Writes that take long on the object, while a connection is made anew or another bridge comes: what was asked for before
// must not land after what was acknowledged since.

import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Command } from '../../worker/nbd/wire.ts';
import { Api } from './api.ts';
import { hold } from './crashing-disk.ts';
import { randomBytes } from './disk-driver.ts';
import { NbdSocket, request, writeRequest } from './nbd-client.ts';

let api: Api;
/** A clone whose blocks are still at its source: writing a part of a sector has to fetch the rest of it. */
let id: string;

beforeAll(async () => {
  api = await Api.login('demo1');
});

beforeEach(async () => {
  const source = await api.createVolume();
  await api.write(source.id, 0, randomBytes(65_536));
  const { id: snapshotId } = await api.createSnapshot(source.id);
  hold('objects');
  id = (await api.createVolume({ snapshot_id: snapshotId })).id;
});

afterEach(() => hold(null));

const newQuery = () => `?mode=rw&session=${crypto.randomUUID()}&connection=${crypto.randomUUID()}`;

/** A socket that has sent a write which cannot be done yet. */
async function stuckWriter(query: string): Promise<NbdSocket> {
  const socket = await NbdSocket.open(api, `volumes/${id}`, query);
  socket.send(writeRequest(100, new Uint8Array(10).fill(1)));
  await scheduler.wait(50);
  return socket;
}

test.each([
  ['the same connection, made anew', true],
  ['another bridge, after the first one was killed', false],
])('%s: what the old one had under way is not done any more', async (_what, isSame) => {
  const query = newQuery();
  const old = await stuckWriter(query);
  if (!isSame) {
    old.close(4000);
    await old.closed;
  }
  const socket = await NbdSocket.open(api, `volumes/${id}`, isSame ? query : newQuery());
  const bytes = randomBytes(512);
  expect((await socket.ask(writeRequest(0, bytes)))[0]!.errno).toBe(0);
  hold(null);
  await scheduler.wait(100);
  expect((await socket.ask(request(Command.read, 0, 512)))[0]!.data).toEqual(bytes);
});
