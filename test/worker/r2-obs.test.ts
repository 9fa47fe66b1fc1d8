// R2 as object storage when its answers are cut: a short body is an error, never data.

import { env as bindings } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { R2Obs } from '../../worker/adapters/r2-obs.ts';
import type { Env } from '../../worker/env.ts';
import { randomBytes } from '../conformance/data.ts';

const bucket = (bindings as unknown as Env).OBS;

/** The bucket, but that every body lacks its last `lost` bytes. */
function cutting(lost: number): R2Bucket {
  const cut = (object: R2ObjectBody): R2ObjectBody =>
    new Proxy(object, {
      get: (target, name) => {
        if (name === 'arrayBuffer') return async () => (await target.arrayBuffer()).slice(0, -lost);
        return Reflect.get(target, name, target) as unknown;
      },
    });
  const get = async (key: string, options?: R2GetOptions) => {
    const object = await bucket.get(key, options ?? {});
    return object && cut(object as R2ObjectBody);
  };
  return { get, head: (key: string) => bucket.head(key) } as unknown as R2Bucket;
}

test('a body that is shorter than what was asked for is an error', async () => {
  const key = `cut/${crypto.randomUUID()}`;
  const bytes = randomBytes(1, 1_000);
  await bucket.put(key, bytes);
  for (const lost of [1, 600]) {
    const obs = new R2Obs(cutting(lost));
    await expect(obs.get(key)).rejects.toThrow(/of 1000 bytes/);
    await expect(obs.getRange(key, 100, 700)).rejects.toThrow(/of 700 bytes/);
    await expect(obs.getSuffix(key, 650)).rejects.toThrow(/of 650 bytes/);
    await expect(obs.getSuffix(key, 5_000)).rejects.toThrow(/of 1000 bytes/);
  }
  const whole = new R2Obs(bucket);
  expect(await whole.get(key)).toEqual(bytes);
  expect(await whole.getSuffix(key, 650)).toEqual({ bytes: bytes.slice(350), sizeBytes: 1_000 });
});
