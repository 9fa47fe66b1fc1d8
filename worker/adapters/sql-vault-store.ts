// VaultStore on a Durable Object's SQLite. Before `createTables` everything reads as absent.

import { Meter } from '../../engine/cost.ts';
import { checkRowBytes } from '../../engine/memory/rows.ts';
import { uuidBytes, uuidText } from '../../engine/repository/keys.ts';
import { TRAILER_ENTRY_BYTES } from '../../engine/repository/pack-format.ts';
import {
  type BackupRow,
  type BackupState,
  type LeaseRow,
  type PackRow,
  PackState,
  type SessionRow,
  type VaultMeta,
  type VaultState,
  type VaultStore,
} from '../../engine/repository/ports.ts';
import type { Kind, ObjectRef } from '../../engine/types.ts';
import { blob, MeteredSql, type SqlValue } from './metered-sql.ts';
import { SqlPackIndex } from './sql-pack-index.ts';
import { VaultTables } from './vault-tables.ts';

const PACK = 'SELECT no, uuid, gen, state, kind, bytes, dead, touched FROM pack';
const PACK_OF_SESSION = `SELECT pack.no, pack.uuid, pack.gen, pack.state, pack.kind, pack.bytes, pack.dead, pack.touched
  FROM session_pack JOIN pack ON pack.no = session_pack.no WHERE session_pack.session = ?`;
const BACKUP = 'SELECT id, state, gen, disk, root, size, blocks, committed, result, label FROM backup';
const SESSION = 'SELECT id, state, disk, parent_root, parent_blocks, begin_epoch, label, bytes, objects FROM session';
const LEASE = 'SELECT id, disk, backup, root, size, logical FROM lease';

type PackColumns = [number, ArrayBuffer, number, number, number, number, number, number];
type BackupColumns = [string, string, number, string, ArrayBuffer, number, number, number, string, string];
type SessionColumns = [string, string, string, ArrayBuffer | null, number, number, string, number, number];
type LeaseColumns = [string, string, string, ArrayBuffer, number, number];

/** Made in a Durable Object's constructor at no cost: nothing is read or written until it is asked for. */
export class SqlVaultStore implements VaultStore {
  readonly meter: Meter;
  readonly index: SqlPackIndex;
  readonly #storage: DurableObjectStorage;
  readonly #sql: MeteredSql;
  readonly #tables: VaultTables;
  #inTransaction = false;
  /** Summed again when a backup has changed. */
  #availableBytes: number | null = null;

  /** `storage` is the object's `ctx.storage`. A meter may be shared with the object's other adapters. */
  constructor(storage: DurableObjectStorage, meter: Meter = new Meter()) {
    this.meter = meter;
    this.#storage = storage;
    this.#sql = new MeteredSql(storage.sql, meter);
    this.#tables = new VaultTables(this.#sql);
    this.index = new SqlPackIndex(this.#sql, this.#tables);
  }

  /** Only for the Vault's create job. */
  createTables(): void {
    this.#tables.create();
  }

  /** After deleteAll(). */
  forgetTables(): void {
    this.#tables.forget();
    this.#availableBytes = null;
  }

  transaction<T>(body: () => T): T {
    if (this.#inTransaction) throw new Error('vault store: transactions do not nest');
    this.#inTransaction = true;
    try {
      return this.#storage.transactionSync(body);
    } catch (error) {
      this.forgetTables();
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  readMeta(): VaultMeta | null {
    const [row] = this.#read<[number, string, string, number, number, number]>(
      'SELECT format, project, vault, epoch, gen, closing FROM meta WHERE one = 1',
    );
    if (!row) return null;
    const [format, projectId, vaultId, epoch, generation, state] = row;
    return { format, projectId, vaultId, epoch, generation, state: state as VaultState };
  }

  writeMeta({ format, projectId, vaultId, epoch, generation, state }: VaultMeta): void {
    this.#sql.run(
      'INSERT OR REPLACE INTO meta(one, format, project, vault, epoch, gen, closing) VALUES (1, ?, ?, ?, ?, ?, ?)',
      ...[format, projectId, vaultId, epoch, generation, state],
    );
  }

  reset(): void {
    this.#tables.reset();
    this.#availableBytes = null;
  }

  readProgress(job: string): string | null {
    return this.#read<[string]>('SELECT body FROM progress WHERE job = ?', job)[0]?.[0] ?? null;
  }

  writeProgress(job: string, progress: string | null): void {
    if (progress === null) this.#delete('DELETE FROM progress WHERE job = ?', job);
    else this.#sql.run('INSERT OR REPLACE INTO progress(job, body) VALUES (?, ?)', job, progress);
  }

  addPack(pack: Omit<PackRow, 'no'>): PackRow {
    const { uuid, generation, state, kind, bytes, deadBytes, touchedEpoch } = pack;
    const no = this.#lastPackNo() + 1;
    this.#sql.run(
      'INSERT INTO pack(no, uuid, gen, state, kind, bytes, dead, touched) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      ...[no, uuidBytes(uuid), generation, state, kind, bytes, deadBytes, touchedEpoch],
    );
    return { ...pack, no };
  }

  deletePacks(nos: readonly number[]): void {
    if (nos.length === 0) return;
    this.#sql.run('INSERT OR REPLACE INTO last_pack(one, no) VALUES (1, ?)', this.#lastPackNo());
    for (const no of nos) {
      this.#sql.run('DELETE FROM pack WHERE no = ?', no);
      this.#sql.run('DELETE FROM packdir WHERE no = ?', no);
    }
  }

  /** The largest number that a pack ever had. */
  #lastPackNo(): number {
    const [last] = this.#read<[number | null]>('SELECT max(no) FROM pack');
    const [deleted] = this.#read<[number]>('SELECT no FROM last_pack');
    return Math.max(last?.[0] ?? 0, deleted?.[0] ?? 0);
  }

  countPackObjects(no: number): number {
    const [row] = this.#read<[number]>('SELECT length(dir) FROM packdir WHERE no = ?', no);
    return (row?.[0] ?? 0) / TRAILER_ENTRY_BYTES;
  }

  insertPack(sessionId: string, pack: Pick<PackRow, 'uuid' | 'generation' | 'kind' | 'touchedEpoch'>): PackRow {
    const row = this.addPack({ ...pack, state: PackState.pending, bytes: 0, deadBytes: 0 });
    const values = [sessionId, uuidBytes(row.uuid), row.no];
    this.#sql.run('INSERT INTO session_pack(session, uuid, no) VALUES (?, ?, ?)', ...values);
    return row;
  }

  findSessionPack(sessionId: string, packUuid: string): PackRow | null {
    const query = `${PACK_OF_SESSION} AND session_pack.uuid = ?`;
    const [row] = this.#read<PackColumns>(query, sessionId, uuidBytes(packUuid));
    return row ? packRow(row) : null;
  }

  listSessionPacks(sessionId: string): PackRow[] {
    return this.#read<PackColumns>(`${PACK_OF_SESSION} ORDER BY pack.no`, sessionId).map(packRow);
  }

  readPacks(nos: readonly number[]): (PackRow | null)[] {
    return nos.map((no) => {
      const [row] = this.#read<PackColumns>(`${PACK} WHERE no = ?`, no);
      return row ? packRow(row) : null;
    });
  }

  updatePack({ no, state, bytes, deadBytes, touchedEpoch }: PackRow): void {
    const values = [state, bytes, deadBytes, touchedEpoch, no];
    this.#sql.run('UPDATE pack SET state = ?, bytes = ?, dead = ?, touched = ? WHERE no = ?', ...values);
  }

  writePackDirectory(no: number, directory: Uint8Array): void {
    checkRowBytes('pack directory', directory.length);
    this.#sql.run('INSERT OR REPLACE INTO packdir(no, dir) VALUES (?, ?)', no, directory);
  }

  readPackDirectory(no: number): Uint8Array | null {
    const [row] = this.#read<[ArrayBuffer]>('SELECT dir FROM packdir WHERE no = ?', no);
    return row ? blob(row[0]) : null;
  }

  listPacks(afterNo: number, limit: number): PackRow[] {
    return this.#read<PackColumns>(`${PACK} WHERE no > ? ORDER BY no LIMIT ?`, afterNo, limit).map(packRow);
  }

  readBackup(id: string): BackupRow | null {
    const [row] = this.#read<BackupColumns>(`${BACKUP} WHERE id = ?`, id);
    return row ? backupRow(row) : null;
  }

  writeBackup(row: BackupRow): void {
    const { id, state, generation, diskId, root, sizeBytes, allocatedBlocks, committedMs, result, label } = row;
    this.#sql.run(
      `INSERT OR REPLACE INTO backup(id, state, gen, disk, root, size, blocks, committed, result, label)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[id, state, generation, diskId, root, sizeBytes, allocatedBlocks, committedMs],
      ...[JSON.stringify(result), JSON.stringify(label)],
    );
    this.#availableBytes = null;
  }

  listBackups(): BackupRow[] {
    return this.#read<BackupColumns>(`${BACKUP} ORDER BY id`).map(backupRow);
  }

  newestBackup(diskId: string): BackupRow | null {
    const query = `${BACKUP} WHERE disk = ? AND state = 'available' ORDER BY committed DESC, id DESC LIMIT 1`;
    const [row] = this.#read<BackupColumns>(query, diskId);
    return row ? backupRow(row) : null;
  }

  readSession(id: string): SessionRow | null {
    const [row] = this.#read<SessionColumns>(`${SESSION} WHERE id = ?`, id);
    return row ? sessionRow(row) : null;
  }

  listSessions(): SessionRow[] {
    return this.#read<SessionColumns>(`${SESSION} ORDER BY id`).map(sessionRow);
  }

  writeSession(row: SessionRow): void {
    const { id, state, diskId, parent, beginEpoch, label, storedBytes, storedObjects } = row;
    this.#sql.run(
      `INSERT OR REPLACE INTO session(id, state, disk, parent_root, parent_blocks, begin_epoch, label, bytes, objects)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[id, state, diskId, parent?.root ?? null, parent?.allocatedBlocks ?? 0, beginEpoch],
      ...[JSON.stringify(label), storedBytes, storedObjects],
    );
  }

  deleteSession(id: string): void {
    this.#delete('DELETE FROM session WHERE id = ?', id);
    this.#delete('DELETE FROM session_pack WHERE session = ?', id);
  }

  readLease(id: string): LeaseRow | null {
    const [row] = this.#read<LeaseColumns>(`${LEASE} WHERE id = ?`, id);
    return row ? leaseRow(row) : null;
  }

  listLeases(): LeaseRow[] {
    return this.#read<LeaseColumns>(`${LEASE} ORDER BY id`).map(leaseRow);
  }

  writeLease({ id, diskId, backupId, root, sizeBytes, logicalBytes }: LeaseRow): void {
    this.#sql.run(
      'INSERT OR REPLACE INTO lease(id, disk, backup, root, size, logical) VALUES (?, ?, ?, ?, ?, ?)',
      ...[id, diskId, backupId, root, sizeBytes, logicalBytes],
    );
  }

  deleteLease(id: string): void {
    this.#delete('DELETE FROM lease WHERE id = ?', id);
  }

  listBad(limit: number): ObjectRef[] {
    const rows = this.#read<[ArrayBuffer, number]>('SELECT d, kind FROM bad ORDER BY d LIMIT ?', limit);
    return rows.map(([digest, kind]) => ({ kind: kind as Kind, digest: blob(digest) }));
  }

  addBad(refs: readonly ObjectRef[]): void {
    for (const ref of refs) this.#sql.run('INSERT OR REPLACE INTO bad(d, kind) VALUES (?, ?)', ref.digest, ref.kind);
  }

  removeBad(refs: readonly ObjectRef[]): void {
    for (const { digest } of refs) this.#delete('DELETE FROM bad WHERE d = ?', digest);
  }

  /** Bytes that the available backups added to the vault; no part of the engine's port. Reads rows after a change only. */
  availableBytes(): number {
    this.#availableBytes ??= this.listBackups()
      .filter((row) => row.state === 'available')
      .reduce((sum, row) => sum + row.result.storedBytes, 0);
    return this.#availableBytes;
  }

  /** What the Vault's own jobs remember; no part of the engine's port. */
  readJob(id: string): string | null {
    return this.#read<[string]>('SELECT report FROM job WHERE id = ?', id)[0]?.[0] ?? null;
  }

  writeJob(id: string, report: string): void {
    this.#sql.run('INSERT OR REPLACE INTO job(id, report) VALUES (?, ?)', id, report);
  }

  deleteJob(id: string): void {
    this.#delete('DELETE FROM job WHERE id = ?', id);
  }

  #read<Row extends SqlValue[]>(text: string, ...values: (SqlValue | Uint8Array)[]): Row[] {
    return this.#tables.exist() ? this.#sql.rows<Row>(text, ...values) : [];
  }

  #delete(text: string, key: string | Uint8Array): void {
    if (this.#tables.exist()) this.#sql.run(text, key);
  }
}

function packRow([no, uuid, generation, state, kind, bytes, deadBytes, touchedEpoch]: PackColumns): PackRow {
  return {
    ...{ no, uuid: uuidText(blob(uuid)), generation, bytes, deadBytes, touchedEpoch },
    ...{ state: state as PackState, kind: kind as Kind },
  };
}

function backupRow(row: BackupColumns): BackupRow {
  const [id, state, generation, diskId, root, sizeBytes, allocatedBlocks, committedMs, result, label] = row;
  return {
    ...{ id, state: state as BackupState, generation, diskId, root: blob(root), sizeBytes, allocatedBlocks },
    ...{ committedMs, result: JSON.parse(result), label: JSON.parse(label) },
  };
}

function sessionRow(row: SessionColumns): SessionRow {
  const [id, state, diskId, parentRoot, parentBlocks, beginEpoch, label, storedBytes, storedObjects] = row;
  return {
    ...{ id, state: state as SessionRow['state'], diskId, beginEpoch, label: JSON.parse(label) },
    ...{ storedBytes, storedObjects },
    parent: parentRoot === null ? null : { root: blob(parentRoot), allocatedBlocks: parentBlocks },
  };
}

function leaseRow([id, diskId, backupId, root, sizeBytes, logicalBytes]: LeaseColumns): LeaseRow {
  return { id, diskId, backupId, root: blob(root), sizeBytes, logicalBytes };
}
