// Disks that go from one vault to another with their backups: under their ids, with all bytes, and nothing twice.

import { beforeEach, expect, it } from 'vitest';
import type { Json } from './api.ts';
import { randomBytes } from './disk-driver.ts';
import { Tenant } from './openapi/tenant.ts';

const MIB = 2 ** 20;

let tenant: Tenant;
let volumeId: string;
let from: string;
let to: string;
/** Two backups of the disk, and what they hold. */
let backups: { id: string; bytes: Uint8Array }[];

beforeEach(async () => {
  tenant = await Tenant.fresh();
  volumeId = await tenant.ownVolume();
  [from, to] = [await tenant.vaultOf([volumeId]), await tenant.vaultOf([])];
  backups = [];
  for (const count of [2, 1]) {
    await tenant.api.write(volumeId, 0, randomBytes(count * MIB));
    const id = await tenant.backupOf(volumeId);
    backups.push({ id, bytes: await tenant.api.read(`volumes/${volumeId}`, 2 * MIB) });
  }
});

const vault = async (id: string): Promise<Json> => (await tenant.ask('GET', `/cbr/v3/{p}/vaults/${id}`)).vault;
const inVault = async (id: string): Promise<Json[]> =>
  (await tenant.ask('GET', `/cbr/v3/{p}/backups?vault_id=${id}`)).backups;
const migrate = (ids: readonly string[], destination = to) =>
  tenant.api.answer('POST', `/cbr/v3/{p}/vaults/${from}/migrateresources`, {
    destination_vault_id: destination,
    resource_ids: ids,
  });

async function moved(): Promise<void> {
  await tenant.api.until('the backups to move', async () => ((await inVault(from)).length === 0 ? true : null));
}

it('takes the disk at once and its backups after it, under their ids', async () => {
  const friend = await Tenant.fresh();
  const shared = { backup_id: backups[0]!.id, to_project_ids: [friend.api.projectId] };
  await tenant.ask('POST', '/vbs/v2/{p}/os-vendor-backup-sharing', { shared });
  const used = (await vault(from)).billing.used;
  const answer = await migrate([volumeId]);
  expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { migrated_resources: [volumeId] }]);
  expect((await vault(from)).resources).toEqual([]);
  expect((await vault(to)).resources).toMatchObject([{ id: volumeId }]);
  // What is on its way is not shown twice.
  expect((await tenant.ask('GET', '/cbr/v3/{p}/backups')).count).toBe(2);
  await moved();
  const there = await inVault(to);
  expect(there.map((one) => [one.id, one.status]).toSorted()).toEqual(
    backups.map(({ id }) => [id, 'available']).toSorted(),
  );
  expect([(await vault(from)).billing.used, (await vault(to)).billing.used]).toEqual([0, used]);
  // Their bytes are there, whatever happens to the old vault; so are they for who they are shared with.
  await tenant.ask('DELETE', `/cbr/v3/{p}/vaults/${from}`);
  await tenant.api.gone(`/cbr/v3/{p}/vaults/${from}`);
  for (const { id, bytes } of backups) {
    expect(Buffer.compare(await tenant.api.read(`backups/${id}`, 2 * MIB), bytes)).toBe(0);
  }
  const place = `backups/${backups[0]!.id}`;
  await friend.api.until('the news', async () => ((await friend.api.get(place, 512)).status === 206 ? true : null));
  expect(Buffer.compare(await friend.api.read(place, 2 * MIB), backups[0]!.bytes)).toBe(0);
  // The next backup goes to the new vault, and adds only what has changed.
  await tenant.api.write(volumeId, 0, randomBytes(65_536));
  const next = await tenant.backupOf(volumeId);
  const { backup } = await tenant.ask('GET', `/cbr/v3/{p}/backups/${next}`);
  expect([backup.vault_id, backup.extend_info.incremental]).toEqual([to, true]);
});

it('is refused where it cannot be, and then nothing has moved', async () => {
  const code = async (answer: Promise<{ text: string }>) => (JSON.parse((await answer).text) as Json).error_code;
  expect(await code(migrate([volumeId], from))).toBe('BackupService.6118');
  expect(await code(migrate(['nothing']))).toBe('BackupService.6135');
  expect(await code(migrate([volumeId], crypto.randomUUID()))).toBe('BackupService.6105');
  await tenant.ask('PUT', `/cbr/v3/{p}/vaults/${from}`, { vault: { locked: true } });
  expect(await code(migrate([volumeId]))).toBe('BackupService.6220');
  expect((await vault(from)).resources).toHaveLength(1);
  expect(await inVault(from)).toHaveLength(2);
  expect(await inVault(to)).toEqual([]);
});

it('leaves no copy of a backup that is deleted on the way', async () => {
  await migrate([volumeId]);
  for (const { id } of backups) await tenant.api.answer('DELETE', `/cbr/v3/{p}/backups/${id}`);
  await tenant.api.until('the end of all backups', async () => {
    const { count } = await tenant.ask('GET', '/cbr/v3/{p}/backups');
    const [disk] = (await vault(to)).resources;
    return count === 0 && disk.backup_count === 0 ? true : null;
  });
});
