// Handing a volume over, whatever gets lost and whoever dies on the way: in the end one project has it, and its Disk says so.

import { describe, expect, test } from 'vitest';
import type { Caller } from '../../worker/project/contract.ts';
import { Bench, must, mustRefuse, until } from './fakes/bench.ts';

interface Offered {
  readonly giver: Bench;
  readonly volumeId: string;
  readonly transferId: string;
  readonly authKey: string;
}

async function offered(): Promise<Offered> {
  const giver = new Bench();
  const volume = await giver.volume();
  await giver.snapshot(volume.id);
  const { transfer, authKey } = must(await giver.project.createTransfer(giver.caller, { volumeId: volume.id }));
  return { giver, volumeId: volume.id, transferId: transfer.id, authKey };
}

/** The taker has volume and snapshot, the giver has neither, and the disk is the taker's, once. */
async function arrived({ giver, volumeId, transferId }: Offered, taker: Bench): Promise<void> {
  await taker.volumeIn(volumeId, 'available');
  const { items } = must(await taker.project.listSnapshots(taker.caller, { volumeId }));
  expect(items).toMatchObject([{ status: 'available', projectId: taker.projectId }]);
  mustRefuse(await giver.project.getVolume(giver.caller, volumeId), 'volume-not-found');
  mustRefuse(await giver.project.getTransfer(giver.caller, transferId), 'transfer-not-found');
  expect(must(await giver.project.listSnapshots(giver.caller, {})).items).toEqual([]);
  const { effects } = await taker.disk(volumeId).view();
  expect(effects.filter((effect) => effect.startsWith('handOver'))).toEqual([`handOver ${taker.projectId}`]);
  must(await taker.project.extendVolume(taker.caller, volumeId, { sizeGib: 2 }));
  await until(
    async () => must(await taker.project.getVolume(taker.caller, volumeId)),
    (volume) => volume.sizeGib === 2 && volume.status === 'available',
  );
}

describe('handing over', () => {
  test.each(['same turn', 'before', 'after'] as const)('survives the giver dying, %s', async (when) => {
    const offer = await offered();
    const taker = new Bench();
    const crashed = offer.giver.crashAt({ call: 1, when });
    must(await taker.project.acceptTransfer(taker.caller, offer.transferId, offer.authKey));
    await crashed();
    await arrived(offer, taker);
  });

  test('survives the taker dying', async () => {
    const offer = await offered();
    const taker = new Bench();
    await taker.disk(offer.volumeId).scriptHandOver(['wait', 'wait']);
    must(await taker.project.acceptTransfer(taker.caller, offer.transferId, offer.authKey));
    await taker.crash();
    await taker.alarm();
    await arrived(offer, taker);
  });

  test('waits for a disk that is busy or silent, and does not mind lost answers', async () => {
    const offer = await offered();
    const taker = new Bench();
    await taker.disk(offer.volumeId).scriptHandOver(['wait', 'silent', 'lose', 'wait']);
    must(await taker.project.acceptTransfer(taker.caller, offer.transferId, offer.authKey));
    await arrived(offer, taker);
  });

  test('is to one of several who accept at once, and the others are told', async () => {
    const offer = await offered();
    const takers = [new Bench(), new Bench(), new Bench()];
    await offer.giver.disk(offer.volumeId).scriptHandOver(['wait', 'wait']);
    const answers = await Promise.all(
      takers.map((taker) => taker.project.acceptTransfer(taker.caller, offer.transferId, offer.authKey)),
    );
    expect(answers.map((answer) => (answer.ok ? 'ok' : answer.fault.code)).toSorted()).toEqual([
      'ok',
      'transfer-taken',
      'transfer-taken',
    ]);
    const have = async () =>
      Promise.all(
        takers.map(async (taker) => {
          const answer = await taker.project.getVolume(taker.caller, offer.volumeId);
          return answer.ok ? answer.value.status : 'none';
        }),
      );
    const end = await until(have, (now) => now.toSorted().join() === 'available,none,none');
    await arrived(offer, takers[end.indexOf('available')]!);
  });

  test('is not taken back once it has begun, nor accepted with another key', async () => {
    const offer = await offered();
    const { giver, transferId, volumeId } = offer;
    const taker = new Bench();
    mustRefuse(await taker.project.acceptTransfer(taker.caller, transferId, '0'.repeat(16)), 'transfer-key');
    expect((await taker.stored()).includes(volumeId)).toBe(false);
    await giver.disk(volumeId).scriptHandOver(Array.from({ length: 8 }, () => 'wait'));
    must(await taker.project.acceptTransfer(taker.caller, transferId, offer.authKey));
    await until(
      () => giver.project.deleteTransfer(giver.caller, transferId),
      (answer) => !answer.ok && answer.fault.code === 'transfer-taken',
    );
    await arrived(offer, taker);
  });

  test('to oneself only ends the offer', async () => {
    const { giver, volumeId, transferId, authKey } = await offered();
    must(await giver.project.acceptTransfer(giver.caller, transferId, authKey));
    expect(must(await giver.project.getVolume(giver.caller, volumeId)).status).toBe('available');
    expect((await giver.disk(volumeId).view()).effects.join()).not.toContain('handOver');
  });

  test('is of a volume that nothing can be done to meanwhile, not even by force', async () => {
    const offer = await offered();
    const { giver, volumeId } = offer;
    const taker = new Bench();
    const admin: Caller = { ...giver.caller, roles: ['admin'] };
    const [snapshot] = must(await giver.project.listSnapshots(giver.caller, {})).items;
    await giver.disk(volumeId).scriptHandOver(Array.from({ length: 8 }, () => 'wait'));
    must(await taker.project.acceptTransfer(taker.caller, offer.transferId, offer.authKey));
    await until(
      async () => must(await giver.project.getTransfer(giver.caller, offer.transferId)),
      (transfer) => transfer.destinationProjectId === taker.projectId,
    );
    const { project } = giver;
    const refused = [
      await project.resetVolumeStatus(admin, volumeId, { status: 'available' }),
      await project.deleteVolume(admin, volumeId, { face: 'cinder', force: true, cascade: true }),
      await project.detachVolume(admin, volumeId, { force: true }),
      await project.deleteSnapshot(giver.caller, snapshot!.id),
      await project.deleteSnapshot(admin, snapshot!.id, { force: true }),
      await project.createBackup(giver.caller, { face: 'cinder', volumeId, snapshotId: snapshot!.id }),
      await project.createVolumes(giver.caller, { face: 'cinder', snapshotId: snapshot!.id }),
    ];
    expect(refused.map((answer) => answer.ok)).toEqual(refused.map(() => false));
    await arrived(offer, taker);
  });

  test('does not begin when the volume was reset or deleted by force since the key was looked at', async () => {
    for (const force of ['reset', 'delete'] as const) {
      const { giver, volumeId, transferId } = await offered();
      const admin: Caller = { ...giver.caller, roles: ['admin'] };
      const { project } = giver;
      if (force === 'reset') must(await project.resetVolumeStatus(admin, volumeId, { status: 'available' }));
      else must(await project.deleteVolume(admin, volumeId, { face: 'cinder', force: true, cascade: true }));
      const job = { transferId, toProjectId: 'somebody' };
      expect(await project.handOver('job-1', job)).toEqual({ state: 'gone' });
      expect((await giver.disk(volumeId).view()).effects.join()).not.toContain('handOver');
      must(await project.deleteTransfer(giver.caller, transferId));
      if (force === 'delete') await giver.volumeGone(volumeId);
      else must(await project.extendVolume(giver.caller, volumeId, { sizeGib: 2 }));
    }
  });

  test('is by one offer, when there are two of the same volume', async () => {
    const first = await offered();
    const { giver, volumeId } = first;
    const { project } = giver;
    must(await project.resetVolumeStatus({ ...giver.caller, roles: ['admin'] }, volumeId, { status: 'available' }));
    const second = must(await project.createTransfer(giver.caller, { volumeId }));
    await giver.disk(volumeId).scriptHandOver(['wait']);
    const toA = { transferId: first.transferId, toProjectId: 'a' };
    expect(await project.handOver('job-a', toA)).toMatchObject({ state: 'running' });
    expect(await project.handOver('job-b', { transferId: second.transfer.id, toProjectId: 'b' })).toEqual({
      state: 'gone',
    });
    expect(await project.handOver('job-a', toA)).toMatchObject({ state: 'done' });
    must(await project.deleteTransfer(giver.caller, second.transfer.id));
  });

  test('waits for what still happens to a snapshot, which then does not come along', async () => {
    const offer = await offered();
    const { giver, volumeId, transferId } = offer;
    const { project } = giver;
    const [snapshot] = must(await project.listSnapshots(giver.caller, {})).items;
    await giver.disk(volumeId).script('deleteSnapshot', ['silent', 'silent']);
    must(await project.deleteSnapshot(giver.caller, snapshot!.id));
    const job = { transferId, toProjectId: 'a' };
    expect(await project.handOver('job-a', job)).toMatchObject({ state: 'running' });
    const report = await until(
      () => project.handOver('job-a', job),
      (answer) => answer.state === 'done',
    );
    expect(report).toMatchObject({ result: { handed: { snapshots: [] } } });
  });

  test('of a disk that is gone leaves the volume to its owner', async () => {
    const { giver, volumeId, transferId, authKey } = await offered();
    const taker = new Bench();
    await giver.disk(volumeId).lose();
    mustRefuse(await taker.project.acceptTransfer(taker.caller, transferId, authKey), 'transfer-taken');
    await taker.volumeGone(volumeId);
    must(await giver.project.deleteTransfer(giver.caller, transferId));
    must(await giver.project.deleteVolume(giver.caller, volumeId, { face: 'cinder', cascade: true }));
    await giver.volumeGone(volumeId);
  });
});
