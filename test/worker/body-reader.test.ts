// Bodies in pieces of the lengths that are asked for, however they arrive.

import { describe, expect, test } from 'vitest';
import { BodyReader } from '../../worker/disk/body-reader.ts';
import { randomBytes } from './disk-driver.ts';

/** A body that arrives in chunks of these lengths, and then ends, or breaks off. */
function bodyOf(bytes: Uint8Array, chunk: number, end: 'whole' | 'broken' = 'whole'): ReadableStream<Uint8Array> {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  void (async () => {
    for (let at = 0; at < bytes.length; at += chunk) await writer.write(bytes.slice(at, at + chunk));
    if (end === 'whole') await writer.close();
    else await writer.abort(new Error('the client is gone'));
  })().catch(() => undefined);
  return readable;
}

describe('a body', () => {
  const bytes = randomBytes(700_000);

  test.each([1_000, 65_536, 100_000, 700_000])('that arrives %i bytes at a time is taken whole', async (chunk) => {
    const reader = new BodyReader(bodyOf(bytes, chunk), bytes.length);
    const lengths = [128, 48, 65_536, 1, 48, 40_000, 65_536];
    let at = 0;
    for (let i = 0; at < bytes.length; i++) {
      const part = await reader.take(lengths[i % lengths.length]!);
      expect(part.length).toBe(Math.min(lengths[i % lengths.length]!, bytes.length - at));
      expect(part).toEqual(bytes.subarray(at, at + part.length));
      at += part.length;
    }
    expect((await reader.take(1)).length).toBe(0);
    expect((await reader.take(48)).length).toBe(0);
  });

  test('that is too long is refused', async () => {
    const reader = new BodyReader(bodyOf(bytes, 65_536), 300_000);
    const takeAll = async () => {
      while ((await reader.take(65_536)).length > 0);
    };
    await expect(takeAll()).rejects.toMatchObject({ code: 'too-large' });
    await reader.cancel();
  });

  test('that breaks off is no body that has ended', async () => {
    const reader = new BodyReader(bodyOf(bytes.subarray(0, 1_000), 500, 'broken'), 10_000);
    expect((await reader.take(500)).length).toBe(500);
    const takeAll = async () => {
      while ((await reader.take(300)).length > 0);
    };
    await expect(takeAll()).rejects.toMatchObject({ code: 'bad-stream' });
  });

  test('that is not there is empty', async () => {
    expect((await new BodyReader(null, 10).take(48)).length).toBe(0);
  });
});
