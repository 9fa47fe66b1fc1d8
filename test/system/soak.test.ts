// Random operations on several disks at once through the public API, compared byte by byte with arrays kept here, while
// the whole process group is killed and started again. EVS_SOAK_SEED repeats a run's decisions, EVS_SOAK_SECONDS makes
// it longer.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ApiClient, randomBytes } from '../support/client.ts';
import { serve, temporaryFolder } from '../support/serve.ts';
import { SparseBytes } from '../support/sparse-bytes.ts';

const SECTOR_BYTES = 512;
const BLOCK_BYTES = 65_536;
const MIB = 2 ** 20;
const GIB = 2 ** 30;

const SEED = Number(process.env.EVS_SOAK_SEED ?? Date.now() % 1_000_000);
const SOAK_MS = Number(process.env.EVS_SOAK_SECONDS ?? 20) * 1_000;
const KILL_EVERY_MS = 4_000;
const SIZES_GIB = [10, 2_000, 32_768];
const SNAPSHOTS_MAX = 5;
const BACKUPS_MAX = 10;
const CLONES_MAX = 4;

interface Point {
  readonly id: string;
  readonly bytes: SparseBytes;
  readonly sizeGib: number;
}

interface Disk {
  readonly id: string;
  readonly sizeGib: number;
  readonly random: (below: number) => number;
  readonly snapshots: Point[];
  bytes: SparseBytes;
}

test(`what disks, snapshots and backups hold survives anything (seed ${SEED})`, {
  timeout: SOAK_MS + 90_000,
}, async () => {
  console.log(`soak: EVS_SOAK_SEED=${SEED}`);
  const folder = temporaryFolder();
  let server = await serve('--state', folder.path);
  const { port } = server;
  const api = await ApiClient.login(server.url);
  const untilMs = Date.now() + SOAK_MS;
  const backups: Point[] = [];
  const clones: Disk[] = [];
  const done: Record<string, number> = {};
  const count = (what: string) => {
    done[what] = (done[what] ?? 0) + 1;
  };

  // Requests whose effect could not be told after a kill hold the killer off; writes, reads and waiting do not.
  let orders = 0;
  let isKilling = false;
  async function order(path: string, body: unknown): Promise<Record<string, { id: string }>> {
    while (isKilling) await sleep(10);
    orders++;
    try {
      const response = await api.raw('POST', path, JSON.stringify(body));
      const text = await response.text();
      if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${text}`);
      return text === '' ? {} : JSON.parse(text);
    } finally {
      orders--;
    }
  }

  /** Tries again while the server is away. What it answers counts. */
  async function again<T>(ask: () => Promise<T>): Promise<T> {
    for (const endMs = Date.now() + 30_000; ; await sleep(50)) {
      try {
        return await ask();
      } catch (error) {
        const isAway = error instanceof TypeError;
        if (!isAway || Date.now() > endMs) throw error;
      }
    }
  }

  async function reached(kind: 'volume' | 'snapshot' | 'backup', id: string): Promise<void> {
    await again(() =>
      api.until(`/evs/v3/{p}/${kind}s/${id}`, (body) => {
        const { status } = body[kind];
        if (status.startsWith('error')) throw new Error(`${kind} ${id}: ${JSON.stringify(body)}`);
        return status === 'available';
      }),
    );
  }

  async function expectRange(
    what: 'volumes' | 'snapshots' | 'backups',
    point: Omit<Point, 'sizeGib'>,
    at: number,
    length: number,
  ) {
    const found = await again(() => api.read(what, point.id, at, length));
    const same = Buffer.from(found).equals(point.bytes.read(at, length));
    expect(same, `${what} ${point.id}: bytes ${at}+${length} (seed ${SEED})`).toBe(true);
  }

  async function expectAll(what: 'volumes' | 'snapshots' | 'backups', point: Omit<Point, 'sizeGib'>): Promise<void> {
    for (const { offset, length } of point.bytes.ranges()) await expectRange(what, point, offset, length);
  }

  async function write({ id, bytes, random, sizeGib }: Disk): Promise<void> {
    const length = SECTOR_BYTES * (1 + random(random(4) === 0 ? 4_096 : 300));
    const content = random(5) === 0 ? new Uint8Array(length) : randomBytes(length);
    const at = place(random, sizeGib * GIB, length);
    count('writes');
    if (await api.write(id, at, content)) return bytes.write(at, content);
    // Not acknowledged: all of it or nothing.
    const found = await again(() => api.read('volumes', id, at, length));
    if (Buffer.from(found).equals(content)) bytes.write(at, content);
    else await expectRange('volumes', { id, bytes }, at, length);
  }

  async function snapshot(disk: Disk): Promise<void> {
    if (disk.snapshots.length >= SNAPSHOTS_MAX) return;
    const { snapshot: made } = await order('/evs/v3/{p}/snapshots', { snapshot: { volume_id: disk.id, name: 's' } });
    const id = made!.id;
    await reached('snapshot', id);
    disk.snapshots.push({ id, bytes: disk.bytes.copy(), sizeGib: disk.sizeGib });
  }

  async function rollBack(disk: Disk): Promise<void> {
    const point = disk.snapshots.at(disk.random(disk.snapshots.length));
    if (!point) return;
    await order(`/evs/v3/{p}/cloudsnapshots/${point.id}/rollback`, { rollback: { volume_id: disk.id } });
    await reached('volume', disk.id);
    disk.bytes = point.bytes.copy();
  }

  async function backUp(disk: Disk): Promise<void> {
    if (backups.length >= BACKUPS_MAX) return;
    const point = { bytes: disk.bytes.copy(), sizeGib: disk.sizeGib };
    const { backup } = await order('/evs/v3/{p}/backups', { backup: { volume_id: disk.id, name: 'b' } });
    const id = backup!.id;
    await reached('backup', id);
    await reached('volume', disk.id);
    await expectAll('backups', { id, ...point });
    backups.push({ id, ...point });
  }

  async function restore(disk: Disk): Promise<void> {
    const fitting = backups.filter((backup) => backup.sizeGib <= disk.sizeGib);
    const point = fitting.at(disk.random(fitting.length));
    if (!point) return;
    const path = `/evs/v3/{p}/backups/${point.id}/restore`;
    try {
      await order(path, { restore: { volume_id: disk.id } });
    } catch (error) {
      // Another disk may be restored from it just now.
      if (/: 400 .*restoring/.test(String(error))) return;
      throw error;
    }
    await reached('volume', disk.id);
    disk.bytes = point.bytes.copy();
  }

  async function clone(disk: Disk): Promise<void> {
    const point = disk.snapshots.at(-1);
    if (!point || clones.length >= CLONES_MAX) return;
    const { volume } = await order('/evs/v3/{p}/volumes', { volume: { size: point.sizeGib, snapshot_id: point.id } });
    const made: Disk = { ...disk, id: volume!.id, bytes: point.bytes.copy(), snapshots: [] };
    clones.push(made);
    await reached('volume', made.id);
    for (let i = 0; i < 3; i++) await write(made);
    await expectAll('volumes', made);
  }

  const STEPS: readonly [weight: number, name: string, step: (disk: Disk) => Promise<void>][] = [
    [10, 'write', write],
    [2, 'snapshot', snapshot],
    [1, 'rollback', rollBack],
    [1, 'backup', backUp],
    [1, 'restore', restore],
    [1, 'clone', clone],
    [1, 'read all', (disk) => expectAll('volumes', disk)],
  ];
  const CHOICES = STEPS.flatMap(([weight, ...step]) => Array.from({ length: weight }, () => step));

  async function act(disk: Disk): Promise<void> {
    while (Date.now() < untilMs) {
      const [name, step] = CHOICES[disk.random(CHOICES.length)]!;
      await step(disk);
      count(name);
    }
  }

  async function killAgainAndAgain(): Promise<void> {
    while (Date.now() < untilMs - KILL_EVERY_MS) {
      await sleep(KILL_EVERY_MS);
      isKilling = true;
      while (orders > 0) await sleep(5);
      await server.killGroup();
      server = await serve('--state', folder.path, '--port', String(port));
      isKilling = false;
      count('kills');
    }
  }

  try {
    const disks = await Promise.all(
      SIZES_GIB.map(async (sizeGib, i): Promise<Disk> => {
        const id = await api.createVolume(sizeGib);
        return { id, sizeGib, random: randomOf(SEED + i), snapshots: [], bytes: new SparseBytes() };
      }),
    );
    await Promise.all([...disks.map(act), killAgainAndAgain()]);
    for (const disk of [...disks, ...clones]) {
      await expectAll('volumes', disk);
      for (const point of disk.snapshots) await expectAll('snapshots', point);
    }
    for (const point of backups) await expectAll('backups', point);
    console.log(`soak: ${JSON.stringify(done)}`);
  } finally {
    await server.killGroup();
    folder.remove();
  }
});

/** An offset near a border of the tree, or the end of the disk. */
function place(random: Disk['random'], sizeBytes: number, length: number): number {
  const borders = [0, 16 * MIB, 4 * GIB, 1_024 * GIB, sizeBytes - length].filter((border) => border < sizeBytes);
  const at = borders[random(borders.length)]! + (random(32) - 16) * BLOCK_BYTES + random(128) * SECTOR_BYTES;
  const inside = Math.min(Math.max(at, 0), sizeBytes - length);
  return inside - (inside % SECTOR_BYTES);
}

/** Whole numbers below a bound (mulberry32). */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return below < 1 ? 0 : ((t ^ (t >>> 14)) >>> 0) % below;
  };
}
