// Fields appear with their microversion and never before; lists by page, time and likeness.

import { beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../worker/app.ts';
import { openApiDocument } from '../../worker/services/system/openapi.ts';
import type { Json } from './api.ts';
import { at, must, type Users, users } from './cinder-bench.ts';
import { bench, PROJECT } from './http-fakes.ts';

let who: Users;
beforeAll(async () => {
  who = await users();
});

describe('microversions', () => {
  it('bring the keys of a volume, a snapshot and a backup', async () => {
    const { demo } = who;
    const volume = await demo.createVolume();
    const snapshot = await demo.createSnapshot(volume.id);
    const backup = await demo.createBackup(volume.id);
    const seen = async (minor: number, path: string, key: string) =>
      Object.keys((await at(minor, demo, 'GET', path)).body[key]);
    for (const [path, kind, minor, key] of [
      [`/volumes/${volume.id}`, 'volume', 13, 'group_id'],
      [`/volumes/${volume.id}`, 'volume', 48, 'shared_targets'],
      [`/volumes/${volume.id}`, 'volume', 48, 'service_uuid'],
      [`/volumes/${volume.id}`, 'volume', 63, 'volume_type_id'],
      [`/volumes/${volume.id}`, 'volume', 65, 'consumes_quota'],
      [`/snapshots/${snapshot.id}`, 'snapshot', 14, 'group_snapshot_id'],
      [`/snapshots/${snapshot.id}`, 'snapshot', 41, 'user_id'],
      [`/snapshots/${snapshot.id}`, 'snapshot', 65, 'consumes_quota'],
      [`/backups/${backup.id}`, 'backup', 18, 'os-backup-project-attr:project_id'],
      [`/backups/${backup.id}`, 'backup', 43, 'metadata'],
      [`/backups/${backup.id}`, 'backup', 56, 'user_id'],
    ] as const) {
      expect(await seen(minor - 1, path, kind), `${key} before 3.${minor}`).not.toContain(key);
      expect(await seen(minor, path, kind), `${key} from 3.${minor}`).toContain(key);
    }
  });

  it('are there in v3 only: v2 has nothing that came after 3.0', async () => {
    const { demo } = who;
    const volume = await demo.createVolume();
    const newest = { 'OpenStack-API-Version': 'volume 3.70' };
    for (const [method, path] of [
      ['GET', '/evs/v2/{p}/volumes/summary'],
      ['GET', '/evs/v2/{p}/messages'],
      ['GET', '/evs/v2/{p}/attachments'],
      ['GET', '/evs/v2/{p}/volume-transfers'],
      ['GET', '/evs/v2/{p}/resource_filters'],
      ['PUT', '/evs/v2/{p}/backups/x'],
      ['PUT', '/vbs/v2/{p}/backups/x'],
    ] as const) {
      const response = await demo.send(method, path, method === 'PUT' ? {} : undefined, newest);
      expect([response.status, path]).toEqual([404, path]);
    }
    const revert = { revert: { snapshot_id: 'x' } };
    expect((await demo.send('POST', `/evs/v2/{p}/volumes/${volume.id}/action`, revert, newest)).status).toBe(400);
    const paths = openApiDocument(createApp(), 'http://edge.test', 'test').paths ?? {};
    expect(Object.keys(paths).filter((path) => /v2\/.*(messages|attachments|volume-transfers)/.test(path))).toEqual([]);
    expect(JSON.stringify(paths['/evs/v2/{project_id}/volumes/{volume_id}/action'])).not.toContain('revert');
    expect(JSON.stringify(paths['/evs/v3/{project_id}/volumes/{volume_id}/action'])).toContain('revert');
  });

  it('are a number with a point between, or the latest', async () => {
    const { demo } = who;
    const get = async (header: string) =>
      (await demo.send('GET', '/evs/v3/{p}/volumes', undefined, { 'OpenStack-API-Version': header })).status;
    const asked: [string, number][] = [
      ['volume 3.0', 200],
      ['volume latest', 200],
      ['compute 2.1, volume 3.70', 200],
      ['compute 2.90', 200],
      ['', 200],
      ['volume 3.71', 406],
      ['volume 2.0', 406],
      ['volume 4.0', 406],
      ['volume', 400],
      ['volume 3', 400],
      ['volume 3.', 400],
      ['volume 3.07', 400],
      ['volume 03.7', 400],
      ['volume 3.-1', 400],
      ['volume 3.1e1', 400],
      [`volume 3.${'9'.repeat(4000)}`, 406],
      [`volume ${'x'.repeat(4000)}`, 400],
    ];
    for (const [header, status] of asked) expect([await get(header), header]).toEqual([status, header]);
  });

  it('end where the deployment says, in the version document and in requests', async () => {
    const api = await bench({}, { EVS_MICROVERSION_MAX: '3.50' });
    const { versions } = await (await api.fetch('/evs/v3/', { token: null })).json<Json>();
    expect(versions[0]).toMatchObject({ version: '3.50', min_version: '3.0' });
    const get = (version: string) =>
      api.fetch(`/evs/v3/${PROJECT}/volumes`, { headers: { 'OpenStack-API-Version': `volume ${version}` } });
    expect((await get('3.50')).status).toBe(200);
    expect((await get('3.51')).status).toBe(406);
    const latest = await get('latest');
    expect([latest.status, latest.headers.get('OpenStack-API-Version')]).toEqual([200, 'volume 3.50']);
    const wrong = await bench({}, { EVS_MICROVERSION_MAX: '3.99' });
    expect((await wrong.fetch('/healthz', { token: null })).status).toBe(503);
  });
});

describe('lists', () => {
  it('have a link on a full page, and the page after the last is empty', async () => {
    const { other } = who;
    const [first, second] = [await other.createVolume({ name: 'p-1' }), await other.createVolume({ name: 'p-2' })];
    const one = await must(200, other, 'GET', '/volumes?limit=1&sort=name:asc&status=available');
    expect(one.volumes.map((each: Json) => each.id)).toEqual([first.id]);
    const next = async (page: Json) => {
      const { pathname, search } = new URL(page.volumes_links[0].href);
      const response = await other.send('GET', `${pathname}${search}`);
      return await response.json<Json>();
    };
    const two = await next(one);
    expect(two.volumes.map((each: Json) => each.id)).toEqual([second.id]);
    expect(await next(two)).toEqual({ volumes: [] });
    expect(await must(200, other, 'GET', '/volumes?limit=0')).toMatchObject({ volumes: [] });
  });

  it('filter by likeness from 3.34 and by time from 3.60, and count from 3.45', async () => {
    const { other } = who;
    const volume = await other.createVolume({ name: 'like-this-one' });
    const ids = async (minor: number, query: string) =>
      (await at(minor, other, 'GET', `/volumes?${query}`)).body.volumes.map((each: Json) => each.id);
    expect(await ids(34, 'name~=this')).toEqual([volume.id]);
    expect((await ids(33, 'name~=this')).length).toBeGreaterThan(1);
    expect(await ids(60, 'name~=this&created_at=gt:2001-01-01T00:00:00,lt:2999-01-01')).toEqual([volume.id]);
    expect(await ids(60, 'created_at=lt:2001-01-01T00:00:00')).toEqual([]);
    expect((await at(60, other, 'GET', '/volumes?created_at=sometimes')).status).toBe(400);
    const counted = await at(45, other, 'GET', '/volumes?limit=1&with_count=True');
    expect(counted.body.count).toBeGreaterThan(1);
    expect((await at(44, other, 'GET', '/volumes?with_count=True')).body).not.toHaveProperty('count');
  });
});
