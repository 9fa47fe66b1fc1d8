// Settings of all projects, and what administrators reach: types, quality of service, quotas, other projects' things.

import { beforeAll, describe, expect, it } from 'vitest';
import type { Json } from './api.ts';
import { at, must, newType, type Users, users } from './cinder-bench.ts';

let who: Users;
beforeAll(async () => {
  who = await users();
});

describe('a volume type', () => {
  it('that is private is for who was let in; its name is on the volumes, also a new one', async () => {
    const { demo, other, admin } = who;
    const type = await newType(who.admin, { 'os-volume-type-access:is_public': false });
    const create = () => at(70, demo, 'POST', '/volumes', { volume: { size: 1, volume_type: type.name } });
    expect((await create()).status).toBe(404);
    const access = { addProjectAccess: { project: demo.projectId } };
    expect((await at(70, demo, 'POST', `/types/${type.id}/action`, access)).status).toBe(403);
    await must(202, admin, 'POST', `/types/${type.id}/action`, access);
    expect((await at(70, admin, 'POST', `/types/${type.id}/action`, access)).status).toBe(409);
    const made = await create();
    expect(made.body.volume).toMatchObject({ volume_type: type.name, volume_type_id: type.id });
    await demo.volume(made.body.volume.id);
    expect((await must(200, other, 'GET', '/types')).volume_types.map((each: Json) => each.id)).not.toContain(type.id);

    expect((await at(70, admin, 'DELETE', `/types/${type.id}`)).status).toBe(400);
    const renamed = `renamed-${type.id}`;
    await must(200, admin, 'PUT', `/types/${type.id}`, { volume_type: { name: renamed } });
    expect((await demo.volume(made.body.volume.id)).volume_type).toBe(renamed);
    await must(202, demo, 'POST', `/volumes/${made.body.volume.id}/action`, { 'os-retype': { new_type: 'SAS' } });
    expect((await demo.volume(made.body.volume.id)).volume_type).toBe('SAS');
    await must(202, admin, 'DELETE', `/types/${type.id}`);
    expect((await at(70, admin, 'GET', `/types/${type.id}`)).status).toBe(404);
  });

  it('is changed by administrators only, and never one of the vendor', async () => {
    const { demo, admin } = who;
    const type = await newType(who.admin, { extra_specs: { a: 'b' } });
    for (const [method, path, body] of [
      ['POST', '/types', { volume_type: { name: 'mine' } }],
      ['PUT', `/types/${type.id}`, { volume_type: { name: 'mine' } }],
      ['DELETE', `/types/${type.id}`, undefined],
      ['POST', `/types/${type.id}/extra_specs`, { extra_specs: { c: 'd' } }],
      ['DELETE', `/types/${type.id}/extra_specs/a`, undefined],
      ['GET', `/types/${type.id}/os-volume-type-access`, undefined],
      ['GET', `/types/${type.id}/encryption`, undefined],
      ['POST', `/types/${type.id}/encryption`, { encryption: { provider: 'p', control_location: 'front-end' } }],
      ['GET', '/qos-specs', undefined],
      ['POST', '/qos-specs', { qos_specs: { name: 'q' } }],
      ['PUT', `/os-quota-sets/${demo.projectId}`, { quota_set: { volumes: 1 } }],
      ['DELETE', `/os-quota-sets/${demo.projectId}`, undefined],
      ['GET', '/os-quota-class-sets/default', undefined],
      ['PUT', '/os-quota-class-sets/default', { quota_class_set: { volumes: 1 } }],
      ['GET', '/os-services', undefined],
      ['GET', '/os-hosts', undefined],
      ['GET', '/scheduler-stats/get_pools', undefined],
    ] as const) {
      expect([(await at(70, demo, method, path, body)).status, method, path]).toEqual([403, method, path]);
    }
    const { volume_types: types } = await must(200, admin, 'GET', '/types');
    const ssd = types.find((each: Json) => each.name === 'SSD');
    expect((await at(70, admin, 'PUT', `/types/${ssd.id}`, { volume_type: { name: 'x' } })).status).toBe(400);
    expect((await at(70, admin, 'DELETE', `/types/${ssd.id}`)).status).toBe(400);
    expect((await at(70, admin, 'POST', '/types', { volume_type: { name: 'SSD' } })).status).toBe(409);
    expect((await must(200, demo, 'GET', `/types/${type.id}/extra_specs/a`)).a).toBe('b');
  });

  it('of encrypted disks makes none: the record is kept, the promise is not made', async () => {
    const { demo, admin } = who;
    const type = await newType(who.admin);
    const encryption = { provider: 'luks', control_location: 'front-end', key_size: '256' };
    await must(200, admin, 'POST', `/types/${type.id}/encryption`, { encryption });
    const shown = await must(200, admin, 'GET', `/types/${type.id}/encryption`);
    expect(shown).toMatchObject({ provider: 'luks', key_size: 256, volume_type_id: type.id, deleted: false });
    const create = () => at(70, demo, 'POST', '/volumes', { volume: { size: 1, volume_type: type.id } });
    expect((await create()).status).toBe(501);
    await must(202, admin, 'DELETE', `/types/${type.id}/encryption/${shown.encryption_id}`);
    expect(await must(200, admin, 'GET', `/types/${type.id}/encryption`)).toEqual({});
  });

  it('may make shared disks, and carry specs of quality of service', async () => {
    const { demo, admin } = who;
    const type = await newType(who.admin, { extra_specs: { multiattach: '<is> True' } });
    expect((await demo.createVolume({ volume_type: type.name })).multiattach).toBe(true);
    const qos = await must(200, admin, 'POST', '/qos-specs', { qos_specs: { name: type.id, iops: '5' } });
    const { id } = qos.qos_specs;
    expect(qos.qos_specs).toMatchObject({ consumer: 'back-end', specs: { iops: '5' } });
    await must(202, admin, 'GET', `/qos-specs/${id}/associate?vol_type_id=${type.id}`);
    expect((await must(200, admin, 'GET', `/qos-specs/${id}/associations`)).qos_associations[0].id).toBe(type.id);
    expect((await must(200, admin, 'GET', `/types/${type.id}`)).volume_type.qos_specs_id).toBe(id);
    expect((await at(70, admin, 'DELETE', `/qos-specs/${id}`)).status).toBe(400);
    await must(202, admin, 'PUT', `/qos-specs/${id}/delete_keys`, { keys: ['iops'] });
    expect((await at(70, admin, 'PUT', `/qos-specs/${id}/delete_keys`, { keys: ['iops'] })).status).toBe(404);
    await must(202, admin, 'DELETE', `/qos-specs/${id}?force=True`);
    expect((await must(200, admin, 'GET', `/types/${type.id}`)).volume_type.qos_specs_id).toBeNull();
  });
});

describe('quotas', () => {
  const set = (limits: Readonly<Record<string, unknown>>) =>
    at(70, who.admin, 'PUT', `/os-quota-sets/${who.other.projectId}`, { quota_set: limits });

  it('are what an administrator set, else what holds for all, and are enforced', async () => {
    const { other, admin } = who;
    const create = (fields: Readonly<Record<string, unknown>> = {}) =>
      at(70, other, 'POST', '/volumes', { volume: { size: 1, ...fields } });
    const volume = await other.createVolume();
    const used = (await must(200, other, 'GET', `/os-quota-sets/${other.projectId}?usage=True`)).quota_set;
    expect(used.volumes).toEqual({ limit: 1000, in_use: 1, reserved: 0 });
    const full = { volumes: used.volumes.in_use, snapshots: 0, gigabytes: used.gigabytes.in_use, backups: 0 };
    expect((await set(full)).body.quota_set).toMatchObject(full);
    const refused = await create();
    expect([refused.status, refused.body.overLimit.retryAfter]).toEqual([413, '0']);
    const snapshot = { snapshot: { volume_id: volume.id } };
    expect((await at(70, other, 'POST', '/snapshots', snapshot)).status).toBe(413);
    expect((await at(70, other, 'POST', '/backups', { backup: { volume_id: volume.id } })).status).toBe(413);
    const extend = { 'os-extend': { new_size: 2 } };
    expect((await at(70, other, 'POST', `/volumes/${volume.id}/action`, extend)).status).toBe(413);
    await must(200, admin, 'DELETE', `/os-quota-sets/${other.projectId}`);
    expect((await set({ volumes_SAS: 0, per_volume_gigabytes: 5 })).status).toBe(200);
    expect((await create({ volume_type: 'SAS' })).status).toBe(413);
    expect((await create({ size: 6 })).status).toBe(413);
    expect((await create()).status).toBe(202);
    await must(200, admin, 'DELETE', `/os-quota-sets/${other.projectId}`);
  });

  it('take numbers by the names that there are, of projects that there are', async () => {
    const { admin } = who;
    for (const wrong of [
      {},
      { flights: 1 },
      { volumes: -2 },
      { volumes: 1.5 },
      { volumes: 'x' },
      { volumes: 2 ** 31 },
    ]) {
      expect([(await set(wrong)).status, wrong]).toEqual([400, wrong]);
    }
    const nowhere = await at(70, admin, 'PUT', '/os-quota-sets/nowhere', { quota_set: { volumes: 1 } });
    expect(nowhere.status).toBe(404);
  });

  it('show a tenant its own, whatever id it names', async () => {
    const { demo, other } = who;
    await demo.createVolume();
    const seen = await must(200, other, 'GET', `/os-quota-sets/${demo.projectId}?usage=True`);
    expect(seen.quota_set.id).toBe(other.projectId);
  });

  it('have defaults for all projects', async () => {
    const { other, admin } = who;
    const path = '/os-quota-class-sets/default';
    const before = (await must(200, admin, 'GET', path)).quota_class_set;
    const quota_class_set = { snapshots: 5, gigabytes_ESSD: 7 };
    expect((await must(200, admin, 'PUT', path, { quota_class_set })).quota_class_set).toMatchObject(quota_class_set);
    expect((await must(200, other, 'GET', `/os-quota-sets/${other.projectId}`)).quota_set).toMatchObject(
      quota_class_set,
    );
    expect((await must(200, other, 'GET', '/limits')).limits.absolute.maxTotalSnapshots).toBe(5);
    const back = { snapshots: before.snapshots, gigabytes_ESSD: before.gigabytes_ESSD };
    await must(200, admin, 'PUT', path, { quota_class_set: back });
    expect((await at(70, admin, 'PUT', '/os-quota-class-sets/gold', { quota_class_set })).status).toBe(400);
  });
});

describe('an administrator', () => {
  it('finds the volumes of all projects, in lists that say so; others are not told that there are any', async () => {
    const { demo, other, admin } = who;
    const volume = await demo.createVolume({ name: 'found' });
    const ids = async (query: string, api = admin) =>
      (await must(200, api, 'GET', `/volumes/detail?${query}`)).volumes.map((each: Json) => each.id);
    expect(await ids('')).not.toContain(volume.id);
    expect(await ids('all_tenants=1')).toContain(volume.id);
    expect(await ids(`all_tenants=1&project_id=${demo.projectId}&name=found`)).toEqual([volume.id]);
    expect(await ids(`all_tenants=1&project_id=${other.projectId}`)).not.toContain(volume.id);
    expect(await ids('all_tenants=1', other)).not.toContain(volume.id);
    expect((await at(70, other, 'GET', `/volumes/${volume.id}`)).status).toBe(404);
    expect((await must(200, admin, 'GET', `/volumes/${volume.id}`)).volume.name).toBe('found');
    const first = await must(200, admin, 'GET', '/volumes?all_tenants=1&limit=1&sort=created_at:desc');
    expect(first.volumes[0].id).toBe(volume.id);
    expect(first.volumes_links[0].href).toContain(`marker=${volume.id}`);
    expect((await at(70, admin, 'GET', '/volumes?all_tenants=1&marker=nope')).status).toBe(404);
    expect((await at(70, admin, 'GET', '/volumes?all_tenants=1&sort=nope')).status).toBe(400);
  });

  it('frees and deletes what is stuck', async () => {
    const { demo, admin } = who;
    const volume = await demo.createVolume();
    const act = (body: Json, api = admin) => at(70, api, 'POST', `/volumes/${volume.id}/action`, body);
    await act({ 'os-attach': { instance_uuid: 's1', mountpoint: '/dev/vdb' } }, demo);
    expect((await act({ 'os-reset_status': { status: 'error' } })).status).toBe(202);
    const { attachments } = await demo.volumeAs(volume.id);
    const detach = { 'os-force_detach': { attachment_id: attachments[0].attachment_id } };
    expect((await act(detach, demo)).status).toBe(403);
    expect((await act(detach)).status).toBe(202);
    expect(await demo.volumeAs(volume.id)).toMatchObject({ status: 'available', attachments: [] });
    expect((await act({ 'os-reset_status': { status: 'in-use' } })).status).toBe(400);
    expect((await act({ 'os-reset_status': {} })).status).toBe(400);
    for (const wrong of [{ status: 'deleting' }, { attach_status: 'flying' }, { migration_status: 'flying' }]) {
      expect([(await act({ 'os-reset_status': wrong })).status, wrong]).toEqual([400, wrong]);
    }
    for (const status of ['Detaching', 'error_deleting']) {
      expect((await act({ 'os-reset_status': { status, attach_status: 'DETACHED' } })).status).toBe(202);
      expect((await demo.volumeAs(volume.id)).status).toBe(status.toLowerCase());
    }
    expect((await act({ 'os-reset_status': { status: 'maintenance' } })).status).toBe(202);
    expect((await act({ 'os-extend': { new_size: 2 } }, demo)).status).toBe(400);
    expect((await act({ 'os-force_delete': {} })).status).toBe(202);
    await demo.gone(`/evs/v3/{p}/volumes/${volume.id}`);
  });

  it('sees one service in every zone', async () => {
    const { admin } = who;
    const { hosts } = await must(200, admin, 'GET', '/os-hosts');
    const host = hosts.at(-1).host_name;
    expect((await must(200, admin, 'GET', `/os-hosts/${host}`)).host[0].resource.project).toBe('(total)');
    expect((await must(200, admin, 'GET', '/scheduler-stats/get_pools?detail=True')).pools).toHaveLength(3);
    expect((await must(200, admin, 'GET', `/capabilities/${host}`)).storage_protocol).toBe('http');
    expect((await must(200, admin, 'GET', '/os-services?binary=cinder-volume')).services).toHaveLength(3);
    expect((await at(70, admin, 'GET', '/os-hosts/nope')).status).toBe(404);
  });
});
