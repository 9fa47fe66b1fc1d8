// A world for repository tests: disks as maps of blocks, one vault on memory stores, and a way to crash anywhere.

import { createHash } from 'node:crypto';
import { MemoryDiskStore } from '../../engine/memory/disk-store.ts';
import { MemoryObs } from '../../engine/memory/obs.ts';
import { MemoryVaultStore } from '../../engine/memory/vault-store.ts';
import { digestAt, Objects } from '../../engine/objects.ts';
import type { Obs } from '../../engine/ports.ts';
import { type BackupPorts, type BackupRequest, backUp } from '../../engine/repository/backup.ts';
import { decodeRecord, type ManifestRecord } from '../../engine/repository/manifest.ts';
import { decodeEntries } from '../../engine/repository/pack-format.ts';
import type { BackupResult, VaultClient } from '../../engine/repository/ports.ts';
import { BackupReader } from '../../engine/repository/reader.ts';
import { VaultCore } from '../../engine/repository/vault.ts';
import { verifyBackup } from '../../engine/repository/verify.ts';
import {
  BLOCK_BYTES,
  type Digest,
  fromHex,
  HOLE,
  isHole,
  Kind,
  type ObjectRef,
  PAGE_BYTES,
  PAGE_CHILDREN,
  TREE_LEVELS,
  toHex,
} from '../../engine/types.ts';
import { randomBytes } from '../conformance/data.ts';
import { testHost } from './host.ts';

export const host = testHost();
export const sha256 = async (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest());

/** Eight blocks: few enough that a handful of objects makes several packs. */
export const SMALL_PACK = 8 * BLOCK_BYTES;
export const PROJECT = 'a0000000000000000000000000000001';
export const VAULT = '00000000-0000-4000-8000-0000000000aa';

/** A UUID by number. */
export function uuid(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

/** A block that is different for each seed. */
export function block(seed: number): Uint8Array {
  return randomBytes(seed, BLOCK_BYTES);
}

/** A disk without a log: blocks by index, and the tree over them. */
export class TestDisk {
  readonly id: string;
  readonly sizeBytes: number;
  readonly store = new MemoryDiskStore();
  readonly objects = new Objects(this.store.objects, host);
  readonly blocks = new Map<number, Digest>();
  #root: Digest | null = null;

  constructor(id: string, sizeBlocks = 2 * 65_536) {
    this.id = id;
    this.sizeBytes = sizeBlocks * BLOCK_BYTES;
  }

  /** Puts the block of `seed` at an index; seed 0 is zeros. */
  write(blockIndex: number, seed: number): void {
    this.writeBytes(blockIndex, seed === 0 ? new Uint8Array(BLOCK_BYTES) : block(seed));
  }

  writeBytes(blockIndex: number, content: Uint8Array): void {
    const [digest] = this.objects.insert(Kind.block, [content]);
    if (isHole(digest!)) this.blocks.delete(blockIndex);
    else this.blocks.set(blockIndex, digest!);
    this.#root = null;
  }

  /** Stores the pages over the blocks, once after each change, and returns the root. */
  root(): Digest {
    this.#root ??= this.#build();
    return this.#root;
  }

  #build(): Digest {
    let level = new Map(this.blocks);
    for (let height = 0; height < TREE_LEVELS; height++) {
      const pages = new Map<number, Uint8Array>();
      for (const [index, digest] of level) {
        const at = Math.floor(index / PAGE_CHILDREN);
        const page = pages.get(at) ?? new Uint8Array(PAGE_BYTES);
        page.set(digest, (index % PAGE_CHILDREN) * digest.length);
        pages.set(at, page);
      }
      const digests = this.objects.insert(Kind.page, [...pages.values()]);
      level = new Map([...pages.keys()].map((at, i) => [at, digests[i]!]));
    }
    return level.get(0) ?? HOLE;
  }

  /** What a backup of now must restore: digests by block index, in order. */
  content(): [number, string][] {
    return [...this.blocks].sort((a, b) => a[0] - b[0]).map(([index, digest]) => [index, toHex(digest)]);
  }
}

/** A crash is an error that nobody expects. */
export class Crash extends Error {}

/** Counts awaits, and ends the world at one of them: before its effect, or after it. */
export class CrashPlan {
  count = 0;
  isDead = false;
  readonly at: number;
  readonly when: 'before' | 'after';
  readonly #isFatal: boolean;

  /** `isFatal` false: that one call fails, or its answer is lost, and everybody lives on. */
  constructor(at: number, when: 'before' | 'after' = 'before', isFatal = true) {
    this.at = at;
    this.when = when;
    this.#isFatal = isFatal;
  }

  /** `target` with each of its calls counted. What runs when the crash comes is finished; nothing more is begun. */
  wrap<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (object, name) => {
        const member = Reflect.get(object, name) as unknown;
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          if (this.isDead) throw new Crash('dead');
          const isHere = this.count++ === this.at;
          if (isHere && this.when === 'before') this.#die();
          const result: unknown = await member.apply(object, args);
          if (isHere) this.#die();
          return result;
        };
      },
    });
  }

  #die(): never {
    this.isDead = this.#isFatal;
    throw new Crash('crashed');
  }
}

export const NEVER = Number.POSITIVE_INFINITY;

export class World {
  readonly store: MemoryVaultStore;
  readonly obs: MemoryObs;
  #uuids: number;
  #nowMs: number;

  constructor(origin?: World) {
    this.store = origin?.store.fork() ?? new MemoryVaultStore();
    this.obs = origin?.obs.fork() ?? new MemoryObs({ sha256: sha256Sync, pageKeys: 3 });
    this.#uuids = origin ? origin.#uuids : 1_000_000;
    this.#nowMs = origin ? origin.#nowMs : 1_000;
  }

  /** A world with a vault in it. */
  static async make(): Promise<World> {
    const world = new World();
    await world.vault().create(PROJECT, VAULT);
    return world;
  }

  fork(): World {
    return new World(this);
  }

  /** A Vault as after a restart: nothing in memory. */
  vault(obs: Obs = this.obs): VaultCore {
    return new VaultCore({ store: this.store, obs, host, clock: { nowMs: () => ++this.#nowMs } });
  }

  request(disk: TestDisk, backupId: string, full = false): BackupRequest {
    const label = {
      ...{ name: 'nightly', volumeId: disk.id, volumeName: 'data', zone: 'zone-1' },
      ...{ createdMs: 5, automatic: false },
    };
    return { backupId, diskId: disk.id, root: disk.root(), sizeBytes: disk.sizeBytes, full, label };
  }

  ports(disk: TestDisk, changes: Partial<BackupPorts> = {}): BackupPorts {
    return {
      ...{ objects: disk.objects, host, vault: this.vault(), obs: this.obs, sha256, packTargetBytes: SMALL_PACK },
      random: { uuid: () => uuid(++this.#uuids) },
      ...changes,
    };
  }

  async backUp(disk: TestDisk, backupId: string, full = false, changes: Partial<BackupPorts> = {}) {
    return backUp(this.ports(disk, changes), this.request(disk, backupId, full));
  }

  /** One run in which everything, Disk and Vault, ends at the plan's await. null: it did. */
  async backUpUntil(plan: CrashPlan, disk: TestDisk, backupId: string): Promise<BackupResult | null> {
    const vault: VaultClient = plan.wrap(this.vault(plan.wrap(this.obs)));
    try {
      return await this.backUp(disk, backupId, false, { vault, obs: plan.wrap(this.obs) });
    } catch (error) {
      if (error instanceof Crash) return null;
      throw error;
    }
  }

  reader(backupId: string): BackupReader {
    const vault = this.vault();
    return new BackupReader(host, vault.context.source, vault.available(backupId));
  }

  /** Digests of a backup's blocks, after every byte was read from object storage and checked. */
  async content(backupId: string): Promise<[number, string][]> {
    const vault = this.vault();
    const row = vault.available(backupId);
    const { damaged } = await verifyBackup(vault.context, row, 'bytes');
    if (damaged.length > 0) throw new Error(`backup is damaged: ${JSON.stringify(damaged)}`);
    const { blocks } = await this.reader(backupId).blocks(0, 1_000_000);
    return blocks.map(({ blockIndex, digest }) => [blockIndex, toHex(digest)]);
  }

  async keys(part: string): Promise<string[]> {
    const keys: string[] = [];
    for (let cursor: string | null = null; ; ) {
      const page: Awaited<ReturnType<Obs['list']>> = await this.obs.list('evs1/', cursor);
      keys.push(...page.keys.filter((key) => key.includes(part)));
      cursor = page.cursor;
      if (cursor === null) return keys;
    }
  }

  /** Manifests that count: real ones, of backups that were not deleted. */
  async manifests(): Promise<ManifestRecord[]> {
    const deleted = (await this.keys('/deleted/')).map((key) => key.split('/').at(-1)!);
    const records = await Promise.all(
      (await this.keys('/manifest/')).map(async (key) => decodeRecord(host.kernel, (await this.obs.get(key))!)),
    );
    return records.filter((record) => record.kind === 'manifest').filter(({ backupId }) => !deleted.includes(backupId));
  }

  /**
   * What must hold at any moment, whatever crashed: a visible backup has a manifest and restores; a manifest's root is
   * complete, visible or not; a page in the index has all its children in the index.
   */
  async check(): Promise<void> {
    const vault = this.vault();
    const manifests = await this.manifests();
    const named = new Set(manifests.map((record) => record.backupId));
    for (const { id } of vault.list()) if (!named.has(id)) throw new Error(`backup ${id} has no manifest`);
    for (const { root, sizeBytes, backupId } of manifests) {
      const { damaged } = await verifyBackup(vault.context, { root: fromHex(root), sizeBytes }, 'bytes');
      if (damaged.length > 0) throw new Error(`manifest of ${backupId} promises what is not there`);
    }
    await this.#checkClosed();
  }

  async #checkClosed(): Promise<void> {
    const { context } = this.vault();
    const { index } = this.store;
    for (const pack of this.store.listPacks(0, 1_000_000)) {
      const entries = decodeEntries(this.store.readPackDirectory(pack.no) ?? new Uint8Array(0));
      const pages = entries.filter((entry, i) => entry.kind === Kind.page && index.lookup([entry])[0]?.slot === i);
      const frames = await context.source.fetch(pages);
      for (const frame of frames) {
        const children = Array.from({ length: PAGE_CHILDREN }, (_, i) => digestAt(frame!.bytes, i)).filter(
          (digest) => !isHole(digest),
        );
        const as = (kind: Kind) => index.lookup(children.map((digest): ObjectRef => ({ kind, digest })));
        const [blocks, below] = [as(Kind.block), as(Kind.page)];
        if (children.some((_, i) => !blocks[i] && !below[i])) throw new Error('a page came before its children');
      }
    }
  }
}

function sha256Sync(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
