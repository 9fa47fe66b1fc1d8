// What changed between two points of disks and vaults, through the HTTP API and over the real objects.

import { beforeAll, describe, expect, test } from 'vitest';
import { Api, type Json } from './api.ts';
import { randomBytes } from './disk-driver.ts';

const BLOCK = 65_536;

let api: Api;
let stranger: Api;
/** A disk with two snapshots and a backup of the second, and what was written between. */
let disk: { id: string; first: string; second: string; backup: string };

const changesPath = (point: string, from: string | null, more = '') =>
  `/data/v1/{p}/${point}/changes?${from === null ? '' : `from=${from}`}${more}`;

const indexes = (list: Json): number[] => list.blocks.map((block: Json) => block.blockIndex);

beforeAll(async () => {
  api = await Api.login('demo1');
  stranger = await Api.login('demo2');
  const { id } = await api.createVolume();
  await api.write(id, 0, randomBytes(20 * BLOCK));
  const first = (await api.createSnapshot(id)).id;
  // One block anew, one in part, one zeroed, one far away.
  await api.write(id, 3 * BLOCK, randomBytes(BLOCK));
  await api.write(id, 5 * BLOCK + 512, randomBytes(512));
  await api.write(id, 7 * BLOCK, new Uint8Array(BLOCK));
  await api.write(id, 9_000 * BLOCK, randomBytes(BLOCK));
  const second = (await api.createSnapshot(id)).id;
  const backup = (await api.createBackup(id)).id;
  await api.write(id, 0, randomBytes(BLOCK));
  disk = { id, first, second, backup };
});

describe('a list of changed blocks', () => {
  test('names what differs between two snapshots, holes as such', async () => {
    const list = await api.ask('GET', changesPath(`snapshots/${disk.second}`, `snapshots/${disk.first}`));
    expect(indexes(list)).toEqual([3, 5, 7, 9_000]);
    expect(list.blocks.map(({ hole }: Json) => hole)).toEqual([false, false, true, false]);
    expect(list.blocks[2].digest).toBeNull();
    const allocated = (await api.ask('GET', `/data/v1/{p}/snapshots/${disk.second}/blocks`)).blocks;
    for (const { blockIndex, digest, hole } of list.blocks) {
      if (!hole) expect(allocated).toContainEqual({ blockIndex, digest });
    }
    expect(list).toMatchObject({ next: null, blockBytes: BLOCK, counts: { blocks: 4, holes: 1 } });
    expect(list.counts.pagesRead).toBeGreaterThan(0);
    // Pages that a fold has just made are in memory: a list costs no more rows than pages.
    expect(list.cost.rowsRead).toBeLessThanOrEqual(list.counts.pagesRead);
    expect(list.cost.rowsWritten).toBe(0);
    expect(list.from.commitment).not.toBe(list.to.commitment);
  });

  test('goes backwards, to the current content, and from nothing', async () => {
    const back = await api.ask('GET', changesPath(`snapshots/${disk.first}`, `snapshots/${disk.second}`));
    expect(indexes(back)).toEqual([3, 5, 7, 9_000]);
    expect(back.blocks[3].hole).toBe(true);
    const current = await api.ask('GET', changesPath(`volumes/${disk.id}`, `snapshots/${disk.second}`));
    expect(indexes(current)).toEqual([0]);
    const same = await api.ask('GET', changesPath(`snapshots/${disk.first}`, `snapshots/${disk.first}`));
    expect(indexes(same)).toEqual([]);
    const all = await api.ask('GET', changesPath(`snapshots/${disk.first}`, null));
    expect(indexes(all)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  test('compares a backup with snapshots, with the disk, and with nothing', async () => {
    const none = await api.ask('GET', changesPath(`backups/${disk.backup}`, `snapshots/${disk.second}`));
    expect(indexes(none)).toEqual([]);
    expect(none.from).toEqual(none.to);
    const changes = await api.ask('GET', changesPath(`backups/${disk.backup}`, `snapshots/${disk.first}`));
    expect(indexes(changes)).toEqual([3, 5, 7, 9_000]);
    const since = await api.ask('GET', changesPath(`volumes/${disk.id}`, `backups/${disk.backup}`));
    expect(indexes(since)).toEqual([0]);
    const all = await api.ask('GET', changesPath(`backups/${disk.backup}`, null));
    expect(all.counts.blocks).toBe(20);
    const newer = (await api.createBackup(disk.id)).id;
    expect(indexes(await api.ask('GET', changesPath(`backups/${newer}`, `backups/${disk.backup}`)))).toEqual([0]);
    // What the vault has and the disk has not (a backup of another disk) is read from the vault.
    const other = await api.createVolume();
    expect((await api.ask('GET', changesPath(`volumes/${other.id}`, `backups/${disk.backup}`))).counts).toMatchObject({
      blocks: 20,
      holes: 20,
    });
  });

  test('comes in parts that together are the whole', async () => {
    const path = changesPath(`snapshots/${disk.second}`, `snapshots/${disk.first}`, '&limit=1');
    const found: number[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const part: Json = await api.ask('GET', cursor === '' ? path : `${path}&cursor=${cursor}`);
      expect(part.counts.blocks).toBe(1);
      found.push(...indexes(part));
      cursor = part.next;
    }
    expect(found).toEqual([3, 5, 7, 9_000]);
  });

  test('refuses cursors of other points, and those that are none', async () => {
    const path = changesPath(`snapshots/${disk.second}`, `snapshots/${disk.first}`, '&limit=2');
    const { next } = await api.ask('GET', path);
    const refusals = [
      [changesPath(`snapshots/${disk.first}`, `snapshots/${disk.second}`), next],
      [changesPath(`volumes/${disk.id}`, `snapshots/${disk.first}`), next],
      [changesPath(`snapshots/${disk.second}`, null), next],
      ...['', '0', 'x'.repeat(100), 'ä', `${next}A`, next.slice(1), `${next.slice(0, -4)}____`.replace(/^./, '_')].map(
        (cursor) => [path, cursor],
      ),
    ];
    for (const [where, cursor] of refusals) {
      const { status, text } = await api.answer('GET', `${where}&cursor=${encodeURIComponent(cursor)}`);
      expect([status, JSON.parse(text).error.code], `${where} ${cursor}`).toEqual([400, 'bad-cursor']);
    }
  });

  test('says so when the disk was written to between two parts', async () => {
    const path = changesPath(`volumes/${disk.id}`, `snapshots/${disk.first}`, '&limit=2');
    const { next } = await api.ask('GET', path);
    await api.write(disk.id, 11 * BLOCK, randomBytes(512));
    const { status, text } = await api.answer('GET', `${path}&cursor=${next}`);
    expect([status, JSON.parse(text).error.code]).toEqual([409, 'changed']);
  });

  test('is refused for points that cannot be compared, are not there, or are somebody else’s', async () => {
    const other = await api.createVolume();
    const point = `snapshots/${disk.second}`;
    const refusals: [Api, string, number][] = [
      [api, changesPath(point, `volumes/${other.id}`), 400],
      [api, changesPath(point, 'nonsense'), 400],
      [api, changesPath(point, `disks/${disk.id}`), 400],
      [api, changesPath(point, 'snapshots/no-such-thing'), 404],
      [api, changesPath(point, null, '&limit=0'), 400],
      [api, changesPath(point, null, '&limit=x'), 400],
      [stranger, changesPath(point, null), 404],
      [stranger, changesPath(point, `snapshots/${disk.first}`), 404],
    ];
    for (const [who, path, status] of refusals) expect((await who.answer('GET', path)).status, path).toBe(status);
    const own = await stranger.createVolume();
    for (const from of [`snapshots/${disk.first}`, `backups/${disk.backup}`, `volumes/${disk.id}`]) {
      expect((await stranger.answer('GET', changesPath(`volumes/${own.id}`, from))).status, from).toBe(404);
    }
  });
});
