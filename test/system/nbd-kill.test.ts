// Writes over NBD while what is on their way is killed: the client, the bridge, the service, all of them. A recorder beside
// the client knows what was sent and what was acknowledged; what the disk holds afterwards must fit it.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiClient, randomBytes } from '../support/client.ts';
import { NbdTestClient } from '../support/nbd-client.ts';
import { NbdRig } from '../support/nbd-rig.ts';
import { type Served, serve, temporaryFolder } from '../support/serve.ts';

/** All writes fall into this: each place is written many times. */
const AREA_BYTES = 12 * 2 ** 20;

let folder: ReturnType<typeof temporaryFolder>;
let server: Served;
let rig: NbdRig;

beforeEach(async () => {
  folder = temporaryFolder();
  server = await serve('--state', folder.path);
  rig = await NbdRig.on(server.url);
});

afterEach(async () => {
  await rig.end();
  await server.killGroup();
  folder.remove();
});

/** SIGKILL to launcher and workerd, and a start on the same port with the same state. */
async function restart(): Promise<void> {
  await server.killGroup();
  server = await serve('--state', folder.path, '--port', String(server.port));
}

test('the service is killed again and again: clients of the bridge notice nothing, and nothing is lost', async () => {
  const { path } = (await rig.bridge()).recorder;
  const stop = new AbortController();
  const clients = [await NbdTestClient.connect(path), await NbdTestClient.connect(path)];
  const writing = clients.map((client) => rig.writeOn(client, AREA_BYTES, stop.signal));
  for (let i = 0; i < 2; i++) {
    await rig.acknowledged(40);
    await restart();
  }
  await rig.acknowledged(20);
  stop.abort();
  expect(await Promise.all(writing)).toEqual([null, null]);
  await rig.checkDisk(AREA_BYTES);
});

test('the bridge is killed: what it had passed on is kept, and the next one takes over', async () => {
  for (let i = 0; i < 2; i++) {
    const { bridge, recorder } = await rig.bridge();
    const client = await NbdTestClient.connect(recorder.path);
    const writing = rig.writeOn(client, AREA_BYTES, AbortSignal.timeout(60_000));
    await rig.acknowledged(40);
    await bridge.kill();
    expect(await writing).toBeInstanceOf(Error);
    await rig.checkDisk(AREA_BYTES);
  }
});

test('a client is killed: the others go on', async () => {
  const { path } = (await rig.bridge()).recorder;
  const stop = new AbortController();
  const staying = rig.writeOn(await NbdTestClient.connect(path), AREA_BYTES, stop.signal);
  for (let i = 0; i < 3; i++) {
    const victim = await NbdTestClient.connect(path);
    const writing = rig.writeOn(victim, AREA_BYTES, stop.signal);
    await rig.acknowledged(30);
    victim.kill();
    expect(await writing).toBeInstanceOf(Error);
  }
  await rig.acknowledged(20);
  stop.abort();
  expect(await staying).toBeNull();
  await rig.checkDisk(AREA_BYTES);
});

test('everything is killed at once', async () => {
  const { bridge, recorder } = await rig.bridge();
  const client = await NbdTestClient.connect(recorder.path);
  const writing = rig.writeOn(client, AREA_BYTES, AbortSignal.timeout(60_000));
  await rig.acknowledged(40);
  await Promise.all([server.killGroup(), bridge.kill()]);
  expect(await writing).toBeInstanceOf(Error);
  await restart();
  await rig.checkDisk(AREA_BYTES);
});

test('a bridge that slept while others used the disk is refused, and sends nothing again', async () => {
  const { bridge, recorder } = await rig.bridge();
  const client = await NbdTestClient.connect(recorder.path);
  const writing = rig.writeOn(client, AREA_BYTES, AbortSignal.timeout(60_000));
  await rig.acknowledged(20);
  process.kill(bridge.pid, 'SIGSTOP');
  await restart();
  const api = await ApiClient.login(server.url);
  await api.json('POST', `/evs/v3/{p}/volumes/${rig.volumeId}/action`, { 'os-detach': {} });
  const bytes = randomBytes(AREA_BYTES);
  expect(await api.write(rig.volumeId, 0, bytes)).toBe(true);
  process.kill(bridge.pid, 'SIGCONT');
  expect(await writing).toBeInstanceOf(Error);
  expect(bridge.said()).toContain('detached');
  const found = await api.read('volumes', rig.volumeId, 0, AREA_BYTES);
  expect(Buffer.from(found).equals(bytes)).toBe(true);
});
