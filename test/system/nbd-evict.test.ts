// Writes over NBD while the platform does what it may do at any time: takes objects out of memory, with their sockets asleep
// or, as a deployment does, closed. The clients of the bridge must not notice.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type EdgeEvs, startEdgeEvs } from '../../cli/serve/start.ts';
import { ApiClient } from '../support/client.ts';
import { NbdTestClient } from '../support/nbd-client.ts';
import { NbdRig } from '../support/nbd-rig.ts';

const AREA_BYTES = 12 * 2 ** 20;

let server: EdgeEvs;
let rig: NbdRig;

beforeAll(async () => {
  server = await startEdgeEvs({ port: 0 });
});

afterAll(() => server.stop());

beforeEach(async () => {
  rig = await NbdRig.on(server.url);
});

afterEach(() => rig.end());

test.each(['hibernate', 'close'] as const)('the disk is evicted again and again (%s)', async (sockets) => {
  const { path } = (await rig.bridge()).recorder;
  const stop = new AbortController();
  const clients = [await NbdTestClient.connect(path), await NbdTestClient.connect(path)];
  const writing = clients.map((client) => rig.writeOn(client, AREA_BYTES, stop.signal));
  const snapshots = [];
  for (let i = 0; i < 12; i++) {
    await rig.acknowledged(10);
    await rig.evict(server, 'Disk', rig.volumeId, sockets);
    if (i % 4 === 3) snapshots.push(await rig.snapshot());
  }
  await rig.acknowledged(20);
  stop.abort();
  expect(await Promise.all(writing)).toEqual([null, null]);
  await rig.checkDisk(AREA_BYTES);
  for (const check of snapshots) await check(AREA_BYTES);
});

test('a disk that sleeps with its socket open wakes where it was', async () => {
  const client = await NbdTestClient.connect((await rig.bridge()).recorder.path);
  const bytes = new Uint8Array(4_096).fill(7);
  for (let i = 0; i < 3; i++) {
    await client.write(i * 4_096, bytes);
    await rig.evict(server, 'Disk', rig.volumeId, 'hibernate');
    // Keep-alives are answered without it.
    await sleep(50);
    expect(await client.read(i * 4_096, 4_096)).toEqual(Buffer.from(bytes));
  }
  const api = await ApiClient.login(server.url);
  const { volume } = await api.json('GET', `/evs/v3/{p}/volumes/${rig.volumeId}`);
  expect(volume.status).toBe('in-use');
});

test('the project and the identity service forget their memory: connections go on', async () => {
  const { path } = (await rig.bridge()).recorder;
  const api = await ApiClient.login(server.url);
  const stop = new AbortController();
  const writing = rig.writeOn(await NbdTestClient.connect(path), AREA_BYTES, stop.signal);
  for (let i = 0; i < 3; i++) {
    await rig.acknowledged(10);
    await rig.evict(server, 'Project', api.projectId, 'close');
    await rig.evict(server, 'Disk', rig.volumeId, 'close');
  }
  await rig.acknowledged(10);
  stop.abort();
  expect(await writing).toBeNull();
  await rig.checkDisk(AREA_BYTES);
});
