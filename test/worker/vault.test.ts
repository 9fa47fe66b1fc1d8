// The Vault in workerd: its store on SQLite, its jobs, and whole backups over RPC and R2.

import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env as bindings } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { MemoryDiskStore } from '../../engine/memory/disk-store.ts';
import { MemoryVaultStore } from '../../engine/memory/vault-store.ts';
import { digestAt, Objects } from '../../engine/objects.ts';
import { type BackupRequest, backUp } from '../../engine/repository/backup.ts';
import type { BackupState, VaultClient, VaultStore } from '../../engine/repository/ports.ts';
import { ObsObjectSource } from '../../engine/repository/source.ts';
import { VaultCore } from '../../engine/repository/vault.ts';
import { BLOCK_BYTES, type Digest, Kind, type ObjectRef, PAGE_BYTES, toHex } from '../../engine/types.ts';
import { R2Obs } from '../../worker/adapters/r2-obs.ts';
import { SqlVaultStore } from '../../worker/adapters/sql-vault-store.ts';
import type { Env } from '../../worker/env.ts';
import { engineHost } from '../../worker/host.ts';
import type { AllocatedBlocks, DataFault, VaultRpc } from '../../worker/protocol.ts';
import { refuseBeyond } from '../../worker/vault/capacity.ts';
import { vaultClient } from '../../worker/vault/client.ts';
import { compressibleBytes, halfRandomBytes, mostlyRandomBytes, randomBytes } from '../conformance/data.ts';
import { vaultStoreConformance } from '../conformance/vault-store.ts';
import type { StoreHost } from './entry.ts';

const env = bindings as unknown as Env & { STORE_HOST: DurableObjectNamespace<StoreHost> };
const host = engineHost();
const PROJECT = '11111111111111111111111111111111';
const FOREIGN = '22222222222222222222222222222222';

vaultStoreConformance('SQLite', (body) =>
  runInDurableObject(env.STORE_HOST.get(env.STORE_HOST.newUniqueId()), (_host, state) => {
    const store = new SqlVaultStore(state.storage);
    store.createTables();
    body(store);
  }),
);

function vaultStub(vaultId: string): DurableObjectStub & VaultRpc {
  return env.VAULT.get(env.VAULT.idFromName(vaultId)) as unknown as DurableObjectStub & VaultRpc;
}

async function newVault(): Promise<{ vaultId: string; stub: DurableObjectStub & VaultRpc; client: VaultClient }> {
  const vaultId = crypto.randomUUID();
  const stub = vaultStub(vaultId);
  expect(await stub.run(PROJECT, 'create', { kind: 'create' })).toEqual({ state: 'done', result: {} });
  return { vaultId, stub, client: vaultClient(env, PROJECT, vaultId) };
}

const CLASSES = [randomBytes, halfRandomBytes, mostlyRandomBytes, compressibleBytes];

/** A disk of 256 blocks at most, under one page of each level. */
class SmallDisk {
  readonly id = crypto.randomUUID();
  readonly objects = new Objects(new MemoryDiskStore().objects, host);
  readonly content = new Uint8Array(64 * BLOCK_BYTES);

  write(blockIndex: number, seed: number): void {
    this.content.set(CLASSES[seed & 3]!(seed, BLOCK_BYTES), blockIndex * BLOCK_BYTES);
  }

  root(): Digest {
    const blocks = Array.from({ length: 64 }, (_, i) => this.content.slice(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES));
    let digests = this.objects.insert(Kind.block, blocks);
    for (let level = 0; level < 4; level++) {
      const page = new Uint8Array(PAGE_BYTES);
      digests.forEach((digest, i) => {
        page.set(digest, i * digest.length);
      });
      digests = this.objects.insert(Kind.page, [page]);
    }
    return digests[0]!;
  }

  request(backupId: string, full = false): BackupRequest {
    const label = {
      ...{ name: 'n', volumeId: this.id, volumeName: 'v', zone: 'z' },
      ...{ createdMs: 1, automatic: false },
    };
    return { backupId, diskId: this.id, root: this.root(), sizeBytes: this.content.length, full, label };
  }
}

async function backUpTo(client: VaultClient, disk: SmallDisk, backupId: string, full = false) {
  return backUp(
    {
      ...{ objects: disk.objects, host, vault: client, obs: new R2Obs(env.OBS) },
      random: { uuid: () => crypto.randomUUID() },
      sha256: async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes.slice())),
    },
    disk.request(backupId, full),
  );
}

function get(stub: DurableObjectStub, path: string, project = PROJECT): Promise<Response> {
  return stub.fetch(`http://vault${path}`, { headers: { 'x-evs-project': project } });
}

async function bytesOf(stub: DurableObjectStub, backupId: string, offset: number, length: number) {
  const response = await get(stub, `/bytes?backup=${backupId}&offset=${offset}&length=${length}`);
  expect([response.status, response.headers.get('content-length')]).toEqual([200, `${length}`]);
  return new Uint8Array(await response.arrayBuffer());
}

describe('a vault', () => {
  test('takes backups over RPC and gives back every byte, also after an eviction', async () => {
    const { stub, client } = await newVault();
    const disk = new SmallDisk();
    for (let i = 0; i < 40; i++) disk.write(i, 100 + i);
    const [first, second] = [crypto.randomUUID(), crypto.randomUUID()];
    expect(await backUpTo(client, disk, first)).toMatchObject({ incremental: false, objectCount: 44 });
    const before = disk.content.slice();
    disk.write(3, 900);
    disk.write(60, 901);
    const mark = { ...(await backUpTo(client, disk, second)) };
    expect(mark).toMatchObject({ incremental: true, objectCount: 6, logicalBytes: 41 * BLOCK_BYTES });
    await evictDurableObject(stub);
    expect(await bytesOf(stub, second, 0, disk.content.length)).toEqual(disk.content);
    expect(await bytesOf(stub, first, 0, before.length)).toEqual(before);
    const [from, length] = [3 * BLOCK_BYTES - 512, BLOCK_BYTES + 1_024];
    expect(await bytesOf(stub, second, from, length)).toEqual(disk.content.slice(from, from + length));
    expect(await bytesOf(stub, second, 512, 0)).toEqual(new Uint8Array(0));
  });

  test('lists the allocated blocks of a backup in pages', async () => {
    const { stub, client } = await newVault();
    const disk = new SmallDisk();
    for (const index of [0, 7, 63]) disk.write(index, 40 + index);
    const id = crypto.randomUUID();
    await backUpTo(client, disk, id);
    const page = async (query: string) =>
      (await (await get(stub, `/blocks?backup=${id}${query}`)).json()) as AllocatedBlocks;
    const digests = host.kernel.hashBlocks(disk.content);
    const block = (blockIndex: number) => ({ blockIndex, digest: toHex(digestAt(digests, blockIndex)) });
    const size = { sizeBytes: disk.content.length, blockBytes: 65_536 };
    expect(await page('')).toEqual({ blocks: [0, 7, 63].map(block), next: null, ...size });
    expect(await page('&limit=2')).toEqual({ blocks: [0, 7].map(block), next: 63, ...size });
    expect(await page('&cursor=63')).toEqual({ blocks: [block(63)], next: null, ...size });
  });

  test('restores to a disk that has only the lease', async () => {
    const { client } = await newVault();
    const disk = new SmallDisk();
    for (let i = 0; i < 10; i++) disk.write(i * 6, 500 + i);
    const id = crypto.randomUUID();
    await backUpTo(client, disk, id);
    const leased = await client.lease('lease-1', id, disk.id);
    expect(leased).toEqual({ root: disk.root(), sizeBytes: disk.content.length, logicalBytes: 10 * BLOCK_BYTES });
    const source = new ObsObjectSource(new R2Obs(env.OBS), (refs) => client.locate(refs));
    const target = new Objects(new MemoryDiskStore().objects, host);
    const refs = disk.objects.store.scan(null, 1_000).refs.filter((ref) => ref.kind === Kind.block);
    expect(target.adopt(refs, await source.fetch(refs))).toEqual(refs.map(() => true));
    await client.release('lease-1');
  });

  test('answers bad requests in words and changes nothing', async () => {
    const { stub, client } = await newVault();
    const disk = new SmallDisk();
    disk.write(1, 5);
    const id = crypto.randomUUID();
    await backUpTo(client, disk, id);
    const faults: [string, number, DataFault['code']][] = [
      [`/bytes?backup=${id}&offset=1&length=512`, 400, 'unaligned'],
      [`/bytes?backup=${id}&offset=0&length=${disk.content.length + 512}`, 416, 'out-of-range'],
      [`/bytes?backup=${id}&offset=-512&length=512`, 416, 'out-of-range'],
      [`/bytes?backup=${id}&offset=0`, 416, 'out-of-range'],
      [`/bytes?backup=${crypto.randomUUID()}&offset=0&length=512`, 404, 'not-found'],
      [`/elsewhere?backup=${id}`, 404, 'not-found'],
    ];
    for (const [path, status, code] of faults) {
      const response = await get(stub, path);
      expect([path, response.status, ((await response.json()) as DataFault).code]).toEqual([path, status, code]);
    }
  });

  test('of another project is as if it were not there', async () => {
    const { vaultId, stub, client } = await newVault();
    const disk = new SmallDisk();
    disk.write(1, 5);
    const id = crypto.randomUUID();
    await backUpTo(client, disk, id);
    const foreign = vaultClient(env, FOREIGN, vaultId);
    for (const call of [
      () => foreign.begin({ ...disk.request(crypto.randomUUID()) }),
      () => foreign.lease('l', id, 'd'),
      () => foreign.locate([]),
      () => foreign.release('l'),
    ]) {
      await expect(call()).rejects.toMatchObject({ name: 'EngineError', code: 'not-found' });
    }
    expect((await get(stub, `/bytes?backup=${id}&offset=0&length=512`, FOREIGN)).status).toBe(404);
    expect(await stub.run(FOREIGN, 'j', { kind: 'create' })).toEqual({ state: 'gone' });
    expect(await stub.run(FOREIGN, 'j', { kind: 'deleteBackup', backupId: id })).toEqual({ state: 'gone' });
    expect(await stub.run(FOREIGN, 'j', { kind: 'delete' })).toEqual({ state: 'gone' });
    expect(await bytesOf(stub, id, 0, disk.content.length)).toEqual(disk.content);
  });

  test('that was never created writes nothing', async () => {
    const vaultId = crypto.randomUUID();
    const stub = vaultStub(vaultId);
    const client = vaultClient(env, PROJECT, vaultId);
    await expect(client.locate([])).rejects.toMatchObject({ code: 'not-found' });
    expect(await stub.run(PROJECT, 'j', { kind: 'delete' })).toEqual({ state: 'gone' });
    await stub.forget(PROJECT, 'j');
    expect((await get(stub, '/bytes?backup=x&offset=0&length=0')).status).toBe(404);
    await runInDurableObject(stub, (_vault, state) => {
      const tables = state.storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'");
      expect(tables.toArray()).toEqual([]);
    });
  });

  test('names what a damaged object took, and never serves it', async () => {
    const { stub, client } = await newVault();
    const disk = new SmallDisk();
    for (let i = 0; i < 4; i++) disk.write(i, 4 * i);
    const id = crypto.randomUUID();
    await backUpTo(client, disk, id);
    const ref: ObjectRef = { kind: Kind.block, digest: host.kernel.hash(disk.content.slice(0, BLOCK_BYTES)) };
    const [location] = await client.locate([ref]);
    const pack = new Uint8Array(await (await env.OBS.get(location!.key))!.arrayBuffer());
    pack[location!.offset + 77]! ^= 1;
    await env.OBS.put(location!.key, pack);
    const response = await get(stub, `/bytes?backup=${id}&offset=0&length=${BLOCK_BYTES}`);
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ code: 'damaged', ranges: [{ offset: 0, length: BLOCK_BYTES }] });
    // The read has told the vault already.
    expect(await client.report([ref])).toBe(0);
    expect(await backUpTo(client, disk, crypto.randomUUID())).toMatchObject({ objectCount: 1, incremental: false });
    await evictDurableObject(stub);
    expect(await bytesOf(stub, id, 0, disk.content.length)).toEqual(disk.content);
  });
});

describe('jobs', () => {
  test('deleting a backup is remembered until it is forgotten, and leaves the others', async () => {
    const { stub, client } = await newVault();
    const disk = new SmallDisk();
    for (let i = 0; i < 8; i++) disk.write(i, 70 + i);
    const [first, second] = [crypto.randomUUID(), crypto.randomUUID()];
    await backUpTo(client, disk, first);
    disk.write(2, 99);
    await backUpTo(client, disk, second);
    const job = { kind: 'deleteBackup', backupId: first } as const;
    const report = await stub.run(PROJECT, 'job-1', job);
    // The decision, the generation, the manifest.
    expect(report).toMatchObject({ state: 'done', result: { cost: { obsClassA: 1, obsClassB: 1, obsDeletes: 1 } } });
    expect(await stub.run(PROJECT, 'job-1', job)).toEqual(report);
    await stub.forget(PROJECT, 'job-1');
    expect(await stub.run(PROJECT, 'job-2', job)).toMatchObject({ state: 'done' });
    expect((await get(stub, `/bytes?backup=${first}&offset=0&length=512`)).status).toBe(404);
    expect(await bytesOf(stub, second, 0, disk.content.length)).toEqual(disk.content);
  });

  test('creating twice is once; deleting waits for leases, empties the vault and stays', async () => {
    const { vaultId, stub, client } = await newVault();
    expect(await stub.run(PROJECT, 'again', { kind: 'create' })).toMatchObject({ state: 'done' });
    const disk = new SmallDisk();
    disk.write(0, 5);
    const id = crypto.randomUUID();
    await backUpTo(client, disk, id);
    await client.lease('lease', id, disk.id);
    expect(await stub.run(PROJECT, 'del', { kind: 'delete' })).toMatchObject({ state: 'running' });
    await client.release('lease');
    for (let turn = 0; ; turn++) {
      expect(turn).toBeLessThan(10);
      if ((await stub.run(PROJECT, 'del', { kind: 'delete' })).state === 'gone') break;
    }
    const left = (await env.OBS.list({ prefix: `evs1/${PROJECT}/${vaultId}/` })).objects.map(({ key }) => key);
    expect(left).toEqual([expect.stringMatching(/generation\/0000000001$/), expect.stringMatching(/closed$/)]);
    await expect(client.locate([])).rejects.toMatchObject({ code: 'not-found' });
    // A create that comes late does not bring an empty vault back.
    expect(await stub.run(PROJECT, 'late', { kind: 'create' })).toMatchObject({ state: 'failed', code: 'not-found' });
    expect(await stub.run(PROJECT, 'del', { kind: 'delete' })).toEqual({ state: 'gone' });
  });
});

test('whether one more pack has room costs no look at every backup', async () => {
  const stub = env.STORE_HOST.get(env.STORE_HOST.newUniqueId());
  await runInDurableObject(stub, (_host, state) => {
    const store = new SqlVaultStore(state.storage);
    store.createTables();
    const label = { name: '', volumeId: '', volumeName: '', zone: '', createdMs: 1, automatic: false };
    const write = (id: number, backupState: BackupState) =>
      store.writeBackup({
        ...{ id: String(id), state: backupState, generation: 1, diskId: '', root: new Uint8Array(32) },
        ...{ sizeBytes: 1, allocatedBlocks: 1, committedMs: id, label },
        result: { logicalBytes: 1, storedBytes: 10, objectCount: 1, incremental: false },
      });
    const fits = (bytes: number, capacityBytes: number) => {
      const pack = { sessionId: 'none', uuid: crypto.randomUUID(), bytes };
      return () => refuseBeyond(store, pack, capacityBytes);
    };
    for (let id = 0; id < 50; id++) write(id, id % 5 === 0 ? 'deleted' : 'available');
    expect(fits(1, 400)).toThrow(/full/);
    const mark = store.meter.mark();
    expect(fits(1, 401)).not.toThrow();
    expect(store.meter.since(mark).rowsRead).toBeLessThan(5);
    // A commit, a deletion, and a commit that was rolled back.
    write(50, 'available');
    expect(fits(1, 410)).toThrow(/full/);
    write(1, 'deleting');
    expect(fits(1, 401)).not.toThrow();
    const failing = () =>
      store.transaction(() => {
        write(51, 'available');
        expect(fits(1, 401)).toThrow(/full/);
        throw new Error('rolled back');
      });
    expect(failing).toThrow('rolled back');
    expect(fits(1, 401)).not.toThrow();
    expect(fits(1, 400)).toThrow(/full/);
  });
});

test('a backup writes the rows that the memory store counts', async () => {
  const obs = new R2Obs(env.OBS);
  const disk = new SmallDisk();
  for (let i = 0; i < 20; i++) disk.write(i, 300 + i);
  const run = async (store: VaultStore & { createTables?(): void }): Promise<number> => {
    store.createTables?.();
    const core = new VaultCore({ store, obs, host, clock: { nowMs: () => Date.now() } });
    await core.create(PROJECT, crypto.randomUUID());
    const mark = store.meter.mark();
    await backUpTo(core, disk, crypto.randomUUID());
    return store.meter.since(mark).rowsWritten;
  };
  // 20 blocks, 4 pages, 2 packs.
  expect(await run(new MemoryVaultStore())).toBe(24 + 2 * 6 + 3);
  const stub = env.STORE_HOST.get(env.STORE_HOST.newUniqueId());
  const rows = await runInDurableObject(stub, (_host, state) => run(new SqlVaultStore(state.storage)));
  expect(rows).toBe(24 + 2 * 6 + 3);
});
