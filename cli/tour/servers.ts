// Part three: a server with a system disk and a data disk gets a new operating system.

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from './api.ts';
import { importFile, moment, overwrite } from './bytes.ts';
import { snapshotPath } from './cloud.ts';
import { expectSame, type Tour } from './context.ts';

const CONTENT_BYTES = 1_048_576;

interface Prepared {
  readonly id: string;
  readonly file: string;
  readonly snapshotId: string;
  readonly snapshotFile: string;
}

/** S4: the system disk's snapshots die with the old OS, those of data disks do not. */
export async function reinstall(tour: Tour): Promise<void> {
  const { cloud, cleanup, report } = tour;
  const { api } = cloud;
  await report.step("Reinstall a server's operating system", async () => {
    const system = await prepare(tour, 'system');
    const data = await prepare(tour, 'data');
    const server = {
      name: `tour-${tour.tag}`,
      root_volume: { id: system.id },
      data_volumes: [{ id: data.id }],
    };
    const made: Json = await api.ask('POST', '/ecs/v1/{p}/cloudservers', { server });
    const path = `/ecs/v1/{p}/cloudservers/${made.serverIds[0]}`;
    const remove = async () => {
      if (!(await api.isGone(path))) await api.ask('DELETE', path);
    };
    cleanup.add('server', remove);
    await api.ask('POST', `/ecs/v2.1/{p}/servers/${made.serverIds[0]}/action`, { 'os-stop': null });
    const { job_id: jobId } = await api.ask('POST', `${path}/reinstallos`, { 'os-reinstall': {} });
    await api.poll(async () => {
      const { status, fail_reason: reason } = await api.ask('GET', `/ecs/v1/{p}/jobs/${jobId}`);
      if (status === 'FAIL') throw new Error(`reinstalling failed: ${reason}`);
      return status === 'SUCCESS' ? true : null;
    }, 'the OS to be reinstalled');
    const gone = await api.isGone(snapshotPath(system.snapshotId));
    report.check('S4', "the system disk's snapshot is gone", gone, '404');
    await remove();
    const zeros = join(tour.folder, 'zeros');
    writeFileSync(zeros, Buffer.alloc(CONTENT_BYTES));
    await expectSame(tour, 'S4', 'with the old system', `volumes/${system.id}`, zeros);
    await expectSame(tour, 'S4', "the data disk's snapshot is not", `snapshots/${data.snapshotId}`, data.snapshotFile);
    await expectSame(tour, 'S4', 'nor is its content', `volumes/${data.id}`, data.file);
    await cloud.rollback(data.snapshotId, data.id);
    await expectSame(tour, 'S4', 'and it rolls back', `volumes/${data.id}`, data.snapshotFile);
  });
}

/** A small disk with bytes on it, a snapshot, and other bytes after it. */
async function prepare(tour: Tour, kind: 'system' | 'data'): Promise<Prepared> {
  const { cloud } = tour;
  const { id } = await cloud.createDisk({ name: `tour-${kind}-${tour.tag}`, sizeGib: 1 });
  const file = join(tour.folder, kind);
  writeFileSync(file, randomBytes(CONTENT_BYTES));
  await importFile(cloud.api, `volumes/${id}`, file);
  const snapshotFile = moment(file, 'snapshot');
  const snapshot = await cloud.snapshot(id, `tour-${kind}-${tour.tag}`);
  await overwrite(cloud.api, `volumes/${id}`, file, 4, 8192);
  return { id, file, snapshotId: snapshot.id, snapshotFile };
}
