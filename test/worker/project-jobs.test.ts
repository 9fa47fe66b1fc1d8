// The job protocol: whatever gets lost, and wherever the Project dies, each effect happens once and each job ends.

import { describe, expect, test } from 'vitest';
import type { DiskJob } from '../../worker/protocol.ts';
import { Bench, must, until } from './fakes/bench.ts';
import { protectedVolume } from './fakes/protected.ts';
import type { Step } from './fakes/script.ts';

/** One operation on an existing volume, how it shows that it is done, and the effect that it must have had once. */
interface Operation {
  readonly kind: DiskJob['kind'];
  /** Begins it; returns how to see whether it has ended. */
  readonly begin: (bench: Bench, volumeId: string, snapshotId: string) => Promise<() => Promise<boolean>>;
}

const OPERATIONS: readonly Operation[] = [
  {
    kind: 'extend',
    begin: async (bench, id) => {
      must(await bench.project.extendVolume(bench.caller, id, { sizeGib: 2 }));
      return async () => {
        const volume = must(await bench.project.getVolume(bench.caller, id));
        return volume.status === 'available' && volume.sizeGib === 2;
      };
    },
  },
  {
    kind: 'createSnapshot',
    begin: async (bench, volumeId) => {
      const { id } = must(await bench.project.createSnapshot(bench.caller, { face: 'cinder', volumeId }));
      return async () => must(await bench.project.getSnapshot(bench.caller, id)).status === 'available';
    },
  },
  {
    kind: 'deleteSnapshot',
    begin: async (bench, _id, snapshotId) => {
      must(await bench.project.deleteSnapshot(bench.caller, snapshotId));
      return async () => !(await bench.project.getSnapshot(bench.caller, snapshotId)).ok;
    },
  },
  {
    kind: 'rollback',
    begin: async (bench, volumeId, snapshotId) => {
      must(await bench.project.rollbackSnapshot(bench.caller, snapshotId, { volumeId }));
      return async () => must(await bench.project.getVolume(bench.caller, volumeId)).status === 'available';
    },
  },
  {
    kind: 'backup',
    begin: async (bench, volumeId) => {
      const { backup } = must(await bench.project.createBackup(bench.caller, { face: 'cinder', volumeId }));
      return async () => {
        const [shown, volume] = await Promise.all([
          bench.project.getBackup(bench.caller, backup.id),
          bench.project.getVolume(bench.caller, volumeId),
        ]);
        return must(shown).status === 'available' && must(volume).status === 'available';
      };
    },
  },
  {
    kind: 'delete',
    begin: async (bench, id) => {
      must(await bench.project.deleteVolume(bench.caller, id, { face: 'native' }));
      return async () => !(await bench.project.getVolume(bench.caller, id)).ok;
    },
  },
];

const TROUBLES: Readonly<Record<string, readonly Step[]>> = {
  'the answer is lost after the effect': ['lose'],
  'two questions are lost, then an answer': ['silent', 'silent', 'lose'],
  'it takes several polls': ['running', 'running', 'running'],
  'the disk is busy for a while': [{ fail: 'busy' }, { fail: 'busy' }],
};

async function prepared(kind: DiskJob['kind'], steps: readonly Step[]) {
  const bench = new Bench();
  const volume = await bench.volume();
  const snapshot = await bench.snapshot(volume.id);
  await bench.disk(volume.id).script(kind, steps);
  return { bench, volume, snapshot };
}

async function effectsOf(bench: Bench, volumeId: string, kind: string): Promise<number> {
  const { effects } = await bench.disk(volumeId).view();
  return effects.filter((effect) => effect.split(' ')[0] === kind).length;
}

describe.concurrent.each(OPERATIONS)('$kind', ({ kind, begin }) => {
  test.each(Object.entries(TROUBLES))('ends well, once, when %s', async (_name, steps) => {
    const { bench, volume, snapshot } = await prepared(kind, steps);
    const before = await effectsOf(bench, volume.id, kind);
    const ended = await begin(bench, volume.id, snapshot.id);
    await until(ended, Boolean);
    expect(await effectsOf(bench, volume.id, kind)).toBe(before + 1);
    // Told to forget, exactly when it is over here.
    await until(
      async () => (await bench.disk(volume.id).view()).asked.filter((one) => one.method === 'forget').length,
      (forgotten) => forgotten >= 3,
    );
    await until(
      () => bench.sql("SELECT key FROM due WHERE key LIKE 'job:%'"),
      (rows) => rows.length === 0,
    );
  });

  // The awaits of a job's way: asking its Disk, and telling it to forget. With the lost answers above these are all.
  test.each([
    { call: 1, when: 'before' },
    { call: 1, when: 'after' },
    { call: 2, when: 'before' },
    { call: 2, when: 'after' },
  ] as const)('ends well, once, when the project dies $when its call $call', async (point) => {
    const { bench, volume, snapshot } = await prepared(kind, []);
    await until(
      () => bench.sql("SELECT key FROM due WHERE key LIKE 'job:%'"),
      (rows) => rows.length === 0,
    );
    const before = await effectsOf(bench, volume.id, kind);
    const crashed = bench.crashAt(point);
    const ended = await begin(bench, volume.id, snapshot.id);
    await crashed();
    await bench.alarm();
    await until(ended, Boolean);
    await until(
      () => bench.sql("SELECT key FROM due WHERE key LIKE 'job:%'"),
      (rows) => rows.length === 0,
    );
    expect(await effectsOf(bench, volume.id, kind)).toBe(before + 1);
  });

  test('goes on after a crash, and an alarm that rings twice changes nothing', async () => {
    const { bench, volume, snapshot } = await prepared(kind, ['hang']);
    const ended = await begin(bench, volume.id, snapshot.id);
    await bench.crash();
    expect(await ended()).toBe(false);
    await bench.disk(volume.id).script(kind, ['lose']);
    await bench.alarm();
    await bench.alarm();
    await until(ended, Boolean);
    await bench.alarm();
    expect(await ended()).toBe(true);
    expect((await effectsOf(bench, volume.id, kind)) <= (kind === 'createSnapshot' ? 2 : 1)).toBe(true);
  });
});

test('a crash in the turn of the intent undoes all of it, and the client hears so', async () => {
  const { bench, volume } = await prepared('extend', []);
  await until(
    () => bench.sql("SELECT key FROM due WHERE key LIKE 'job:%'"),
    (rows) => rows.length === 0,
  );
  const before = await bench.stored();
  bench.crashAt({ call: 1, when: 'same turn' });
  const extended = bench.project.extendVolume(bench.caller, volume.id, { sizeGib: 2 });
  expect(await extended.then(() => 'answered', String)).toMatch(/crash point/);
  expect(await bench.stored()).toBe(before);
  expect(await effectsOf(bench, volume.id, 'extend')).toBe(0);
});

test('creating a volume survives a lost answer and a crash', async () => {
  const bench = new Bench();
  const { volumes, jobId } = must(
    await bench.project.createVolumes(bench.caller, { face: 'native', sizeGib: 10, type: 'SSD' }),
  );
  await bench.crash();
  await bench.alarm();
  const job = await bench.jobEnd(jobId!);
  expect(job).toMatchObject({ status: 'SUCCESS', type: 'createVolume', entities: { volumeId: volumes[0]!.id } });
  expect((await bench.disk(volumes[0]!.id).view()).effects).toEqual(['create']);
});

test('the intent is durable before the answer: a crash right after it loses nothing', async () => {
  const bench = new Bench();
  const volume = await bench.volume();
  const begun = bench.project.extendVolume(bench.caller, volume.id, { sizeGib: 3 });
  must(await begun);
  await bench.crash();
  await bench.alarm();
  expect(await bench.volumeIn(volume.id, 'available')).toMatchObject({ sizeGib: 3 });
});

describe.concurrent('failing targets', () => {
  const failures = [
    { kind: 'extend', status: 'error_extending' },
    { kind: 'rollback', status: 'error_rollbacking' },
    { kind: 'delete', status: 'error_deleting' },
  ] as const;

  test.each(failures)('$kind that fails ends in $status with the reason', async ({ kind, status }) => {
    const { bench, volume, snapshot } = await prepared(kind, [{ fail: 'damaged' }]);
    await OPERATIONS.find((operation) => operation.kind === kind)!.begin(bench, volume.id, snapshot.id);
    const failed = await bench.volumeIn(volume.id, status);
    expect(failed.failReason).toBe('the fake says damaged');
    expect(failed.sizeGib).toBe(1);
  });

  test('a failed backup leaves the disk as it was, and can be deleted', async () => {
    const { bench, volume } = await prepared('backup', [{ fail: 'damaged' }]);
    const { backup, jobId } = must(
      await bench.project.createBackup(bench.caller, { face: 'vbs', volumeId: volume.id }),
    );
    expect(await bench.jobEnd(jobId!)).toMatchObject({ status: 'FAIL', failReason: 'the fake says damaged' });
    expect(await bench.backupIn(backup.id, 'error')).toMatchObject({ failReason: 'the fake says damaged' });
    await bench.volumeIn(volume.id, 'available');
    must(await bench.project.deleteBackup(bench.caller, backup.id));
    await until(
      () => bench.project.getBackup(bench.caller, backup.id),
      (answer) => !answer.ok,
    );
  });

  test('a zone that is down: a new operation fails after a few tries, a deletion waits', async () => {
    const down = Array.from({ length: 12 }, (): Step => ({ fail: 'unavailable' }));
    const { bench, volume } = await prepared('extend', down);
    must(await bench.project.extendVolume(bench.caller, volume.id, { sizeGib: 2 }));
    const failed = await bench.volumeIn(volume.id, 'error_extending');
    expect(failed.failReason).toBe('the fake says unavailable');
    await bench.disk(volume.id).script('delete', down);
    must(await bench.project.deleteVolume(bench.caller, volume.id, { face: 'native' }));
    await bench.alarmUntilAsked(volume.id, 8);
    expect(must(await bench.project.getVolume(bench.caller, volume.id)).status).toBe('deleting');
    await bench.disk(volume.id).script('delete', []);
    await bench.crash();
    await bench.alarm();
    await bench.volumeGone(volume.id);
  });

  test('an accepted job waits for the zone however long it is down', async () => {
    const steps: Step[] = ['running', ...Array.from({ length: 12 }, (): Step => ({ fail: 'unavailable' }))];
    const { bench, volume } = await prepared('backup', steps);
    const { backup } = must(await bench.project.createBackup(bench.caller, { face: 'cinder', volumeId: volume.id }));
    const accepted = () => bench.sql(`SELECT 1 FROM job WHERE body LIKE '%"accepted":true%'`);
    await until(accepted, (rows) => rows.length > 0);
    await bench.alarmUntilAsked(volume.id, 10);
    expect(must(await bench.project.getBackup(bench.caller, backup.id)).status).toBe('creating');
    await bench.disk(volume.id).script('backup', []);
    await bench.crash();
    await bench.alarm();
    await bench.backupIn(backup.id, 'available');
  });

  test('gone counts as done for a deletion, and as a failure for the rest', async () => {
    const one = await prepared('delete', ['gone']);
    must(await one.bench.project.deleteVolume(one.bench.caller, one.volume.id, { face: 'native' }));
    await one.bench.volumeGone(one.volume.id);
    const two = await prepared('extend', ['gone']);
    must(await two.bench.project.extendVolume(two.bench.caller, two.volume.id, { sizeGib: 2 }));
    const lost = await two.bench.volumeIn(two.volume.id, 'error');
    expect(lost.failReason).toMatch(/does not exist/);
    expect((await two.bench.snapshotIn(two.snapshot.id, 'error')).failReason).toMatch(/does not exist/);
    must(await two.bench.project.deleteVolume(two.bench.caller, two.volume.id, { face: 'native' }));
    await two.bench.volumeGone(two.volume.id);
    const three = await prepared('deleteSnapshot', [{ fail: 'not-found' }]);
    must(await three.bench.project.deleteSnapshot(three.bench.caller, three.snapshot.id));
    await until(
      () => three.bench.project.getSnapshot(three.bench.caller, three.snapshot.id),
      (answer) => !answer.ok,
    );
  });
});

test('a backup waits until its new vault is there', async () => {
  const bench = new Bench();
  const volume = await bench.volume();
  const { backup } = must(await bench.project.createBackup(bench.caller, { face: 'cinder', volumeId: volume.id }));
  const done = await bench.backupIn(backup.id, 'available');
  expect(done).toMatchObject({ logicalBytes: 131072, storedBytes: 65536, objectCount: 2, zone: 'obs' });
  expect((await bench.vault(done.vaultId).view()).effects).toEqual(['create']);
  const again = await bench.backup(volume.id);
  expect(again.vaultId).toBe(done.vaultId);
  expect(again.incremental).toBe(true);
});

test('a job that waits for another one leaves its tries and their pauses to it', async () => {
  const { bench, vaultId, volume } = await protectedVolume();
  const asked = async () => (await bench.vault(vaultId).view()).asked.filter((one) => one.kind === 'create').length;
  await until(
    () => bench.sql("SELECT key FROM due WHERE key LIKE 'job:%'"),
    (rows) => rows.length === 0,
  );
  // As if the vault were still to be made, and its job between two tries.
  const waiting = `json_set(body, '$.state', 'running', '$.succeeded', json('null'), '$.attempt', 5)`;
  await bench.crash();
  await bench.sql(`UPDATE job SET body = ${waiting} WHERE body LIKE '%"action":"createVault"%'`);
  const [job] = await bench.sql(`SELECT id FROM job WHERE body LIKE '%"action":"createVault"%'`);
  await bench.sql(`UPDATE vault SET body = json_set(body, '$.createJobId', '${job!.id}')`);
  await bench.sql(`INSERT INTO due VALUES ('job:${job!.id}', ${Date.now() + 3600_000})`);
  const before = await asked();
  const { backup } = must(await bench.project.createBackup(bench.caller, { face: 'cinder', volumeId: volume.id }));
  await scheduler.wait(200);
  expect(await asked()).toBe(before);
  await bench.alarm();
  await bench.backupIn(backup.id, 'available');
  expect(await asked()).toBe(before + 1);
});

test('a volume that is deleted while its snapshot is made leaves nothing behind', async () => {
  const bench = new Bench();
  const volume = await bench.volume();
  await bench.disk(volume.id).script('createSnapshot', ['running', 'running', 'gone']);
  must(await bench.project.createSnapshot(bench.caller, { face: 'cinder', volumeId: volume.id }));
  must(await bench.project.deleteVolume(bench.caller, volume.id, { face: 'native' }));
  await bench.volumeGone(volume.id);
  await until(
    () => bench.sql("SELECT key FROM due WHERE key LIKE 'job:%'"),
    (rows) => rows.length === 0,
  );
  expect(must(await bench.project.listSnapshots(bench.caller, {})).total).toBe(0);
});

test('operations are counted with what they cost', async () => {
  const bench = new Bench();
  expect(await bench.project.metrics()).toBeNull();
  const volume = await bench.volume();
  await bench.backup(volume.id);
  const metrics = await until(
    () => bench.project.metrics(),
    (one) => one?.jobsRunning === 0,
  );
  const backup = metrics?.operations.find((operation) => operation.kind === 'createBackup');
  expect(backup).toMatchObject({ done: 1, failed: 0, cost: { obsClassA: 2 } });
  const control = metrics?.operations.find((operation) => operation.kind === 'control');
  expect(control?.cost.rowsWritten).toBeGreaterThan(0);
  expect(control?.cost.objectRequests).toBeGreaterThan(0);
});
