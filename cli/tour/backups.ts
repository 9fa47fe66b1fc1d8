// Part two: backups of the same disk, damage, and three ways back from a backup.

import { exportFile, moment, overwrite } from './bytes.ts';
import { backupPath, snapshotPath, volumePath } from './cloud.ts';
import { diskGib, expectSame, expectUnreadable, type Tour, timed } from './context.ts';
import { checkFiles } from './image.ts';
import { size } from './report.ts';
import type { Subject } from './snapshots.ts';

/** A backup and the bytes of its moment. */
interface Kept {
  readonly id: string;
  readonly file: string;
}

/** A full backup, a change, an incremental backup. */
export async function backUpTwice(tour: Tour, subject: Subject): Promise<{ first: Kept; second: Kept }> {
  const { cloud, report, zones } = tour;
  const place = `volumes/${subject.diskId}` as const;
  const first = await report.step('Back the disk up', async () => {
    const file = moment(subject.mirror, 'first');
    const backup = await timed(tour, 'backup', subject.diskId, () =>
      cloud.backup(subject.diskId, `tour-full-${tour.tag}`),
    );
    const elsewhere = backup.availability_zone !== zones[0];
    report.check('B3', 'the backup is elsewhere: in object storage', elsewhere, `"${backup.availability_zone}"`);
    report.check('B6', "its location is not the disk's zone", elsewhere, `"${zones[0]}"`);
    return { id: backup.id as string, file };
  });
  const second = await report.step('Change the disk, back it up again: only the change moves', async () => {
    const bytes = await overwrite(cloud.api, place, subject.mirror, 8, 64 * 1024);
    report.note(`${size(bytes)} overwritten`);
    const file = moment(subject.mirror, 'second');
    const backup = await timed(tour, 'incremental', subject.diskId, () =>
      cloud.backup(subject.diskId, `tour-incr-${tour.tag}`),
    );
    await expectSame(tour, 'B2', 'the first backup did not change with the disk', `backups/${first.id}`, first.file);
    await expectSame(tour, 'B2', 'the second has the whole disk of its moment', `backups/${backup.id}`, file);
    return { id: backup.id as string, file };
  });
  return { first, second };
}

/** Every stored thing of the disk is damaged; only the backup helps. */
export async function damageAndRestore(tour: Tour, subject: Subject, backup: Kept): Promise<void> {
  const { cloud, report } = tour;
  const place = `volumes/${subject.diskId}` as const;
  await report.step("Damage the disk's storage", async () => {
    report.note(`${await cloud.damage(subject.diskId)} stored things have flipped bits now`);
    await expectUnreadable(tour, '', 'the disk cannot be read', place, subject.mirror);
    const snapshot = `snapshots/${subject.snapshotId}` as const;
    await expectUnreadable(tour, 'S1', 'nor can its snapshot', snapshot, subject.snapshotFile);
    await expectSame(tour, 'B1', 'the backup can', `backups/${backup.id}`, backup.file);
  });
  await report.step('Restore the backup onto the damaged disk', async () => {
    await timed(tour, 'restore', subject.diskId, () => cloud.restore(backup.id, subject.diskId));
    await expectSame(tour, 'B7', 'the original disk has the bytes of the backup', place, backup.file);
    await expectSame(tour, 'B1', 'so a damaged disk is not a lost one', place, backup.file);
  });
  await report.step('Damage it again, scrub it, heal it', async () => {
    await cloud.damage(subject.diskId);
    const found = await cloud.operate(`volumes/${subject.diskId}/scrub`);
    const [head] = found.damagedPoints;
    report.note(
      `scrub: ${found.damagedPointCount} states are damaged, ${size(head.unreadableBytes)} of the disk cannot be read`,
    );
    const { healed, left } = await cloud.operate(`volumes/${subject.diskId}/heal`);
    const detail = `${healed.objects} objects are back, ${left.damagedPointCount} states are damaged still`;
    report.check('', 'healing brings everything back that the vault has', left.damagedPointCount === 0, detail);
    await expectSame(tour, '', 'the disk has its bytes again', place, backup.file);
    await expectSame(tour, '', 'and its snapshot too', `snapshots/${subject.snapshotId}`, subject.snapshotFile);
  });
}

/** A new disk from a backup, its file system checked; then the original goes. Returns the new disk. */
export async function newDiskThenDelete(tour: Tour, subject: Subject, kept: Kept): Promise<string> {
  const { cloud, report, zones, image } = tour;
  const source = { zone: zones[0], sizeGib: diskGib(tour), backupId: kept.id };
  const copyId = await report.step('Make a new disk from the backup', async () => {
    const disk = await cloud.createDisk({ ...source, name: `tour-copy-${tour.tag}` });
    await expectSame(tour, 'B8', 'a new disk has the bytes of the backup', `volumes/${disk.id}`, kept.file);
    const exported = `${image.path}.exported`;
    await exportFile(cloud.api, `volumes/${disk.id}`, exported, image.sizeBytes);
    const checked = checkFiles(image, exported, tour.folder);
    if (checked !== null) report.check('', 'its file system is sound', checked.ok, checked.detail);
    return disk.id as string;
  });
  await report.step('Delete the original disk', async () => {
    await cloud.deleteDisk(subject.diskId);
    report.check('', 'the disk is gone', await cloud.api.isGone(volumePath(subject.diskId)), '404');
    report.check('S3', 'its snapshots are gone', await cloud.api.isGone(snapshotPath(subject.snapshotId)), '404');
    const { backup } = await cloud.api.ask('GET', backupPath(kept.id));
    report.check('B5', 'its backups are not', backup.status === 'available', backup.status);
    await expectSame(tour, 'B5', 'and still hold its bytes', `backups/${kept.id}`, kept.file);
    const disk = await cloud.createDisk({ ...source, name: `tour-again-${tour.tag}` });
    await expectSame(tour, 'B8', 'also as a new disk', `volumes/${disk.id}`, kept.file);
    await cloud.deleteDisk(disk.id);
  });
  return copyId;
}

/** The zone of the copy fails; the backup becomes a disk in another. */
export async function loseZone(tour: Tour, copyId: string, kept: Kept): Promise<void> {
  const { cloud, cleanup, report, zones } = tour;
  await report.step(`Take ${zones[0]} down, restore in ${zones[1]}`, async () => {
    cleanup.add(`zone ${zones[0]}`, () => cloud.setZone(zones[0], 'up'));
    await cloud.setZone(zones[0], 'down');
    // Disks ask for their zone's health at most ten times a second.
    await new Promise((done) => setTimeout(done, 300));
    await expectUnreadable(tour, '', `a disk in ${zones[0]} cannot be reached`, `volumes/${copyId}`, kept.file);
    const options = { zone: zones[1], sizeGib: diskGib(tour), backupId: kept.id };
    const disk = await cloud.createDisk({ ...options, name: `tour-rescue-${tour.tag}` });
    report.check('B9', 'the backup becomes a disk elsewhere', disk.availability_zone === zones[1], zones[1]);
    await expectSame(tour, 'B9', 'with every byte', `volumes/${disk.id}`, kept.file);
    await cloud.setZone(zones[0], 'up');
    await new Promise((done) => setTimeout(done, 300));
    await expectSame(tour, '', `${zones[0]} is up: its disk is back`, `volumes/${copyId}`, kept.file);
  });
}
