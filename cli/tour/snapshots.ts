// Part one: a disk with a real image, a snapshot, and the way back.

import { compare, importFile, moment, overwrite } from './bytes.ts';
import { rollbackPath } from './cloud.ts';
import { diskGib, expectSame, type Tour, timed } from './context.ts';
import { size } from './report.ts';

/** The disk that the tour is about, and what is known of it. */
export interface Subject {
  readonly diskId: string;
  /** A file with the bytes that the disk has to have. */
  readonly mirror: string;
  readonly snapshotId: string;
  /** The bytes of the snapshot's moment. */
  readonly snapshotFile: string;
}

/** Creates the disk in the first zone and puts the image on it. */
export async function fill(tour: Tour): Promise<{ diskId: string; mirror: string }> {
  const { cloud, report, image, zones } = tour;
  return await report.step(`Create a disk in ${zones[0]} and put the image on it`, async () => {
    const disk = await cloud.createDisk({ name: `tour-${tour.tag}`, zone: zones[0], sizeGib: diskGib(tour) });
    const sent = await importFile(cloud.api, `volumes/${disk.id}`, image.path);
    report.note(`disk ${disk.id}, ${disk.size} GiB; ${size(sent)} sent, zeros left out`);
    await expectSame(tour, '', 'what is read back is the image', `volumes/${disk.id}`, image.path);
    return { diskId: disk.id, mirror: moment(image.path, 'mirror') };
  });
}

/** Snapshot, overwrite, roll back. */
export async function snapshotAndRollback(tour: Tour, diskId: string, mirror: string): Promise<Subject> {
  const { cloud, report, zones } = tour;
  const api = cloud.api;
  const place = `volumes/${diskId}` as const;
  const snapshotFile = moment(mirror, 'snapshot');
  const snapshotId = await report.step('Take a snapshot, then overwrite parts of the disk', async () => {
    const snapshot = await timed(tour, 'snapshot', diskId, () => cloud.snapshot(diskId, `tour-${tour.tag}`));
    const bytes = await overwrite(api, place, mirror, 24, 192 * 1024);
    report.note(`${size(bytes)} overwritten, the beginning of the image among it`);
    await expectSame(tour, '', 'the disk has the new bytes', place, mirror);
    await expectSame(tour, 'S2', 'the snapshot still shows its moment', `snapshots/${snapshot.id}`, snapshotFile);
    return snapshot.id as string;
  });
  await report.step('Roll the disk back to the snapshot', async () => {
    await timed(tour, 'rollback', diskId, () => cloud.rollback(snapshotId, diskId));
    await expectSame(tour, 'S6', 'a rollback brings the disk back', place, snapshotFile);
  });
  await report.step('Make a new disk from the snapshot', async () => {
    const source = { name: `tour-clone-${tour.tag}`, sizeGib: diskGib(tour), snapshotId };
    const elsewhere = { size: source.sizeGib, snapshot_id: snapshotId, availability_zone: zones[1] };
    const refusal = await api.refusal('POST', '/evs/v3/{p}/volumes', { volume: elsewhere });
    report.check('S5', `not in another zone than the disk's`, refusal?.status === 400, refusal?.said ?? 'not refused');
    const clone = await cloud.createDisk(source);
    report.check('S5', 'but in its own', clone.availability_zone === zones[0], clone.availability_zone);
    await expectSame(tour, 'S7', 'a disk made from the snapshot has its bytes', `volumes/${clone.id}`, snapshotFile);
    await overwrite(api, `volumes/${clone.id}`, moment(snapshotFile, 'clone'), 3, 4096);
    const foreign = await api.refusal('POST', rollbackPath(snapshotId), { rollback: { volume_id: clone.id } });
    const { ok } = await compare(api, `volumes/${clone.id}`, `${snapshotFile}.clone`);
    const refused = foreign !== null && foreign.status >= 400 && foreign.status < 500;
    report.check(
      'N2',
      'a snapshot is not rolled back onto another disk',
      refused && ok,
      foreign?.said ?? 'not refused',
    );
    await expectSame(tour, '', 'the disk knows nothing of what its clone wrote', place, snapshotFile);
    await cloud.deleteDisk(clone.id);
  });
  return { diskId, mirror: moment(snapshotFile, 'mirror2'), snapshotId, snapshotFile };
}
