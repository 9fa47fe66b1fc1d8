// What backups cost, through the HTTP API and over real bytes; and what a policy would, before it is saved.

import { beforeAll, describe, expect, test } from 'vitest';
import { Api, type Json } from './api.ts';
import { randomBytes } from './disk-driver.ts';

const BLOCK = 65_536;
const BLOCKS = 40;
const DAY_MS = 24 * 3_600_000;
const DAILY = 'FREQ=DAILY;BYHOUR=2;BYMINUTE=0';

let api: Api;
let volumeId: string;
let first: Json;
let second: Json;

const cost = async (path: string): Promise<Json> => (await api.ask('GET', `/data/v1/{p}/${path}/cost`)).cost;
const preview = async (body: unknown): Promise<Json> =>
  (await api.ask('POST', '/data/v1/{p}/policies/cost-preview', body)).preview;

beforeAll(async () => {
  api = await Api.login('demo1');
  volumeId = (await api.createVolume()).id;
  await api.write(volumeId, 0, randomBytes(BLOCKS * BLOCK));
  const firstId = (await api.createBackup(volumeId)).id;
  await api.ask('POST', '/sim/v1/{p}/clock', { advance_seconds: DAY_MS / 1000 });
  // Three new blocks, and one that the vault has: the first block's bytes at another place.
  await api.write(volumeId, 5 * BLOCK, randomBytes(3 * BLOCK));
  await api.write(volumeId, 20 * BLOCK, await api.read(`volumes/${volumeId}`, BLOCK));
  const secondId = (await api.createBackup(volumeId)).id;
  [first, second] = [await cost(`backups/${firstId}`), await cost(`backups/${secondId}`)];
});

describe('what backups cost', () => {
  test('a first backup changes all, an incremental one what was written; what the vault has is not stored again', () => {
    expect(first).toMatchObject({
      incremental: false,
      logicalBytes: BLOCKS * BLOCK,
      changedBytes: BLOCKS * BLOCK,
      dedupedBytes: 0,
    });
    expect(second).toMatchObject({
      incremental: true,
      logicalBytes: BLOCKS * BLOCK,
      changedBytes: 4 * BLOCK,
      dedupedBytes: BLOCK,
    });
    expect(second.storedBytes).toBeGreaterThanOrEqual(3 * BLOCK);
    // Beyond the three blocks: a page on each level, and the packs' own names.
    expect(second.storedBytes).toBeLessThan(3 * BLOCK + 5 * 8_192 + 4_096);
  });

  test('operations are those that were counted, and their price', () => {
    // A pack of blocks, one of pages, the manifest.
    expect(second.operations.obsClassA).toBe(3);
    expect(second.operations.obsBytesIn).toBeGreaterThanOrEqual(second.storedBytes);
    expect(second.operationsUsd).toBeGreaterThan(0);
    expect(second.storageUsdPerMonth).toBeCloseTo((second.storedBytes / 2 ** 30) * 0.015, 12);
  });

  test('a vault is the sum of its backups', async () => {
    const vault = await cost(`vaults/${first.vaultId}`);
    expect(vault.backups).toBeGreaterThanOrEqual(2);
    const shown = (await api.ask('GET', `/cbr/v3/{p}/backups?vault_id=${first.vaultId}&limit=1000`)).backups;
    const all: Json[] = await Promise.all(shown.map(({ id }: Json) => cost(`backups/${id}`)));
    for (const name of ['logicalBytes', 'changedBytes', 'dedupedBytes', 'storedBytes']) {
      expect(vault[name]).toBe(all.reduce((sum, one) => sum + one[name], 0));
    }
    expect(vault.operations.obsClassA).toBe(all.reduce((sum, one) => sum + one.operations.obsClassA, 0));
  });

  test('others have neither', async () => {
    const stranger = await Api.login('demo2');
    for (const path of [`backups/${first.backupId}`, `vaults/${first.vaultId}`]) {
      expect((await stranger.send('GET', `/data/v1/{p}/${path}/cost`)).status).toBe(404);
    }
    const body = { patterns: [DAILY], volumeIds: [volumeId] };
    expect((await stranger.send('POST', '/data/v1/{p}/policies/cost-preview', body)).status).toBe(404);
  });
});

describe('what a policy would cost', () => {
  test('rests on what the disk changed between its backups', async () => {
    const found = await preview({ patterns: [DAILY], definition: { max_backups: 10 }, volumeIds: [volumeId] });
    expect(found).toMatchObject({ keptBackups: 10, rpoSeconds: 86_400, isGrowing: false });
    expect(found.runsPerMonth).toBeCloseTo(30.44, 0);
    const [disk] = found.disks;
    expect(disk).toMatchObject({ allocatedFrom: 'backup', allocatedBytes: BLOCKS * BLOCK, changeFrom: 'backups' });
    // Four blocks in a day and the moments that the test took.
    expect(disk.changedBytesPerDay).toBeGreaterThan(3.9 * BLOCK);
    expect(disk.changedBytesPerDay).toBeLessThanOrEqual(4 * BLOCK);
    const perRun = (disk.changedBytesPerDay * 30.44) / found.runsPerMonth;
    const expected = (disk.allocatedBytes + 9 * perRun) * disk.storedPerChanged;
    expect(found.storedBytes / expected).toBeCloseTo(1, 3);
    // Each run costs what the incremental backup did.
    expect(found.operationsPerMonth.obsClassA).toBe(Math.round(second.operations.obsClassA * found.runsPerMonth));
    expect(found.totalUsdPerMonth).toBeCloseTo(found.storageUsdPerMonth + found.operationsUsdPerMonth, 12);
  });

  test('says so when nothing was observed', async () => {
    const { id } = await api.createVolume();
    const found = await preview({ patterns: [DAILY], volumeIds: [id], assumedChangePercentPerDay: 2 });
    const [disk] = found.disks;
    expect(disk).toMatchObject({ allocatedFrom: 'size', changeFrom: 'assumed', storedPerChanged: 1 });
    expect(disk.changedBytesPerDay).toBe(disk.allocatedBytes / 50);
    expect(found).toMatchObject({ isGrowing: true, horizonDays: 366 });
    expect(found.keptBackups).toBeGreaterThanOrEqual(365);
  });

  // Seven days and four weeks: the newest of a week is one of the seven days once or twice.
  test.each([
    {
      definition: { retention_duration_days: 7 },
      pattern: 'FREQ=DAILY;BYHOUR=0,6,12,18;BYMINUTE=0',
      kept: [28, 29],
      rpoHours: 6,
    },
    {
      definition: { day_backups: 7, week_backups: 4, timezone: 'UTC+01:00' },
      pattern: DAILY,
      kept: [9, 10],
      rpoHours: 24,
    },
    {
      definition: { max_backups: 3 },
      pattern: 'FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=4;BYMINUTE=30',
      kept: [3, 3],
      rpoHours: 96,
    },
  ])('counts what retention keeps: $definition', async ({ definition, pattern, kept, rpoHours }) => {
    const found = await preview({ patterns: [pattern], definition, volumeIds: [volumeId] });
    expect(found.rpoSeconds).toBe(rpoHours * 3_600);
    expect(found.keptBackups).toBeGreaterThanOrEqual(kept[0]!);
    expect(found.keptBackups).toBeLessThanOrEqual(kept[1]!);
    expect(found.isGrowing).toBe(false);
  });

  test.each([
    [{ patterns: ['FREQ=HOURLY'], volumeIds: ['x'] }, 400],
    [{ patterns: [], volumeIds: ['x'] }, 400],
    [{ patterns: [DAILY] }, 400],
    [{ patterns: [DAILY], vaultId: 'nothing' }, 404],
    [{ patterns: [DAILY], volumeIds: ['nothing'] }, 404],
  ])('refuses %j with %i', async (body, status) => {
    expect((await api.send('POST', '/data/v1/{p}/policies/cost-preview', body)).status).toBe(status);
  });
});
