// What must hold in the repository's model whenever everybody waits, looked up past the engine's readers: rows, and the
// bytes that are really in object storage.

import { refKey } from '../../engine/memory/rows.ts';
import { Objects } from '../../engine/objects.ts';
import type { CheckReport } from '../../engine/repository/check.ts';
import { FrameCache } from '../../engine/repository/frame-cache.ts';
import { decodeRecord, type ManifestRecord, type VaultRecord } from '../../engine/repository/manifest.ts';
import { decodeEntries } from '../../engine/repository/pack-format.ts';
import { type BackupRow, type PackRow, PackState } from '../../engine/repository/ports.ts';
import { bytesEqual, type Digest, type ObjectRef, toHex } from '../../engine/types.ts';
import type { SimVault } from '../support/repository-machines.ts';
import type { Tree } from './repository-content.ts';
import { type ModelWorld, Violation } from './repository-world.ts';

export class Oracle {
  readonly #world: ModelWorld;
  /** Copies that were read and matched: `key offset digest`. Stored objects never change, so a damage fault must tell. */
  readonly #seen = new Set<string>();
  readonly #records = new Map<string, VaultRecord>();
  readonly #treesByRoot = new Map<string, Tree>();

  constructor(world: ModelWorld) {
    this.#world = world;
  }

  /** A stored object was edited: nothing that was read of it counts any more. */
  forget(key: string): void {
    for (const seen of this.#seen) if (seen.startsWith(`${key} `)) this.#seen.delete(seen);
    this.#records.delete(key);
  }

  /** Throws Violation. */
  async check(): Promise<void> {
    for (const vault of this.#world.vaults) {
      if (!vault.isOpen) continue;
      const visible = vault.store.listBackups().filter((row) => row.state === 'available');
      this.#checkVisible(vault, visible);
      await this.#checkRoots(vault, visible);
    }
    for (const disk of this.#world.disks) {
      if (disk.state !== 'here') continue;
      const { state } = disk.sim.disk;
      for (const id of state.upstreams.keys()) {
        const vault = this.#world.vaults.find((candidate) => candidate === disk.sim.held.get(id));
        if (!vault) throw new Violation(`${disk.sim.name} gave back a lease that it relies on`);
        if (vault.isOpen && vault.store.readLease(id) === null) {
          throw new Violation(`${vault.name} dropped a lease that ${disk.sim.name} relies on`);
        }
      }
    }
  }

  /** What is visible is what was backed up, and nothing that was deleted. */
  #checkVisible(vault: SimVault, rows: readonly BackupRow[]): void {
    const visible = new Set(rows.map((row) => row.id));
    for (const row of rows) {
      const model = this.#world.backups.get(row.id);
      if (!model || model.vault !== vault) throw new Violation(`backup ${row.id} was never made`);
      if (model.state === 'gone') throw new Violation(`backup ${row.id} is back after it was deleted`);
      this.#remember(model.content);
      if (!bytesEqual(row.root, this.#world.trees.of(model.content).root)) {
        throw new Violation(`backup ${row.id} holds something else than the disk did`);
      }
    }
    for (const model of this.#world.backups.values()) {
      if (model.vault === vault && model.state === 'available' && !visible.has(model.id)) {
        throw new Violation(`backup ${model.id} has disappeared`);
      }
    }
  }

  /** Everything that somebody was promised is there: of backups, of manifests that may yet be found, and of leases. */
  async #checkRoots(vault: SimVault, visible: readonly BackupRow[]): Promise<void> {
    const roots = new Map(visible.map((row) => [toHex(row.root), `backup ${row.id}`]));
    for (const { id, state, parent } of vault.store.listSessions()) {
      if (state === 'open' && parent) roots.set(toHex(parent.root), `the parent of session ${id}`);
    }
    for (const lease of vault.store.listLeases()) roots.set(toHex(lease.root), `lease ${lease.id}`);
    for (const { backupId, root } of await this.#promised(vault)) {
      if (this.#world.backups.get(backupId)?.state === 'gone') {
        throw new Violation(`a rebuild would bring backup ${backupId} back, though it was deleted`);
      }
      roots.set(root, `the manifest of ${backupId}`);
    }
    const refs = new Map<string, { ref: ObjectRef; of: string }>();
    for (const [root, of] of roots) {
      for (const ref of this.#tree(root, of).refs) refs.set(refKey(ref), { ref, of });
    }
    const wanted = [...refs.values()];
    const entries = vault.store.index.lookup(wanted.map(({ ref }) => ref));
    const packs = new Map<number, PackRow | null>();
    for (let i = 0; i < wanted.length; i++) {
      const { ref, of } = wanted[i]!;
      const entry = entries[i];
      const isExcused = this.#world.damaged.has(damageKey(vault, ref.digest));
      if (!entry) {
        if (isExcused) continue;
        throw new Violation(`${of}: ${nameOf(ref)} is not in the index`);
      }
      if (!packs.has(entry.packNo)) packs.set(entry.packNo, vault.store.readPacks([entry.packNo])[0] ?? null);
      const pack = packs.get(entry.packNo);
      if (pack?.state !== PackState.live) throw new Violation(`${of}: ${nameOf(ref)} is in a pack that is not live`);
      const key = vault.core.context.keys().pack(pack.generation, pack.kind, pack.uuid);
      const isGood = await this.#isStored(key, entry.offset, entry.length, entry.encoding, ref);
      if (!isGood && !isExcused) throw new Violation(`${of}: ${nameOf(ref)} is not in object storage`);
    }
  }

  /** What a check says is damaged was damaged. Throws Violation. */
  judge(vault: SimVault, report: CheckReport): void {
    const { damaged, damagedKeys } = this.#world;
    const wrong = (what: string) => {
      throw new Violation(`a check of ${vault.name} finds ${what}, which nothing has damaged`);
    };
    for (const { key, problem } of report.damagedPacks.first) if (!damagedKeys.has(key)) wrong(`${problem} in ${key}`);
    for (const { digest } of report.badObjects.first) if (!damaged.has(`${vault.name} ${digest}`)) wrong(digest);
    for (const { key, reason } of report.damagedManifests.first) wrong(`${key}: ${reason}`);
    for (const { backupId, digests } of report.damagedBackups.first) {
      if (!digests.some((digest) => damaged.has(`${vault.name} ${digest}`))) wrong(`damage in backup ${backupId}`);
    }
  }

  /** After everything has ended and was pruned: no session, no lease, no object that no backup needs. */
  async checkNothingLeft(vault: SimVault): Promise<void> {
    const { store } = vault;
    if (store.listSessions().length > 0) throw new Violation(`${vault.name} has a session that nobody ends`);
    if (store.listLeases().length > 0) throw new Violation(`${vault.name} has a lease that nobody holds`);
    const rows = store.listBackups().filter((row) => row.state === 'available');
    const needed = new Set(rows.flatMap((row) => this.#tree(toHex(row.root), row.id).refs.map(refKey)));
    const names = vault.core.context.keys();
    const expected = new Set<string>();
    for (const pack of store.listPacks(0, 10_000)) {
      expected.add(names.pack(pack.generation, pack.kind, pack.uuid));
      const entries = decodeEntries(store.readPackDirectory(pack.no) ?? new Uint8Array(0));
      const found = store.index.lookup(entries);
      const isUsed = entries.every((entry, i) => needed.has(refKey(entry)) && found[i]?.packNo === pack.no);
      if (!isUsed || entries.length === 0) throw new Violation(`pack ${pack.no} holds what no backup needs`);
    }
    for (const row of rows) expected.add(names.manifest(row.generation, row.id));
    for (const key of await this.keys(names.prefix)) {
      if (expected.has(key) || (await this.#isDecision(key))) continue;
      throw new Violation(`${key} is left in object storage`);
    }
  }

  /** A record of something that was decided: it stays for ever. */
  async #isDecision(key: string): Promise<boolean> {
    const bytes = await this.#world.ports.obs.get(key);
    if (bytes === null || /\/(blocks|pages)\//.test(key)) return false;
    return decodeRecord(this.#world.ports.host.kernel, bytes).kind !== 'manifest';
  }

  async #isStored(key: string, offset: number, length: number, encoding: number, ref: ObjectRef): Promise<boolean> {
    const mark = `${key} ${offset} ${toHex(ref.digest)}`;
    if (this.#seen.has(mark)) return true;
    const { obs, host } = this.#world.ports;
    const bytes = await obs.getRange(key, offset, length).catch(() => null);
    const objects = new Objects(new FrameCache(Number.POSITIVE_INFINITY), host);
    const [isGood] = objects.adopt([ref], [bytes && { encoding, bytes }]);
    if (isGood) this.#seen.add(mark);
    return isGood!;
  }

  /** Manifests in object storage that a rebuild would believe: of this generation, and those that it took over. */
  async #promised(vault: SimVault): Promise<ManifestRecord[]> {
    const { generation } = vault.store.readMeta()!;
    const names = vault.core.context.keys();
    const all = await this.keys(names.prefix);
    const deleted = new Set(all.filter((key) => key.includes('/deleted/')).map((key) => key.split('/').at(-1)));
    const inherited = await this.#record(names.inherited(generation));
    const taken = inherited?.kind === 'inherited' ? inherited.backups : [];
    const keys = [
      ...all.filter((key) => key.startsWith(names.folder(generation, 'manifest'))),
      ...taken.map((backup) => names.manifest(backup.generation, backup.backupId)),
    ];
    const records = await Promise.all(
      keys.filter((key) => !deleted.has(key.split('/').at(-1))).map((key) => this.#record(key)),
    );
    return records.flatMap((record) => (record?.kind === 'manifest' ? record : []));
  }

  /** A record, read once; null where there is none yet. */
  async #record(key: string): Promise<VaultRecord | null> {
    const known = this.#records.get(key);
    if (known) return known;
    const bytes = await this.#world.ports.obs.get(key);
    if (bytes === null) return null;
    const record = decodeRecord(this.#world.ports.host.kernel, bytes);
    this.#records.set(key, record);
    return record;
  }

  /** All keys in object storage under a prefix. */
  async keys(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    for (let cursor: string | null = null; ; ) {
      const page: { keys: string[]; cursor: string | null } = await this.#world.ports.obs.list(prefix, cursor);
      keys.push(...page.keys);
      cursor = page.cursor;
      if (cursor === null) return keys;
    }
  }

  #remember(content: readonly number[]): void {
    const tree = this.#world.trees.of(content);
    this.#treesByRoot.set(toHex(tree.root), tree);
  }

  #tree(root: string, of: string): Tree {
    if (!this.#treesByRoot.has(root)) {
      for (const backup of this.#world.backups.values()) this.#remember(backup.content);
    }
    const tree = this.#treesByRoot.get(root);
    if (!tree) throw new Violation(`${of} holds what no disk ever held`);
    return tree;
  }
}

export function damageKey(vault: SimVault, digest: Digest): string {
  return `${vault.name} ${toHex(digest)}`;
}

function nameOf(ref: ObjectRef): string {
  return `${ref.kind === 0 ? 'block' : 'page'} ${toHex(ref.digest).slice(0, 12)}`;
}
