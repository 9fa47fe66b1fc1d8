// Backups that one project shares with another: offered, accepted, used, taken back. Over the real objects.

import { runInDurableObject } from 'cloudflare:test';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Json } from './api.ts';
import { bindings, randomBytes } from './disk-driver.ts';
import { Tenant } from './openapi/tenant.ts';

const BYTES = 3 * 2 ** 20;

let giver: Tenant;
let taker: Tenant;
let stranger: Tenant;
let bytes: Uint8Array;
let backupId: string;

beforeEach(async () => {
  [giver, taker, stranger] = [await Tenant.fresh(), await Tenant.fresh(), await Tenant.fresh()];
  const volumeId = await giver.ownVolume();
  bytes = randomBytes(BYTES);
  await giver.api.write(volumeId, 0, bytes);
  backupId = await giver.backupOf(volumeId);
});

const members = () => `/cbr/v3/{p}/backups/${backupId}/members`;
const memberOf = (tenant: Tenant) => `${members()}/${tenant.api.projectId}`;
const share = (...tenants: Tenant[]) =>
  giver.api.answer('POST', members(), { members: tenants.map((tenant) => tenant.api.projectId) });

/** Waits until the offer has arrived. */
async function offered(tenant: Tenant): Promise<void> {
  await tenant.api.until('the offer', async () =>
    (await tenant.api.send('GET', memberOf(tenant))).status === 200 ? true : null,
  );
}

async function accept(tenant: Tenant): Promise<string> {
  const vaultId = await tenant.vaultOf([]);
  await tenant.ask('PUT', memberOf(tenant), { status: 'accepted', vault_id: vaultId });
  return vaultId;
}

const newDisk = (tenant: Tenant) =>
  tenant.api.answer('POST', '/evs/v3/{p}/volumes', { volume: { size: 1, backup_id: backupId } });

/** The disk that was just asked for holds the backup's bytes. */
async function holdsBytes(tenant: Tenant, answer: { status: number; text: string }): Promise<string> {
  expect(answer.status, answer.text).toBe(202);
  const { id } = (JSON.parse(answer.text) as Json).volume;
  await tenant.api.volume(id);
  expect(Buffer.compare(await tenant.api.read(`volumes/${id}`, BYTES), bytes)).toBe(0);
  return id;
}

/** Everything that a project could try to do with a backup. */
async function tries(tenant: Tenant): Promise<number[]> {
  const { api } = tenant;
  const volumeId = await tenant.ownVolume();
  const asked = [
    await newDisk(tenant),
    await api.answer('GET', `/cbr/v3/{p}/backups/${backupId}`),
    await api.answer('GET', `/evs/v3/{p}/backups/${backupId}`),
    await api.answer('GET', `/vbs/v2/{p}/backups/${backupId}`),
    await api.answer('POST', `/evs/v3/{p}/backups/${backupId}/restore`, { restore: {} }),
    await api.answer('POST', `/evs/v3/{p}/backups/${backupId}/restore`, { restore: { volume_id: volumeId } }),
    await api.answer('POST', `/cbr/v3/{p}/backups/${backupId}/restore`, { restore: { volume_id: volumeId } }),
    await api.answer('POST', `/vbs/v2/{p}/cloudbackups/${backupId}/restore`, { restore: { volume_id: volumeId } }),
    await api.answer('GET', `/data/v1/{p}/backups/${backupId}`),
    await api.answer('GET', `/data/v1/{p}/backups/${backupId}/blocks`),
    await api.answer('DELETE', `/cbr/v3/{p}/backups/${backupId}`),
    await api.answer('POST', members(), { members: ['somebody'] }),
  ];
  return asked.map(({ status }) => status);
}

const none = (count: number) => Array.from({ length: count }, () => 404);

describe('sharing by CBR', () => {
  it('gives nothing before it is accepted, and then disks and bytes', async () => {
    expect((await share(taker)).status).toBe(200);
    await offered(taker);
    expect(await tries(taker)).toEqual(none(12));
    expect((await taker.ask('GET', '/cbr/v3/{p}/backups')).count).toBe(0);
    const pending = await taker.ask('GET', '/cbr/v3/{p}/backups?own_type=shared&member_status=pending');
    expect(pending.backups).toMatchObject([{ id: backupId, project_id: giver.api.projectId, vault_id: '' }]);
    expect((await taker.api.answer('PUT', memberOf(taker), { status: 'accepted' })).status).toBe(400);

    const vaultId = await accept(taker);
    const listed = await taker.ask('GET', '/cbr/v3/{p}/backups?own_type=shared');
    expect(listed.backups).toMatchObject([{ id: backupId, vault_id: vaultId, status: 'available' }]);
    await holdsBytes(taker, await newDisk(taker));
    expect(Buffer.compare(await taker.api.read(`backups/${backupId}`, BYTES), bytes)).toBe(0);
    const restored = await taker.ask('POST', `/evs/v3/{p}/backups/${backupId}/restore`, { restore: {} });
    await taker.api.volume(restored.restore.volume_id);
    // It makes disks, and is not restored onto one; nor can it be handed on.
    const over = { restore: { volume_id: restored.restore.volume_id } };
    expect((await taker.api.answer('POST', `/cbr/v3/{p}/backups/${backupId}/restore`, over)).status).toBe(400);
    const on = { members: [stranger.api.projectId] };
    expect((await taker.api.answer('POST', members(), on)).status).toBe(404);
    const told = await giver.api.until('the answer', async () => {
      const { member } = await giver.ask('GET', memberOf(taker));
      return member.status === 'accepted' ? member : null;
    });
    expect(told).toMatchObject({ backup_id: backupId, dest_project_id: taker.api.projectId, vault_id: vaultId });
    // Nothing of it counts as the taker's.
    const { resources } = (await taker.ask('GET', '/vbs/v2/{p}/cloudbackups/quota')).quotas;
    expect(resources.map((each: Json) => each.used)).toEqual([0, 0]);
  });

  it('is between the two: nobody else sees or takes anything', async () => {
    await share(taker);
    await offered(taker);
    await accept(taker);
    expect(await tries(stranger)).toEqual(none(12));
    for (const [method, path] of [
      ['GET', members()],
      ['GET', memberOf(taker)],
      ['DELETE', memberOf(taker)],
      ['PUT', memberOf(stranger)],
      ['PUT', memberOf(taker)],
    ] as const) {
      const body = method === 'PUT' ? { status: 'accepted', vault_id: await stranger.vaultOf([]) } : undefined;
      expect((await stranger.api.answer(method, path, body)).status, `${method} ${path}`).toBe(404);
    }
    // The taker answers for itself and cannot end the sharing, the giver cannot answer for the taker.
    expect((await taker.api.answer('DELETE', memberOf(taker))).status).toBe(404);
    const yes = { status: 'rejected' };
    expect((await giver.api.answer('PUT', memberOf(taker), yes)).status).toBe(404);
    expect((await taker.ask('GET', members())).members).toHaveLength(1);
  });

  it('ends at once when the giver says so; disks that were made stay, with all their bytes', async () => {
    await share(taker, stranger);
    await offered(taker);
    await accept(taker);
    const disk = await holdsBytes(taker, await newDisk(taker));
    expect((await giver.api.answer('DELETE', memberOf(taker))).status).toBe(204);
    // Before the news has arrived: the giver is asked.
    expect((await newDisk(taker)).status).toBe(404);
    await taker.api.gone(`/cbr/v3/{p}/backups/${backupId}`);
    expect((await taker.ask('GET', '/cbr/v3/{p}/backups?own_type=all_granted')).count).toBe(0);
    expect((await giver.ask('GET', members())).members).toMatchObject([{ dest_project_id: stranger.api.projectId }]);

    await giver.ask('DELETE', `/cbr/v3/{p}/backups/${backupId}`);
    await giver.api.gone(`/cbr/v3/{p}/backups/${backupId}`);
    await stranger.api.gone(memberOf(stranger));
    expect(Buffer.compare(await taker.api.read(`volumes/${disk}`, BYTES), bytes)).toBe(0);
  });

  it('asks the giver before each use, whatever was told', async () => {
    await share(taker);
    await offered(taker);
    await accept(taker);
    // As if the word that it was taken back were lost.
    const stub = bindings.PROJECT.get(bindings.PROJECT.idFromName(giver.api.projectId));
    await runInDurableObject(stub, (_, state) => {
      state.storage.sql.exec('DELETE FROM share');
    });
    expect((await taker.ask('GET', `/cbr/v3/{p}/backups/${backupId}`)).backup.status).toBe('available');
    expect((await taker.api.get(`backups/${backupId}`, 512)).status).toBe(404);
    expect((await newDisk(taker)).status).toBe(404);
  });

  it('can be rejected, accepted again, and left by deleting the copy: the original stays', async () => {
    await share(taker);
    await offered(taker);
    await accept(taker);
    await taker.ask('PUT', memberOf(taker), { status: 'rejected' });
    expect((await newDisk(taker)).status).toBe(404);
    const vaultId = await accept(taker);
    expect((await taker.api.answer('DELETE', `/cbr/v3/{p}/backups/${backupId}`)).status).toBe(204);
    expect((await newDisk(taker)).status).toBe(404);
    await accept(taker);
    await taker.ask('DELETE', `/cbr/v3/{p}/vaults/${vaultId}`);
    expect((await giver.ask('GET', `/cbr/v3/{p}/backups/${backupId}`)).backup.status).toBe('available');
    expect(Buffer.compare(await giver.api.read(`backups/${backupId}`, BYTES), bytes)).toBe(0);
  });

  it('has limits: ten projects, each once, none itself, ids only, of an available backup', async () => {
    const add = (...ids: string[]) => giver.api.answer('POST', members(), { members: ids });
    const code = async (answer: Promise<{ text: string }>) => (JSON.parse((await answer).text) as Json).error_code;
    expect(await code(add('p', 'p'))).toBe('BackupService.6703');
    for (const id of [giver.api.projectId, '/catalog', '', 'a b']) {
      expect((await add(id)).status, id).toBe(400);
    }
    expect((await giver.ask('GET', members())).count).toBe(0);
    expect((await add(...Array.from({ length: 10 }, (_, index) => `p${index}`))).status).toBe(200);
    expect(await code(add('p10'))).toBe('BackupService.6701');
    expect(await code(add('p0'))).toBe('BackupService.6701');
    const some = await giver.ask('GET', `${members()}?dest_project_id=p3&status=pending&limit=1`);
    expect(some.members).toMatchObject([{ dest_project_id: 'p3', status: 'pending', vault_id: '' }]);
    const empty = await taker.vaultOf([]);
    expect((await taker.api.answer('PUT', memberOf(taker), { status: 'accepted', vault_id: empty })).status).toBe(404);
  });
});

describe('sharing by VBS', () => {
  const base = '/vbs/v2/{p}/os-vendor-backup-sharing';

  it('is good at once, for disks only; is listed on both sides, and ends by its id or that of its backup', async () => {
    const shared = { backup_id: backupId, to_project_ids: [taker.api.projectId, stranger.api.projectId] };
    const made = (await giver.ask('POST', base, { shared })).shared;
    expect(made).toMatchObject([{ backup_id: backupId, from_project_id: giver.api.projectId, deleted: 'false' }, {}]);
    const received = await taker.api.until('the sharing', async () => {
      const list = await taker.ask('GET', `${base}/detail?share_to_me=true`);
      return list.shared[0] ?? null;
    });
    expect(received).toMatchObject({ id: made[0].id, to_project_id: taker.api.projectId, backup: { id: backupId } });
    await holdsBytes(taker, await newDisk(taker));
    const over = { restore: { volume_id: await taker.ownVolume() } };
    expect((await taker.api.answer('POST', `/vbs/v2/{p}/cloudbackups/${backupId}/restore`, over)).status).toBe(400);

    expect((await giver.ask('GET', `${base}/count`)).count).toBe(2);
    expect((await giver.ask('GET', `${base}/count?share_to_me=true`)).count).toBe(0);
    expect((await giver.ask('GET', `${base}/detail?to_project_id=${taker.api.projectId}`)).shared).toHaveLength(1);
    expect((await giver.ask('GET', `${base}/detail?name=nothing`)).shared).toEqual([]);
    expect((await giver.ask('GET', `${base}/${made[0].id}`)).shared.backup.id).toBe(backupId);
    expect((await taker.api.answer('DELETE', `${base}/${made[0].id}`)).status).toBe(404);
    expect((await giver.api.answer('DELETE', `${base}/${made[0].id}?is_backup_id=false`)).status).toBe(200);
    expect((await newDisk(taker)).status).toBe(404);
    expect((await giver.api.answer('DELETE', `${base}/${backupId}?is_backup_id=true`)).status).toBe(200);
    expect((await giver.ask('GET', `${base}/count`)).count).toBe(0);
    await stranger.api.until('the end', async () =>
      (await stranger.ask('GET', `${base}/count?share_to_me=true`)).count === 0 ? true : null,
    );
  });
});
