// Who uses a disk: servers, system disks, and the books that the Cinder form keeps. Statement S4.

import { describe, expect, test } from 'vitest';
import { Bench, must, mustRefuse } from './fakes/bench.ts';

const NO_SUCH = '00000000-0000-4000-8000-000000000000';

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
    mustRefuse(await project.createAttachment(caller, { volumeId: away.id, serverId: server.id }), 'attach-zone');
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

describe('a system disk', () => {
  test('is no shared disk, and has at most 1024 GiB, also when it is attached later or was one once', async () => {
    const bench = new Bench();
    const { project, caller } = bench;
    const shared = await bench.volume({ multiattach: true });
    const large = await bench.volume({ sizeGib: 1025 });
    const create = (systemVolumeId: string) => project.createServer(caller, { name: 's', systemVolumeId });
    mustRefuse(await create(shared.id), 'system-shared');
    mustRefuse(await create(large.id), 'invalid-size');
    const system = await bench.volume();
    const server = must(await create(system.id));
    must(await project.stopServer(caller, server.id));
    must(await project.detachFromServer(caller, server.id, system.id));
    mustRefuse(await project.startServer(caller, server.id), 'server-status');
    const before = await bench.stored();
    const attach = { volumeId: large.id, device: '/dev/vda' };
    mustRefuse(await project.attachToServer(caller, server.id, attach), 'invalid-size');
    expect(await bench.stored()).toBe(before);
    mustRefuse(await project.extendVolume(caller, system.id, { sizeGib: 1025 }), 'invalid-size');
    must(await project.extendVolume(caller, large.id, { sizeGib: 1026 }));
  });

  test('is not emptied while a disk is made from its snapshot, or one is being made', async () => {
    const bench = new Bench();
    const { project, caller } = bench;
    const system = await bench.volume();
    const server = must(await project.createServer(caller, { name: 's', systemVolumeId: system.id }));
    must(await project.stopServer(caller, server.id));
    const snapshot = await bench.snapshot(system.id);
    const [cloned, first] = await Promise.all([
      project.createVolumes(caller, { face: 'cinder', snapshotId: snapshot.id }),
      project.reinstallOs(caller, server.id),
    ]);
    mustRefuse(first, 'snapshot-busy');
    await bench.volumeIn(must(cloned).volumes[0]!.id, 'available');
    await bench.disk(system.id).script('createSnapshot', ['hang']);
    must(await project.createSnapshot(caller, { face: 'cinder', volumeId: system.id }));
    mustRefuse(await project.reinstallOs(caller, server.id), 'snapshot-busy');
    expect(must(await project.getVolume(caller, system.id)).status).toBe('in-use');
  });

  test('that could not be emptied keeps its snapshots', async () => {
    const bench = new Bench();
    const { project, caller } = bench;
    const system = await bench.volume();
    const server = must(await project.createServer(caller, { name: 's', systemVolumeId: system.id }));
    must(await project.stopServer(caller, server.id));
    const snapshot = await bench.snapshot(system.id);
    await bench.disk(system.id).script('reinstall', [{ fail: 'internal' }]);
    const { jobId } = must(await project.reinstallOs(caller, server.id));
    expect(await bench.jobEnd(jobId)).toMatchObject({ status: 'FAIL', type: 'reinstallServerOs' });
    expect(must(await project.getSnapshot(caller, snapshot.id)).status).toBe('available');
    must(await project.startServer(caller, server.id));
  });

  test('that an administrator deletes by force leaves its server without one', async () => {
    const bench = new Bench();
    const { project, caller } = bench;
    const system = await bench.volume();
    const server = must(await project.createServer(caller, { name: 's', systemVolumeId: system.id }));
    const admin = { ...caller, roles: ['admin'] };
    must(await project.deleteVolume(admin, system.id, { face: 'cinder', force: true, cascade: true }));
    await bench.volumeGone(system.id);
    expect(must(await project.getServer(caller, server.id))).toMatchObject({ systemVolumeId: null, attachments: [] });
  });
});

test('a disk that came to grief while attached is not deleted under its server, but can be detached', async () => {
  const bench = new Bench();
  const { project, caller } = bench;
  const [system, data] = [await bench.volume(), await bench.volume()];
  const input = { name: 's', systemVolumeId: system.id, dataVolumeIds: [data.id] };
  const server = must(await project.createServer(caller, input));
  await bench.disk(data.id).script('extend', [{ fail: 'internal' }]);
  must(await project.extendVolume(caller, data.id, { sizeGib: 2 }));
  await bench.volumeIn(data.id, 'error_extending');
  mustRefuse(await project.deleteVolume(caller, data.id, { face: 'native' }), 'volume-delete-status');
  must(await project.detachFromServer(caller, server.id, data.id));
  expect(must(await project.getVolume(caller, data.id))).toMatchObject({ status: 'error_extending', attachments: [] });
  must(await project.deleteVolume(caller, data.id, { face: 'native' }));
  await bench.volumeGone(data.id);
});

test('EVS.1066: no disk is extended under a server that is being rebuilt', async () => {
  const bench = new Bench();
  const { project, caller } = bench;
  const [system, data] = [await bench.volume(), await bench.volume()];
  const input = { name: 's', systemVolumeId: system.id, dataVolumeIds: [data.id] };
  const server = must(await project.createServer(caller, input));
  must(await project.stopServer(caller, server.id));
  await bench.disk(system.id).script('reinstall', ['hang']);
  must(await project.reinstallOs(caller, server.id));
  mustRefuse(await project.extendVolume(caller, data.id, { sizeGib: 2 }), 'extend-server');
});
