// A vault that fills up while backups run: they fail in words, nothing of them shows, and one that may grow grows.

import { runInDurableObject } from 'cloudflare:test';
import { expect, it } from 'vitest';
import type { Json } from './api.ts';
import { bindings, randomBytes } from './disk-driver.ts';
import { Tenant } from './openapi/tenant.ts';

const MIB = 2 ** 20;

/** Several disks with incompressible bytes in one vault that has room for so many MiB. */
async function world(roomMib: number, autoExpand: boolean) {
  const tenant = await Tenant.fresh();
  const disks = await Promise.all([1, 2, 3].map(() => tenant.ownVolume()));
  for (const id of disks) await tenant.api.write(id, 0, randomBytes(12 * MIB));
  const vaultId = await tenant.vaultOf(disks);
  await tenant.ask('PUT', `/cbr/v3/{p}/vaults/${vaultId}`, { vault: { auto_expand: autoExpand } });
  // Smaller than any that can be asked for: a test has no time for gigabytes.
  const stub = bindings.PROJECT.get(bindings.PROJECT.idFromName(tenant.api.projectId));
  await runInDurableObject(stub, (_, { storage }) => {
    const text = "UPDATE vault SET body = json_set(body, '$.sizeGib', ?) WHERE id = ?";
    storage.sql.exec(text, roomMib / 1024, vaultId);
  });
  return { tenant, vaultId, disks };
}

async function backUpAll(tenant: Tenant, vaultId: string): Promise<Json[]> {
  const body = { checkpoint: { vault_id: vaultId } };
  const { checkpoint } = await tenant.ask('POST', '/cbr/v3/{p}/checkpoints', body);
  return await tenant.api.until('the backups', async () => {
    const { backups } = await tenant.ask('GET', `/cbr/v3/{p}/backups?checkpoint_id=${checkpoint.id}`);
    return backups.some((one: Json) => one.status === 'protecting') ? null : backups;
  });
}

it('fails what has no room, with the code of the vendor, and shows nothing of it', async () => {
  const { tenant, vaultId } = await world(16, false);
  const backups = await backUpAll(tenant, vaultId);
  const failed = backups.filter((one) => one.status === 'error');
  // The first to arrive may have it whole; all three never.
  expect(failed.length).toBeGreaterThanOrEqual(2);
  const logs = (await tenant.ask('GET', `/cbr/v3/{p}/operation-logs?vault_id=${vaultId}&status=failed`)).operation_logs;
  expect(logs).toHaveLength(failed.length);
  for (const log of logs) {
    expect(log.error_info).toMatchObject({ code: 'BackupService.6114', message: expect.stringContaining('full') });
  }
  for (const { id, status } of backups) {
    const answer = await tenant.api.get(`backups/${id}`, 512);
    expect(answer.status).toBe(status === 'error' ? 409 : 206);
  }
  const { vault } = await tenant.ask('GET', `/cbr/v3/{p}/vaults/${vaultId}`);
  expect(vault.billing.used).toBeLessThanOrEqual(16);
  for (const { id } of vault.resources) await tenant.api.volume(id);
  // With more room the same disks are backed up as if nothing had been.
  await tenant.ask('PUT', `/cbr/v3/{p}/vaults/${vaultId}`, { vault: { billing: { size: 10 } } });
  const again = await backUpAll(tenant, vaultId);
  expect(again.map((one) => one.status)).toEqual(['available', 'available', 'available']);
});

it('grows by quarters when it may, and nothing fails', async () => {
  const { tenant, vaultId } = await world(16, true);
  const backups = await backUpAll(tenant, vaultId);
  expect(backups.map((one) => one.status)).toEqual(['available', 'available', 'available']);
  const { vault } = await tenant.ask('GET', `/cbr/v3/{p}/vaults/${vaultId}`);
  expect(vault.billing.used).toBeGreaterThan(36);
  // In whole GiB, as capacity is sold.
  expect(vault.billing.size).toBe(1);
});
