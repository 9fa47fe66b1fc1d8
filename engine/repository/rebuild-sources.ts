// What a rebuild reads in object storage: one kind of key after the other, and what each key means for the new rows.
//
// The order matters while an old Vault may still be putting its last objects. Condemned packs come before packs: a prune
// copies what is live into new packs before it condemns the old ones, so whoever sees the names finds the copies. Manifests
// come before packs: what a manifest promises was put before it.

import { EngineError } from '../errors.ts';
import { Objects } from '../objects.ts';
import { objectBytes } from '../types.ts';
import { availableRow, tombstone } from './decisions.ts';
import { FrameCache } from './frame-cache.ts';
import { type Folder, type PackName, uuidOf, type VaultKeys } from './keys.ts';
import { decodeRecord, type VaultRecord } from './manifest.ts';
import { encodeEntries, PACK_ENTRIES_MAX } from './pack-format.ts';
import { type PackContents, readPack } from './pack-reader.ts';
import { type PackEntry, PackState, type VaultStore } from './ports.ts';
import { note, type RebuildReport } from './rebuild-report.ts';
import type { Span } from './rebuild-takeover.ts';
import type { VaultContext } from './vault-context.ts';

/** A backup whose manifest is there and cannot be read. */
export interface Unreadable {
  readonly backupId: string;
  readonly generation: number;
}

/** What the rows, and the report, learn of one key: applied in one transaction with the rebuild's own progress. */
export type Apply = (report: RebuildReport, unreadable: Unreadable[]) => void;

/** One folder of keys. */
export interface Source {
  readonly prefix: string;
  /** Reads what a key names, and says what follows from it. Throws when object storage cannot be reached. */
  take(key: string): Promise<Apply>;
}

/** Frames of a scanned pack that are decoded at once: 1 MiB. */
const VERIFY_GROUP = 16;

/** Pack rows read at once. */
const PACK_ROWS = 1_000;

const NOTHING: Apply = () => undefined;

export class RebuildSources {
  /** In the order in which they are to be read. */
  readonly list: readonly Source[];
  readonly #vault: VaultContext;
  readonly #span: Span;
  /** Where the manifest of each backup is that the base generation took over; null when nobody knows. Read once. */
  #inherited: Promise<ReadonlyMap<string, number> | null> | null = null;
  /** Keys of packs that nobody may rely on. Known when the first pack is looked at. */
  #condemned: ReadonlySet<string> | null = null;

  constructor(vault: VaultContext, span: Span) {
    this.#vault = vault;
    this.#span = span;
    const inAll = (folder: Folder, take: (key: string, generation: number) => Promise<Apply>): Source[] =>
      Array.from({ length: span.until }, (_, i) => ({
        prefix: vault.keys().folder(i + 1, folder),
        take: (key) => take(key, i + 1),
      }));
    const pack = (key: string) => this.#takePack(key);
    // Of each, earlier generations first: what a later one says of a backup replaces it.
    this.list = [
      ...inAll('condemned', (key) => this.#takeCondemned(key)),
      ...inAll('deleted', (key, generation) => this.#takeDeleted(key, generation)),
      ...inAll('manifest', (key, generation) => this.#takeManifest(key, generation)),
      ...inAll('blocks', pack),
      ...inAll('pages', pack),
    ];
  }

  async #takeCondemned(key: string): Promise<Apply> {
    const record = await this.#record(key, 'condemned');
    if (record.kind !== 'condemned') return unreadableRecord(key, record.reason);
    const { store } = this.#vault;
    const named = record.packs.flatMap((pack) => this.#vault.keys().packNamed(pack) ?? []);
    return (report) => {
      for (const pack of named) {
        store.addPack({ ...pack, state: PackState.condemned, bytes: 0, deadBytes: 0, touchedEpoch: 0 });
      }
      report.condemnedPacks += named.length;
    };
  }

  /** The key says it all: the backup does not count, whatever the record's bytes have become. */
  async #takeDeleted(key: string, generation: number): Promise<Apply> {
    const backupId = uuidOf(key);
    if (backupId === null) return NOTHING;
    // What an earlier generation decided, and the base did not take over: the replaced Vault told nobody, and it is void.
    if (generation < this.#span.base && (await this.inherited())?.has(backupId)) return NOTHING;
    return () => this.#vault.store.writeBackup(tombstone(backupId, 'deleted', generation));
  }

  async #takeManifest(key: string, generation: number): Promise<Apply> {
    const { store, obs } = this.#vault;
    const backupId = uuidOf(key);
    if (backupId === null) return NOTHING;
    const inherited = await this.inherited();
    const known = store.readBackup(backupId);
    const counts = generation >= this.#span.base || inherited === null || inherited.get(backupId) === generation;
    if (counts && known?.state === 'deleted' && (known.generation >= this.#span.base || inherited === null)) {
      await obs.delete([key]);
      return NOTHING;
    }
    const record = await this.#record(key, 'manifest', 'aborted');
    if (record.kind === 'aborted') return () => store.writeBackup(tombstone(backupId, 'aborted', generation));
    // Put by a Vault that had been replaced: it was never acknowledged, and its packs may be gone.
    if (!counts) return NOTHING;
    const reason = record.kind === 'unreadable' ? record.reason : this.#misplaced(record, backupId);
    if (record.kind === 'unreadable' || reason !== null) {
      return (report, unreadable) => {
        note(report.damagedRecords, { key, reason: reason! });
        unreadable.push({ backupId, generation });
      };
    }
    return (report) => {
      store.writeBackup(availableRow(record, generation));
      report.backups += 1;
    };
  }

  #misplaced(record: { projectId: string; vaultId: string; backupId: string }, backupId: string): string | null {
    const { projectId, vaultId } = this.#vault.meta();
    const fits = record.projectId === projectId && record.vaultId === vaultId && record.backupId === backupId;
    return fits ? null : 'it is the manifest of another backup';
  }

  /**
   * Which backups the base generation took over, and where their manifests are. null: its record cannot be read. Then all
   * manifests of earlier generations count, and so do all deletions: a backup too many is found to be damaged, if it is.
   */
  inherited(): Promise<ReadonlyMap<string, number> | null> {
    this.#inherited ??= this.#readInherited();
    return this.#inherited;
  }

  async #readInherited(): Promise<ReadonlyMap<string, number> | null> {
    if (this.#span.base === 1) return new Map();
    const record = await this.#record(this.#vault.keys().inherited(this.#span.base), 'inherited');
    if (record.kind !== 'inherited') return null;
    return new Map(record.backups.map(({ backupId, generation }) => [backupId, generation]));
  }

  async #takePack(key: string): Promise<Apply> {
    const { obs, host, store } = this.#vault;
    const name = this.#vault.keys().packNamed(key);
    if (name === null || this.#isCondemned(key)) return NOTHING;
    const contents = await readPack(obs, host.kernel, key);
    if (contents === null) return (report) => note(report.damagedPacks, { key, objectsFound: 0 });
    const claimed = contents.entries.filter((entry) => fits(entry, name, contents)).slice(0, PACK_ENTRIES_MAX);
    const entries = contents.bytes === undefined ? claimed : await this.#verified(claimed, contents.bytes);
    return (report) => {
      const bytes = contents.sizeBytes;
      const touchedEpoch = this.#vault.meta().epoch;
      const pack = store.addPack({ ...name, state: PackState.live, bytes, deadBytes: 0, touchedEpoch });
      const added = store.index.add(entries.map((entry, slot) => ({ ...entry, packNo: pack.no, slot })));
      store.writePackDirectory(pack.no, encodeEntries(entries));
      const deadBytes = entries.reduce((sum, entry, i) => sum + (added[i] ? 0 : entry.length), 0);
      if (deadBytes > 0) store.updatePack({ ...pack, deadBytes });
      report.packs += 1;
      report.packBytes += bytes;
      report.objects += added.filter(Boolean).length;
      if (contents.foundBy === 'scan') note(report.damagedPacks, { key, objectsFound: entries.length });
    };
  }

  #isCondemned(key: string): boolean {
    this.#condemned ??= new Set(condemnedKeys(this.#vault.store, this.#vault.keys()));
    return this.#condemned.has(key);
  }

  /** Entries of a scanned pack whose bytes are what their header says: only a trailer's hash vouches for the others. */
  async #verified(entries: readonly PackEntry[], pack: Uint8Array): Promise<PackEntry[]> {
    const good: PackEntry[] = [];
    for (let at = 0; at < entries.length; at += VERIFY_GROUP) {
      const group = entries.slice(at, at + VERIFY_GROUP);
      const frames = group.map(({ encoding, offset, length }) => {
        return { encoding, bytes: pack.slice(offset, offset + length) };
      });
      const cache = new FrameCache(group.reduce((sum, entry) => sum + objectBytes(entry.kind), 0));
      const isGood = new Objects(cache, this.#vault.host).adopt(group, frames);
      good.push(...group.filter((_, i) => isGood[i]));
      await this.#vault.pause();
    }
    return good;
  }

  /** The record at `key` if it is of one of these kinds. Throws `format` for a newer program's. */
  async #record<K extends VaultRecord['kind']>(
    key: string,
    ...kinds: readonly K[]
  ): Promise<Extract<VaultRecord, { kind: K }> | { readonly kind: 'unreadable'; readonly reason: string }> {
    const bytes = await this.#vault.obs.get(key);
    if (bytes === null) return { kind: 'unreadable', reason: 'it is gone' };
    try {
      const record = decodeRecord(this.#vault.host.kernel, bytes);
      const isExpected = (kinds as readonly string[]).includes(record.kind);
      if (isExpected) return record as Extract<VaultRecord, { kind: K }>;
      return { kind: 'unreadable', reason: `it is a record of kind ${record.kind}` };
    } catch (error) {
      if (error instanceof EngineError && error.code === 'damaged')
        return { kind: 'unreadable', reason: error.message };
      throw error;
    }
  }
}

function* condemnedKeys(store: VaultStore, keys: VaultKeys): Generator<string> {
  for (let after = 0; ; ) {
    const rows = store.listPacks(after, PACK_ROWS);
    for (const row of rows) {
      if (row.state === PackState.condemned) yield keys.pack(row.generation, row.kind, row.uuid);
    }
    if (rows.length < PACK_ROWS) return;
    after = rows.at(-1)!.no;
  }
}

function unreadableRecord(key: string, reason: string): Apply {
  return (report) => note(report.damagedRecords, { key, reason });
}

function fits(entry: PackEntry, name: PackName, contents: PackContents): boolean {
  return entry.kind === name.kind && entry.offset + entry.length <= contents.sizeBytes;
}
