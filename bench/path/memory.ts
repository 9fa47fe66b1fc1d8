// Peak resident memory of workerd beyond its idle value, phase by phase, with one disk.
//
//   node tools/run.mjs bench/path/memory.ts --size 2GiB [--content incompressible|compressible] [--bundle FOLDER] [--port N]

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isMain } from '../../tools/paths.ts';
import { caseResult, counted } from '../statistics.ts';
import type { CaseResult } from '../types.ts';
import { cheap, incompressible, KIB, MIB } from './content.ts';
import type { PathContext } from './context.ts';
import { forgetPeak, residentOf } from './resident.ts';
import { type Service, withFolder, withService } from './service.ts';
import { sizes } from './sizes.ts';
import { Volume } from './volumes.ts';

const IDLE_MS = 2_000;
const READ_REQUEST_BYTES = 64 * MIB;

/** One phase: what was resident before, at most, and after it. */
export interface Phase {
  readonly name: string;
  readonly beforeBytes: number;
  readonly peakBytes: number;
  readonly seconds: number;
}

export interface MemoryRun {
  /** With an empty disk, nothing going on. */
  readonly idleBytes: number;
  readonly phases: readonly Phase[];
  /** The highest of all phases beyond idle. */
  readonly beyondIdleBytes: number;
}

/** Takes a disk with `sizeBytes` allocated through its whole life. */
export async function memoryOf(
  service: Service,
  sizeBytes: number,
  contentName: 'incompressible' | 'compressible',
  progress: (line: string) => void,
): Promise<MemoryRun> {
  const content = contentName === 'incompressible' ? incompressible() : cheap();
  const volume = await Volume.create(service);
  await sleep(IDLE_MS);
  const pid = service.workerdPid;
  const idleBytes = residentOf(pid).nowBytes;
  progress(`idle: ${mib(idleBytes)}`);
  const phases: Phase[] = [];
  const phase = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
    forgetPeak(pid);
    const beforeBytes = residentOf(pid).nowBytes;
    const startedMs = performance.now();
    const result = await run();
    const seconds = (performance.now() - startedMs) / 1000;
    const { peakBytes, nowBytes } = residentOf(pid);
    phases.push({ name, beforeBytes, peakBytes, seconds });
    progress(
      `${name.padEnd(20)} peak ${mib(peakBytes)}, ${mib(peakBytes - idleBytes)} beyond idle; after it ${mib(nowBytes)}; ${seconds.toFixed(1)} s`,
    );
    return result;
  };
  await phase('write', () => volume.fill(content, sizeBytes));
  await phase('fold', () => volume.settled());
  await phase('read', () => readAll(volume, sizeBytes));
  const snapshotId = await phase('snapshot', () => volume.snapshot());
  const changed = Math.max(64 * KIB, sizeBytes / 128);
  await phase('change', () => volume.fill(content, changed).then(() => volume.settled()));
  await phase('rollback', () => volume.rollback(snapshotId));
  const backupId = await phase('backup', () => volume.backup());
  await phase('change again', () => volume.fill(content, changed).then(() => volume.settled()));
  const secondId = await phase('backup, incremental', () => volume.backup());
  const restored = await phase('restore', async () => {
    const disk = await Volume.create(service, { backup_id: backupId });
    await disk.settled();
    return disk;
  });
  await phase('read of the restored', () => readAll(restored, sizeBytes));
  await phase('clone', async () => {
    const clone = await Volume.create(service, { snapshot_id: snapshotId });
    await clone.settled();
    await clone.delete();
  });
  await phase('delete', async () => {
    for (const id of [secondId, backupId]) await volume.deleteBackup(id);
    await restored.delete();
    await volume.delete();
  });
  return { idleBytes, phases, beyondIdleBytes: Math.max(...phases.map((p) => p.peakBytes)) - idleBytes };
}

/** `memory`: the smallest and the largest disk, each with a service of its own, so that both begin at the same idle value. */
export async function memory({ tiny, folder, progress }: Omit<PathContext, 'service' | 'raw'>): Promise<CaseResult> {
  const measures = [];
  for (const { id, bytes } of sizes(tiny).filter((size) => size.id !== '256m')) {
    const run = await withService({ port: 0, folder: join(folder, id) }, (service) =>
      memoryOf(service, bytes, 'incompressible', (line) => progress(`${id}  ${line}`)),
    );
    measures.push(
      counted(`beyond-idle-${id}`, `peak beyond idle, ${id}`, 'bytes', [run.beyondIdleBytes]),
      counted(`idle-${id}`, `idle, ${id}`, 'bytes', [run.idleBytes]),
      ...run.phases.map(({ name, peakBytes }) =>
        counted(`${name.replaceAll(/\W+/g, '-')}-${id}`, `${name}, ${id}`, 'bytes', [peakBytes - run.idleBytes]),
      ),
    );
  }
  const title = 'Resident memory of workerd beyond idle';
  return caseResult({ id: 'memory', suite: 'path', runtime: 'service', title, compared: false }, measures);
}

async function readAll(volume: Volume, sizeBytes: number): Promise<void> {
  for (let at = 0; at < sizeBytes; at += READ_REQUEST_BYTES) {
    await volume.target.read(at, Math.min(READ_REQUEST_BYTES, sizeBytes - at));
  }
}

const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;

/** 16MiB, 2GiB in bytes. */
function parseSize(text: string): number {
  const match = /^(\d+)\s*(KiB|MiB|GiB)$/i.exec(text);
  if (match === null) throw new Error(`--size ${text}: write it as 16MiB or 2GiB`);
  return Number(match[1]) * { kib: KIB, mib: MIB, gib: KIB * MIB }[match[2]!.toLowerCase() as 'kib' | 'mib' | 'gib'];
}

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      size: { type: 'string', default: '16MiB' },
      content: { type: 'string', default: 'incompressible' },
      bundle: { type: 'string' },
      port: { type: 'string', default: '0' },
    },
  });
  const contentName = values.content === 'compressible' ? 'compressible' : 'incompressible';
  await withFolder((folder) =>
    withService({ port: Number(values.port), folder, bundleFolder: values.bundle }, async (service) => {
      const run = await memoryOf(service, parseSize(values.size), contentName, console.log);
      console.log(`\n${values.size}, ${contentName}: ${mib(run.beyondIdleBytes)} beyond idle (${mib(run.idleBytes)})`);
    }),
  );
}
