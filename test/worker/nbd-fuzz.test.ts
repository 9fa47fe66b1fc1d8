// Thousands of random requests and options, of which many are wrong, by a client that writes: each is answered as a small
// model of the protocol says, or its connection is closed and nothing of its message is done.

import { beforeAll, expect, test } from 'vitest';
import { concat, u16, u32 } from '../../worker/nbd/bytes.ts';
import { CloseCode, Command, NbdErrno } from '../../worker/nbd/wire.ts';
import { Api } from './api.ts';
import { randomBytes } from './disk-driver.ts';
import { NbdSocket, option, request } from './nbd-client.ts';

const GIB = 2 ** 30;
const MESSAGES = 600;
const REQUESTS_MAX = 8;
/** What the model remembers; the rest of the disk stays empty. */
const AREA_BYTES = 2 ** 20;
const LENGTH_MAX = 40_000;

let api: Api;
let id: string;

beforeAll(async () => {
  api = await Api.login('demo1');
  id = (await api.createVolume()).id;
});

/** Whole numbers below a bound, the same in every run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Tried {
  readonly bytes: Uint8Array;
  readonly errno: number;
  /** Does to the model what the request does to the disk. */
  apply(model: Uint8Array): void;
  /** What a read finds, once all that is written in the message is. */
  expected?(model: Uint8Array): Uint8Array;
}

const nothing = () => undefined;

/** Wrong ones that have an error of their own: numbers that are too large, negative, unknown. */
function wrongRequest(random: (below: number) => number, cookie: number): Tried {
  const far = [GIB - 10, GIB, 2 ** 40, 2 ** 63, 2 ** 64 - 4_096][random(5)]!;
  const changes = random(2) === 0;
  const make: (() => Tried)[] = [
    () => ({
      bytes: request(changes ? Command.writeZeroes : Command.read, far, 512, { cookie }),
      errno: changes ? NbdErrno.nospc : NbdErrno.inval,
      apply: nothing,
    }),
    // Negative, for whoever reads 32 bits with a sign.
    () => ({
      bytes: request(Command.read, 0, 2 ** 31 + random(2 ** 31), { cookie }),
      errno: NbdErrno.inval,
      apply: nothing,
    }),
    () => ({ bytes: request(Command.trim, 2 ** 31, 2 ** 32 - 1, { cookie }), errno: NbdErrno.inval, apply: nothing }),
    // Its data do not come.
    () => ({
      bytes: request(Command.write, 0, 2 ** 20 + 1 + random(2 ** 29), { cookie }),
      errno: NbdErrno.inval,
      apply: nothing,
    }),
    () => ({
      bytes: request(8 + random(65_000), random(GIB), random(GIB), { cookie }),
      errno: NbdErrno.inval,
      apply: nothing,
    }),
    () => ({
      bytes: request(Command.read, 0, 512, { cookie, flags: 16 << random(12) }),
      errno: NbdErrno.inval,
      apply: nothing,
    }),
  ];
  return make[random(make.length)]!();
}

function goodRequest(random: (below: number) => number, cookie: number): Tried {
  const length = random(LENGTH_MAX);
  const offset = random(AREA_BYTES - length);
  const kind = random(4);
  if (kind === 0) {
    const expected = (model: Uint8Array) => model.slice(offset, offset + length);
    return { bytes: request(Command.read, offset, length, { cookie }), errno: 0, apply: nothing, expected };
  }
  if (kind === 1) {
    const type = random(2) ? Command.trim : Command.writeZeroes;
    const apply = (model: Uint8Array) => model.fill(0, offset, offset + length);
    return { bytes: request(type, offset, length, { cookie }), errno: 0, apply };
  }
  const data = randomBytes(length);
  const apply = (model: Uint8Array) => model.set(data, offset);
  return { bytes: request(Command.write, offset, length, { cookie, data, flags: random(2) }), errno: 0, apply };
}

/** A message that no client may send: cut off, or with a wrong number in it. */
function broken(random: (below: number) => number, message: Uint8Array): Uint8Array {
  if (random(2)) return message.subarray(0, message.length - 1 - random(27));
  const bytes = message.slice();
  bytes[random(4)]! ^= 1 + random(255);
  return bytes;
}

test(`${MESSAGES} messages of random requests do what they may, and no more`, async () => {
  const random = randomOf(20_261_122);
  const model = new Uint8Array(AREA_BYTES);
  let socket = await NbdSocket.open(api, `volumes/${id}`);
  for (let i = 0; i < MESSAGES; i++) {
    const tried = Array.from({ length: 1 + random(REQUESTS_MAX) }, (_, cookie) =>
      random(4) === 0 ? wrongRequest(random, cookie) : goodRequest(random, cookie),
    );
    if (random(12) === 0) {
      socket.send(broken(random, concat(tried.map(({ bytes }) => bytes))));
      expect((await socket.closed).code).toBe(CloseCode.protocol);
      socket = await NbdSocket.open(api, `volumes/${id}`);
      continue;
    }
    const replies = await socket.ask(...tried.map(({ bytes }) => bytes));
    expect(replies.map(({ errno }) => errno)).toEqual(tried.map(({ errno }) => errno));
    for (const { apply } of tried) apply(model);
    tried.forEach(({ expected }, at) => {
      if (expected) expect(replies[at]!.data).toEqual(expected(model));
    });
  }
  expect(await api.read(`volumes/${id}`, AREA_BYTES)).toEqual(model);
  socket.close();
  await socket.closed;
});

test('random options are answered, or the connection is closed; the next one finds everything as it was', async () => {
  const random = randomOf(1_122);
  let closed = 0;
  for (let i = 0; i < 60; i++) {
    const socket = await NbdSocket.connect(api, `volumes/${id}`, '?mode=ro');
    await socket.receive();
    await socket.say(u32(1 + 2 * random(2)));
    try {
      for (let j = 0; j < 20; j++) {
        const data = [
          randomBytes(random(40)),
          concat([u32(random(8)), randomBytes(random(12))]),
          concat([u32(0), u16(0)]),
        ];
        const message = option(random(12), data[random(3)]!);
        const wrong = random(30) === 0;
        await socket.say(wrong ? broken(random, message) : message);
      }
    } catch (error) {
      expect(String(error)).toMatch(/closed: 100[02]/);
      closed += 1;
    }
    socket.close();
  }
  expect(closed).toBeGreaterThan(10);
  const last = await NbdSocket.open(api, `volumes/${id}`, '?mode=ro');
  expect((await last.ask(request(Command.read, 0, 512)))[0]!.errno).toBe(0);
});
