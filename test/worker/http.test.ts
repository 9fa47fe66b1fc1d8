// The faces of the API over stand-ins: logins, refusals, envelopes, shapes, documents.

import { describe, expect, it } from 'vitest';
import { fault, ok, renderFault } from '../../worker/faults.ts';
import {
  CinderBackup,
  CinderBackupDetail,
  CinderSnapshot,
  CinderSnapshotDetail,
  CinderVolume,
  CinderVolumeDetail,
} from '../../worker/services/cinder/shapes.ts';
import { BACKUP, bench, type Json, jsonOf, PROJECT, SNAPSHOT, VOLUME } from './http-fakes.ts';

const post = (body: unknown): RequestInit => ({
  method: 'POST',
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

const login = (password: string) =>
  post({
    auth: {
      identity: { methods: ['password'], password: { user: { name: 'demo1', domain: { name: 'Default' }, password } } },
      scope: { project: { name: 'demo1', domain: { id: 'default' } } },
    },
  });

describe('login', () => {
  it('answers 201 with the token in a header, a catalog, and times with microseconds', async () => {
    const api = await bench();
    const response = await api.fetch('/iam/v3/auth/tokens', { ...login('secret'), token: null });
    expect(response.status).toBe(201);
    expect(response.headers.get('X-Subject-Token')).toMatch(/\./);
    const { token } = await jsonOf(response);
    expect(token.expires_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z$/);
    expect(token.project).toEqual({ id: PROJECT, name: 'demo1', domain: { id: 'default', name: 'Default' } });
    const urls = Object.fromEntries(token.catalog.map((entry: Json) => [entry.type, entry.endpoints[0].url]));
    expect(urls).toMatchObject({
      volumev3: `http://127.0.0.1:8787/evs/v3/${PROJECT}`,
      volumev2: `http://127.0.0.1:8787/evs/v2/${PROJECT}`,
      cbr: `http://127.0.0.1:8787/cbr/v3/${PROJECT}`,
      image: 'http://127.0.0.1:8787/ims/v2',
      compute: `http://127.0.0.1:8787/ecs/v2.1/${PROJECT}`,
    });
    expect(token.catalog[0].endpoints[0]).toMatchObject({ interface: 'public', region: 'eu-de', region_id: 'eu-de' });
  });

  it('refuses a wrong password in the Keystone form', async () => {
    const api = await bench();
    const response = await api.fetch('/iam/v3/auth/tokens', { ...login('wrong'), token: null });
    expect(response.status).toBe(401);
    expect(await jsonOf(response)).toMatchObject({ error: { code: 401, title: 'Unauthorized' } });
  });

  it('leads every client from the version documents to the service', async () => {
    const api = await bench();
    expect((await api.fetch('/iam/', { token: null })).status).toBe(300);
    const { version } = await jsonOf(await api.fetch('/iam/v3', { token: null }));
    expect(version.links[0].href).toBe('http://127.0.0.1:8787/iam/v3/');
    expect((await api.fetch('/evs/', { token: null })).status).toBe(300);
    const { versions } = await jsonOf(await api.fetch('/evs/v3/', { token: null }));
    expect(versions).toMatchObject([{ id: 'v3.0', status: 'CURRENT', version: '3.70', min_version: '3.0' }]);
    expect((await jsonOf(await api.fetch('/ims/v2', { token: null }))).versions[0].id).toBe('v2.0');
  });

  it('is reached by host name too, and then answers with host names', async () => {
    const api = await bench();
    const { version } = await jsonOf(await api.fetch('https://iam.example.com/v3', { token: null }));
    expect(version.links[0].href).toBe('https://iam.example.com/v3/');
    expect((await api.fetch('https://evs.example.com/healthz', { token: null })).status).toBe(200);
    const { volume } = await jsonOf(await api.fetch(`https://evs.example.com/v3/${PROJECT}/volumes/${VOLUME.id}`));
    expect(volume.links[0].href).toBe(`https://evs.example.com/v3/${PROJECT}/volumes/${VOLUME.id}`);
  });
});

describe('the Cinder form', () => {
  const root = `/evs/v3/${PROJECT}`;
  it('has closed schemas: every key, and none besides', async () => {
    const api = await bench();
    const get = async (path: string, version = '3.0') =>
      jsonOf(await api.fetch(`${root}${path}`, { headers: { 'OpenStack-API-Version': `volume ${version}` } }));
    for (const version of ['3.0', '3.50']) {
      CinderVolumeDetail.parse((await get(`/volumes/${VOLUME.id}`, version)).volume);
      CinderVolumeDetail.parse((await get('/volumes/detail', version)).volumes[0]);
      CinderSnapshotDetail.parse((await get(`/snapshots/${SNAPSHOT.id}`, version)).snapshot);
      CinderSnapshot.parse((await get('/snapshots', version)).snapshots[0]);
      CinderBackupDetail.parse((await get(`/backups/${BACKUP.id}`, version)).backup);
      CinderBackup.parse((await get('/backups', version)).backups[0]);
    }
    const created = await jsonOf(await api.fetch(`${root}/volumes`, post({ volume: { size: 1 } })));
    CinderVolume.parse(created.volume);
    expect(Object.keys((await get('/snapshots')).snapshots[0]).sort()).toEqual(
      'created_at description id metadata name size status updated_at volume_id'.split(' '),
    );
  });

  it('takes nulls for everything that is optional, as the openstack command sends them', async () => {
    const api = await bench();
    const volume = {
      size: 1,
      consistencygroup_id: null,
      snapshot_id: null,
      name: 'n',
      description: null,
      volume_type: null,
      availability_zone: null,
      metadata: null,
      imageRef: null,
      source_volid: null,
      backup_id: null,
    };
    expect((await api.fetch(`${root}/volumes`, post({ volume }))).status).toBe(202);
    expect(api.asked.at(-1)?.[2]).toMatchObject({ face: 'cinder', sizeGib: 1, name: 'n' });
    const snapshot = { volume_id: VOLUME.id, name: null, description: null, force: null, metadata: {} };
    expect((await api.fetch(`${root}/snapshots`, post({ snapshot }))).status).toBe(202);
  });

  it('honours microversions and echoes them; one it does not know is 406', async () => {
    const api = await bench();
    const at = (version: string) =>
      api.fetch(`${root}/volumes/${VOLUME.id}`, { headers: { 'OpenStack-API-Version': version } });
    const old = await at('volume 3.12');
    expect(old.headers.get('OpenStack-API-Version')).toBe('volume 3.12');
    expect(old.headers.get('Vary')).toContain('OpenStack-API-Version');
    expect(old.headers.get('x-openstack-request-id')).toMatch(/^req-/);
    expect((await jsonOf(old)).volume).not.toHaveProperty('group_id');
    expect((await jsonOf(await at('compute 2.1, volume 3.13'))).volume).toHaveProperty('group_id', null);
    expect((await at('volume 3.99')).status).toBe(406);
    expect((await at('volume x')).status).toBe(400);
  });

  it('names what is missing, and pages with links that keep the query', async () => {
    const api = await bench();
    const missing = await api.fetch(`${root}/volumes/nope`);
    expect(missing.status).toBe(404);
    expect(await jsonOf(missing)).toEqual({ itemNotFound: { code: 404, message: 'Volume nope could not be found.' } });
    const { volumes_links: links } = await jsonOf(await api.fetch(`${root}/volumes?limit=1&name=v`));
    expect(links).toEqual([
      { rel: 'next', href: `http://127.0.0.1:8787${root}/volumes?limit=1&name=v&marker=${VOLUME.id}` },
    ]);
    await api.fetch(`${root}/volumes/detail?sort=name:asc,size&metadata=${encodeURIComponent("{'k': 'v'}")}`);
    expect(api.asked.at(-1)?.[2]).toMatchObject({
      sort: [{ key: 'name', dir: 'asc' }, { key: 'size' }],
      metadata: { k: 'v' },
    });
  });

  it('shows the read-only flag among the metadata once it was set, and only here', async () => {
    for (const [readonly, metadata] of [
      [null, { a: 'b' }],
      [true, { a: 'b', readonly: 'True' }],
      [false, { a: 'b', readonly: 'False' }],
    ] as const) {
      const api = await bench({ getVolume: async () => ok({ ...VOLUME, readonly }) });
      expect((await jsonOf(await api.fetch(`${root}/volumes/${VOLUME.id}`))).volume.metadata).toEqual(metadata);
      const native = await jsonOf(await api.fetch(`/evs/v2/${PROJECT}/cloudvolumes/${VOLUME.id}`));
      expect(native.volume.metadata).toEqual({ a: 'b' });
    }
  });

  it('changes backups from 3.9 on', async () => {
    const api = await bench({ updateBackup: async () => ok(BACKUP) });
    const put = (version: string) =>
      api.fetch(`${root}/backups/${BACKUP.id}`, {
        method: 'PUT',
        body: '{"backup":{"name":"n"}}',
        headers: { 'OpenStack-API-Version': `volume ${version}` },
      });
    expect((await put('3.8')).status).toBe(404);
    expect((await put('3.9')).status).toBe(200);
  });

  it('refuses limits and sorts that are none', async () => {
    const api = await bench();
    for (const query of ['limit=invalid', 'limit=-1', 'limit=1.5', 'offset=x', 'sort=name&sort_key=id']) {
      expect((await api.fetch(`${root}/volumes?${query}`)).status, query).toBe(400);
    }
    expect(api.asked).toEqual([]);
  });

  it('runs one action at a time, and refuses those it does not know', async () => {
    const api = await bench();
    const act = (body: unknown) => api.fetch(`${root}/volumes/${VOLUME.id}/action`, post(body));
    expect((await act({ 'os-reserve': null })).status).toBe(202);
    expect((await act({ 'os-extend': { new_size: 1 } })).status).toBe(400);
    expect((await act({ 'os-extend': { new_size: null } })).status).toBe(400);
    expect((await act({ 'os-extend': null })).status).toBe(400);
    expect((await act({ 'os-fly': {} })).status).toBe(400);
    expect((await act({})).status).toBe(400);
    expect((await act({ revert: { snapshot_id: SNAPSHOT.id } })).status).toBe(400);
    expect((await act({ 'os-volume_upload_image': {} })).status).toBe(501);
    const quota = await api.fetch(`${root}/volumes/${VOLUME.id}`, { method: 'DELETE' });
    expect(quota.status).toBe(413);
    expect(quota.headers.get('Retry-After')).toBe('0');
    expect(await jsonOf(quota)).toMatchObject({ overLimit: { code: 413, retryAfter: '0' } });
  });
});

describe('the native form', () => {
  it('answers jobs, codes and the vendor fields', async () => {
    const api = await bench();
    const volume = { availability_zone: 'eu-de-01', volume_type: 'SSD', size: 10.9 };
    const v2 = await api.fetch(`/evs/v2/${PROJECT}/cloudvolumes`, post({ volume }));
    expect([v2.status, await jsonOf(v2)]).toEqual([200, { job_id: 'j'.repeat(32) }]);
    expect(api.asked.at(-1)?.[2]).toMatchObject({ face: 'native', sizeGib: 10 });
    const v21 = await api.fetch(`/evs/v2.1/${PROJECT}/cloudvolumes`, post({ volume }));
    expect([v21.status, (await jsonOf(v21)).volume_ids]).toEqual([202, [VOLUME.id]]);
    const shown = await jsonOf(await api.fetch(`/evs/v3/${PROJECT}/os-vendor-volumes/${VOLUME.id}`));
    expect(shown.volume).toMatchObject({ service_type: 'EVS', tags: { t: 'u' } });
    expect(shown.volume.created_at).toBe('2026-11-22T09:52:56.000000');
    const missing = await api.fetch(`/evs/v2/${PROJECT}/cloudvolumes/nope`);
    expect([missing.status, (await jsonOf(missing)).error.code]).toEqual([404, 'EVS.5404']);
    const job = await api.fetch(`/evs/v1/${PROJECT}/jobs/nope`);
    expect([job.status, (await jsonOf(job)).error.code]).toEqual([400, 'Common.0011']);
    const vault = await api.fetch(`/cbr/v3/${PROJECT}/vaults/nope`);
    expect([vault.status, (await jsonOf(vault)).error_code]).toEqual([404, 'BackupService.6105']);
  });
});

describe('lists of the vendor', () => {
  it.each([
    [`/evs/v2/${PROJECT}/cloudvolumes/detail`, { error: { code: 'EVS.1023' } }],
    [`/cbr/v3/${PROJECT}/vaults`, { error_code: 'BackupService.9900' }],
  ])('%s begins at a limit of 1', async (path, form) => {
    const api = await bench();
    for (const limit of ['0', '-1', 'x']) {
      const response = await api.fetch(`${path}?limit=${limit}`);
      expect([response.status, await jsonOf(response)]).toMatchObject([400, form]);
    }
    expect(api.asked).toEqual([]);
  });

  it('names a limit that is too large, and a marker that is nowhere, in the words of each', async () => {
    const codes = (code: 'limit-too-large' | 'marker-not-found') =>
      (['native', 'cinder', 'cbr'] as const).map((face) => {
        const { status, vendorCode } = renderFault(fault(code), face);
        return `${status} ${vendorCode}`.trim();
      });
    expect(codes('limit-too-large')).toEqual(['400 EVS.2142', '400', '400 BackupService.9900']);
    expect(codes('marker-not-found')).toEqual(['400 EVS.1024', '404', '400 BackupService.9900']);
  });
});

describe('the deployment itself', () => {
  it('serves a valid OpenAPI document with every route in it', async () => {
    const api = await bench();
    const document = await jsonOf(await api.fetch('/openapi.json', { token: null }));
    expect(document.openapi).toBe('3.1.0');
    const routes = api.app.routes.filter((route) => route.method !== 'ALL');
    for (const route of routes) {
      const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
      expect(document.paths[path]?.[route.method.toLowerCase()], `${route.method} ${path}`).toBeDefined();
    }
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      expect(document.components.schemas, name).toHaveProperty(name!);
    }
    for (const [path, methods] of Object.entries<Json>(document.paths)) {
      for (const operation of Object.values<Json>(methods)) {
        const declared = (operation.parameters ?? []).filter((parameter: Json) => parameter.in === 'path');
        const wanted = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
        expect(
          declared.map((parameter: Json) => parameter.name),
          path,
        ).toEqual(wanted);
        expect(Object.keys(operation.responses).length, path).toBeGreaterThan(0);
      }
    }
    expect(document.paths['/evs/v3/{project_id}/volumes'].post.requestBody.content).toHaveProperty('application/json');
    const ids = Object.values(document.paths).flatMap((path: Json) =>
      Object.values(path).map((op: Json) => op.operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has pages, health and metrics', async () => {
    const api = await bench();
    expect(await jsonOf(await api.fetch('/healthz', { token: null }))).toMatchObject({
      status: 'ok',
      version: '0.1.0',
    });
    expect(await (await api.fetch('/', { token: null })).text()).toContain('/iam/v3/auth/tokens');
    expect(await (await api.fetch('/docs', { token: null })).text()).toContain('/cbr/v3/{project_id}/vaults');
    expect(await (await api.fetch('/metrics', { token: null })).text()).toContain('# TYPE evs_volumes gauge');
  });

  it('says what to set when it has no secret', async () => {
    const api = await bench({}, { EVS_SECRET: '' });
    const response = await api.fetch('/healthz', { token: null });
    expect(response.status).toBe(503);
    expect((await jsonOf(response)).error.message).toContain('EVS_SECRET');
  });

  it('drives no faults unless it is a simulation', async () => {
    const real = await bench({}, { EVS_SIMULATION: 'no' });
    for (const path of ['/sim/v1/zones', `/sim/v1/${PROJECT}/clock`]) {
      expect((await real.fetch(path)).status).toBe(403);
    }
    for (const place of ['volumes', 'vaults']) {
      const body = '{"target":"pack","fault":"flip"}';
      const path = `/sim/v1/${PROJECT}/${place}/${crypto.randomUUID()}/damage`;
      expect((await real.fetch(path, { method: 'POST', body })).status).toBe(403);
    }
    expect((await real.fetch('/metrics', { token: null })).status).toBe(401);
    const simulated = await bench();
    const { zones } = await jsonOf(await simulated.fetch('/sim/v1/zones'));
    expect(zones[0]).toEqual({ name: 'eu-de-01', state: 'up', delay_ms: 0 });
    expect((await simulated.fetch('/sim/v1/zones/nowhere', { method: 'PUT', body: '{"state":"down"}' })).status).toBe(
      404,
    );
  });
});
