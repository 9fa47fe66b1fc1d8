// When a disk folds by itself: after a pause of its guests, and at the latest after half a minute.

import { runDurableObjectAlarm } from 'cloudflare:test';
import { afterEach, expect, test, vi } from 'vitest';
import { DiskDriver, randomBytes } from './disk-driver.ts';

afterEach(() => vi.restoreAllMocks());

/** A disk, and its clock. */
async function newDisk() {
  const startMs = Date.now();
  const clock = vi.spyOn(Date, 'now').mockReturnValue(startMs);
  const disk = new DiskDriver();
  await disk.create(2 ** 30);
  const at = (afterMs: number) => clock.mockReturnValue(startMs + afterMs);
  const write = () => disk.write(0, randomBytes(4_096));
  const logEntries = async () => {
    await runDurableObjectAlarm(disk.stub);
    return (await disk.status())?.logEntries;
  };
  return { at, write, logEntries };
}

test('writes gather in the log until none has come for two seconds', async () => {
  const { at, write, logEntries } = await newDisk();
  await write();
  at(1_500);
  await write();
  at(2_100);
  expect(await logEntries()).toBe(2);
  at(3_600);
  expect(await logEntries()).toBe(0);
});

test('guests that never stop do not put folding off for ever', async () => {
  const { at, write, logEntries } = await newDisk();
  for (let ms = 0; ms < 30_000; ms += 1_000) {
    at(ms);
    await write();
    expect(await logEntries()).toBe(1 + ms / 1_000);
  }
  at(30_500);
  expect(await logEntries()).toBe(0);
});
