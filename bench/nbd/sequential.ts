// A gibibyte of incompressible bytes onto a new disk, flushed, and back.

import { createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { incompressible, MIB } from '../path/content.ts';
import { Samples } from '../path/context.ts';
import { Volume } from '../path/volumes.ts';
import { caseResult, timed } from '../statistics.ts';
import type { CaseResult } from '../types.ts';
import { copyDurably, copyFrom, copyTo, settleDisk } from './clients.ts';
import type { NbdContext } from './context.ts';
import { startBridge, startQemu } from './servers.ts';

/** `nbd-sequential`. No round warms up: each is long, and onto a new disk. */
export async function sequential(context: NbdContext): Promise<CaseResult> {
  const { folder, rounds, tiny, progress } = context;
  const bytes = (tiny ? 1 : 1_024) * MIB;
  const file = join(folder, 'content');
  await writeContent(file, bytes);
  const samples = new Samples();
  const turns = [onService, onQemu, onFile];
  for (let round = 1; round <= rounds; round++) {
    for (let i = 0; i < turns.length; i++) {
      await settleDisk();
      const done = await turns[(i + round) % turns.length]!(context, file, `${round}`, bytes);
      for (const [id, ms] of done) {
        samples.add(id, ms);
        progress(`round ${round} of ${rounds}  ${id.padEnd(16)} ${((bytes / MIB / ms) * 1_000).toFixed(0)} MiB/s`);
      }
    }
  }
  rmSync(file);
  const work = { amount: bytes, of: 'bytes' };
  const title = '1 GiB of incompressible bytes onto a new disk and back, by nbdcopy';
  return caseResult({ id: 'nbd-sequential', suite: 'nbd', runtime: 'service', title, compared: false }, [
    timed('service-write', 'edge-evs nbd, write and flush', samples.of('service-write'), work),
    timed('qemu-write', 'qemu-nbd on qcow2, write and flush', samples.of('qemu-write'), work),
    timed('file-write', 'a file, write and fdatasync', samples.of('file-write'), work),
    timed('service-read', 'edge-evs nbd, read', samples.of('service-read'), work),
    timed('qemu-read', 'qemu-nbd on qcow2, read', samples.of('qemu-read'), work),
  ]);
}

type Turn = (
  context: NbdContext,
  file: string,
  name: string,
  bytes: number,
) => Promise<readonly (readonly [string, number])[]>;

const onService: Turn = async ({ service, folder }, file) => {
  const volume = await Volume.create(service);
  const bridge = await startBridge(service.url, volume.id, folder);
  const writeMs = await copyTo(bridge.uri, file);
  await volume.settled();
  const readMs = await copyFrom(bridge.uri);
  await bridge.stop();
  await volume.detached();
  await volume.delete();
  return [
    ['service-write', writeMs],
    ['service-read', readMs],
  ];
};

const onQemu: Turn = async ({ folder }, file, name, bytes) => {
  const qemu = await startQemu(folder, name, 'writeback', bytes);
  const writeMs = await copyTo(qemu.uri, file);
  const readMs = await copyFrom(qemu.uri);
  await qemu.stop();
  rmSync(join(folder, `${name}.qcow2`));
  return [
    ['qemu-write', writeMs],
    ['qemu-read', readMs],
  ];
};

const onFile: Turn = async ({ folder }, file) => {
  const copy = join(folder, 'copy');
  const ms = await copyDurably(file, copy);
  rmSync(copy);
  return [['file-write', ms]];
};

async function writeContent(file: string, bytes: number): Promise<void> {
  const content = incompressible();
  function* pieces() {
    for (let at = 0; at < bytes; at += MIB) yield content.bytes(MIB);
  }
  await pipeline(Readable.from(pieces()), createWriteStream(file));
}
