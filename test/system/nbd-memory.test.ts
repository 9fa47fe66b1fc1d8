// Clients that mean no good: they ask and never read, or send and never wait. What workerd and the bridge hold for them is
// bounded, whoever does it is hung up on, and everybody else goes on.

import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type EdgeEvs, startEdgeEvs } from '../../cli/serve/start.ts';
import { CloseCode, Command } from '../../worker/nbd/wire.ts';
import { ApiClient, randomBytes } from '../support/client.ts';
import { NbdTestClient, requestHeader } from '../support/nbd-client.ts';
import { NbdRig } from '../support/nbd-rig.ts';
import { RawWebSocket } from '../support/raw-websocket.ts';

const MIB = 2 ** 20;
const AREA_BYTES = 8 * MIB;
/** Of workerd, its program included, which is 115 of them. */
const WORKERD_MIB_MAX = 300;
const BRIDGE_MIB_MAX = 256;

const READ = requestHeader(Command.read, 1, 0, MIB);
const WRITE = Buffer.concat([requestHeader(Command.write, 1, 512 * MIB, MIB), randomBytes(MIB)]);

let server: EdgeEvs;
let api: ApiClient;
let rig: NbdRig;
let good: Promise<Error | null>;
let stop: AbortController;

beforeAll(async () => {
  server = await startEdgeEvs({ port: 0 });
  api = await ApiClient.login(server.url);
});

afterAll(() => server.stop());

beforeEach(async () => {
  // For many writers, so that bad ones get in beside the good one.
  rig = await NbdRig.on(server.url, { multiattach: true });
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await rig.end();
});

/** A client that does what it should, all the time. */
async function startGood(): Promise<{ path: string; bridgePid: number }> {
  const { bridge, recorder } = await rig.bridge();
  good = rig.writeOn(await NbdTestClient.connect(recorder.path), AREA_BYTES, stop.signal);
  return { path: bridge.path, bridgePid: bridge.pid };
}

/** The good one noticed nothing, and goes on. */
async function expectGood(): Promise<void> {
  await rig.acknowledged(20);
  stop.abort();
  expect(await good).toBeNull();
  await rig.checkDisk(AREA_BYTES, 0);
}

/** Begins to measure the most memory that a process holds; what is returned tells it, in MiB. */
function watch(pid: number): () => number {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  return () => Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1_024;
}

test('sockets that ask for a mebibyte on and on, and read nothing', async () => {
  await startGood();
  const peakMib = watch(server.workerdPid!);
  const bad = [];
  for (let i = 0; i < 10; i++) {
    const socket = await RawWebSocket.open(api, `volumes/${rig.volumeId}`, '?mode=ro');
    socket.socket.pause();
    for (let j = 0; j < 200; j++) void socket.send(READ);
    bad.push(socket);
  }
  await rig.acknowledged(50);
  for (const { socket } of bad) socket.resume();
  expect(new Set(await Promise.all(bad.map(({ closed }) => closed)))).toEqual(new Set([CloseCode.policy]));
  expect(peakMib()).toBeLessThan(WORKERD_MIB_MAX);
  await expectGood();
});

test('sockets that send a mebibyte on and on, wait for nothing, and go on when they were hung up on', async () => {
  await startGood();
  const peakMib = watch(server.workerdPid!);
  const flood = async () => {
    const socket = await RawWebSocket.open(api, `volumes/${rig.volumeId}`);
    for (let i = 0; i < 300; i++) await socket.send(WRITE);
    return await socket.closed;
  };
  expect(await Promise.all([flood(), flood(), flood()])).toEqual(Array(3).fill(CloseCode.policy));
  expect(peakMib()).toBeLessThan(WORKERD_MIB_MAX);
  await expectGood();
});

test('clients of a bridge that read nothing', async () => {
  const { path, bridgePid } = await startGood();
  const peakMib = watch(server.workerdPid!);
  const bridgePeakMib = watch(bridgePid);
  const bad = [];
  for (let i = 0; i < 5; i++) {
    const client = await NbdTestClient.connect(path);
    client.socket.pause();
    for (let j = 0; j < 2_000; j++) client.socket.write(READ);
    bad.push(client);
  }
  await rig.acknowledged(50);
  await sleep(200);
  expect(peakMib()).toBeLessThan(WORKERD_MIB_MAX);
  expect(bridgePeakMib()).toBeLessThan(BRIDGE_MIB_MAX);
  for (const client of bad) client.kill();
  await expectGood();
});
