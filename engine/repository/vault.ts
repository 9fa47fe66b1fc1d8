// A vault: one writer for everything that a repository's index, sessions and leases must agree on. Implements what a
// Disk asks (VaultClient), and what its project asks: create, list, delete, read, verify.
//
// Everything that changes rows is one synchronous transaction. Awaits lie between those, and what was read before one is
// read again after it.

import { EngineError } from '../errors.ts';
import { Objects } from '../objects.ts';
import type { Obs } from '../ports.ts';
import { bytesEqual, type Kind, type ObjectRef } from '../types.ts';
import { Claims, type Presence } from './claims.ts';
import { CommitCheck, publish } from './commit.ts';
import { abortBackup, deleteBackup, deleteVaultObjects } from './decisions.ts';
import { FrameCache } from './frame-cache.ts';
import { checkUuid, VaultKeys } from './keys.ts';
import { encodeRecord, RECORD_VERSION } from './manifest.ts';
import { encodeEntries, PACK_BYTES_MAX, PACK_ENTRIES_MAX } from './pack-format.ts';
import {
  type BackupRow,
  type BeginReport,
  type BeginRequest,
  type CommitReport,
  type CommitRequest,
  type LeasedBackup,
  type Location,
  type PackEntry,
  type PackRow,
  PackState,
  REFS_PER_CALL_MAX,
  type SessionRow,
  type VaultClient,
  VaultState,
} from './ports.ts';
import { VAULT_FORMAT, VaultContext, type VaultPorts } from './vault-context.ts';

/** Reported objects that are read again in one go: at most 4 MiB of frames. */
const REPORT_GROUP = 64;

export class VaultCore implements VaultClient {
  /** For readers of this vault (reader.ts, verify.ts). */
  readonly context: VaultContext;
  readonly #claims = new Claims();
  /** Checks that are under way, by session. A call that finds one running waits for the same slice. */
  readonly #checks = new Map<string, { readonly check: CommitCheck; slice: Promise<CommitReport> | null }>();

  constructor(ports: VaultPorts) {
    this.context = new VaultContext(ports);
  }

  /** Creates the vault: the record of its first generation, then its rows. Again: nothing changes. */
  async create(projectId: string, vaultId: string): Promise<void> {
    const { store, obs, host, clock } = this.context;
    if (store.readMeta() !== null) return;
    const keys = new VaultKeys(projectId, vaultId);
    // A create that comes after the deletion must not bring an empty vault back.
    if ((await obs.head(keys.closed())) !== null) throw new EngineError('not-found', 'the vault was deleted');
    const generation = 1;
    const decidedMs = clock.nowMs();
    const record = { kind: 'generation', version: RECORD_VERSION, projectId, vaultId, generation, decidedMs } as const;
    const put = await obs.putOnce(keys.generation(generation), encodeRecord(host.kernel, record));
    // The record of a create that was cut off, or of a vault whose rows were lost: that one is rebuilt, not made anew.
    if (put === 'exists' && !(await isNew(obs, keys)) && store.readMeta() === null) {
      throw new EngineError('exists', 'the vault is in object storage already, and its index is lost: rebuild it');
    }
    store.transaction(() => {
      if (store.readMeta() !== null) return;
      store.writeMeta({ format: VAULT_FORMAT, projectId, vaultId, epoch: 1, generation, state: VaultState.open });
    });
  }

  async begin({ backupId, diskId, full, label }: BeginRequest): Promise<BeginReport> {
    const { store } = this.context;
    this.context.meta();
    checkUuid('backup id', backupId);
    this.context.claim(backupId);
    await this.#finishAborts(diskId);
    // No await from here on: what is decided is decided on one state.
    const { epoch } = this.context.meta();
    const decided = store.readBackup(backupId);
    if (decided?.state === 'available') return { state: 'done', result: decided.result };
    if (decided) throw new EngineError('not-found', 'the backup was aborted or deleted');
    const session = store.readSession(backupId);
    if (session) {
      if (session.diskId !== diskId) throw new EngineError('invalid', 'the backup is of another disk');
      return opened(this.context.session(backupId));
    }
    // A copy from another vault is no work of the disk: both may go on.
    const isCopy = label.copiedFrom !== undefined;
    const rivals = store.listSessions().filter((other) => (other.label.copiedFrom !== undefined) === isCopy);
    if (rivals.some((other) => other.diskId === diskId)) {
      throw new EngineError('busy', 'another backup of this disk is running');
    }
    // While any copy is known to be bad nothing is skipped, so that this backup brings it again if it has it.
    const newest = full || store.listBad(1).length > 0 ? null : store.newestBackup(diskId);
    const parent = newest && { root: newest.root, allocatedBlocks: newest.allocatedBlocks };
    const fresh: SessionRow = {
      ...{ id: backupId, state: 'open', diskId, parent, beginEpoch: epoch, label },
      ...{ storedBytes: 0, storedObjects: 0 },
    };
    store.transaction(() => store.writeSession(fresh));
    return opened(fresh);
  }

  /** Aborts of this disk's sessions whose end was lost: unfinished, they would keep the disk busy for ever. */
  async #finishAborts(diskId: string): Promise<void> {
    for (const session of this.context.store.listSessions()) {
      if (session.diskId === diskId && session.state === 'aborting') await abortBackup(this.context, session.id);
    }
  }

  async lookup(sessionId: string, refs: readonly ObjectRef[]): Promise<Presence[]> {
    const { store } = this.context;
    this.context.session(sessionId);
    checkCount(refs.length, REFS_PER_CALL_MAX);
    const entries = this.context.lookup(refs, true);
    const absent = refs.filter((_, i) => entries[i] === null);
    const claimed = this.#claims.claim(sessionId, absent, (id) => store.readSession(id)?.state === 'open');
    let next = 0;
    return entries.map((entry) => entry !== null || claimed[next++]!);
  }

  async reserve(sessionId: string, packUuid: string, kind: Kind): Promise<{ key: string }> {
    const { store } = this.context;
    const meta = this.context.meta();
    checkUuid('pack id', packUuid);
    this.context.session(sessionId);
    const pack = store.transaction(
      () => store.findSessionPack(sessionId, packUuid) ?? store.insertPack(sessionId, newPack(meta, packUuid, kind)),
    );
    return { key: this.context.keys(meta).pack(pack.generation, pack.kind, pack.uuid) };
  }

  async addPack(sessionId: string, packUuid: string, entries: readonly PackEntry[], packBytes: number): Promise<void> {
    const { obs } = this.context;
    checkCount(entries.length, PACK_ENTRIES_MAX);
    const pack = this.#reserved(sessionId, packUuid);
    if (pack.state === PackState.live) return;
    checkEntries(pack, entries, packBytes);
    // The Disk says that the pack is there. Everything that follows relies on it, and a look costs little.
    const head = await obs.head(this.context.keys().pack(pack.generation, pack.kind, pack.uuid));
    if (head?.sizeBytes !== packBytes)
      throw new EngineError('invalid', 'the pack is not in object storage as announced');
    this.#index(sessionId, packUuid, entries, packBytes);
  }

  /** Puts a pack's objects into the index. What is indexed already stays where it is; the new copy is dead at once. */
  #index(sessionId: string, packUuid: string, entries: readonly PackEntry[], bytes: number): void {
    const { store } = this.context;
    store.transaction(() => {
      const pack = this.#reserved(sessionId, packUuid);
      if (pack.state === PackState.live) return;
      const session = this.context.session(sessionId);
      const added = store.index.add(entries.map((entry, slot) => ({ ...entry, packNo: pack.no, slot })));
      const deadBytes = entries.reduce((sum, entry, i) => sum + (added[i] ? 0 : entry.length), 0);
      store.writePackDirectory(pack.no, encodeEntries(entries));
      const touchedEpoch = this.context.meta().epoch;
      store.updatePack({ ...pack, state: PackState.live, bytes, deadBytes, touchedEpoch });
      this.#claims.arrived(entries);
      if (store.listBad(1).length > 0) store.removeBad(entries.filter((_, i) => added[i]));
      store.writeSession({
        ...session,
        storedBytes: session.storedBytes + bytes,
        storedObjects: session.storedObjects + added.filter(Boolean).length,
      });
    });
  }

  #reserved(sessionId: string, packUuid: string): PackRow {
    this.context.session(sessionId);
    const pack = this.context.store.findSessionPack(sessionId, packUuid);
    if (pack === null) throw new EngineError('invalid', 'the pack was not reserved');
    if (pack.state === PackState.condemned) throw new EngineError('unavailable', 'the pack was given up: send another');
    return pack;
  }

  async commit(sessionId: string, request: CommitRequest): Promise<CommitReport> {
    const decided = this.context.store.readBackup(sessionId);
    if (decided?.state === 'available') {
      if (bytesEqual(decided.root, request.root)) return { state: 'done', result: decided.result };
      throw new EngineError('invalid', 'the backup was committed with another root');
    }
    const session = this.context.session(sessionId);
    let running = this.#checks.get(sessionId);
    if (running === undefined || !bytesEqual(running.check.request.root, request.root)) {
      running = { check: new CommitCheck(this.context, session, request), slice: null };
      this.#checks.set(sessionId, running);
    }
    running.slice ??= this.#commitSlice(running);
    return running.slice;
  }

  async #commitSlice(running: { readonly check: CommitCheck; slice: unknown }): Promise<CommitReport> {
    const { check } = running;
    let keep = false;
    try {
      const outcome = await check.run();
      keep = outcome === 'running';
      if (outcome !== 'complete') return { state: outcome };
      return { state: 'done', result: await publish(this.context, check) };
    } finally {
      running.slice = null;
      if (!keep && this.#checks.get(check.session.id) === running) this.#checks.delete(check.session.id);
    }
  }

  async abort(sessionId: string): Promise<'aborted' | 'done'> {
    return abortBackup(this.context, sessionId);
  }

  async lease(leaseId: string, backupId: string, diskId: string): Promise<LeasedBackup> {
    const { store } = this.context;
    this.context.meta();
    this.context.claim(leaseId);
    const lease = store.readLease(leaseId);
    if (lease) {
      if (lease.backupId !== backupId) throw new EngineError('invalid', 'the lease is for another backup');
      const { root, sizeBytes, logicalBytes } = lease;
      return { root, sizeBytes, logicalBytes };
    }
    const { root, sizeBytes, result } = this.available(backupId);
    const leased: LeasedBackup = { root, sizeBytes, logicalBytes: result.logicalBytes };
    store.transaction(() => store.writeLease({ id: leaseId, diskId, backupId, ...leased }));
    return leased;
  }

  async release(leaseId: string): Promise<void> {
    this.context.meta();
    this.context.store.transaction(() => this.context.store.deleteLease(leaseId));
  }

  async locate(refs: readonly ObjectRef[]): Promise<(Location | null)[]> {
    checkCount(refs.length, REFS_PER_CALL_MAX);
    return this.context.locate(refs);
  }

  async report(refs: readonly ObjectRef[]): Promise<number> {
    checkCount(refs.length, REFS_PER_CALL_MAX);
    let bad = 0;
    for (let at = 0; at < refs.length; at += REPORT_GROUP) {
      const entries = this.context.lookup(refs.slice(at, at + REPORT_GROUP), false).flatMap((entry) => entry ?? []);
      const frames = await this.context.source.fetch(entries);
      const good = new Objects(new FrameCache(REPORT_GROUP * 2 ** 16), this.context.host).adopt(entries, frames);
      bad += this.context.markBad(entries.filter((_, i) => !good[i]));
      await this.context.pause();
    }
    return bad;
  }

  /** An available backup's row. Throws `not-found`. */
  available(backupId: string): BackupRow {
    this.context.meta();
    const row = this.context.store.readBackup(backupId);
    if (row?.state !== 'available') throw new EngineError('not-found', 'there is no such backup');
    return row;
  }

  /** Available backups, in order of ids. */
  list(): BackupRow[] {
    this.context.meta();
    return this.context.store.listBackups().filter((row) => row.state === 'available');
  }

  /** There will be no such backup: deletes it, or gives up the session that makes it. May be repeated. */
  async deleteBackup(backupId: string): Promise<void> {
    await deleteBackup(this.context, checkUuid('backup id', backupId));
  }

  /** One slice of deleting all that the vault has in object storage; true when nothing is left. Throws `busy`. */
  async deleteObjects(): Promise<boolean> {
    return deleteVaultObjects(this.context);
  }
}

/** Nothing but the record of the first generation is there. */
async function isNew(obs: Obs, keys: VaultKeys): Promise<boolean> {
  for (let cursor: string | null = null; ; ) {
    const page: Awaited<ReturnType<Obs['list']>> = await obs.list(keys.prefix, cursor);
    if (page.keys.some((key) => key !== keys.generation(1))) return false;
    if (page.cursor === null) return true;
    cursor = page.cursor;
  }
}

function opened(session: SessionRow): BeginReport {
  return { state: 'open', sessionId: session.id, parent: session.parent };
}

function newPack(meta: { generation: number; epoch: number }, uuid: string, kind: Kind) {
  return { uuid, kind, generation: meta.generation, touchedEpoch: meta.epoch };
}

function checkCount(count: number, max: number): void {
  if (count > max) throw new EngineError('invalid', `${count} items in one call; at most ${max} are taken`);
}

function checkEntries(pack: PackRow, entries: readonly PackEntry[], packBytes: number): void {
  const wrong = (entry: PackEntry) => entry.kind !== pack.kind || entry.offset + entry.length > packBytes;
  if (packBytes > PACK_BYTES_MAX || entries.length === 0 || entries.some(wrong)) {
    throw new EngineError('invalid', 'the list of the pack does not fit the pack');
  }
}
