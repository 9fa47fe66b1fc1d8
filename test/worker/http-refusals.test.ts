// What strangers and nonsense get, in the form of each service.

import { describe, expect, it } from 'vitest';
import { bench, jsonOf, PROJECT, STRANGER, tokenOf, VOLUME } from './http-fakes.ts';

/** Stands for a body that is nested too deeply. */
const DEEP = 'deep nesting';

/** One path of each service with the keys of its error form. */
const SERVICES: readonly (readonly [string, (code: number) => object])[] = [
  [`/evs/v3/${PROJECT}/volumes/detail`, (code) => ({ unauthorized: { code } })],
  [`/evs/v2/${PROJECT}/cloudvolumes/detail`, () => ({ error: { code: 'EVS.5401' } })],
  [`/evs/v1/${PROJECT}/jobs/x`, () => ({ error: { code: 'EVS.5401' } })],
  [`/cbr/v3/${PROJECT}/vaults`, () => ({ error_code: 'APIGW.0301' })],
  [`/vbs/v2/${PROJECT}/backups`, (code) => ({ unauthorized: { code } })],
  [`/ecs/v1/${PROJECT}/cloudservers/x`, () => ({ error: { code: 'Ecs.0401' } })],
  [`/ecs/v2.1/${PROJECT}/servers/detail`, (code) => ({ unauthorized: { code } })],
  [`/data/v1/${PROJECT}/volumes/${VOLUME.id}`, () => ({ error: { code: 'unauthorized' } })],
  ['/sim/v1/zones', () => ({ error: { code: 'unauthorized' } })],
  ['/iam/v3/auth/projects', (code) => ({ error: { code, title: 'Unauthorized' } })],
];

describe('tokens', () => {
  it.each(SERVICES)('%s without a good token is 401 in its own form', async (path, form) => {
    const api = await bench();
    const expired = await tokenOf(PROJECT, { expiresMs: Date.now() - 1000 });
    for (const token of [null, 'nonsense', 'x'.repeat(9000), expired]) {
      const response = await api.fetch(path, { token });
      expect(response.status).toBe(401);
      expect(await jsonOf(response)).toMatchObject(form(401));
    }
    expect(api.asked).toEqual([]);
  });

  it.each(SERVICES.filter(([path]) => path.includes(PROJECT)))('%s of a foreign project is 404', async (path) => {
    const api = await bench();
    for (const token of [await tokenOf(STRANGER), await tokenOf(null)]) {
      expect((await api.fetch(path, { token })).status).toBe(404);
    }
    expect(api.asked).toEqual([]);
  });
});

describe('unknown paths', () => {
  it.each([
    ['/evs/v3/p/nothing', 404, { itemNotFound: { code: 404 } }],
    [`/evs/v3/${PROJECT}/volumes/`, 404, { itemNotFound: { code: 404 } }],
    [`/evs/v3/${PROJECT}/groups`, 501, { notImplemented: { code: 501 } }],
    [`/evs/v2/${PROJECT}/cloudvolumes/a/b/c`, 501, { error: { code: 'EVS.5501' } }],
    [`/cbr/v3/${PROJECT}/organization-policies`, 501, { error_code: 'BackupService.9998' }],
    ['/cbr/nothing', 404, { error_code: 'APIGW.0101' }],
    [`/vbs/v2/${PROJECT}/cloudbackups/a/b`, 501, { error: { code: 'VolumeBackup.0001' } }],
    ['/iam/v3/groups', 501, { error: { code: 501, title: 'Not Implemented' } }],
    ['/iam/v3/nothing', 404, { error: { code: 404, title: 'Not Found' } }],
    ['/data/v1/x/y', 404, { error: { code: 'not-found' } }],
    ['/nothing', 404, { error: { code: 'not-found' } }],
  ])('%s is %i in the form of its service', async (path, status, form) => {
    const response = await (await bench()).fetch(path);
    expect(response.status).toBe(status);
    expect(response.headers.get('Content-Type')).toMatch(/^application\/json/);
    expect(await jsonOf(response)).toMatchObject(form);
  });
});

describe('bad bodies', () => {
  const cinder = `/evs/v3/${PROJECT}/volumes`;
  const native = `/evs/v2/${PROJECT}/cloudvolumes`;
  it.each([
    [cinder, '{', { badRequest: { code: 400 } }],
    [cinder, '', { badRequest: { code: 400 } }],
    [cinder, '[]', { badRequest: { code: 400 } }],
    [cinder, '{"volume":null}', { badRequest: { code: 400 } }],
    [cinder, '{"volume":{"size":"#$%"}}', { badRequest: { code: 400 } }],
    [cinder, DEEP, { badRequest: { code: 400 } }],
    [cinder, new Uint8Array([0x22, 0xff, 0x22]), { badRequest: { code: 400 } }],
    [native, '{', { error: { code: 'EVS.5400' } }],
    [native, '{}', { error: { code: 'EVS.1001' } }],
    [native, '{"volume":{"availability_zone":"a","volume_type":"SSD","size":"x"}}', { error: { code: 'EVS.1010' } }],
    [native, '{"volume":{"volume_type":"SSD","size":1}}', { error: { code: 'EVS.1036' } }],
    [
      native,
      '{"volume":{"availability_zone":"a","volume_type":"SSD","size":1,"snapshot_id":"s","backup_id":"b"}}',
      { error: { code: 'EVS.1016' } },
    ],
    [`/cbr/v3/${PROJECT}/vaults`, '{"vault":{}}', { error_code: 'BackupService.9900' }],
    ['/iam/v3/auth/tokens', '{"auth":', { error: { code: 400, title: 'Bad Request' } }],
    [`/sim/v1/${PROJECT}/clock`, '{"advance_seconds":-1}', { error: { code: 'bad-request' } }],
  ])('%s with %s is 400', async (path, body, form) => {
    const api = await bench();
    const sent = body === DEEP ? `${'['.repeat(5000)}${']'.repeat(5000)}` : body;
    const response = await api.fetch(path, { method: 'POST', body: sent });
    expect(response.status).toBe(400);
    expect(await jsonOf(response)).toMatchObject(form);
    expect(api.asked).toEqual([]);
  });

  it('larger than 1 MiB is 413, announced or not', async () => {
    const api = await bench();
    const body = JSON.stringify({ volume: { size: 1, name: 'x'.repeat(2 ** 20) } });
    expect((await api.fetch(cinder, { method: 'POST', body })).status).toBe(413);
    const chunked = new Response(body).body!.pipeThrough(new TransformStream());
    expect((await api.fetch(cinder, { method: 'POST', body: chunked })).status).toBe(413);
  });
});
