// VaultStore in memory: for property tests, drills and the browser. Rows are counted as a Durable Object's SQLite bills
// them: one written for each row inserted, updated or deleted, one read for each row that a look-up visits.

import { Meter } from '../cost.ts';
import { TRAILER_ENTRY_BYTES } from '../repository/pack-format.ts';
import {
  type BackupRow,
  type IndexEntry,
  type LeaseRow,
  type PackIndex,
  type PackRow,
  PackState,
  type SessionRow,
  type VaultMeta,
  type VaultStore,
} from '../repository/ports.ts';
import type { Kind, ObjectRef } from '../types.ts';
import { fromHex, toHex } from '../types.ts';
import { checkRowBytes } from './rows.ts';
import { Table } from './table.ts';

/** Which packs a session reserved: `session uuid` to number. */
type SessionPacks = Table<string, number>;

/** The tables of a vault; values are never changed in place. */
class Tables {
  readonly meta: Table<0, VaultMeta>;
  readonly packs: Table<number, PackRow>;
  readonly directories: Table<number, Uint8Array>;
  readonly objects: Table<string, IndexEntry>;
  readonly backups: Table<string, BackupRow>;
  readonly sessions: Table<string, SessionRow>;
  readonly sessionPacks: SessionPacks;
  readonly leases: Table<string, LeaseRow>;
  readonly bad: Table<string, Kind>;
  readonly progress: Table<string, string>;
  readonly lastPack: Table<0, number>;

  constructor(origin?: Tables) {
    this.meta = origin?.meta.fork() ?? new Table();
    this.packs = origin?.packs.fork() ?? new Table();
    this.directories = origin?.directories.fork() ?? new Table();
    this.objects = origin?.objects.fork() ?? new Table();
    this.backups = origin?.backups.fork() ?? new Table();
    this.sessions = origin?.sessions.fork() ?? new Table();
    this.sessionPacks = origin?.sessionPacks.fork() ?? new Table();
    this.leases = origin?.leases.fork() ?? new Table();
    this.bad = origin?.bad.fork() ?? new Table();
    this.progress = origin?.progress.fork() ?? new Table();
    this.lastPack = origin?.lastPack.fork() ?? new Table();
  }

  all(): { begin(): void; commit(): void; rollback(): void }[] {
    return Object.values(this);
  }
}

/** Rows are copied in and out, as with a database. */
export class MemoryVaultStore implements VaultStore {
  readonly meter = new Meter();
  readonly index: PackIndex;
  readonly #tables: Tables;
  #inTransaction = false;

  /** An empty store, or an independent copy of another (see `fork`). */
  constructor(origin?: MemoryVaultStore) {
    this.#tables = new Tables(origin ? origin.#tables : undefined);
    this.index = new MemoryPackIndex(this.#tables.objects, this.meter);
  }

  /** What a crash leaves behind: an independent store with everything committed so far, and a meter of its own. */
  fork(): MemoryVaultStore {
    return new MemoryVaultStore(this);
  }

  transaction<T>(body: () => T): T {
    if (this.#inTransaction) throw new Error('vault store: transactions do not nest');
    this.#inTransaction = true;
    for (const table of this.#tables.all()) table.begin();
    try {
      const result = body();
      for (const table of this.#tables.all()) table.commit();
      return result;
    } catch (error) {
      for (const table of this.#tables.all()) table.rollback();
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  readMeta(): VaultMeta | null {
    return this.#get(this.#tables.meta, 0);
  }

  writeMeta(meta: VaultMeta): void {
    this.#set(this.#tables.meta, 0, meta);
  }

  reset(): void {
    const { meta, packs, directories, objects, backups, sessions, sessionPacks, bad, progress } = this.#tables;
    for (const table of [meta, packs, directories, objects, backups, sessions, sessionPacks, bad, progress]) {
      for (const key of [...table.keys()]) this.#delete(table as Table<unknown, unknown>, key);
    }
  }

  readProgress(job: string): string | null {
    return this.#get(this.#tables.progress, job);
  }

  writeProgress(job: string, progress: string | null): void {
    if (progress === null) this.#delete(this.#tables.progress, job);
    else this.#set(this.#tables.progress, job, progress);
  }

  addPack(pack: Omit<PackRow, 'no'>): PackRow {
    const row = { ...pack, no: this.#lastPackNo() + 1 };
    this.#set(this.#tables.packs, row.no, row);
    return row;
  }

  deletePacks(nos: readonly number[]): void {
    if (nos.length === 0) return;
    this.#set(this.#tables.lastPack, 0, this.#lastPackNo());
    for (const no of nos) {
      this.#delete(this.#tables.packs, no);
      this.#delete(this.#tables.directories, no);
    }
  }

  /** The largest number that a pack ever had. */
  #lastPackNo(): number {
    return Math.max(this.#tables.lastPack.get(0) ?? 0, ...this.#tables.packs.keys());
  }

  countPackObjects(no: number): number {
    return (this.#get(this.#tables.directories, no)?.length ?? 0) / TRAILER_ENTRY_BYTES;
  }

  insertPack(sessionId: string, pack: Pick<PackRow, 'uuid' | 'generation' | 'kind' | 'touchedEpoch'>): PackRow {
    const row = this.addPack({ ...pack, state: PackState.pending, bytes: 0, deadBytes: 0 });
    this.#set(this.#tables.sessionPacks, `${sessionId} ${pack.uuid}`, row.no);
    return row;
  }

  findSessionPack(sessionId: string, packUuid: string): PackRow | null {
    const no = this.#get(this.#tables.sessionPacks, `${sessionId} ${packUuid}`);
    return no === null ? null : this.#get(this.#tables.packs, no);
  }

  listSessionPacks(sessionId: string): PackRow[] {
    const nos = [...this.#tables.sessionPacks.keys()]
      .filter((key) => key.startsWith(`${sessionId} `))
      .map((key) => this.#get(this.#tables.sessionPacks, key)!);
    return this.readPacks(nos.sort((a, b) => a - b)).flatMap((row) => row ?? []);
  }

  readPacks(nos: readonly number[]): (PackRow | null)[] {
    return nos.map((no) => this.#get(this.#tables.packs, no));
  }

  updatePack({ no, state, bytes, deadBytes, touchedEpoch }: PackRow): void {
    const row = this.#tables.packs.get(no);
    if (row) this.#set(this.#tables.packs, no, { ...row, state, bytes, deadBytes, touchedEpoch });
  }

  writePackDirectory(no: number, directory: Uint8Array): void {
    checkRowBytes('pack directory', directory.length);
    this.#set(this.#tables.directories, no, directory);
  }

  readPackDirectory(no: number): Uint8Array | null {
    return this.#get(this.#tables.directories, no);
  }

  listPacks(afterNo: number, limit: number): PackRow[] {
    const nos = [...this.#tables.packs.keys()].filter((no) => no > afterNo).sort((a, b) => a - b);
    return this.readPacks(nos.slice(0, limit)).flatMap((row) => row ?? []);
  }

  readBackup(id: string): BackupRow | null {
    return this.#get(this.#tables.backups, id);
  }

  writeBackup(row: BackupRow): void {
    this.#set(this.#tables.backups, row.id, row);
  }

  listBackups(): BackupRow[] {
    return this.#list(this.#tables.backups);
  }

  newestBackup(diskId: string): BackupRow | null {
    const rows = this.listBackups().filter((row) => row.diskId === diskId && row.state === 'available');
    return rows.sort((a, b) => a.committedMs - b.committedMs || (a.id < b.id ? -1 : 1)).at(-1) ?? null;
  }

  readSession(id: string): SessionRow | null {
    return this.#get(this.#tables.sessions, id);
  }

  listSessions(): SessionRow[] {
    return this.#list(this.#tables.sessions);
  }

  writeSession(row: SessionRow): void {
    this.#set(this.#tables.sessions, row.id, row);
  }

  deleteSession(id: string): void {
    this.#delete(this.#tables.sessions, id);
    for (const key of [...this.#tables.sessionPacks.keys()]) {
      if (key.startsWith(`${id} `)) this.#delete(this.#tables.sessionPacks, key);
    }
  }

  readLease(id: string): LeaseRow | null {
    return this.#get(this.#tables.leases, id);
  }

  listLeases(): LeaseRow[] {
    return this.#list(this.#tables.leases);
  }

  writeLease(row: LeaseRow): void {
    this.#set(this.#tables.leases, row.id, row);
  }

  deleteLease(id: string): void {
    this.#delete(this.#tables.leases, id);
  }

  listBad(limit: number): ObjectRef[] {
    const keys = [...this.#tables.bad.keys()].sort().slice(0, limit);
    return keys.map((key) => ({ kind: this.#get(this.#tables.bad, key)!, digest: fromHex(key) }));
  }

  addBad(refs: readonly ObjectRef[]): void {
    for (const { kind, digest } of refs) this.#set(this.#tables.bad, toHex(digest), kind);
  }

  removeBad(refs: readonly ObjectRef[]): void {
    for (const { digest } of refs) this.#delete(this.#tables.bad, toHex(digest));
  }

  #get<K, V>(table: Table<K, V>, key: K): V | null {
    const value = table.get(key);
    if (value === undefined) return null;
    this.meter.counts.rowsRead += 1;
    return structuredCopy(value);
  }

  #set<K, V>(table: Table<K, V>, key: K, value: V): void {
    table.set(key, structuredCopy(value));
    this.meter.counts.rowsWritten += 1;
  }

  #delete<K, V>(table: Table<K, V>, key: K): void {
    if (table.delete(key)) this.meter.counts.rowsWritten += 1;
  }

  /** In order of ids, as a table with that primary key returns them. */
  #list<V>(table: Table<string, V>): V[] {
    return [...table.keys()].sort().map((key) => this.#get(table, key)!);
  }
}

class MemoryPackIndex implements PackIndex {
  readonly #objects: Table<string, IndexEntry>;
  readonly #meter: Meter;

  constructor(objects: Table<string, IndexEntry>, meter: Meter) {
    this.#objects = objects;
    this.#meter = meter;
  }

  lookup(refs: readonly ObjectRef[]): (IndexEntry | null)[] {
    return refs.map(({ kind, digest }) => {
      const entry = this.#objects.get(toHex(digest));
      if (entry) this.#meter.counts.rowsRead += 1;
      return entry?.kind === kind ? structuredCopy(entry) : null;
    });
  }

  add(entries: readonly IndexEntry[]): boolean[] {
    return entries.map((entry) => {
      const key = toHex(entry.digest);
      if (this.#objects.has(key)) return false;
      this.#set(key, entry);
      return true;
    });
  }

  move(entries: readonly IndexEntry[]): void {
    for (const entry of entries) {
      const key = toHex(entry.digest);
      if (this.#objects.get(key)?.kind === entry.kind) this.#set(key, entry);
    }
  }

  remove(refs: readonly ObjectRef[]): void {
    for (const { kind, digest } of refs) {
      const key = toHex(digest);
      if (this.#objects.get(key)?.kind !== kind) continue;
      this.#objects.delete(key);
      this.#meter.counts.rowsWritten += 1;
    }
  }

  #set(key: string, entry: IndexEntry): void {
    const { kind, digest, encoding, offset, length, packNo, slot } = entry;
    this.#objects.set(key, { kind, digest: digest.slice(), encoding, offset, length, packNo, slot });
    this.#meter.counts.rowsWritten += 1;
  }
}

/** A copy that shares no bytes and no objects with the original. Rows hold plain data only. */
function structuredCopy<V>(value: V): V {
  if (value instanceof Uint8Array) return value.slice() as V;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, structuredCopy(inner)])) as V;
}
