// fio on a disk: random reads and writes that it verifies itself, by several jobs, while snapshots are taken, objects are
// taken out of memory, and a job is killed. Each snapshot must be a state that the disk had while it was taken.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type EdgeEvs, startEdgeEvs } from '../../cli/serve/start.ts';
import { NbdRig } from '../support/nbd-rig.ts';
import { hasPrograms, run } from '../support/programs.ts';

const MIB = 2 ** 20;
const JOBS = 3;
const FIRST_BYTE = 64 * MIB;
const JOB_BYTES = 16 * MIB;

let server: EdgeEvs;
let rig: NbdRig;

/** A file of jobs, each in a part of the disk of its own. */
function jobFile(uri: string, more: string): string {
  const jobs = Array.from({ length: JOBS }, (_, i) => `[job${i}]\noffset=${FIRST_BYTE + i * JOB_BYTES}`);
  const common = `ioengine=nbd\nuri=${uri}\nbs=4k\niodepth=16\nsize=${JOB_BYTES}\nallrandrepeat=1`;
  const path = join(rig.folder.path, 'fio.job');
  writeFileSync(path, `[global]\n${common}\n${more}\n${jobs.join('\n')}\n`);
  return path;
}

describe.skipIf(!hasPrograms('fio'))('fio', () => {
  beforeAll(async () => {
    server = await startEdgeEvs({ port: 0 });
  });

  afterAll(() => server.stop());

  beforeEach(async () => {
    rig = await NbdRig.on(server.url);
  });

  afterEach(() => rig.end());

  test('verifies what it wrote; snapshots are states of the disk, whatever happens to the object', async () => {
    const { uri } = (await rig.bridge()).recorder;
    const job = jobFile(uri, 'rw=randrw\nrwmixread=30\nio_size=5m\nverify=crc32c\nverify_backlog=64');
    const fio = run('fio', job);
    const snapshots = [];
    for (const sockets of ['hibernate', 'close', 'close'] as const) {
      await rig.acknowledged(500);
      snapshots.push(await rig.snapshot());
      await rig.evict(server, 'Disk', rig.volumeId, sockets);
    }
    await fio;
    for (const check of [...snapshots, await rig.snapshot()]) await check(JOBS * JOB_BYTES, FIRST_BYTE);
    await rig.checkDisk(JOBS * JOB_BYTES, FIRST_BYTE);
  });

  test('is killed: what it was told is kept, and the next one finds the disk free', async () => {
    const { uri } = (await rig.bridge()).recorder;
    for (let i = 0; i < 2; i++) {
      // Its jobs are threads, so that one signal ends them all.
      const job = jobFile(uri, 'rw=randwrite\nbsrange=512-64k\nblockalign=512\ntime_based\nruntime=60\nthread');
      const child = spawn('fio', [job], { stdio: 'ignore' });
      const exited = once(child, 'exit');
      await rig.acknowledged(400);
      child.kill('SIGKILL');
      expect((await exited)[1]).toBe('SIGKILL');
      await rig.checkDisk(JOBS * JOB_BYTES, FIRST_BYTE);
    }
  });
});
