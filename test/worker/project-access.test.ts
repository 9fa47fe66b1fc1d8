// Who is let in, to what, and in which words the others are refused.

import { expect, test } from 'vitest';
import { FAULTS, fault, renderFault } from '../../worker/faults.ts';
import { Bench, must, mustRefuse } from './fakes/bench.ts';

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
  expect(quotas.volumes?.inUse).toBe(1);
  expect(quotas.gigabytes_ESSD?.inUse).toBe(3);
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
