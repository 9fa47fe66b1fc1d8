// A refusal is heard also by a client that is still sending: over a real connection, with bodies of many megabytes.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiClient } from '../support/client.ts';
import { type Served, serve } from '../support/serve.ts';

const MIB = 2 ** 20;
/** Without draining about every third request ended in a broken pipe. */
const TIMES = 5;

let server: Served;
let api: ApiClient;
let volumeId: string;

beforeAll(async () => {
  server = await serve('--memory');
  api = await ApiClient.login(server.url);
  volumeId = await api.createVolume();
});

afterAll(() => server.killGroup());

const CASES: readonly [status: number, mebibytes: number, id: string | null, headers: Record<string, string>][] = [
  [401, 4, null, { 'x-auth-token': 'garbage' }],
  [404, 4, crypto.randomUUID(), {}],
  [400, 16, null, { 'content-range': 'bytes 1-16777216/*' }],
  [400, 16, null, { 'content-range': `bytes ${10 * 1024 * MIB}-${10 * 1024 * MIB + 16 * MIB - 1}/*` }],
  [413, 65, null, {}],
];

for (const [status, mebibytes, id, headers] of CASES) {
  test(`${status} for ${mebibytes} MiB ${JSON.stringify(headers)}`, async () => {
    for (let i = 0; i < TIMES; i++) {
      const path = `/data/v1/{p}/volumes/${id ?? volumeId}`;
      const response = await api.raw('PUT', path, new Uint8Array(mebibytes * MIB), headers);
      expect(response.status).toBe(status);
      expect(await response.json()).toHaveProperty('error');
    }
  });
}

test('413 for a JSON body of 20 MiB', async () => {
  for (let i = 0; i < TIMES; i++) {
    const response = await api.raw('POST', '/evs/v3/{p}/volumes', new Uint8Array(20 * MIB).fill(32));
    expect(response.status).toBe(413);
    expect(await response.json()).toHaveProperty('overLimit');
  }
});
