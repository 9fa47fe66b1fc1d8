// Who may connect, and what the rest of the service sees of it: the volume is in use, one bridge writes at a time, strangers
// find nothing, and a revoked token ends what it opened.

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { beforeAll, describe, expect, test } from 'vitest';
import { CloseCode, Command } from '../../worker/nbd/wire.ts';
import type { ProjectRpc } from '../../worker/project/contract.ts';
import { Api, type Json } from './api.ts';
import { bindings, randomBytes } from './disk-driver.ts';
import { NbdSocket, request, writeRequest } from './nbd-client.ts';

let api: Api;
let stranger: Api;

beforeAll(async () => {
  api = await Api.login('demo1');
  stranger = await Api.login('demo2');
});

const newVolume = async (fields = {}) => (await api.createVolume(fields)).id as string;
const stubOf = (id: string) => bindings.DISK.get(bindings.DISK.idFromName(id));
const query = (session: string, connection: string = crypto.randomUUID(), mode = 'rw') =>
  `?mode=${mode}&session=${session}&connection=${connection}`;

/** Lets the grace period pass: what is due to be looked at is due now. */
async function afterGrace(id: string): Promise<void> {
  await runInDurableObject(stubOf(id), (_disk, ctx) => {
    ctx.storage.sql.exec("UPDATE due SET ms = 1 WHERE task = 'detach'");
  });
  // A new incarnation reads what is due.
  await evictDurableObject(stubOf(id));
  await runDurableObjectAlarm(stubOf(id));
}

describe('the volume', () => {
  test('is in use while somebody is connected, and available when the last one has said goodbye', async () => {
    const id = await newVolume();
    const session = crypto.randomUUID();
    const first = await NbdSocket.open(api, `volumes/${id}`, query(session));
    const second = await NbdSocket.open(api, `volumes/${id}`, query(session));
    const used: Json = await api.volumeAs(id);
    expect(used.status).toBe('in-use');
    expect(used.attachments).toHaveLength(1);
    expect(used.attachments[0].host_name).toBe('nbd');
    first.close();
    await first.closed;
    await runDurableObjectAlarm(stubOf(id));
    expect((await api.volumeAs(id)).status).toBe('in-use');
    second.close();
    await api.volume(id);
    expect((await api.volumeAs(id)).attachments).toEqual([]);
  });

  test('is available after a goodbye to a project that has slept', async () => {
    const id = await newVolume();
    const socket = await NbdSocket.open(api, `volumes/${id}`);
    await evictDurableObject(bindings.PROJECT.get(bindings.PROJECT.idFromName(api.projectId)));
    socket.close();
    await socket.closed;
    await api.volume(id);
  });

  test('stays in use for the grace period when a connection breaks', async () => {
    const id = await newVolume();
    const socket = await NbdSocket.open(api, `volumes/${id}`);
    // Not 1000: nobody said goodbye.
    socket.close(4000);
    await socket.closed;
    await runDurableObjectAlarm(stubOf(id));
    expect((await api.volumeAs(id)).status).toBe('in-use');
    await afterGrace(id);
    await api.volume(id);
  });

  test('that a server has keeps its attachment', async () => {
    const id = await newVolume();
    const body = { 'os-attach': { instance_uuid: crypto.randomUUID(), mountpoint: '/dev/vdc' } };
    await api.ask('POST', `/evs/v3/{p}/volumes/${id}/action`, body);
    const socket = await NbdSocket.open(api, `volumes/${id}`);
    expect((await api.volumeAs(id)).attachments).toHaveLength(1);
    socket.close();
    await socket.closed;
    await afterGrace(id);
    const after = await api.volumeAs(id);
    expect([after.status, after.attachments.length]).toEqual(['in-use', 1]);
  });
});

describe('a connection that is made again', () => {
  const again = (first: NbdSocket, about: string) => `${about}&attachment=${first.attachmentId}`;

  test('goes on within the grace period, also when a restart was what broke it', async () => {
    const id = await newVolume();
    const about = query(crypto.randomUUID());
    const first = await NbdSocket.open(api, `volumes/${id}`, about);
    // Nobody has seen it end; the look that comes sooner or later finds nobody.
    await evictDurableObject(stubOf(id), { webSockets: 'close' });
    await runInDurableObject(stubOf(id), (_disk, ctx) => {
      ctx.storage.sql.exec("UPDATE due SET ms = 1 WHERE task = 'look'");
    });
    await evictDurableObject(stubOf(id));
    await runDurableObjectAlarm(stubOf(id));
    expect((await api.volumeAs(id)).status).toBe('in-use');
    const second = await NbdSocket.open(api, `volumes/${id}`, again(first, about));
    expect(second.attachmentId).toBe(first.attachmentId);
    expect((await second.ask(writeRequest(0, randomBytes(512))))[0]!.errno).toBe(0);
  });

  test('is refused when the disk was detached meanwhile: somebody else may have written', async () => {
    const id = await newVolume();
    const about = query(crypto.randomUUID());
    const first = await NbdSocket.open(api, `volumes/${id}`, about);
    first.close(4000);
    await first.closed;
    await afterGrace(id);
    await api.volume(id);
    const second = await NbdSocket.connect(api, `volumes/${id}`, again(first, about));
    expect((await second.closed).code).toBe(CloseCode.gone);
    expect((await api.volumeAs(id)).status).toBe('available');
    // Also when it has been attached again since.
    await NbdSocket.open(api, `volumes/${id}`);
    const third = await NbdSocket.connect(api, `volumes/${id}`, again(first, about));
    expect((await third.closed).code).toBe(CloseCode.gone);
    const answer = await api.answer('GET', `/data/v1/{p}/volumes/${id}/nbd?attachment=1`);
    expect(answer.status).toBe(426);
  });
});

describe('writers', () => {
  test('one bridge at a time, with any number of connections and readers beside it', async () => {
    const id = await newVolume();
    const session = crypto.randomUUID();
    const [one, two] = [
      await NbdSocket.open(api, `volumes/${id}`, query(session)),
      await NbdSocket.open(api, `volumes/${id}`, query(session)),
    ];
    const refused = await NbdSocket.connect(api, `volumes/${id}`);
    expect((await refused.closed).code).toBe(CloseCode.busy);
    const reader = await NbdSocket.open(api, `volumes/${id}`, '?mode=ro');
    expect((await reader.ask(writeRequest(0, randomBytes(512))))[0]!.errno).toBe(1);
    // What one was told is so for all of them.
    for (let i = 0; i < 20; i++) {
      const bytes = randomBytes(4_096);
      await (i % 2 ? one : two).ask(writeRequest(i * 4_096, bytes));
      for (const other of [one, two, reader]) {
        expect((await other.ask(request(Command.read, i * 4_096, 4_096)))[0]!.data).toEqual(bytes);
      }
    }
  });

  test('many bridges where the volume is for many', async () => {
    const id = await newVolume({ multiattach: true });
    const sockets = [await NbdSocket.open(api, `volumes/${id}`), await NbdSocket.open(api, `volumes/${id}`)];
    for (const socket of sockets) expect((await socket.ask(writeRequest(0, randomBytes(512))))[0]!.errno).toBe(0);
  });

  test('a connection that is made again takes the place of the old one, whose messages count no more', async () => {
    const id = await newVolume();
    const again = query(crypto.randomUUID());
    const old = await NbdSocket.open(api, `volumes/${id}`, again);
    const bytes = randomBytes(512);
    const renewed = await NbdSocket.open(api, `volumes/${id}`, again);
    expect((await old.closed).code).toBe(CloseCode.goingAway);
    await renewed.ask(writeRequest(0, bytes));
    expect((await renewed.ask(request(Command.read, 0, 512)))[0]!.data).toEqual(bytes);
  });
});

describe('refused', () => {
  test("strangers, unknown ids, no token, and another project's path are as for bytes", async () => {
    const id = await newVolume();
    const connect = (by: Api, path: string) => by.send('GET', path, undefined, { Upgrade: 'websocket' });
    expect((await connect(stranger, `/data/v1/{p}/volumes/${id}/nbd`)).status).toBe(404);
    expect((await connect(stranger, `/data/v1/${api.projectId}/volumes/${id}/nbd`)).status).toBe(404);
    expect((await connect(api, `/data/v1/{p}/volumes/${crypto.randomUUID()}/nbd`)).status).toBe(404);
    expect((await connect(Api.withToken(api.projectId, 'x'), `/data/v1/{p}/volumes/${id}/nbd`)).status).toBe(401);
    expect((await api.answer('GET', `/data/v1/{p}/volumes/${id}/nbd`)).status).toBe(426);
    expect((await api.answer('GET', `/data/v1/{p}/volumes/${id}/nbd?mode=w`)).status).toBe(400);
    expect((await connect(api, `/data/v1/{p}/volumes/${id}/nbd?session=1`)).status).toBe(400);
    expect((await api.volumeAs(id)).status).toBe('available');
  });

  test('a deleted token ends its connections when they next need leave', async () => {
    const id = await newVolume();
    const other = await Api.login('demo1');
    const socket = await NbdSocket.open(other, `volumes/${id}`);
    const tokenId = await runInDurableObject(stubOf(id), (_disk, ctx) => {
      const [open] = ctx.getWebSockets();
      const state = open!.deserializeAttachment();
      // The leave of 30 s is over.
      open!.serializeAttachment({ ...state, leave: { ...state.leave, untilMs: 0 } });
      return state.leave.caller.tokenId as string;
    });
    const project = bindings.PROJECT.get(bindings.PROJECT.idFromName(other.projectId)) as unknown as ProjectRpc;
    await project.revoke([{ id: tokenId, expiresMs: Date.now() + 60_000 }]);
    await evictDurableObject(stubOf(id));
    socket.send(request(Command.read, 0, 512));
    expect((await socket.closed).code).toBe(CloseCode.refused);
  });

  test('readers of a snapshot go on over a rollback, and are hung up on when the snapshot goes', async () => {
    const id = await newVolume();
    const { id: snapshotId } = await api.createSnapshot(id);
    const other = await NbdSocket.open(api, `snapshots/${snapshotId}`);
    const reader = await NbdSocket.open(api, `snapshots/${snapshotId}`);
    await api.rollback(snapshotId, id);
    expect((await other.ask(request(Command.read, 0, 512)))[0]!.errno).toBe(0);
    reader.close();
    await api.deleteVolume(id);
    expect((await other.closed).code).toBe(CloseCode.gone);
  });
});
