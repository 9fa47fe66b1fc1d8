// The transmission phase against real disks: what each request does, and what it is told when it cannot be done.

import { evictDurableObject } from 'cloudflare:test';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Command, CommandFlag, NbdErrno } from '../../worker/nbd/wire.ts';
import { Api } from './api.ts';
import { bindings, randomBytes } from './disk-driver.ts';
import { NbdSocket, request, writeRequest } from './nbd-client.ts';

const BLOCK = 65_536;
const GIB = 2 ** 30;
const DATA = 0;
const HOLE = 3;

let api: Api;
let id: string;
let socket: NbdSocket;

beforeAll(async () => {
  api = await Api.login('demo1');
});

beforeEach(async () => {
  id = (await api.createVolume()).id;
  socket = await NbdSocket.open(api, `volumes/${id}`);
});

const read = async (offset: number, length: number, by = socket) => {
  const [reply] = await by.ask(request(Command.read, offset, length));
  expect(reply!.errno).toBe(0);
  return reply!.data;
};

const status = async (offset: number, length: number, flags = 0) =>
  (await socket.ask(request(Command.blockStatus, offset, length, { flags })))[0]!;

describe('reading and writing', () => {
  test('any range, also inside a sector and across blocks; the HTTP side sees the same', async () => {
    const whole = new Uint8Array(3 * BLOCK);
    const put = async (offset: number, length: number) => {
      const bytes = randomBytes(length);
      whole.set(bytes, offset);
      expect((await socket.ask(writeRequest(offset, bytes)))[0]!.errno).toBe(0);
    };
    await put(0, 2 * BLOCK);
    await put(1, 1);
    await put(511, 2);
    await put(BLOCK - 3, 1_000);
    await put(700, 100_001);
    expect(await read(0, whole.length)).toEqual(whole);
    expect(await read(509, 7)).toEqual(whole.subarray(509, 516));
    expect(await api.read(`volumes/${id}`, whole.length)).toEqual(whole);
  });

  test('all requests of one message: writes first, then reads, replies in order; one commit', async () => {
    const [a, b] = [randomBytes(4_096), randomBytes(4_096)];
    const before = (await api.ask('GET', `/data/v1/{p}/volumes/${id}/status`)).cost.rowsWritten;
    const replies = await socket.ask(
      writeRequest(8_192, a, 1),
      request(Command.read, 8_192, 4_096, { cookie: 2 }),
      writeRequest(12_288, b, 3),
      ...Array.from({ length: 30 }, (_, i) => writeRequest(65_536 * i + 20_480, a, 10 + i)),
      request(Command.flush, 0, 0, { cookie: 4 }),
    );
    expect(replies.map(({ cookie }) => cookie)).toEqual([1, 2, 3, ...Array.from({ length: 30 }, (_, i) => 10 + i), 4]);
    expect(replies[1]!.data).toEqual(a);
    expect(await read(8_192, 8_192)).toEqual(Uint8Array.from([...a, ...b]));
    const after = (await api.ask('GET', `/data/v1/{p}/volumes/${id}/status`)).cost.rowsWritten;
    // One row of the log for 32 writes; making the fold due is two more.
    expect(after - before).toBeLessThanOrEqual(3);
  });

  test('zeros and trims of any range', async () => {
    const bytes = randomBytes(3 * BLOCK);
    await socket.ask(writeRequest(0, bytes));
    await socket.ask(request(Command.writeZeroes, 100, 70_000, { flags: CommandFlag.noHole | CommandFlag.fastZero }));
    bytes.fill(0, 100, 70_100);
    await socket.ask(request(Command.writeZeroes, 80_001, 3));
    bytes.fill(0, 80_001, 80_004);
    await socket.ask(request(Command.trim, 2 * BLOCK, BLOCK, { flags: CommandFlag.fua }));
    bytes.fill(0, 2 * BLOCK);
    expect(await read(0, bytes.length)).toEqual(bytes);
    expect((await socket.ask(request(Command.writeZeroes, 0, GIB)))[0]!.errno).toBe(0);
    expect(await read(0, bytes.length)).toEqual(new Uint8Array(bytes.length));
  });

  test('a flush, a cache request and requests of no length are done', async () => {
    const replies = await socket.ask(
      request(Command.flush, 0, 0, { cookie: 1 }),
      request(Command.cache, 0, GIB, { cookie: 2 }),
      request(Command.write, 0, 0, { cookie: 3 }),
      request(Command.read, 5, 0, { cookie: 4 }),
    );
    expect(replies.map(({ errno, data }) => [errno, data.length])).toEqual([0, 1, 2, 3].map(() => [0, 0]));
  });
});

describe('BLOCK_STATUS', () => {
  test('shows what is allocated, before and after folding', async () => {
    await socket.ask(writeRequest(2 * BLOCK, randomBytes(BLOCK)), writeRequest(5 * BLOCK + 512, randomBytes(512), 2));
    await socket.ask(writeRequest(9_000 * BLOCK, randomBytes(BLOCK)));
    await socket.ask(request(Command.writeZeroes, 9_000 * BLOCK + 512, 512));
    const expected = [
      [2 * BLOCK, HOLE],
      [BLOCK, DATA],
      [2 * BLOCK, HOLE],
      [BLOCK, DATA],
      [8_994 * BLOCK, HOLE],
      [BLOCK, DATA],
      [GIB - 9_001 * BLOCK, HOLE],
    ];
    expect((await status(0, GIB)).extents).toEqual(expected);
    await api.ask('GET', `/data/v1/{p}/volumes/${id}/blocks`);
    expect((await status(0, GIB)).extents).toEqual(expected);
    expect((await status(2 * BLOCK + 100, BLOCK)).extents).toEqual([
      [BLOCK - 100, DATA],
      [100, HOLE],
    ]);
    expect((await status(0, GIB, CommandFlag.reqOne)).extents).toEqual([[2 * BLOCK, HOLE]]);
    await socket.ask(request(Command.trim, 0, 8 * BLOCK), request(Command.trim, 9_000 * BLOCK, BLOCK, { cookie: 2 }));
    expect((await status(0, GIB)).extents).toEqual([[GIB, HOLE]]);
  });

  test('answers in parts where a disk is written all over', async () => {
    for (let i = 0; i < 5; i++) {
      const writes = Array.from({ length: 250 }, (_, j) =>
        writeRequest((i * 250 + j) * 4 * BLOCK, randomBytes(512), j),
      );
      await socket.ask(...writes);
    }
    const { extents } = await status(0, GIB);
    expect(extents.length).toBe(1_024);
    expect(extents.slice(0, 3)).toEqual([
      [BLOCK, DATA],
      [3 * BLOCK, HOLE],
      [BLOCK, DATA],
    ]);
  });
});

describe('what cannot be done has its error, and the connection goes on', () => {
  test.each([
    ['a read beyond the end', request(Command.read, GIB - 512, 1_024), NbdErrno.inval],
    ['a read far beyond any disk', request(Command.read, 2 ** 63, 512), NbdErrno.inval],
    ['a write beyond the end', writeRequest(GIB - 1, new Uint8Array(2)), NbdErrno.nospc],
    ['zeros beyond the end', request(Command.writeZeroes, GIB, 1), NbdErrno.nospc],
    ['a trim beyond the end', request(Command.trim, GIB, 1), NbdErrno.inval],
    ['a read of more than a mebibyte', request(Command.read, 0, 2 ** 20 + 1), NbdErrno.inval],
    ['the longest read', request(Command.read, 0, 2 ** 32 - 1), NbdErrno.inval],
    ['a write of more than a mebibyte, its data thrown away', request(Command.write, 0, 2 ** 21), NbdErrno.inval],
    ['an unknown command', request(77, 0, 512), NbdErrno.inval],
    ['a flag that the command does not have', request(Command.trim, 0, 512, { flags: 64 }), NbdErrno.inval],
    ['a status of nothing', request(Command.blockStatus, 0, 0), NbdErrno.inval],
  ])('%s', async (_what, wrong, errno) => {
    expect((await socket.ask(wrong))[0]!.errno).toBe(errno);
    expect(await read(0, 512)).toEqual(new Uint8Array(512));
  });

  test('a wrong request among good ones fails alone', async () => {
    const bytes = randomBytes(512);
    const replies = await socket.ask(
      writeRequest(0, bytes, 1),
      writeRequest(GIB, bytes, 2),
      writeRequest(512, bytes, 3),
      request(Command.read, GIB, 1, { cookie: 4 }),
    );
    expect(replies.map(({ errno }) => errno)).toEqual([0, NbdErrno.nospc, 0, NbdErrno.inval]);
    expect(await read(0, 1_024)).toEqual(Uint8Array.from([...bytes, ...bytes]));
  });
});

test('snapshots and backups are read only, and stay as they were', async () => {
  const bytes = randomBytes(2 * BLOCK);
  await socket.ask(writeRequest(BLOCK, bytes));
  const { id: snapshotId } = (
    await api.ask('POST', '/evs/v3/{p}/snapshots', { snapshot: { volume_id: id, name: 's', force: true } })
  ).snapshot;
  await api.settled(`/evs/v3/{p}/snapshots/${snapshotId}`, 'snapshot');
  const backupId = (await api.ask('POST', '/evs/v3/{p}/backups', { backup: { volume_id: id, name: 'b', force: true } }))
    .backup.id;
  await api.settled(`/evs/v3/{p}/backups/${backupId}`, 'backup');
  await socket.ask(request(Command.writeZeroes, 0, GIB));
  for (const path of [`snapshots/${snapshotId}`, `backups/${backupId}`]) {
    const other = await NbdSocket.open(api, path);
    expect(await read(BLOCK + 3, bytes.length - 3, other)).toEqual(bytes.subarray(3));
    for (const wrong of [writeRequest(0, bytes), request(Command.trim, 0, 512), request(Command.writeZeroes, 0, 512)]) {
      expect((await other.ask(wrong))[0]!.errno).toBe(NbdErrno.perm);
    }
    const [extents] = await other.ask(request(Command.blockStatus, 0, GIB));
    expect(extents!.extents).toEqual([
      [BLOCK, HOLE],
      [2 * BLOCK, DATA],
      [GIB - 3 * BLOCK, HOLE],
    ]);
    await expect(NbdSocket.connect(api, path, '?mode=rw')).rejects.toThrow('403');
  }
});

test('an object that slept goes on where it was: the negotiation and the bytes are kept', async () => {
  const bytes = randomBytes(4_096);
  await socket.ask(writeRequest(512, bytes));
  await evictDurableObject(bindings.DISK.get(bindings.DISK.idFromName(id)));
  expect(await read(512, 4_096)).toEqual(bytes);
  expect((await status(0, BLOCK)).extents).toEqual([[BLOCK, DATA]]);
});
