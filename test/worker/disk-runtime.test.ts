// What waits in a Disk object: reads and folds that fetch at the same time, a log without room, an answer under which
// the content is replaced. The source of a clone is played here, so that it can be slow, or lack something.

import { runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { Meter } from '../../engine/cost.ts';
import { Disk as EngineDisk } from '../../engine/disk/disk.ts';
import { MemoryDiskStore } from '../../engine/memory/disk-store.ts';
import type { Frame } from '../../engine/ports.ts';
import { runLocal } from '../../engine/steps.ts';
import { type Digest, Kind, type ObjectRef, toHex } from '../../engine/types.ts';
import { MeteredSql } from '../../worker/adapters/metered-sql.ts';
import { R2Obs } from '../../worker/adapters/r2-obs.ts';
import { SqlDiskStore } from '../../worker/adapters/sql-disk-store.ts';
import { readBytes, writeBytes } from '../../worker/disk/bytes.ts';
import { DiskRecords } from '../../worker/disk/records.ts';
import { DiskRuntime } from '../../worker/disk/runtime.ts';
import { ZoneGate } from '../../worker/disk/zone-gate.ts';
import type { Env } from '../../worker/env.ts';
import { engineHost } from '../../worker/host.ts';
import { bindings, DiskDriver, OWNER, randomBytes } from './disk-driver.ts';

const BLOCK = 65_536;
/** Under one level-1 page. */
const PAGE_SPAN = 256 * BLOCK;
const DISK_BYTES = 2 ** 30;

/** A disk that others are made of, in memory: a folded tree of the given writes. */
class Origin {
  readonly store = new MemoryDiskStore();
  readonly disk = EngineDisk.create(this.store, engineHost(), { sizeBytes: DISK_BYTES });
  /** Names of what cannot be had. */
  readonly lost = new Set<string>();
  /** Awaited before each answer. */
  answers: (refs: readonly ObjectRef[]) => Promise<unknown> = async () => undefined;

  write(offset: number, bytes: Uint8Array): this {
    this.disk.write(offset, bytes);
    runLocal(this.disk.fold());
    return this;
  }

  get root(): Digest {
    return this.disk.state.head.root;
  }

  /** Digest of a whole block's content. */
  nameOf(block: Uint8Array): string {
    return toHex(engineHost().kernel.hashBlocks(block));
  }

  async objects(_owner: unknown, _pinId: string, refs: readonly ObjectRef[]): Promise<(Frame | null)[]> {
    await this.answers(refs);
    return this.store.objects.getMany(refs).map((frame, i) => (this.lost.has(toHex(refs[i]!.digest)) ? null : frame));
  }
}

/** Runs `body` with a disk in an object's own storage; with an origin it is a clone that has fetched nothing yet. */
async function withRuntime(origin: Origin | null, body: (runtime: DiskRuntime) => Promise<void>): Promise<void> {
  const { stub } = new DiskDriver();
  await runInDurableObject(stub, async (_disk, state) => {
    const store = new SqlDiskStore(state.storage, new Meter());
    const records = new DiskRecords(new MeteredSql(state.storage.sql, store.meter));
    store.createTables();
    records.create({ ...OWNER, diskId: 'd', isTombstone: false });
    const locator = { kind: 'disk', diskId: 'o', zone: OWNER.zone, logicalBytes: 0 };
    const upstream = { id: 'p', locator: JSON.stringify(locator), heals: false };
    const source = origin ? { root: origin.root, upstream } : {};
    EngineDisk.create(store, engineHost(), { sizeBytes: DISK_BYTES, ...source });
    const env = { EVS_SIMULATION: 'false', DISK: { idFromName: (name: string) => name, get: () => origin } };
    const gate = new ZoneGate(env as unknown as Env);
    const runtime = new DiskRuntime(env as unknown as Env, new R2Obs(bindings.OBS), gate, store, records);
    await body(runtime);
  });
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

test('what somebody else lacks is no damage of what is still on its way', async () => {
  const [first, second] = [randomBytes(BLOCK), randomBytes(BLOCK)];
  const origin = new Origin().write(0, first).write(BLOCK, second);
  await withRuntime(origin, async (runtime) => {
    await runtime.read('head', 0, 512).then(() => undefined);
    const missing: ObjectRef = { kind: Kind.block, digest: new Uint8Array(32).fill(1) };
    const wanted: ObjectRef = { kind: Kind.block, digest: engineHost().kernel.hashBlocks(second) };
    // The missing one is answered at once; the other takes a while.
    origin.answers = (refs) => scheduler.wait(refs.length === 1 && refs[0]!.digest[0] === 1 ? 0 : 50);
    const others = runtime.bring([missing]).catch((error: unknown) => error);
    await expect(runtime.bring([missing, wanted])).rejects.toMatchObject({ code: 'damaged' });
    expect(runtime.store.objects.hasMany([wanted])).toEqual([true]);
    await others;
  });
});

test('damage is named where it is, not where nothing was asked for yet', async () => {
  const [left, right] = [randomBytes(BLOCK), randomBytes(BLOCK)];
  const origin = new Origin().write(PAGE_SPAN - BLOCK, left).write(PAGE_SPAN, right);
  // The level-1 page over the left block: reading it finds that out before the right block is known by name.
  const page = origin.store.objects
    .scan(null, 100)
    .refs.filter(({ kind }) => kind === Kind.page)
    .map(({ digest }) => origin.disk.state.objects.readPage(digest) as Uint8Array)
    .find((bytes) => toHex(bytes.subarray(255 * 32)) === origin.nameOf(left))!;
  origin.lost.add(toHex(engineHost().kernel.hashPages(page)));
  await withRuntime(origin, async (runtime) => {
    await expect(runtime.read('head', PAGE_SPAN - BLOCK, 2 * BLOCK)).rejects.toMatchObject({
      code: 'damaged',
      ranges: [{ offset: PAGE_SPAN - BLOCK, length: BLOCK }],
    });
  });
});

test('the last part of an answer is not of another content either', async () => {
  const origin = new Origin().write(0, randomBytes(BLOCK));
  await withRuntime(origin, async (runtime) => {
    origin.answers = async () => {
      // As a reinstallation of the OS does it while the bytes are being fetched.
      if (runtime.contentChanges > 0) return;
      runtime.disk.reinstall();
      runtime.contentChanges += 1;
    };
    await expect(readBytes(runtime, 'head', 0, BLOCK)).rejects.toMatchObject({ code: 'busy' });
    const now = await readBytes(runtime, 'head', 0, BLOCK);
    expect((await bytesOf(now)).every((byte) => byte === 0)).toBe(true);
  });
});

test('a body that waited for room while the content was replaced is not committed', async () => {
  await withRuntime(null, async (runtime) => {
    let isFull = true;
    Object.defineProperty(runtime.disk, 'pressure', { get: () => (isFull ? 'hard' : 'none') });
    runtime.disk.write(0, randomBytes(BLOCK));
    runtime.fold = async () => {
      isFull = false;
      runtime.contentChanges += 1;
    };
    const body = new Response(randomBytes(BLOCK) as Uint8Array<ArrayBuffer>).body;
    await expect(writeBytes(runtime, body, 0, BLOCK)).rejects.toMatchObject({ code: 'busy' });
  });
});

test('a write is refused, and nothing hangs, when the log is full of what cannot be folded', async () => {
  await withRuntime(null, async (runtime) => {
    Object.defineProperty(runtime.disk, 'pressure', { get: () => 'hard' });
    expect(runtime.disk.wantsFold).toBe(false);
    await expect(runtime.relievePressure()).rejects.toMatchObject({ code: 'damaged' });
  });
});

test('a fold that was given up holds nothing any more', async () => {
  const origin = new Origin().write(0, randomBytes(BLOCK));
  await withRuntime(origin, async (runtime) => {
    runtime.disk.write(PAGE_SPAN, randomBytes(512));
    runtime.disk.write(512, randomBytes(512));
    origin.answers = async () => {
      throw new Error('no answer');
    };
    await expect(runtime.fold()).rejects.toMatchObject({ code: 'unavailable' });
    expect(runtime.disk.state.foldOutputs.size).toBe(0);
  });
});

test('a collection that was given up takes its barrier down', async () => {
  await withRuntime(null, async (runtime) => {
    runtime.disk.write(0, randomBytes(BLOCK));
    runtime.pause = async () => {
      throw new Error('no more time');
    };
    const small = { pages: 1, objects: 1 };
    await runtime.fold().catch(() => undefined);
    await expect(runtime.drive(runtime.disk.collect(small))).rejects.toThrow('no more time');
    expect(runtime.disk.state.objects.onReference).toBeNull();
  });
});

test('a zone that does not answer is no verdict on a job: it is tried again', async () => {
  const health = async () => {
    throw new Error('no answer');
  };
  const env = { EVS_SIMULATION: 'true', ZONE: { idFromName: (name: string) => name, get: () => ({ health }) } };
  await expect(new ZoneGate(env as unknown as Env).pass('z')).rejects.toMatchObject({ code: 'unavailable' });
});
