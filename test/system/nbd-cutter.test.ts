// How the bridge cuts a client's bytes into messages: whole requests, whatever pieces TCP makes of them.

import { expect, test } from 'vitest';
import { CutError, Cutter } from '../../cli/nbd/cutter.ts';
import { Command, REQUEST_HEADER_BYTES, REQUEST_MAGIC, TOKEN_BYTES } from '../../worker/nbd/wire.ts';

const ROOM = 8 * 2 ** 20;

function request(type: number, length: number, magic: number = REQUEST_MAGIC): Buffer {
  const header = Buffer.alloc(REQUEST_HEADER_BYTES);
  header.writeUInt32BE(magic, 0);
  header.writeUInt16BE(type, 6);
  header.writeUInt32BE(length, 24);
  return type === Command.write ? Buffer.concat([header, Buffer.alloc(length, length % 251)]) : header;
}

test.each([1, 7, 28, 4_096, 65_536])('pieces of %i bytes come out as whole requests, in order', (pieceBytes) => {
  const lengths = [512, 1, 70_000, 4_096, 4_096, 2 ** 20, 3];
  const stream = Buffer.concat(lengths.map((length) => request(Command.write, length)));
  const cutter = new Cutter();
  const out: Uint8Array[] = [];
  let requests = 0;
  for (let at = 0; at < stream.length; at += pieceBytes) {
    cutter.push(stream.subarray(at, at + pieceBytes));
    for (let message = cutter.takeRequests(ROOM); message !== null; message = cutter.takeRequests(ROOM)) {
      out.push(message.bytes.subarray(TOKEN_BYTES));
      requests += message.requests;
      expect(message.bytes.length).toBeLessThanOrEqual(TOKEN_BYTES + REQUEST_HEADER_BYTES + 2 ** 20);
    }
  }
  expect(requests).toBe(lengths.length);
  expect(Buffer.concat(out).equals(stream)).toBe(true);
});

test('reads wait for room, and a message asks for no more than its share', () => {
  const cutter = new Cutter();
  for (let i = 0; i < 3; i++) cutter.push(request(Command.read, 2 ** 20));
  expect(cutter.takeRequests(1_000)).toBeNull();
  expect(cutter.takeRequests(ROOM)?.requests).toBe(1);
});

test('how many requests have come whole is known without taking them', () => {
  const cutter = new Cutter();
  const write = request(Command.write, 4_096);
  expect(cutter.holds(1)).toBe(false);
  cutter.push(write);
  cutter.push(write.subarray(0, write.length - 1));
  expect([cutter.holds(1), cutter.holds(2)]).toEqual([true, false]);
  cutter.push(write.subarray(write.length - 1));
  expect([cutter.holds(2), cutter.holds(3)]).toEqual([true, false]);
  expect(cutter.takeRequests(ROOM)?.requests).toBe(2);
  cutter.push(request(Command.flush, 0, 1));
  expect(cutter.holds(16)).toBe(true);
});

test('a write that is too long goes on without its data; what follows is found', () => {
  const cutter = new Cutter();
  const long = request(Command.write, 2 ** 20 + 1);
  cutter.push(long.subarray(0, 100));
  expect(cutter.takeRequests(ROOM)?.bytes.length).toBe(TOKEN_BYTES + REQUEST_HEADER_BYTES);
  cutter.push(long.subarray(100, 2 ** 20));
  cutter.push(Buffer.concat([long.subarray(2 ** 20), request(Command.flush, 0)]));
  expect(cutter.takeRequests(ROOM)).toMatchObject({ requests: 1 });
});

test('what is no request, or will never end, is refused after what was good', () => {
  const cutter = new Cutter();
  cutter.push(Buffer.concat([request(Command.flush, 0), request(Command.read, 1, 0x25609514)]));
  expect(cutter.takeRequests(ROOM)?.requests).toBe(1);
  expect(() => cutter.takeRequests(ROOM)).toThrow(CutError);
  const other = new Cutter();
  const endless = request(Command.read, 2 ** 32 - 1);
  endless.writeUInt16BE(Command.write, 6);
  other.push(endless);
  expect(() => other.takeRequests(ROOM)).toThrow(CutError);
});

test('nonsense in pieces of any length ends in a refusal, and never in more than was sent', () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  let refused = 0;
  for (let i = 0; i < 500; i++) {
    const cutter = new Cutter();
    let [pushed, taken] = [0, 0];
    try {
      for (let j = 0; j < 40; j++) {
        const piece = request(random(9), random(5_000));
        if (random(3) === 0) piece.writeUInt32BE(random(2 ** 32), 24);
        if (random(8) === 0) piece[random(piece.length)]! ^= 1 + random(255);
        const part = random(4) === 0 ? piece.subarray(0, random(piece.length)) : piece;
        pushed += part.length;
        cutter.push(part);
        for (let message = cutter.takeRequests(ROOM); message !== null; message = cutter.takeRequests(ROOM)) {
          taken += message.bytes.length - TOKEN_BYTES;
        }
        expect(taken).toBeLessThanOrEqual(pushed);
        if (cutter.isFull) break;
      }
    } catch (error) {
      expect(error).toBeInstanceOf(CutError);
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(300);
});
