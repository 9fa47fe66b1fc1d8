// The negotiation, and what happens to those who do not keep to the protocol: they are told, or hung up on, and the disk is
// as it was.

import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { concat, u16, u32, u64 } from '../../worker/nbd/bytes.ts';
import {
  CloseCode,
  Command,
  Option,
  OptionReply,
  OUTSTANDING_BYTES_MAX,
  TransmissionFlag,
} from '../../worker/nbd/wire.ts';
import { Api } from './api.ts';
import { randomBytes } from './disk-driver.ts';
import { NbdSocket, option, parseReplies, request, utf8, writeRequest } from './nbd-client.ts';

const GIB = 2 ** 30;

let api: Api;
let id: string;
let socket: NbdSocket;

beforeAll(async () => {
  api = await Api.login('demo1');
  id = (await api.createVolume({ multiattach: true })).id;
});

beforeEach(async () => {
  socket = await NbdSocket.connect(api, `volumes/${id}`);
  expect(await socket.receive()).toEqual(concat([utf8('NBDMAGICIHAVEOPT'), u16(3)]));
});

/** The option replies of a message: kind and body. */
function optionReplies(message: Uint8Array): { kind: number; body: Uint8Array }[] {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const replies: { kind: number; body: Uint8Array }[] = [];
  for (let at = 0; at < message.length; ) {
    const bytes = view.getUint32(at + 16);
    replies.push({ kind: view.getUint32(at + 12), body: message.subarray(at + 20, at + 20 + bytes) });
    at += 20 + bytes;
  }
  return replies;
}

const kinds = (message: Uint8Array) => optionReplies(message).map(({ kind }) => kind);
const named = (name: string) => concat([u32(utf8(name).length), utf8(name)]);
const contexts = (name: string, ...queries: string[]) =>
  concat([named(name), u32(queries.length), ...queries.map(named)]);

describe('options', () => {
  beforeEach(async () => {
    expect(await socket.say(u32(3))).toEqual(new Uint8Array(0));
  });

  test('INFO and GO tell size, flags and block sizes; the id is a name of the export', async () => {
    const reply = await socket.say(option(Option.info, concat([named(id), u16(2), u16(1), u16(2)])));
    const [exported, sizes, name, description, ack] = optionReplies(reply);
    const view = new DataView(exported!.body.buffer, exported!.body.byteOffset);
    expect(Number(view.getBigUint64(2))).toBe(GIB);
    expect(view.getUint16(10) & TransmissionFlag.multiConn).not.toBe(0);
    expect(sizes!.body).toEqual(concat([u16(3), u32(1), u32(4_096), u32(2 ** 20)]));
    expect(name!.body).toEqual(concat([u16(1), utf8(id)]));
    expect(new TextDecoder().decode(description!.body.subarray(2))).toContain(id);
    expect(ack!.kind).toBe(OptionReply.ack);
    expect(kinds(await socket.say(option(Option.go, concat([named(''), u16(0)])))).at(-1)).toBe(OptionReply.ack);
    const [reply1] = await socket.ask(request(Command.read, 0, 512));
    expect(reply1).toMatchObject({ errno: 0 });
  });

  test('LIST, contexts and what is unknown', async () => {
    expect(kinds(await socket.say(option(Option.list)))).toEqual([OptionReply.server, OptionReply.ack]);
    const set = option(Option.setMetaContext, contexts('', 'base:allocation'));
    expect(kinds(await socket.say(set))).toEqual([OptionReply.invalid]);
    await socket.say(option(Option.structuredReply));
    expect(kinds(await socket.say(set))).toEqual([OptionReply.metaContext, OptionReply.ack]);
    const list = (...queries: string[]) => socket.say(option(Option.listMetaContext, contexts('', ...queries)));
    expect(kinds(await list())).toEqual([OptionReply.metaContext, OptionReply.ack]);
    expect(kinds(await list('base:'))).toEqual([OptionReply.metaContext, OptionReply.ack]);
    expect(kinds(await list('qemu:dirty-bitmap:x'))).toEqual([OptionReply.ack]);
    expect(kinds(await socket.say(option(Option.go, concat([named('other'), u16(0)]))))).toEqual([OptionReply.unknown]);
    // STARTTLS, extended headers, and what nobody has thought of.
    for (const number of [5, 11, 4_711]) {
      expect(kinds(await socket.say(option(number, randomBytes(9))))).toEqual([OptionReply.unsupported]);
    }
  });

  test.each([
    ['LIST with data', option(Option.list, new Uint8Array(3))],
    ['GO without its numbers', option(Option.go, u32(0))],
    ['GO with a name longer than the option', option(Option.go, concat([u32(2 ** 31), u16(0)]))],
    ['GO with more requests than there are', option(Option.go, concat([named(''), u16(9)]))],
    ['contexts without an end', option(Option.setMetaContext, concat([named(''), u32(2 ** 32 - 1)]))],
    ['structured replies with data', option(Option.structuredReply, u32(1))],
  ])('%s is invalid, and the negotiation goes on', async (_what, wrong) => {
    expect(kinds(await socket.say(wrong))).toEqual([OptionReply.invalid]);
    expect(kinds(await socket.say(option(Option.list)))).toHaveLength(2);
  });

  test('EXPORT_NAME without structured replies: the old way, and simple replies', async () => {
    const reply = await socket.say(option(Option.exportName));
    expect(reply.length).toBe(10);
    const bytes = randomBytes(1_024);
    const answer = await socket.say(
      concat([writeRequest(4_096, bytes, 7), request(Command.read, 4_096, 1_024, { cookie: 8 })]),
    );
    const replies = parseReplies(answer, new Map([[8, 1_024]]));
    expect(replies.map(({ cookie, errno }) => [cookie, errno])).toEqual([
      [7, 0],
      [8, 0],
    ]);
    expect(replies[1]!.data).toEqual(bytes);
    const [refused] = await socket.ask(request(Command.blockStatus, 0, 512));
    expect(refused!.errno).toBe(22);
  });

  test('ABORT and DISC end the connection in peace', async () => {
    await socket.say(option(Option.abort));
    expect((await socket.closed).code).toBe(CloseCode.done);
    const other = await NbdSocket.open(api, `volumes/${id}`);
    other.send(concat([writeRequest(0, randomBytes(512), 3), request(Command.disconnect, 0, 0)]));
    expect(parseReplies(await other.receive(), new Map())).toMatchObject([{ cookie: 3, errno: 0 }]);
    expect((await other.closed).code).toBe(CloseCode.done);
  });
});

describe('hung up on', () => {
  const negotiations: [string, Uint8Array][] = [
    ['flags that are none', u32(0)],
    ['unknown flags', u32(0xffff_ffff)],
    ['half the flags', u16(1)],
  ];
  test.each(negotiations)('%s', async (_what, flags) => {
    socket.send(flags);
    expect((await socket.closed).code).toBe(CloseCode.protocol);
  });

  test.each([
    ['a wrong option magic', concat([utf8('IHAVEOPX'), u64(0)])],
    ['half an option', utf8('IHAVE')],
    ['an option shorter than it says', concat([utf8('IHAVEOPT'), u32(3), u32(5)])],
    ['an unknown export, where there is no error', option(Option.exportName, utf8('other'))],
  ])('%s', async (_what, message) => {
    await socket.say(u32(3));
    socket.send(message);
    expect((await socket.closed).code).toBe(CloseCode.protocol);
  });

  test.each([
    ['a wrong magic', request(Command.read, 0, 512, { magic: 0x25609514 })],
    ['half a header', request(Command.read, 0, 512).subarray(0, 20)],
    ['half the data of a write', writeRequest(0, randomBytes(512)).subarray(0, 300)],
    ['a good write and then half a header', concat([writeRequest(0, randomBytes(512)), u32(0x25609513)])],
  ])('%s; nothing of the message is done', async (_what, message) => {
    const open = await NbdSocket.open(api, `volumes/${id}`);
    const before = await api.read(`volumes/${id}`, 4_096);
    open.send(message);
    expect((await open.closed).code).toBe(CloseCode.protocol);
    expect(await api.read(`volumes/${id}`, 4_096)).toEqual(before);
  });

  test('text, an empty message, one that is too long, and a token that was never given', async () => {
    socket.sendRaw('hello');
    expect((await socket.closed).code).toBe(CloseCode.protocol);
    for (const message of [new Uint8Array(2), new Uint8Array(2 ** 20 + 64)]) {
      const other = await NbdSocket.open(api, `volumes/${id}`);
      other.sendRaw(message);
      expect((await other.closed).code).toBe(CloseCode.protocol);
    }
    const liar = await NbdSocket.open(api, `volumes/${id}`);
    liar.token ^= 1;
    liar.send(request(Command.flush, 0, 0));
    expect((await liar.closed).code).toBe(CloseCode.protocol);
  });

  test('a client that asks on and on and confirms nothing', async () => {
    const greedy = await NbdSocket.open(api, `volumes/${id}`);
    const token = greedy.token;
    let received = 0;
    try {
      for (;;) {
        received += (await greedy.say(request(Command.read, 0, 2 ** 20))).length;
        greedy.token = token;
      }
    } catch {
      expect((await greedy.closed).code).toBe(CloseCode.policy);
    }
    expect(received).toBeLessThanOrEqual(OUTSTANDING_BYTES_MAX);
    expect(received).toBeGreaterThan(OUTSTANDING_BYTES_MAX / 2);
  });
});
