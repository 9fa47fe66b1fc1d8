// Vaults: what they protect, what they refuse, and when they are full.

import { expect, test } from 'vitest';
import { Bench, must, mustRefuse, until } from './fakes/bench.ts';
import { protectedVolume } from './fakes/protected.ts';

test('vaults: what they protect, what they refuse, and that removing a resource deletes its backups', async () => {
  const bench = new Bench();
  const { project, caller } = bench;
  const [one, two] = [await bench.volume({ sizeGib: 6 }), await bench.volume({ sizeGib: 6 })];
  const type = 'OS::Cinder::Volume';
  const base = {
    name: 'v',
    sizeGib: 10,
    objectType: 'disk',
    protectType: 'backup',
    consistentLevel: 'crash_consistent',
  };
  const vault = must(await project.createVault(caller, { ...base, resources: [{ id: one.id, type }] }));
  expect(vault).toMatchObject({ allocatedGib: 6, status: 'available', resources: [{ id: one.id, backupCount: 0 }] });
  mustRefuse(await project.addVaultResources(caller, vault.id, [{ id: two.id, type }]), 'vault-capacity');
  mustRefuse(await project.createVault(caller, { ...base, resources: [{ id: one.id, type }] }), 'resource-taken');
  must(await project.updateVault(caller, vault.id, { sizeGib: 20 }));
  mustRefuse(
    await project.addVaultResources(caller, vault.id, [{ id: two.id, type: 'OS::Nova::Server' }]),
    'resource-type',
  );
  mustRefuse(
    await project.addVaultResources(caller, vault.id, [
      { id: two.id, type },
      { id: two.id, type },
    ]),
    'resource-duplicate',
  );
  must(await project.addVaultResources(caller, vault.id, [{ id: two.id, type }]));
  // The vault that holds a disk takes its backups, whoever asks.
  const backup = await bench.backup(one.id);
  expect(backup.vaultId).toBe(vault.id);
  await bench.disk(two.id).script('extend', ['hang']);
  must(await project.extendVolume(caller, two.id, { sizeGib: 7 }));
  const checkpoint = must(await project.createCheckpoint(caller, { vaultId: vault.id, name: 'now' }));
  expect(checkpoint.skipped).toMatchObject([{ id: two.id, code: 'BackupService.7003' }]);
  expect(checkpoint.resources).toHaveLength(1);
  await until(
    async () => must(await project.getCheckpoint(caller, checkpoint.id)).status,
    (status) => status === 'available',
  );
  const tasks = must(await project.listTasks(caller, { vaultId: vault.id, kind: 'backup' }));
  expect(tasks.items.map((task) => task.status).toSorted()).toEqual(['skipped', 'success', 'success']);
  must(await project.removeVaultResources(caller, vault.id, [one.id]));
  await until(
    async () => must(await project.listBackups(caller, { volumeId: one.id })).total,
    (total) => total === 0,
  );
  must(await project.deleteVault(caller, vault.id));
  await until(
    () => project.getVault(caller, vault.id),
    (answer) => !answer.ok,
  );
});

test('a full vault refuses, or grows by a quarter when it may', async () => {
  const { bench, volume, vaultId } = await protectedVolume();
  const { project, caller } = bench;
  const backup = await bench.backup(volume.id);
  await bench.sql(
    `UPDATE backup SET body = json_set(body, '$.storedBytes', ${10 * 2 ** 30}) WHERE id = '${backup.id}'`,
  );
  mustRefuse(await project.createBackup(caller, { face: 'cbr', volumeId: volume.id }), 'vault-full');
  must(await project.updateVault(caller, vaultId, { autoExpand: true }));
  must(await project.createBackup(caller, { face: 'cbr', volumeId: volume.id }));
  expect(must(await project.getVault(caller, vaultId)).sizeGib).toBe(13);
});

test('what is not done is refused: locking, and binding disks without being asked', async () => {
  const { bench, vaultId } = await protectedVolume();
  const { project, caller } = bench;
  mustRefuse(await project.updateVault(caller, vaultId, { locked: true }), 'not-implemented');
  mustRefuse(await project.updateVault(caller, vaultId, { autoBind: true }), 'not-implemented');
  must(await project.updateVault(caller, vaultId, { locked: false, autoBind: false }));
});

test('a vault that is being deleted takes no policy', async () => {
  const { bench, vaultId, policyId } = await protectedVolume();
  const { project, caller } = bench;
  await bench.vault(vaultId).script('delete', ['hang']);
  must(await project.deleteVault(caller, vaultId));
  mustRefuse(await project.associatePolicy(caller, vaultId, policyId), 'vault-status');
});
