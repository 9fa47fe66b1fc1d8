// What is allowed when, and that a refusal changes nothing. Statement ids are those of the service's table of backups and
// snapshots.

import { describe, expect, test } from 'vitest';
import { FAULTS, fault, renderFault } from '../../worker/faults.ts';
import type { CreateVolumes } from '../../worker/project/contract.ts';
import { Bench, must, mustRefuse, until } from './fakes/bench.ts';

const NO_SUCH = '00000000-0000-4000-8000-000000000000';

describe('creating volumes', () => {
  test('a batch is one job of several, and names are numbered', async () => {
    const bench = new Bench();
    const input: CreateVolumes = {
      face: 'native',
      sizeGib: 10.9,
      zone: 'eu-de-02',
      type: 'SAS',
      name: 'data',
      count: 3,
    };
    const { volumes, jobId } = must(await bench.project.createVolumes(bench.caller, input));
    expect(volumes.map((volume) => volume.name)).toEqual(['data-0001', 'data-0002', 'data-0003']);
    const job = await bench.jobEnd(jobId!);
    expect(job).toMatchObject({ type: 'batchCreateVolume', status: 'SUCCESS' });
    expect(job.id).toMatch(/^[0-9a-f]{32}$/);
    expect(job.subJobs.map((part) => part.entities.name)).toEqual(['data-0001', 'data-0002', 'data-0003']);
    expect(job.subJobs[0]?.entities).toMatchObject({ sizeGib: 10, volumeType: 'SAS', volumeId: volumes[0]!.id });
    expect((await bench.disk(volumes[2]!.id).view()).sizeBytes).toBe(10 * 2 ** 30);
  });

  test('bad input is refused and nothing is stored, not even a table', async () => {
    const bench = new Bench();
    const create = (input: Partial<CreateVolumes>) =>
      bench.project.createVolumes(bench.caller, { face: 'native', sizeGib: 10, type: 'SSD', ...input });
    mustRefuse(await create({ sizeGib: 9 }), 'invalid-size');
    mustRefuse(await create({ sizeGib: undefined }), 'invalid-size');
    mustRefuse(await create({ sizeGib: 32_769 }), 'invalid-size');
    mustRefuse(await create({ face: 'cinder', sizeGib: 1.5 }), 'invalid-size');
    mustRefuse(await create({ face: 'cinder', sizeGib: Number.NaN }), 'invalid-size');
    mustRefuse(await create({ type: 'FLOPPY' }), 'type-not-found');
    mustRefuse(await create({ zone: 'moon-01' }), 'zone-not-found');
    mustRefuse(await create({ count: 101 }), 'invalid-count');
    mustRefuse(await create({ count: 2, backupId: NO_SUCH }), 'backup-batch');
    mustRefuse(await create({ snapshotId: NO_SUCH, backupId: NO_SUCH }), 'several-sources');
    mustRefuse(await create({ snapshotId: NO_SUCH }), 'snapshot-not-found');
    mustRefuse(await create({ name: 'ü'.repeat(128) }), 'invalid-name');
    mustRefuse(await create({ metadata: { k: 'v'.repeat(256) } }), 'invalid-metadata');
    mustRefuse(await create({ tags: { 'not ok': 'v' } }), 'invalid-tags');
    expect(await bench.stored()).toBe('{}');
  });

  test('S5, S7: from a snapshot in its own zone, with its type, at least as large', async () => {
    const bench = new Bench();
    const source = await bench.volume({ sizeGib: 12, zone: 'eu-de-02', type: 'SAS' });
    const snapshot = await bench.snapshot(source.id);
    const from = (input: Partial<CreateVolumes>) =>
      bench.project.createVolumes(bench.caller, { face: 'native', snapshotId: snapshot.id, sizeGib: 12, ...input });
    mustRefuse(await from({ zone: 'eu-de-01' }), 'snapshot-zone');
    mustRefuse(await from({ type: 'SSD' }), 'snapshot-type');
    mustRefuse(await from({ sizeGib: 11 }), 'snapshot-size');
    const { volumes } = must(await from({ face: 'cinder', sizeGib: undefined }));
    expect(volumes[0]).toMatchObject({ zone: 'eu-de-02', type: 'SAS', sizeGib: 12, snapshotId: snapshot.id });
    expect(renderFault(fault('snapshot-zone', { zone: 'z' }), 'native')).toMatchObject({
      status: 400,
      vendorCode: 'EVS.2054',
    });
  });

  test('while a disk is made from a snapshot, neither it nor its disk can go', async () => {
    const bench = new Bench();
    const source = await bench.volume();
    const snapshot = await bench.snapshot(source.id);
    // Sent together, so that they arrive before the new disk's answer.
    const { project, caller } = bench;
    const [created, first, second] = await Promise.all([
      project.createVolumes(caller, { face: 'cinder', snapshotId: snapshot.id }),
      project.deleteSnapshot(caller, snapshot.id),
      project.deleteVolume(caller, source.id, { face: 'native' }),
    ]);
    const { volumes } = must(created);
    mustRefuse(first, 'snapshot-busy');
    mustRefuse(second, 'snapshot-busy');
    await bench.volumeIn(volumes[0]!.id, 'available');
    must(await bench.project.deleteSnapshot(bench.caller, snapshot.id));
  });

  test('B8: from a backup, larger or equal, one at a time; also when the source is gone', async () => {
    const bench = new Bench();
    const source = await bench.volume({ sizeGib: 12 });
    const backup = await bench.backup(source.id);
    must(await bench.project.deleteVolume(bench.caller, source.id, { face: 'native' }));
    await bench.volumeGone(source.id);
    const from = (input: Partial<CreateVolumes>) =>
      bench.project.createVolumes(bench.caller, {
        face: 'native',
        backupId: backup.id,
        type: 'SSD',
        zone: 'eu-de-03',
        ...input,
      });
    mustRefuse(await from({ sizeGib: 11 }), 'backup-size');
    const { volumes } = must(await from({}));
    mustRefuse(await from({}), 'backup-status');
    const made = await bench.volumeIn(volumes[0]!.id, 'available');
    expect(made).toMatchObject({ sizeGib: 12, zone: 'eu-de-03', backupId: backup.id });
    await bench.backupIn(backup.id, 'available');
  });
});

describe('one operation at a time', () => {
  test('while a disk is extended, every other operation is refused and changes nothing', async () => {
    const bench = new Bench();
    const volume = await bench.volume();
    const snapshot = await bench.snapshot(volume.id);
    const backup = await bench.backup(volume.id);
    await bench.disk(volume.id).script('extend', ['hang']);
    must(await bench.project.extendVolume(bench.caller, volume.id, { sizeGib: 2 }));
    await until(
      async () => (await bench.sql('SELECT body FROM job WHERE body LIKE \'%"accepted":true%\'')).length,
      (n) => n > 0,
    );
    await until(
      () => bench.sql("SELECT key FROM due WHERE key LIKE 'job:%'"),
      (rows) => rows.length === 1,
    );
    const before = await bench.stored();
    const { project, caller } = bench;
    mustRefuse(await project.extendVolume(caller, volume.id, { sizeGib: 3 }), 'extend-status');
    mustRefuse(await project.deleteVolume(caller, volume.id, { face: 'native' }), 'volume-delete-status');
    mustRefuse(await project.createSnapshot(caller, { face: 'cinder', volumeId: volume.id }), 'snapshot-volume-status');
    mustRefuse(await project.rollbackSnapshot(caller, snapshot.id, { volumeId: volume.id }), 'rollback-volume-status');
    mustRefuse(await project.revertVolume(caller, volume.id, { snapshotId: snapshot.id }), 'rollback-volume-status');
    mustRefuse(await project.createBackup(caller, { face: 'vbs', volumeId: volume.id }), 'backup-volume-status');
    mustRefuse(
      await project.restoreBackup(caller, backup.id, { face: 'vbs', volumeId: volume.id }),
      'restore-volume-status',
    );
    mustRefuse(await project.retypeVolume(caller, volume.id, { type: 'ESSD' }), 'retype-status');
    mustRefuse(await project.attachVolume(caller, volume.id, { serverId: NO_SUCH }), 'attach-status');
    mustRefuse(await project.detachVolume(caller, volume.id, {}), 'detach-status');
    mustRefuse(await project.reserveVolume(caller, volume.id), 'reserve-status');
    mustRefuse(await project.deleteVolume(caller, volume.id, { face: 'cinder', force: true }), 'forbidden');
    expect(await bench.stored()).toBe(before);
  });

  test('one backup of a disk at a time, and none while it is restored', async () => {
    const bench = new Bench();
    const volume = await bench.volume();
    const backup = await bench.backup(volume.id);
    const { project, caller } = bench;
    await bench.disk(volume.id).script('backup', ['running', 'running', 'running']);
    must(await project.createBackup(caller, { face: 'cinder', volumeId: volume.id }));
    expect(must(await project.getVolume(caller, volume.id)).status).toBe('backing-up');
    mustRefuse(await project.createBackup(caller, { face: 'cinder', volumeId: volume.id }), 'backup-running');
    mustRefuse(await project.deleteVolume(caller, volume.id, { face: 'native' }), 'volume-delete-backing-up');
    mustRefuse(
      await project.restoreBackup(caller, backup.id, { face: 'vbs', volumeId: volume.id }),
      'restore-volume-busy',
    );
    must(await project.grant(caller, { kind: 'volume', id: volume.id }, 'write'));
    await bench.volumeIn(volume.id, 'available');
    await bench.disk(volume.id).script('restore', ['running', 'running']);
    const started = must(await project.restoreBackup(caller, backup.id, { face: 'vbs', volumeId: volume.id }));
    expect(must(await project.getVolume(caller, volume.id)).status).toBe('restoring-backup');
    mustRefuse(await project.restoreBackup(caller, backup.id, { face: 'vbs', volumeId: volume.id }), 'backup-status');
    mustRefuse(await project.deleteBackup(caller, backup.id), 'backup-delete-status');
    mustRefuse(await project.grant(caller, { kind: 'volume', id: volume.id }, 'read'), 'data-status');
    expect(await bench.jobEnd(started.jobId!)).toMatchObject({ status: 'SUCCESS', type: 'bksRestoreBackup' });
    await bench.backupIn(backup.id, 'available');
  });
});

describe('snapshots', () => {
  test('S6, N2: a rollback goes to the own disk only, any number of times', async () => {
    const bench = new Bench();
    const [volume, other] = [await bench.volume(), await bench.volume()];
    const older = await bench.snapshot(volume.id);
    await bench.snapshot(volume.id);
    const before = await bench.stored();
    mustRefuse(
      await bench.project.rollbackSnapshot(bench.caller, older.id, { volumeId: other.id }),
      'rollback-foreign',
    );
    mustRefuse(await bench.project.rollbackSnapshot(bench.caller, older.id, { volumeId: NO_SUCH }), 'volume-not-found');
    expect(await bench.stored()).toBe(before);
    for (let times = 0; times < 2; times++) {
      must(await bench.project.rollbackSnapshot(bench.caller, older.id, { volumeId: volume.id }));
      await bench.volumeIn(volume.id, 'available');
    }
    expect((await bench.disk(volume.id).view()).effects.filter((effect) => effect.startsWith('rollback'))).toHaveLength(
      2,
    );
    expect((await bench.disk(other.id).view()).effects).toEqual(['create']);
  });

  test('a Cinder revert takes the newest only, and no disk that has grown', async () => {
    const bench = new Bench();
    const volume = await bench.volume();
    const older = await bench.snapshot(volume.id);
    const newest = await bench.snapshot(volume.id);
    const { project, caller } = bench;
    mustRefuse(await project.revertVolume(caller, volume.id, { snapshotId: older.id }), 'revert-not-latest');
    must(await project.revertVolume(caller, volume.id, { snapshotId: newest.id }));
    await bench.volumeIn(volume.id, 'available');
    must(await project.extendVolume(caller, volume.id, { sizeGib: 2 }));
    await bench.volumeIn(volume.id, 'available');
    mustRefuse(await project.revertVolume(caller, volume.id, { snapshotId: newest.id }), 'revert-extended');
    must(await project.rollbackSnapshot(caller, older.id, { volumeId: volume.id }));
  });

  test('seven a disk in the native form, no such limit in the Cinder form', async () => {
    const bench = new Bench();
    const volume = await bench.volume();
    for (let count = 0; count < 7; count++) await bench.snapshot(volume.id, 'native');
    mustRefuse(
      await bench.project.createSnapshot(bench.caller, { face: 'native', volumeId: volume.id }),
      'snapshot-limit',
    );
    await bench.snapshot(volume.id, 'cinder');
  });

  test('S3, B5: deleting the disk takes its snapshots and leaves its backups', async () => {
    const bench = new Bench();
    const volume = await bench.volume();
    const snapshot = await bench.snapshot(volume.id);
    const backup = await bench.backup(volume.id);
    const { project, caller } = bench;
    mustRefuse(await project.deleteVolume(caller, volume.id, { face: 'cinder' }), 'volume-has-snapshots');
    must(await project.deleteVolume(caller, volume.id, { face: 'cinder', cascade: true }));
    await bench.volumeGone(volume.id);
    mustRefuse(await project.getSnapshot(caller, snapshot.id), 'snapshot-not-found');
    expect(must(await project.getBackup(caller, backup.id)).status).toBe('available');
    const restored = must(await project.restoreBackup(caller, backup.id, { face: 'cinder' }));
    expect(restored.volumeName).toBe(`restore_backup_${backup.id}`);
    await bench.volumeIn(restored.volumeId, 'available');
  });
});

describe('servers', () => {
  test("S4: reinstalling the OS takes the system disk's snapshots, not the data disks'", async () => {
    const bench = new Bench();
    const { project, caller } = bench;
    const [system, data] = [await bench.volume(), await bench.volume()];
    const input = { name: 'web', systemVolumeId: system.id, dataVolumeIds: [data.id] };
    const server = must(await project.createServer(caller, input));
    expect(server.attachments.map((at) => [at.volumeId, at.device])).toEqual([
      [system.id, '/dev/vda'],
      [data.id, '/dev/vdb'],
    ]);
    const lost = await bench.snapshot(system.id);
    const kept = await bench.snapshot(data.id);
    mustRefuse(await project.reinstallOs(caller, server.id), 'server-status');
    must(await project.stopServer(caller, server.id));
    const { jobId } = must(await project.reinstallOs(caller, server.id));
    mustRefuse(await project.startServer(caller, server.id), 'server-status');
    expect(await bench.jobEnd(jobId)).toMatchObject({ status: 'SUCCESS' });
    mustRefuse(await project.getSnapshot(caller, lost.id), 'snapshot-not-found');
    expect(must(await project.getSnapshot(caller, kept.id)).status).toBe('available');
    expect(must(await project.getVolume(caller, system.id))).toMatchObject({ status: 'in-use', system: true });
    must(await project.startServer(caller, server.id));
    must(await project.detachFromServer(caller, server.id, data.id));
    must(await project.rollbackSnapshot(caller, kept.id, { volumeId: data.id }));
    await bench.volumeIn(data.id, 'available');
    mustRefuse(await project.detachFromServer(caller, server.id, system.id), 'detach-system');
    must(await project.deleteServer(caller, server.id));
    expect(must(await project.getVolume(caller, system.id))).toMatchObject({ status: 'available', system: false });
  });

  test('disks of another zone and disks in use cannot be attached', async () => {
    const bench = new Bench();
    const { project, caller } = bench;
    const system = await bench.volume();
    const away = await bench.volume({ zone: 'eu-de-02' });
    const before = await bench.stored();
    mustRefuse(
      await project.createServer(caller, { name: 's', systemVolumeId: system.id, dataVolumeIds: [away.id] }),
      'attach-zone',
    );
    expect(await bench.stored()).toBe(before);
    const server = must(await project.createServer(caller, { name: 's', systemVolumeId: system.id }));
    mustRefuse(await project.attachToServer(caller, server.id, { volumeId: away.id }), 'attach-zone');
    mustRefuse(await project.attachToServer(caller, server.id, { volumeId: system.id }), 'attach-status');
  });
});

test('the Cinder form keeps books: reserve, attach, begin to detach, detach', async () => {
  const bench = new Bench();
  const { project, caller } = bench;
  const { id } = await bench.volume();
  expect(must(await project.reserveVolume(caller, id)).status).toBe('attaching');
  expect(must(await project.unreserveVolume(caller, id)).status).toBe('available');
  const at = must(await project.attachVolume(caller, id, { serverId: NO_SUCH, device: '/dev/vdc' }));
  expect(must(await project.getVolume(caller, id))).toMatchObject({ status: 'in-use', attachments: [at] });
  mustRefuse(await project.deleteVolume(caller, id, { face: 'cinder' }), 'volume-delete-status');
  expect(must(await project.beginDetachingVolume(caller, id)).status).toBe('detaching');
  expect(must(await project.rollDetachingVolume(caller, id)).status).toBe('in-use');
  mustRefuse(await project.detachVolume(caller, id, { attachmentId: 'other' }), 'attachment-not-found');
  expect(must(await project.detachVolume(caller, id, { attachmentId: at.id })).status).toBe('available');
});

test('another project sees nothing, and its caller is not let in', async () => {
  const [mine, theirs] = [new Bench(), new Bench()];
  const volume = await mine.volume();
  const snapshot = await mine.snapshot(volume.id);
  const backup = await mine.backup(volume.id);
  mustRefuse(await theirs.project.getVolume(theirs.caller, volume.id), 'volume-not-found');
  mustRefuse(await theirs.project.getSnapshot(theirs.caller, snapshot.id), 'snapshot-not-found');
  mustRefuse(await theirs.project.restoreBackup(theirs.caller, backup.id, { face: 'cinder' }), 'backup-not-found');
  mustRefuse(await theirs.project.grant(theirs.caller, { kind: 'volume', id: volume.id }, 'read'), 'volume-not-found');
  mustRefuse(await theirs.project.getJob(theirs.caller, '0'.repeat(32)), 'job-not-found');
  mustRefuse(await theirs.project.deleteVolume(theirs.caller, volume.id, { face: 'native' }), 'volume-not-found');
  mustRefuse(await mine.project.getVolume(theirs.caller, volume.id), 'forbidden');
  expect(await theirs.stored()).toBe('{}');
});

test('grants: what may be read and what may be written', async () => {
  const bench = new Bench();
  const { project, caller, projectId } = bench;
  const volume = await bench.volume({ zone: 'eu-de-02' });
  const snapshot = await bench.snapshot(volume.id);
  const backup = await bench.backup(volume.id);
  const owner = { projectId, zone: 'eu-de-02' };
  const head = must(await project.grant(caller, { kind: 'volume', id: volume.id }, 'write'));
  expect(head).toMatchObject({ kind: 'disk', diskId: volume.id, owner, snapshotId: null, sizeBytes: 2 ** 30 });
  const point = must(await project.grant(caller, { kind: 'snapshot', id: snapshot.id }, 'read'));
  expect(point).toMatchObject({ kind: 'disk', diskId: volume.id, owner, snapshotId: snapshot.id });
  const copy = must(await project.grant(caller, { kind: 'backup', id: backup.id }, 'read'));
  expect(copy).toMatchObject({ kind: 'vault', vaultId: backup.vaultId, backupId: backup.id, projectId });
  mustRefuse(await project.grant(caller, { kind: 'snapshot', id: snapshot.id }, 'write'), 'data-readonly');
  mustRefuse(await project.grant(caller, { kind: 'backup', id: backup.id }, 'write'), 'data-readonly');
  must(await project.setVolumeFlags(caller, volume.id, { readonly: true }));
  mustRefuse(await project.grant(caller, { kind: 'volume', id: volume.id }, 'write'), 'data-readonly');
  must(await project.grant(caller, { kind: 'volume', id: volume.id }, 'read'));
});

test('a revoked token is refused on every call, and a newer format in words', async () => {
  const bench = new Bench();
  const volume = await bench.volume();
  await bench.project.revoke([{ id: 'token-1', expiresMs: Date.now() + 1000 }]);
  mustRefuse(await bench.project.getVolume(bench.caller, volume.id), 'token-revoked');
  mustRefuse(await bench.project.extendVolume(bench.caller, volume.id, { sizeGib: 2 }), 'token-revoked');
  mustRefuse(await bench.project.checkToken(bench.caller), 'token-revoked');
  const other = { ...bench.caller, tokenId: 'token-2' };
  must(await bench.project.checkToken(other));
  await bench.sql("UPDATE meta SET value = '2' WHERE name = 'format'");
  await scheduler.wait(1);
  await bench.crash();
  mustRefuse(await bench.project.getVolume(other, volume.id), 'format-newer');
});

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

test('zones, types and numbers', async () => {
  const bench = new Bench();
  await bench.volume({ sizeGib: 3, type: 'ESSD' });
  const zones = must(await bench.project.listZones(bench.caller));
  expect(zones.map((zone) => [zone.name, zone.isDefault])).toEqual([
    ['eu-de-01', true],
    ['eu-de-02', false],
    ['eu-de-03', false],
  ]);
  expect(must(await bench.project.listVolumeTypes(bench.caller)).map((type) => type.name)).toContain('GPSSD');
  const quotas = must(await bench.project.quotas(bench.caller));
  expect(quotas.volumes.inUse).toBe(1);
  expect(quotas.byType.ESSD.gigabytes.inUse).toBe(3);
});

test('every fault has a form on every face', () => {
  for (const code of Object.keys(FAULTS) as (keyof typeof FAULTS)[]) {
    for (const face of ['native', 'cinder', 'vbs', 'cbr'] as const) {
      const { status, vendorCode } = renderFault(fault(code), face);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(vendorCode === '').toBe(face === 'cinder');
    }
  }
});
