// Single blocks with their digests, and their proofs, through the HTTP API.

import { beforeAll, describe, expect, test } from 'vitest';
import { type BlockProof, verifyProof } from '../../engine/proof.ts';
import { toHex } from '../../engine/types.ts';
import { engineHost } from '../../worker/host.ts';
import { Api } from './api.ts';
import { randomBytes } from './disk-driver.ts';

const BLOCK = 65_536;
const { kernel } = engineHost();
const digestOf = (bytes: Uint8Array) => toHex(kernel.hash(bytes));

let api: Api;
let stranger: Api;
/** A disk of which block 2 is written; the rest are holes. */
let disk: { id: string; snapshot: string; backup: string; block: Uint8Array };

const blockPath = (point: string, index: number | string) => `/data/v1/{p}/${point}/blocks/${index}`;
const put = (path: string, bytes: Uint8Array, digest?: string) =>
  api.send('PUT', path, bytes, digest === undefined ? {} : { 'X-Evs-Block-Digest': digest });

beforeAll(async () => {
  api = await Api.login('demo1');
  stranger = await Api.login('demo2');
  const { id } = await api.createVolume();
  const block = randomBytes(BLOCK);
  await api.write(id, 2 * BLOCK, block);
  const snapshot = (await api.createSnapshot(id)).id;
  const backup = (await api.createBackup(id)).id;
  disk = { id, snapshot, backup, block };
});

const points = (): string[] => [`volumes/${disk.id}`, `snapshots/${disk.snapshot}`, `backups/${disk.backup}`];

describe('a block', () => {
  test('comes with the digest of its bytes, a hole with that of zeros', async () => {
    for (const point of points()) {
      for (const [index, bytes, hole] of [
        [2, disk.block, 'false'],
        [0, new Uint8Array(BLOCK), 'true'],
      ] as const) {
        const answer = await api.send('GET', blockPath(point, index));
        expect(answer.status).toBe(200);
        expect(answer.headers.get('X-Evs-Block-Digest')).toBe(digestOf(bytes));
        expect(answer.headers.get('X-Evs-Block-Hole')).toBe(hole);
        expect(new Uint8Array(await answer.arrayBuffer())).toEqual(bytes);
      }
    }
    // What the list of blocks names it by.
    const { blocks } = await api.ask('GET', `/data/v1/{p}/snapshots/${disk.snapshot}/blocks`);
    expect(blocks).toEqual([{ blockIndex: 2, digest: digestOf(disk.block) }]);
  });

  test('is written when it has the announced digest, zeros too', async () => {
    const path = blockPath(`volumes/${(await api.createVolume()).id}`, 5);
    for (const bytes of [randomBytes(BLOCK), new Uint8Array(BLOCK)]) {
      expect((await put(path, bytes, digestOf(bytes))).status).toBe(204);
      const answer = await api.send('GET', path);
      expect(new Uint8Array(await answer.arrayBuffer())).toEqual(bytes);
    }
    const upper = randomBytes(BLOCK);
    expect((await put(path, upper, digestOf(upper).toUpperCase())).status).toBe(204);
  });

  test('is refused otherwise, and nothing is changed', async () => {
    const path = blockPath(`volumes/${disk.id}`, 2);
    const bytes = randomBytes(BLOCK);
    const flipped = bytes.slice();
    flipped[40_000]! ^= 1;
    const refusals: [Response, number, string][] = [
      [await put(path, flipped, digestOf(bytes)), 422, 'digest-mismatch'],
      [await put(path, bytes, '0'.repeat(64)), 422, 'digest-mismatch'],
      [await put(path, bytes), 400, 'bad-digest'],
      [await put(path, bytes, 'x'.repeat(64)), 400, 'bad-digest'],
      [await put(path, bytes.subarray(0, 512), digestOf(bytes.subarray(0, 512))), 400, 'body-size'],
      [await put(path, new Uint8Array(2 * BLOCK), digestOf(new Uint8Array(2 * BLOCK))), 400, 'body-size'],
      [await put(blockPath(`volumes/${disk.id}`, 16_384), bytes, digestOf(bytes)), 400, 'out-of-range'],
    ];
    for (const [answer, status, code] of refusals) {
      expect([answer.status, (await answer.json<{ error: { code: string } }>()).error.code]).toEqual([status, code]);
    }
    const after = await api.send('GET', path);
    expect(after.headers.get('X-Evs-Block-Digest')).toBe(digestOf(disk.block));
    expect((await stranger.answer('GET', path)).status).toBe(404);
    expect((await stranger.send('PUT', path, bytes, { 'X-Evs-Block-Digest': digestOf(bytes) })).status).toBe(404);
  });

  test('has an index within the disk', async () => {
    for (const point of points()) {
      expect((await api.answer('GET', blockPath(point, 16_384))).status, point).toBe(416);
      for (const index of ['-1', 'x', '1.5', '99999999999']) {
        expect((await api.answer('GET', blockPath(point, index))).status, index).toBe(400);
      }
    }
  });
});

describe('a proof', () => {
  test('of a block and of a hole, of all kinds of points, holds against the commitment', async () => {
    for (const point of points()) {
      const { commitment, sizeBytes } = await api.ask('GET', `/data/v1/{p}/${point}/commitment`);
      expect(sizeBytes).toBe(2 ** 30);
      for (const [blockIndex, bytes] of [
        [2, disk.block],
        [3, new Uint8Array(BLOCK)],
        [16_383, new Uint8Array(BLOCK)],
      ] as const) {
        const proof: BlockProof = await api.ask('GET', `${blockPath(point, blockIndex)}/proof`);
        const verdict = verifyProof(kernel, proof, { commitment, blockIndex, bytes });
        expect(verdict).toEqual({ ok: true, digest: blockIndex === 2 ? digestOf(bytes) : null });
        expect(verifyProof(kernel, proof, { commitment, blockIndex: 1 }).ok).toBe(false);
      }
    }
  });

  test('is refused for what is no block, and to strangers', async () => {
    for (const point of points()) {
      expect((await api.answer('GET', `${blockPath(point, 16_384)}/proof`)).status, point).toBe(416);
      expect((await api.answer('GET', `${blockPath(point, 'x')}/proof`)).status, point).toBe(400);
      expect((await stranger.answer('GET', `${blockPath(point, 2)}/proof`)).status, point).toBe(404);
      expect((await stranger.answer('GET', `/data/v1/{p}/${point}/commitment`)).status, point).toBe(404);
    }
  });
});
