// Points that are compared or streamed while what they are made of goes: a backup is deleted, a disk is rolled back. Whoever
// reads is told what happened; nobody gets bytes that are wrong, or a stream that only looks whole.

import { afterEach, beforeAll, expect, test } from 'vitest';
import { Api } from './api.ts';
import { hold } from './crashing-disk.ts';
import { bindings, randomBytes } from './disk-driver.ts';

const BLOCK = 65_536;

let api: Api;

beforeAll(async () => {
  api = await Api.login('demo1');
});

afterEach(() => hold(null));

async function deleteBackup(id: string): Promise<void> {
  await api.ask('DELETE', `/evs/v3/{p}/backups/${id}`);
  await api.gone(`/evs/v3/{p}/backups/${id}`);
}

async function fill(id: string, bytes: number): Promise<void> {
  for (let at = 0; at < bytes; at += 2 ** 22) await api.write(id, at, randomBytes(2 ** 22));
}

test('a backup that is deleted while it is streamed: the stream breaks off, it has no end', async () => {
  const { id } = await api.createVolume();
  await fill(id, 2 ** 25);
  const { id: backupId } = await api.createBackup(id);
  const answer = await api.send('GET', `/data/v1/{p}/backups/${backupId}/delta`);
  const reader = answer.body!.getReader();
  expect((await reader.read()).done).toBe(false);
  await deleteBackup(backupId);
  const rest = async () => {
    while (!(await reader.read()).done);
  };
  await expect(rest()).rejects.toThrow();
  expect((await api.answer('GET', `/data/v1/{p}/backups/${backupId}/delta`)).status).toBe(404);
});

test('a backup that is deleted and swept while a disk compares itself with it is said to be gone, not damaged', async () => {
  const source = await api.createVolume();
  await api.write(source.id, 0, randomBytes(4 * BLOCK));
  const { id: backupId } = await api.createBackup(source.id);
  // Another disk: it has nothing of the backup.
  const { id } = await api.createVolume();
  await api.write(id, 0, randomBytes(4 * BLOCK));
  hold('get');
  const asked = api.answer('GET', `/data/v1/{p}/volumes/${id}/changes?from=backups/${backupId}`);
  await scheduler.wait(100);
  await deleteBackup(backupId);
  const { objects } = await bindings.OBS.list();
  // As a sweep would, sooner or later: the packs of this vault, and of others that no test here reads any more.
  await bindings.OBS.delete(objects.map(({ key }) => key).filter((key) => /\/(blocks|pages)\//.test(key)));
  hold(null);
  const answer = await asked;
  expect([answer.status, answer.text]).toMatchObject([404, expect.stringContaining('backup')]);
});

test('a disk that is rolled back while a stream is applied to it: the stream is refused, nothing of it is there', async () => {
  const { id } = await api.createVolume();
  const original = randomBytes(4 * BLOCK);
  await api.write(id, 0, original);
  const { id: first } = await api.createSnapshot(id);
  await api.write(id, 0, randomBytes(4 * BLOCK));
  const { id: second } = await api.createSnapshot(id);
  const body = new Uint8Array(
    await (await api.send('GET', `/data/v1/{p}/snapshots/${first}/delta?from=snapshots/${second}`)).arrayBuffer(),
  );
  await api.write(id, 10 * BLOCK, randomBytes(512));
  await api.rollback(second, id);
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  const asked = api.sendStream('PUT', `/data/v1/{p}/volumes/${id}/delta`, readable);
  // More than the header: the stream is being applied.
  await writer.write(body.slice(0, 2 * BLOCK));
  expect((await api.rollback(second, id)).status).toBe(202);
  await writer.write(body.slice(2 * BLOCK)).catch(() => undefined);
  await writer.close().catch(() => undefined);
  const answer = await asked;
  const { error } = await answer.json<{ error: { code: string } }>();
  expect([answer.status, error.code]).toEqual([409, 'busy']);
  expect(await api.read(`volumes/${id}`, 4 * BLOCK)).toEqual(await api.read(`snapshots/${second}`, 4 * BLOCK));
});
