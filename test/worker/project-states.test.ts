// What is allowed when, and that a refusal changes nothing. Statement ids are those of the service's table of backups and
// snapshots.

import { describe, expect, test } from 'vitest';
import { fault, renderFault } from '../../worker/faults.ts';
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

describe('what must not overtake a snapshot that is being made', () => {
  test('a rollback, a revert, a restore and an extension wait; reading and backing up do not', async () => {
    const bench = new Bench();
    const { project, caller } = bench;
    const volume = await bench.volume();
    const older = await bench.snapshot(volume.id);
    const backup = await bench.backup(volume.id);
    await bench.volumeIn(volume.id, 'available');
    await bench.disk(volume.id).script('createSnapshot', ['hang']);
    const { id } = must(await project.createSnapshot(caller, { face: 'cinder', volumeId: volume.id }));
    mustRefuse(await project.rollbackSnapshot(caller, older.id, { volumeId: volume.id }), 'snapshot-underway');
    mustRefuse(await project.extendVolume(caller, volume.id, { sizeGib: 2 }), 'snapshot-underway');
    const onto = { face: 'vbs', volumeId: volume.id } as const;
    mustRefuse(await project.restoreBackup(caller, backup.id, onto), 'snapshot-underway');
    must(await project.grant(caller, { kind: 'volume', id: volume.id }, 'write'));
    await bench.disk(volume.id).script('createSnapshot', []);
    await bench.snapshotIn(id, 'available');
    must(await project.rollbackSnapshot(caller, older.id, { volumeId: volume.id }));
    await bench.volumeIn(volume.id, 'available');
  });
});

test('a restore that failed can be tried again, and the disk deleted', async () => {
  const bench = new Bench();
  const { project, caller } = bench;
  const volume = await bench.volume();
  const backup = await bench.backup(volume.id);
  await bench.disk(volume.id).script('restore', [{ fail: 'damaged' }, { fail: 'damaged' }]);
  const restore = () => project.restoreBackup(caller, backup.id, { face: 'vbs', volumeId: volume.id });
  must(await restore());
  await bench.volumeIn(volume.id, 'error_restoring');
  // The backup is not to blame: it stays usable.
  await bench.backupIn(backup.id, 'available');
  mustRefuse(await project.grant(caller, { kind: 'volume', id: volume.id }, 'read'), 'data-status');
  must(await restore());
  await bench.volumeIn(volume.id, 'error_restoring');
  must(await restore());
  await bench.volumeIn(volume.id, 'available');
});

test('the read-only flag is unknown until somebody sets it', async () => {
  const bench = new Bench();
  const { project, caller } = bench;
  const volume = await bench.volume();
  expect(volume.readonly).toBeNull();
  expect(must(await project.setVolumeFlags(caller, volume.id, { bootable: true })).readonly).toBeNull();
  expect(must(await project.setVolumeFlags(caller, volume.id, { readonly: true })).readonly).toBe(true);
  expect(must(await project.setVolumeFlags(caller, volume.id, { readonly: false })).readonly).toBe(false);
});

test('more than a disk may have is a quota to Cinder, a bad size to the vendor', async () => {
  const bench = new Bench();
  const { project, caller } = bench;
  const size = { sizeGib: 32_769 };
  mustRefuse(await project.createVolumes(caller, { face: 'cinder', ...size }), 'volume-size-quota');
  mustRefuse(await project.createVolumes(caller, { face: 'native', ...size }), 'invalid-size');
  expect(renderFault(fault('volume-size-quota', { limit: 1 }), 'cinder').status).toBe(413);
});

test('calls that have no job show none, not even by a guessed id', async () => {
  const bench = new Bench();
  const volume = await bench.volume();
  await bench.snapshot(volume.id);
  const [row] = await bench.sql(`SELECT id FROM job WHERE body LIKE '%"action":"createSnapshot"%'`);
  mustRefuse(await bench.project.getJob(bench.caller, String(row?.id)), 'job-not-found');
});

test('an operation comes back to what the volume is by then, not to what it was', async () => {
  const bench = new Bench();
  const { caller, project } = bench;
  const volume = await bench.volume();
  const attachment = must(
    await project.createAttachment(caller, { volumeId: volume.id, connector: { hostName: 'h' } }),
  );
  must(await project.completeAttachment(caller, attachment.id));
  await bench.disk(volume.id).script('extend', ['silent', 'silent', 'silent']);
  must(await project.extendVolume(caller, volume.id, { sizeGib: 2 }));
  must(await project.deleteAttachment(caller, attachment.id));
  expect(must(await project.getVolume(caller, volume.id)).status).toBe('extending');
  await bench.volumeIn(volume.id, 'available');
});
