// Volume types while they are taken away, renamed and limited: no volume is left with a type that is gone, and no limit
// is got around.

import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Env } from '../../worker/env.ts';
import type { Caller, CatalogRpc } from '../../worker/project/contract.ts';
import { at, must, newType, type Users, users } from './cinder-bench.ts';
import { Bench, mustRefuse, must as value } from './fakes/bench.ts';

let who: Users;
beforeAll(async () => {
  who = await users();
});

const setQuota = (limits: Readonly<Record<string, number>>) =>
  must(200, who.admin, 'PUT', `/os-quota-sets/${who.other.projectId}`, { quota_set: limits });

const asAdmin = (bench: Bench): Caller => ({ ...bench.caller, roles: ['admin'] });

describe('taking a type away', () => {
  const catalog = new Bench('/catalog');
  const admin = asAdmin(catalog);
  const made = async () => value(await catalog.project.createVolumeType(admin, { name: crypto.randomUUID() }));

  it('first takes it out of the catalog: a project that was asked for its volumes makes no more', async () => {
    const { id, name } = await made();
    const project = new Bench();
    await project.volume();
    const create = () => project.project.createVolumes(project.caller, { face: 'cinder', sizeGib: 1, type: name });
    value(await create());
    // Only a withdrawn one can be taken away.
    mustRefuse(await catalog.project.deleteVolumeType(admin, id), 'conflict');
    value(await catalog.project.withdrawType(admin, id));
    expect(value(await project.project.countOfType(asAdmin(project), id))).toBe(1);
    mustRefuse(await create(), 'type-not-found');
    // Found in use: it is put back, and what was withdrawn before counts for nothing.
    value(await catalog.project.offerType(admin, id));
    value(await create());
    mustRefuse(await catalog.project.deleteVolumeType(admin, id), 'conflict');
    mustRefuse(await catalog.project.setTypeEncryption(admin, id, 'create', { provider: 'p' }), 'conflict');
  });

  it('refuses a volume of it that arrives meanwhile', async () => {
    const { id, name } = await made();
    const [giver, taker] = [new Bench(), new Bench()];
    const volume = await giver.volume({ type: name });
    const { transfer, authKey } = value(await giver.project.createTransfer(giver.caller, { volumeId: volume.id }));
    value(await catalog.project.withdrawType(admin, id));
    expect(value(await taker.project.countOfType(asAdmin(taker), id))).toBe(0);
    mustRefuse(await taker.project.acceptTransfer(taker.caller, transfer.id, authKey), 'type-not-found');
    value(await catalog.project.offerType(admin, id));
    value(await taker.project.acceptTransfer(taker.caller, transfer.id, authKey));
    await taker.volumeIn(volume.id, 'available');
  });

  it('disturbs nobody when it is refused', async () => {
    const type = await newType(who.admin);
    const { id } = await who.demo.createVolume({ volume_type: type.name });
    expect((await at(70, who.admin, 'DELETE', `/types/${type.id}`)).status).toBe(400);
    await who.demo.createVolume({ volume_type: type.name });
    const encryption = { provider: 'p', control_location: 'front-end' };
    expect((await at(70, who.admin, 'POST', `/types/${type.id}/encryption`, { encryption })).status).toBe(400);
    expect((await who.demo.volume(id)).volume_type).toBe(type.name);
  });
});

describe('renaming a type', () => {
  it('that no project was told of leaves it in use, and is mended by saying it again', async () => {
    const { demo, admin } = who;
    const type = await newType(who.admin);
    const { id } = await demo.createVolume({ volume_type: type.name });
    // As after a crash between the catalog and the projects.
    const { PROJECT } = env as unknown as Env;
    const catalog = PROJECT.get(PROJECT.idFromName('/catalog')) as unknown as CatalogRpc;
    const name = `${type.name}-2`;
    const caller = { ...asAdmin(new Bench()), projectId: '/catalog' };
    value(await catalog.updateVolumeType(caller, type.id, { name }));
    expect((await at(70, admin, 'DELETE', `/types/${type.id}`)).status).toBe(400);
    expect((await demo.volume(id)).volume_type).toBe(type.name);
    await must(200, admin, 'PUT', `/types/${type.id}`, { volume_type: { name } });
    expect((await demo.volume(id)).volume_type).toBe(name);
  });
});

describe('the limits of a type', () => {
  it('hold for volumes that become of it', async () => {
    const { other } = who;
    const [from, to] = [await newType(who.admin), await newType(who.admin)];
    const volume = await other.createVolume({ volume_type: from.name });
    await other.createSnapshot(volume.id);
    const retype = () => at(70, other, 'POST', `/volumes/${volume.id}/action`, { 'os-retype': { new_type: to.name } });
    for (const limit of [`volumes_${to.name}`, `snapshots_${to.name}`, `gigabytes_${to.name}`]) {
      await setQuota({ [limit]: limit.startsWith('gigabytes') ? 1 : 0 });
      const refused = await retype();
      expect([refused.status, limit]).toEqual([413, limit]);
      await setQuota({ [limit]: -1 });
    }
    expect((await other.volume(volume.id)).volume_type).toBe(from.name);
    expect((await retype()).status).toBe(202);
    expect((await other.volume(volume.id)).volume_type).toBe(to.name);
  });

  it('go along with its name, and away with the type', async () => {
    const { other, admin } = who;
    const type = await newType(who.admin);
    const path = '/os-quota-class-sets/default';
    await must(200, admin, 'PUT', path, { quota_class_set: { [`gigabytes_${type.name}`]: 7 } });
    await setQuota({ [`volumes_${type.name}`]: 3 });
    const renamed = `${type.name}-2`;
    await must(200, admin, 'PUT', `/types/${type.id}`, { volume_type: { name: renamed } });
    const shown = async () => (await must(200, other, 'GET', `/os-quota-sets/${other.projectId}`)).quota_set;
    expect(await shown()).toMatchObject({ [`volumes_${renamed}`]: 3, [`gigabytes_${renamed}`]: 7 });
    expect(await shown()).not.toHaveProperty(`volumes_${type.name}`);
    await must(202, admin, 'DELETE', `/types/${type.id}`);
    expect(Object.keys(await shown()).filter((name) => name.includes(type.name))).toEqual([]);
  });

  it('say which of them was exceeded, in the words of Cinder', async () => {
    const { other } = who;
    const type = await newType(who.admin);
    await setQuota({ [`volumes_${type.name}`]: 0, per_volume_gigabytes: 5 });
    const refusal = async (fields: Readonly<Record<string, unknown>>) =>
      (await at(70, other, 'POST', '/volumes', { volume: { size: 1, ...fields } })).body.overLimit.message;
    expect(await refusal({ volume_type: type.name })).toBe(
      `Maximum number of volumes allowed (0) exceeded for quota 'volumes_${type.name}'.`,
    );
    expect(await refusal({ size: 6 })).toBe('Requested volume size 6G is larger than maximum allowed limit 5G.');
    await setQuota({ [`volumes_${type.name}`]: -1, [`gigabytes_${type.name}`]: 2, per_volume_gigabytes: -1 });
    expect(await refusal({ volume_type: type.name, size: 3 })).toBe(
      `Requested volume or snapshot exceeds allowed gigabytes_${type.name} quota. ` +
        'Requested 3G, quota is 2G and 0G has been consumed.',
    );
  });

  it('hold for a volume and its snapshots together when they arrive', async () => {
    const { demo, other, admin } = who;
    const volume = await demo.createVolume();
    await demo.createSnapshot(volume.id);
    const { transfer } = await must(202, demo, 'POST', '/volume-transfers', { transfer: { volume_id: volume.id } });
    const { in_use: used } = (await must(200, other, 'GET', `/os-quota-sets/${other.projectId}?usage=True`)).quota_set
      .gigabytes;
    await setQuota({ gigabytes: used + 1 });
    const accept = () =>
      at(70, other, 'POST', `/volume-transfers/${transfer.id}/accept`, { accept: { auth_key: transfer.auth_key } });
    expect((await accept()).status).toBe(413);
    await setQuota({ gigabytes: used + 2 });
    expect((await accept()).status).toBe(202);
    await other.volume(volume.id);
    await must(200, admin, 'DELETE', `/os-quota-sets/${other.projectId}`);
  });
});

describe('what is written into a type', () => {
  it('is printable where Cinder wants that, and free where it does not', async () => {
    const { admin } = who;
    const make = async (fields: Readonly<Record<string, unknown>>) =>
      (await at(70, admin, 'POST', '/types', { volume_type: { name: crypto.randomUUID(), ...fields } })).status;
    expect(await make({ description: 'a\u0000b' })).toBe(400);
    expect(await make({ description: 'two\nlines' })).toBe(400);
    expect(await make({ description: 'диск 磁盘 💾' })).toBe(200);
    expect(await make({ extra_specs: { 'a\u0000': 'b' } })).toBe(400);
    expect(await make({ extra_specs: { 'volume/backend:name_1.0 -': '\u0001' } })).toBe(200);
    const type = await newType(who.admin, { extra_specs: { a: 'b' } });
    const odd = encodeURIComponent('é');
    expect((await at(70, admin, 'PUT', `/types/${type.id}/extra_specs/${odd}`, { é: 'x' })).status).toBe(400);
    const { qos_specs: qos } = await must(200, admin, 'POST', '/qos-specs', {
      qos_specs: { name: `\u0000${type.id}` },
    });
    expect((await at(70, admin, 'PUT', `/qos-specs/${qos.id}`, { qos_specs: { 'a\n': 'b' } })).status).toBe(400);
    const volume = await who.demo.createVolume();
    const metadata = { 'a\u0000': 'b' };
    expect((await at(70, who.demo, 'POST', `/volumes/${volume.id}/metadata`, { metadata })).status).toBe(400);
  });
});
