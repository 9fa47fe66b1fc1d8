// A disk that still fetches its content: what it says meanwhile, when an eager one is ready, and what it does while the
// vault that it comes from has lost its index.

import { runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import type { VaultRpc } from '../../worker/protocol.ts';
import type { Json } from './api.ts';
import { hold } from './crashing-disk.ts';
import { bindings, createVault, DiskDriver, label, OWNER, randomBytes } from './disk-driver.ts';
import { Tenant } from './openapi/tenant.ts';

const BYTES = 8 * 65_536;

function vaultStub(vaultId: string) {
  return bindings.VAULT.get(bindings.VAULT.idFromName(vaultId)) as unknown as DurableObjectStub & VaultRpc;
}

async function rebuild(vaultId: string): Promise<void> {
  const jobId = crypto.randomUUID();
  for (let turns = 0; turns < 100; turns++) {
    const report = await vaultStub(vaultId).run(OWNER.projectId, jobId, { kind: 'rebuild', onlyIfLost: false });
    if (report.state === 'done') return;
    expect(report.state).toBe('running');
  }
  throw new Error('the rebuild did not end');
}

async function leases(vaultId: string): Promise<number> {
  return runInDurableObject(vaultStub(vaultId), (_vault, state) => {
    return Number(state.storage.sql.exec('SELECT count(*) AS n FROM lease').one().n);
  });
}

async function backedUp() {
  const vaultId = await createVault();
  const origin = await new DiskDriver().create();
  const bytes = randomBytes(BYTES);
  await origin.write(0, bytes);
  const backupId = crypto.randomUUID();
  await origin.done({ kind: 'backup', vaultId, backupId, full: false, label: label(origin.id) });
  return { vaultId, backupId, bytes };
}

test('while its vault has no index nothing is read as zeros, and what is left arrives after the rebuild', async () => {
  const { vaultId, backupId, bytes } = await backedUp();
  const disk = new DiskDriver();
  const jobId = crypto.randomUUID();
  const job = {
    ...({ kind: 'create', sizeBytes: 2 ** 30, eager: true } as const),
    source: { kind: 'backup', vaultId, backupId },
  } as const;
  hold('locate');
  const waiting = await disk.stub.run(OWNER, jobId, job);
  // It can be read and written already, but it is not ready before all is local.
  expect(waiting).toEqual({ state: 'running', progress: { doneBytes: 0, totalBytes: BYTES } });
  expect((await disk.status())?.hydration).toEqual({ remainingBytes: BYTES });
  await vaultStub(vaultId).lose(OWNER.projectId);
  hold(null);
  const answer = await disk.get(0, 65_536);
  expect([answer.status, ((await answer.json()) as Json).code]).toEqual([503, 'unavailable']);
  await rebuild(vaultId);
  expect(await leases(vaultId)).toBeLessThanOrEqual(1);
  await disk.done(job, jobId);
  expect((await disk.status())?.hydration).toBeNull();
  await rebuild(vaultId);
  expect(await disk.read(0, BYTES)).toEqual(bytes);
});

test('its lease is taken again from a vault that was rebuilt, and given back in the end', async () => {
  const { vaultId, backupId, bytes } = await backedUp();
  const disk = new DiskDriver();
  const source = { kind: 'backup', vaultId, backupId } as const;
  hold('locate');
  await disk.done({ kind: 'create', sizeBytes: 2 ** 30, source });
  await vaultStub(vaultId).lose(OWNER.projectId);
  await rebuild(vaultId);
  expect(await leases(vaultId)).toBe(0);
  // What is held now finds the vault without the lease; the next pass takes it again.
  hold(null);
  await disk.settled();
  expect(await disk.read(0, BYTES)).toEqual(bytes);
  for (let turns = 0; turns < 100 && (await leases(vaultId)) > 0; turns++) await scheduler.wait(20);
  expect(await leases(vaultId)).toBe(0);
});

test('a disk whose metadata says so is available only when everything is local', async () => {
  const { api } = await Tenant.fresh();
  const volume = await api.createVolume({ name: 'data', metadata: { 'edge_evs:eager': 'true' } });
  const bytes = randomBytes(BYTES);
  const headers = { 'Content-Range': `bytes 0-${BYTES - 1}/*` };
  expect((await api.send('PUT', `/data/v1/{p}/volumes/${volume.id}`, bytes, headers)).status).toBe(204);
  const backup = await api.createBackup(volume.id);
  const hydrationOf = async (id: string) => (await api.ask('GET', `/data/v1/{p}/volumes/${id}/status`)).hydration;
  const restore = async (body: Json): Promise<string> => {
    const { restore: begun } = await api.ask('POST', `/evs/v3/{p}/backups/${backup.id}/restore`, { restore: body });
    return (await api.volume(begun.volume_id)).id;
  };
  // Over the disk itself; into a new one, which has the metadata of the disk that was backed up.
  expect(await hydrationOf(await restore({ volume_id: volume.id }))).toBeNull();
  expect(await hydrationOf(await restore({ name: 'new' }))).toBeNull();
});
