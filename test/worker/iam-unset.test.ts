// A deployment that nobody has given a secret or accounts serves nothing, and says what to set.

import { describe, expect, test } from 'vitest';
import { bench, jsonOf, PROJECT } from './http-fakes.ts';

const PATHS: readonly [string, string][] = [
  ['GET', '/'],
  ['GET', '/healthz'],
  ['GET', '/openapi.json'],
  ['GET', '/iam/v3'],
  ['POST', '/iam/v3/auth/tokens'],
  ['GET', '/evs/'],
  ['GET', `/evs/v3/${PROJECT}/volumes`],
  ['GET', `/data/v1/${PROJECT}/volumes/x`],
  ['GET', '/sim/v1/zones'],
  ['GET', '/nothing'],
];

describe.each([
  ['EVS_SECRET', '', /EVS_SECRET is not set: run `wrangler secret put EVS_SECRET`/],
  ['EVS_SECRET', 'short', /EVS_SECRET is too short/],
  ['EVS_ACCOUNTS', '', /EVS_ACCOUNTS is not set/],
])('%s as "%s"', (name, value, words) => {
  test.each(PATHS)('%s %s is refused in words, with and without a token', async (method, path) => {
    const api = await bench({}, { [name]: value });
    for (const init of [{ method }, { method, token: null }]) {
      const response = await api.fetch(path, init);
      expect(response.status).toBe(503);
      expect(JSON.stringify(await jsonOf(response))).toMatch(words);
    }
    expect(api.asked).toEqual([]);
  });
});
