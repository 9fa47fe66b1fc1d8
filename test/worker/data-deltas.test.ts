// Delta streams through the HTTP API: downloaded, applied to another disk, and refused in every state of brokenness.

import { beforeAll, describe, expect, test } from 'vitest';
import { HEADER_BYTES } from '../../engine/delta.ts';
import { engineHost } from '../../worker/host.ts';
import { Api, type Json } from './api.ts';
import { randomBytes } from './disk-driver.ts';

const BLOCK = 65_536;
const CONTENT = 24 * BLOCK;

let api: Api;
let stranger: Api;
let disk: { id: string; first: string; second: string; backup: string };
/** From nothing to the first snapshot, and from there to the second. */
let base: Uint8Array;
let stream: Uint8Array;

async function download(to: string, from: string | null, more = ''): Promise<Response> {
  const query = `?${from === null ? '' : `from=${from}`}${more}`;
  return await api.send('GET', `/data/v1/{p}/${to}/delta${query}`);
}

async function bytesOf(answer: Response): Promise<Uint8Array> {
  expect(answer.status).toBe(200);
  return new Uint8Array(await answer.arrayBuffer());
}

const apply = (id: string, body: Uint8Array, who = api) => who.send('PUT', `/data/v1/{p}/volumes/${id}/delta`, body);

async function applied(id: string, body: Uint8Array): Promise<Json> {
  const answer = await apply(id, body);
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  return JSON.parse(text);
}

const commitmentOf = async (point: string): Promise<string> =>
  (await api.ask('GET', `/data/v1/{p}/${point}/commitment`)).commitment;

async function expectSame(point: string, other: string): Promise<void> {
  const [a, b] = [await api.read(point, CONTENT), await api.read(other, CONTENT)];
  expect(engineHost().kernel.equal(a, b)).toBe(true);
  expect(await commitmentOf(point)).toBe(await commitmentOf(other));
}

beforeAll(async () => {
  api = await Api.login('demo1');
  stranger = await Api.login('demo2');
  const { id } = await api.createVolume();
  await api.write(id, 0, randomBytes(CONTENT));
  // Something that compresses.
  await api.write(id, 4 * BLOCK, new Uint8Array(2 * BLOCK).fill(7));
  const first = (await api.createSnapshot(id)).id;
  await api.write(id, 3 * BLOCK, randomBytes(BLOCK));
  await api.write(id, 5 * BLOCK + 512, randomBytes(512));
  await api.write(id, 8 * BLOCK, new Uint8Array(4 * BLOCK));
  await api.write(id, 9_000 * BLOCK, new Uint8Array(BLOCK).fill(3));
  const second = (await api.createSnapshot(id)).id;
  const backup = (await api.createBackup(id)).id;
  disk = { id, first, second, backup };
  base = await bytesOf(await download(`snapshots/${first}`, null));
  stream = await bytesOf(await download(`snapshots/${second}`, `snapshots/${first}`));
});

describe('a delta stream', () => {
  test('carries another disk from point to point', async () => {
    const { id } = await api.createVolume();
    expect(await applied(id, base)).toMatchObject({ blocks: 24, holes: 0, sizeBytes: 2 ** 30 });
    await expectSame(`volumes/${id}`, `snapshots/${disk.first}`);
    const done = await applied(id, stream);
    expect(done).toMatchObject({ blocks: 3, holes: 4, commitment: await commitmentOf(`snapshots/${disk.second}`) });
    await expectSame(`volumes/${id}`, `snapshots/${disk.second}`);
    // And back, over a stream that begins at the disk's current content.
    await applied(id, await bytesOf(await download(`snapshots/${disk.first}`, `volumes/${disk.id}`)));
    await expectSame(`volumes/${id}`, `snapshots/${disk.first}`);
  });

  test('comes from backups as from snapshots', async () => {
    const mixed = await bytesOf(await download(`backups/${disk.backup}`, `snapshots/${disk.first}`));
    expect(mixed).toEqual(stream);
    const { id } = await api.createVolume();
    await applied(id, await bytesOf(await download(`backups/${disk.backup}`, null)));
    await expectSame(`volumes/${id}`, `snapshots/${disk.second}`);
    await applied(id, await bytesOf(await download(`snapshots/${disk.first}`, `backups/${disk.backup}`)));
    await expectSame(`volumes/${id}`, `snapshots/${disk.first}`);
  });

  test('is applied to a clone that is still fetching', async () => {
    const { id } = await api.createVolume({ snapshot_id: disk.first });
    await applied(id, stream);
    await expectSame(`volumes/${id}`, `snapshots/${disk.second}`);
  });

  test('comes in parts, each of which leads on from the one before', async () => {
    const { id } = await api.createVolume();
    await applied(id, base);
    let parts = 0;
    for (let cursor: string | null = ''; cursor !== null; parts++) {
      const more = `&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const answer = await download(`snapshots/${disk.second}`, `snapshots/${disk.first}`, more);
      cursor = answer.headers.get('X-Evs-Next');
      await applied(id, await bytesOf(answer));
    }
    expect(parts).toBe(4);
    await expectSame(`volumes/${id}`, `snapshots/${disk.second}`);
    const more = '&limit=2&cursor=nonsense';
    expect((await download(`snapshots/${disk.second}`, `snapshots/${disk.first}`, more)).status).toBe(400);
  });

  test('is taken without an announced length too', async () => {
    const { id } = await api.createVolume();
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    const sent = (async () => {
      for (let at = 0; at < base.length; at += 10_000) await writer.write(base.slice(at, at + 10_000));
      await writer.close();
    })();
    const answer = await api.sendStream('PUT', `/data/v1/{p}/volumes/${id}/delta`, readable);
    await sent;
    expect([answer.status, await answer.json()]).toMatchObject([200, { blocks: 24 }]);
  });
});

describe('refused, and nothing is changed:', () => {
  let id: string;
  let before: string;

  beforeAll(async () => {
    id = (await api.createVolume()).id;
    await applied(id, base);
    before = await commitmentOf(`volumes/${id}`);
  });

  async function expectRefused(body: Uint8Array, status: number, code: string): Promise<Json> {
    const answer = await apply(id, body);
    const { error } = await answer.json<Json>();
    expect([answer.status, error.code], error.message).toEqual([status, code]);
    return error;
  }

  test('streams that end early, at every boundary of frames', async () => {
    const view = new DataView(stream.buffer);
    const ends = [0, 7, HEADER_BYTES];
    for (let at = HEADER_BYTES; at < stream.length; ends.push(at)) at += 48 + view.getUint32(at + 4, true);
    expect(ends.length).toBeGreaterThan(6);
    for (const end of ends.slice(1, -1)) {
      await expectRefused(stream.slice(0, end), 400, 'bad-stream');
      await expectRefused(stream.slice(0, end + 1), 400, 'bad-stream');
    }
    expect(await commitmentOf(`volumes/${id}`)).toBe(before);
  });

  test('streams with a flipped bit, or with more after their end', async () => {
    for (const at of [0, 8, 20, 40, 70, 100, HEADER_BYTES, HEADER_BYTES + 9, HEADER_BYTES + 2_000, stream.length - 1]) {
      const broken = stream.slice();
      broken[at]! ^= 4;
      await expectRefused(broken, 400, 'bad-stream');
    }
    await expectRefused(new Uint8Array([...stream, 1]), 400, 'bad-stream');
    await expectRefused(randomBytes(100_000), 400, 'bad-stream');
    expect(await commitmentOf(`volumes/${id}`)).toBe(before);
  });

  test('streams that start elsewhere, in words', async () => {
    const error = await expectRefused(base, 409, 'wrong-base');
    expect(error.message).toContain(`the disk's root is ${before}`);
    // The same disk a moment later: one sector was written.
    const other = (await api.createVolume()).id;
    await api.write(other, 0, randomBytes(512));
    expect((await apply(other, base)).status).toBe(409);
    expect(await commitmentOf(`volumes/${id}`)).toBe(before);
  });

  test('streams that are too long for a request', async () => {
    const announced = { 'Content-Length': String(64 * 2 ** 20 + 1) };
    const answer = await api.send(
      'PUT',
      `/data/v1/{p}/volumes/${id}/delta`,
      new Uint8Array(64 * 2 ** 20 + 1),
      announced,
    );
    expect([answer.status, (await answer.json<Json>()).error.code]).toEqual([413, 'too-large']);
  });

  test('by strangers, for snapshots and backups, and between what cannot be compared', async () => {
    expect((await apply(id, stream, stranger)).status).toBe(404);
    expect((await stranger.answer('GET', `/data/v1/{p}/snapshots/${disk.second}/delta`)).status).toBe(404);
    const own = await stranger.createVolume();
    const path = `/data/v1/{p}/volumes/${own.id}/delta?from=snapshots/${disk.first}`;
    expect((await stranger.answer('GET', path)).status).toBe(404);
    expect((await download(`snapshots/${disk.second}`, `volumes/${id}`)).status).toBe(400);
    for (const point of [`snapshots/${disk.second}`, `backups/${disk.backup}`]) {
      const answer = await api.send('PUT', `/data/v1/{p}/${point}/delta`, stream);
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
  });
});
