// What was acknowledged survives SIGKILL of the whole process group, and of the launcher alone.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiClient, randomBytes } from '../support/client.ts';
import { type Served, serve, temporaryFolder } from '../support/serve.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

let folder: ReturnType<typeof temporaryFolder>;
let running: Served[];

beforeEach(() => {
  folder = temporaryFolder();
  running = [];
});

afterEach(async () => {
  for (const server of running) await server.killGroup();
  folder.remove();
});

async function start(): Promise<Served> {
  const server = await serve('--state', folder.path);
  running.push(server);
  return server;
}

interface Acknowledged {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Writes in four streams until the server is gone; returns what it acknowledged. Sizes from a sector to a megabyte. */
async function writeUntilKilled(api: ApiClient, volumeId: string): Promise<Acknowledged[]> {
  const acknowledged: Acknowledged[] = [];
  const sizes = [512, 4 * KIB, 64 * KIB, 300 * KIB, MIB];
  const stream = async (lane: number) => {
    for (let i = 0; i < 1_000; i++) {
      const bytes = randomBytes(sizes[(i + lane) % sizes.length]!);
      const offset = lane * 2048 * MIB + i * 2 * MIB + (i % 3) * 512;
      if (!(await api.write(volumeId, offset, bytes))) return;
      acknowledged.push({ offset, bytes });
    }
  };
  await Promise.all([0, 1, 2, 3].map(stream));
  return acknowledged;
}

async function expectAll(api: ApiClient, volumeId: string, writes: readonly Acknowledged[]): Promise<void> {
  for (const { offset, bytes } of writes) {
    const found = await api.read('volumes', volumeId, offset, bytes.length);
    expect(Buffer.from(found).equals(Buffer.from(bytes)), `write at ${offset}`).toBe(true);
  }
}

for (const victim of ['the process group', 'the launcher only'] as const) {
  test(`acknowledged writes survive SIGKILL of ${victim} in mid-write`, async () => {
    const first = await start();
    const api = await ApiClient.login(first.url);
    const volumeId = await api.createVolume();
    const writing = writeUntilKilled(api, volumeId);
    await new Promise((done) => setTimeout(done, 1_500));
    // The launcher's workerd goes on serving; the next start must end it, whatever it was doing.
    if (victim === 'the process group') await first.killGroup();
    else await first.killLauncher();
    if (victim === 'the process group') await first.assertWorkerdGone();
    const second = await start();
    await first.assertWorkerdGone();
    const acknowledged = await writing;
    expect(acknowledged.length).toBeGreaterThan(20);
    const again = await ApiClient.login(second.url);
    await expectAll(again, volumeId, acknowledged);
  });
}

test('a backup and a restore that were killed half way finish after the restart', async () => {
  const first = await start();
  const api = await ApiClient.login(first.url);
  const volumeId = await api.createVolume();
  const bytes = randomBytes(48 * MIB);
  for (let at = 0; at < bytes.length; at += 16 * MIB) {
    expect(await api.write(volumeId, at, bytes.subarray(at, at + 16 * MIB))).toBe(true);
  }
  const backupId = await api.startBackup(volumeId);
  await new Promise((done) => setTimeout(done, 400));
  await first.killGroup();

  const second = await start();
  const after = await ApiClient.login(second.url);
  await after.backupReady(backupId);
  const sameAsBackup = async (client: ApiClient, what: 'volumes' | 'backups', id: string) => {
    for (let at = 0; at < bytes.length; at += 16 * MIB) {
      const found = await client.read(what, id, at, 16 * MIB);
      expect(Buffer.from(found).equals(Buffer.from(bytes.subarray(at, at + 16 * MIB)))).toBe(true);
    }
  };
  await sameAsBackup(after, 'backups', backupId);

  expect(await after.write(volumeId, 0, randomBytes(8 * MIB))).toBe(true);
  await after.json('POST', `/evs/v3/{p}/backups/${backupId}/restore`, { restore: { volume_id: volumeId } });
  await second.killGroup();
  const third = await ApiClient.login((await start()).url);
  await third.until(`/evs/v3/{p}/volumes/${volumeId}`, (body) => body.volume.status === 'available');
  await sameAsBackup(third, 'volumes', volumeId);
});
