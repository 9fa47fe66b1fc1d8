// Vaults: what they protect, what they refuse, and when they are full.

import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, test } from 'vitest';
import type { Caller, VaultTagQuery } from '../../worker/project/contract.ts';
import type { Control } from '../../worker/project/control.ts';
import { bindMatching } from '../../worker/project/vault-resources.ts';
import { Bench, must, mustRefuse, until } from './fakes/bench.ts';
import { protectedVolume } from './fakes/protected.ts';

const VAULT = {
  name: 'v',
  sizeGib: 10,
  objectType: 'disk',
  protectType: 'backup',
  consistentLevel: 'crash_consistent',
};

test('vaults: what they protect, what they refuse, and that removing a resource deletes its backups', async () => {
  const bench = new Bench();
  const { project, caller } = bench;
  const [one, two] = [await bench.volume({ sizeGib: 6 }), await bench.volume({ sizeGib: 6 })];
  const type = 'OS::Cinder::Volume';
  const vault = must(await project.createVault(caller, { ...VAULT, resources: [{ id: one.id, type }] }));
  expect(vault).toMatchObject({ allocatedGib: 6, status: 'available', resources: [{ id: one.id, backupCount: 0 }] });
  mustRefuse(await project.addVaultResources(caller, vault.id, [{ id: two.id, type }]), 'vault-capacity');
  mustRefuse(await project.createVault(caller, { ...VAULT, resources: [{ id: one.id, type }] }), 'resource-taken');
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

test('a full vault refuses; one that may grow does so when a backup fills it, not afterwards', async () => {
  const { bench, volume, vaultId } = await protectedVolume();
  const { project, caller } = bench;
  const backup = await bench.backup(volume.id);
  const stored = (gib: number) =>
    bench.sql(`UPDATE backup SET body = json_set(body, '$.storedBytes', ${gib * 2 ** 30}) WHERE id = '${backup.id}'`);
  await stored(10);
  mustRefuse(await project.createBackup(caller, { face: 'cbr', volumeId: volume.id }), 'vault-full');
  mustRefuse(await project.createCheckpoint(caller, { vaultId }), 'vault-full');
  must(await project.updateVault(caller, vaultId, { autoExpand: true }));
  mustRefuse(await project.createBackup(caller, { face: 'cbr', volumeId: volume.id }), 'vault-full');
  // One byte less than full: the next backup fills it.
  await stored(10 - 2 ** -30);
  await bench.backup(volume.id);
  expect(must(await project.getVault(caller, vaultId)).sizeGib).toBe(13);
  await bench.backup(volume.id);
});

describe('a locked vault', () => {
  /** A vault that is locked, with one backup that a policy made and one of a person. */
  async function locked() {
    const world = await protectedVolume();
    const { bench, vaultId, policyId } = world;
    const { project, caller } = bench;
    const made = must(await project.createCheckpoint(caller, { vaultId, automatic: true, policyId }));
    const automatic = await bench.backupIn(made.resources[0]!.backupId!, 'available');
    const manual = await bench.backup(world.volume.id);
    must(await project.updateVault(caller, vaultId, { locked: true }));
    return { ...world, automatic, manual };
  }

  test('keeps what a policy made, whoever asks, and stays locked; what a person made goes', async () => {
    const { bench, vaultId, volume, automatic, manual } = await locked();
    const { project, caller } = bench;
    const admin: Caller = { ...caller, roles: ['admin'] };
    const other = must(await project.createVault(caller, { ...VAULT, resources: [] }));
    mustRefuse(await project.deleteBackup(caller, automatic.id), 'backup-locked');
    mustRefuse(await project.deleteBackup(admin, automatic.id, { force: true }), 'backup-locked');
    mustRefuse(await project.resetBackupStatus(admin, automatic.id, 'error'), 'backup-locked');
    mustRefuse(await project.removeVaultResources(caller, vaultId, [volume.id]), 'vault-locked');
    mustRefuse(await project.updateVault(caller, vaultId, { locked: false }), 'vault-locked');
    mustRefuse(await project.deleteVault(caller, vaultId), 'vault-locked');
    must(await project.updateVault(caller, vaultId, { name: 'renamed', locked: true }));
    must(await project.deleteBackup(caller, manual.id));
    expect(must(await project.getBackup(caller, automatic.id)).status).toBe('available');
    must(await project.deleteVault(caller, other.id));
  });

  test('lets go of what has expired', async () => {
    const { bench, automatic } = await locked();
    const { project, caller } = bench;
    await bench.sql(`UPDATE backup SET body = json_set(body, '$.expiresMs', 1) WHERE id = '${automatic.id}'`);
    must(await project.deleteBackup(caller, automatic.id));
  });
});

test('a vault binds unprotected disks whose tags match, as far as it has room, before its policy runs', async () => {
  const bench = new Bench();
  const { project, caller } = bench;
  const tags = { env: 'prod' };
  const disks = [
    await bench.volume({ sizeGib: 4, tags }),
    await bench.volume({ sizeGib: 8, tags }),
    await bench.volume({ sizeGib: 5, tags: { env: 'prod', other: 'x' } }),
    await bench.volume({ sizeGib: 1, tags: { env: 'test' } }),
    await bench.volume({ sizeGib: 1 }),
    await bench.volume({ sizeGib: 1, tags }),
  ];
  const taken = { resources: [{ id: disks[5]!.id, type: 'OS::Cinder::Volume' }] };
  must(await project.createVault(caller, { ...VAULT, ...taken }));
  const vault = must(
    await project.createVault(caller, {
      ...VAULT,
      autoBind: true,
      bindRules: [
        { key: 'env', value: 'prod' },
        { key: 'env2', value: 'y' },
      ],
      resources: [],
    }),
  );
  const bound = await runInDurableObject(bench.stub, (object) => {
    const { control } = object as unknown as { control: Control };
    const bind = () => control.commit(() => bindMatching(control, control.vaults.get(vault.id)!));
    bind();
    return bind().resources.map((resource) => resource.id);
  });
  // 4 and 5 GiB of 10: the 8 GiB do not fit, the others do not match or are taken.
  expect(bound).toEqual([disks[0]!.id, disks[2]!.id]);
  mustRefuse(
    await project.updateVault(caller, vault.id, { bindRules: [{ key: 'k'.repeat(37), value: '' }] }),
    'invalid-tags',
  );
});

test('policies pass suspended disks by, a person may still back them up', async () => {
  const { bench, vaultId, volume, policyId } = await protectedVolume();
  const { project, caller } = bench;
  must(await project.suspendVaultResources(caller, vaultId, [volume.id], true));
  expect(must(await project.getVault(caller, vaultId)).resources).toMatchObject([{ autoProtect: false }]);
  const automatic = { vaultId, automatic: true, policyId };
  mustRefuse(await project.createCheckpoint(caller, automatic), 'vault-empty');
  const { resources } = must(await project.createCheckpoint(caller, { vaultId }));
  expect(resources).toMatchObject([{ id: volume.id }]);
  await bench.backupIn(resources[0]!.backupId!, 'available');
  must(await project.suspendVaultResources(caller, vaultId, [volume.id], false));
  expect(must(await project.createCheckpoint(caller, automatic)).resources).toHaveLength(1);
  mustRefuse(await project.suspendVaultResources(caller, vaultId, ['nothing'], true), 'resource-not-in-vault');
});

test('vaults are found by tags: all of some, any of some, none of some, by a part of the name', async () => {
  const bench = new Bench();
  const { project, caller } = bench;
  const tag = (key: string, value: string) => ({ key, value });
  const make = async (name: string, tags: readonly { key: string; value: string }[]) =>
    must(await project.createVault(caller, { ...VAULT, name, tags, resources: [] })).id;
  const red = await make('Red', [tag('colour', 'red'), tag('size', 's')]);
  const blue = await make('blue', [tag('colour', 'blue')]);
  const bare = await make('bare', []);
  const found = async (query: VaultTagQuery) =>
    new Set(must(await project.findVaults(caller, query)).items.map((vault) => vault.id));
  const colour = (...values: string[]) => ({ key: 'colour', values });
  const size = { key: 'size', values: [] };
  expect(await found({})).toEqual(new Set([red, blue, bare]));
  expect(await found({ tags: [colour('red', 'blue')] })).toEqual(new Set([red, blue]));
  expect(await found({ tags: [colour('red', 'blue'), size] })).toEqual(new Set([red]));
  expect(await found({ tagsAny: [colour('blue'), size] })).toEqual(new Set([red, blue]));
  expect(await found({ notTags: [colour(), size] })).toEqual(new Set([blue, bare]));
  expect(await found({ notTagsAny: [colour(), size] })).toEqual(new Set([bare]));
  expect(await found({ withoutAnyTag: true })).toEqual(new Set([bare]));
  expect(await found({ namePart: 'RED' })).toEqual(new Set([red]));
  must(await project.changeVaultTags(caller, blue, { set: [tag('colour', 'green')], remove: [] }));
  mustRefuse(await project.changeVaultTags(caller, blue, { remove: ['nothing'] }), 'tag-not-found');
  expect(must(await project.vaultTags(caller))).toEqual([
    { key: 'colour', values: ['green', 'red'] },
    { key: 'size', values: ['s'] },
  ]);
  const many = Array.from({ length: 21 }, (_, index) => tag(`k${index}`, ''));
  mustRefuse(await project.changeVaultTags(caller, bare, { set: many }), 'invalid-tags');
});

test('what is protected, what could be, and how much of it there is', async () => {
  const { bench, vaultId, volume } = await protectedVolume();
  const { project, caller } = bench;
  const free = await bench.volume();
  const page = must(await project.listProtectableDisks(caller, {}));
  expect(new Map(page.items.map((disk) => [disk.id, disk.vaultId]))).toEqual(
    new Map([
      [volume.id, vaultId],
      [free.id, null],
    ]),
  );
  must(await project.createVault(caller, { ...VAULT, resources: [] }));
  expect(must(await project.updateVaults(caller, { thresholdPercent: 70 }))).toHaveLength(2);
  expect(must(await project.getVault(caller, vaultId)).thresholdPercent).toBe(70);
  await bench.backup(volume.id);
  expect(must(await project.summarizeVaults(caller))).toEqual({ sizeGib: 20, usedBytes: 65_536 });
});

test('a vault that is being deleted takes no policy', async () => {
  const { bench, vaultId, policyId } = await protectedVolume();
  const { project, caller } = bench;
  await bench.vault(vaultId).script('delete', ['hang']);
  must(await project.deleteVault(caller, vaultId));
  mustRefuse(await project.associatePolicy(caller, vaultId, policyId), 'vault-status');
});
