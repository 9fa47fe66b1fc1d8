// An ext4 file system on a disk, made and filled through nbdfuse, while the service is killed or the object forgets. After a
// flush it checks clean, and its files are there, whatever happens next.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { randomBytes } from '../support/client.ts';
import { NbdRig } from '../support/nbd-rig.ts';
import { hasPrograms, run } from '../support/programs.ts';
import { type Served, serve, temporaryFolder } from '../support/serve.ts';

const PROGRAMS = ['nbdfuse', 'fusermount3', 'mkfs.ext4', 'e2fsck', 'debugfs', 'nbdcopy'];

let folder: ReturnType<typeof temporaryFolder>;
let server: Served;
let rig: NbdRig;
let unmounts: (() => Promise<void>)[];

function hasFuse(): boolean {
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

beforeEach(async () => {
  folder = temporaryFolder();
  server = await serve('--state', folder.path);
  rig = await NbdRig.on(server.url);
  unmounts = [];
});

afterEach(async () => {
  for (const unmount of unmounts) await unmount();
  await rig.end();
  await server.killGroup();
  folder.remove();
});

async function restart(): Promise<void> {
  await server.killGroup();
  server = await serve('--state', folder.path, '--port', String(server.port));
}

/**
 * The disk as a file, until the end of the test. Only other programs may read and write it: what answers them runs in this
 * process.
 */
async function mount(uri: string): Promise<string> {
  const at = join(rig.folder.path, crypto.randomUUID());
  mkdirSync(at);
  const child = spawn('nbdfuse', [at, uri], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  unmounts.push(async () => {
    await run('fusermount3', '-u', '-z', at).catch(() => undefined);
    child.kill();
    await ended;
  });
  const file = join(at, 'nbd');
  for (let i = 0; !existsSync(file); i++) {
    if (i > 100) throw new Error('nbdfuse shows nothing');
    await sleep(50);
  }
  return file;
}

/** A folder of files to put into the file system. */
function makeFiles(name: string): string {
  const at = join(rig.folder.path, name);
  mkdirSync(join(at, 'deep'), { recursive: true });
  writeFileSync(join(at, 'random'), randomBytes(3_000_000));
  writeFileSync(join(at, 'deep', 'numbers'), Array.from({ length: 100_000 }, (_, i) => `${i}\n`).join(''));
  return at;
}

/** Checks the file system through a bridge of its own, and compares a file in it. */
async function expectClean(files: string): Promise<void> {
  const { bridge, recorder } = await rig.bridge();
  const copy = join(rig.folder.path, 'copy.raw');
  await run('nbdcopy', recorder.uri, copy);
  await bridge.stop();
  await run('e2fsck', '-fn', copy);
  for (const name of ['random', 'deep/numbers']) {
    const out = join(rig.folder.path, 'out');
    await run('debugfs', '-R', `dump /${name} ${out}`, copy);
    expect(readFileSync(out).equals(readFileSync(join(files, name))), name).toBe(true);
  }
}

describe.skipIf(!hasPrograms(...PROGRAMS) || !hasFuse())('a file system', () => {
  test('is made while the service is killed again and again, and survives the kill of everything', async () => {
    const files = makeFiles('files');
    const { bridge, recorder } = await rig.bridge();
    const file = await mount(recorder.uri);
    const making = run('mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0', '-d', files, file);
    for (let i = 0; i < 2; i++) {
      await rig.acknowledged(20);
      await restart();
    }
    await making;
    await run('sync', file);
    // What comes after the flush may be lost or not; it must not harm what was there.
    const more = ['if=/dev/urandom', `of=${file}`, 'bs=64k', 'seek=16000', 'count=300', 'conv=notrunc'];
    const after = run('dd', ...more).catch(() => undefined);
    await rig.acknowledged(10);
    await Promise.all([server.killGroup(), bridge.kill()]);
    await after;
    await restart();
    await expectClean(files);
    await rig.checkDisk(64 * 2 ** 20);
  });
});
