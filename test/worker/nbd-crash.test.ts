// The object crashes while it does what a message asks for, at each of its awaits. Whoever connects again and sends the
// message again, as a bridge does, finds a disk on which it was done once.

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Command } from '../../worker/nbd/wire.ts';
import { Api } from './api.ts';
import { type CrashPlan, plan } from './crashing-disk.ts';
import { randomBytes } from './disk-driver.ts';
import { NbdSocket, request, writeRequest } from './nbd-client.ts';

const BLOCK = 65_536;
const CONTENT = 6 * BLOCK;

let api: Api;
let snapshotId: string;
let original: Uint8Array;

beforeAll(async () => {
  api = await Api.login('demo1');
  const { id } = await api.createVolume();
  original = randomBytes(CONTENT);
  await api.write(id, 0, original);
  snapshotId = (await api.createSnapshot(id)).id;
});

afterEach(() => plan(null));

/** How many awaits a message comes to depends on what has been fetched from the source by then; not all come to none. */
let crashes = 0;
afterAll(() => expect(crashes).toBeGreaterThan(1));

/** Parts of sectors, whose other parts have to be fetched from the source, and whole ones between them. */
const parts = [
  { offset: 100, bytes: randomBytes(10) },
  { offset: 2 * BLOCK, bytes: randomBytes(4_096) },
  { offset: 3 * BLOCK - 5, bytes: randomBytes(BLOCK) },
  { offset: 5 * BLOCK + 1_000, bytes: new Uint8Array(3_000) },
];
const message = parts.map(({ offset, bytes }, i) =>
  i === 3 ? request(Command.writeZeroes, offset, bytes.length, { cookie: i }) : writeRequest(offset, bytes, i),
);

const CRASHES = [0, 1, 2, 3].flatMap((callsLeft) => [
  { callsLeft, when: 'before' as const },
  { callsLeft, when: 'after' as const },
]);

test.each(CRASHES)('a crash $when await $callsLeft, where there are so many', async ({ callsLeft, when }) => {
  const { id } = await api.createVolume({ snapshot_id: snapshotId });
  const about = `?mode=rw&session=${crypto.randomUUID()}&connection=${crypto.randomUUID()}`;
  let socket = await NbdSocket.open(api, `volumes/${id}`, about);
  const again = `${about}&attachment=${socket.attachmentId}`;
  const crash: CrashPlan = { callsLeft, when, happened: false };
  plan(crash);
  const replies = await api.until('the message to be answered', async () => {
    try {
      return await socket.ask(...message);
    } catch {
      socket = await NbdSocket.open(api, `volumes/${id}`, again).catch(() => socket);
      return null;
    }
  });
  plan(null);
  if (crash.happened) crashes += 1;
  expect(replies.map(({ errno }) => errno)).toEqual(parts.map(() => 0));
  const expected = original.slice();
  for (const { offset, bytes } of parts) expected.set(bytes, offset);
  expect(await api.read(`volumes/${id}`, CONTENT)).toEqual(expected);
});
