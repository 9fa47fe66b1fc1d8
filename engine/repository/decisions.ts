// Decisions: what ends a session or a backup for good. Each is put into object storage before anything acts on it, at a
// key that can be taken only once, and stays there: a late message, an old incarnation or a rebuild finds it.

import { EngineError } from '../errors.ts';
import { fromHex, HOLE } from '../types.ts';
import { requireGeneration, requireSame } from './generation.ts';
import { type AbortedRecord, decodeRecord, encodeRecord, type ManifestRecord, RECORD_VERSION } from './manifest.ts';
import { type BackupResult, type BackupRow, VaultState } from './ports.ts';
import type { VaultContext } from './vault-context.ts';

const NOTHING: BackupResult = { logicalBytes: 0, storedBytes: 0, objectCount: 0, incremental: false };

/** What stands at a manifest's key. Throws `unavailable` when it has gone meanwhile, `damaged`, `format`. */
export async function readDecision(vault: VaultContext, key: string): Promise<ManifestRecord | AbortedRecord> {
  const bytes = await vault.obs.get(key);
  if (bytes === null) throw new EngineError('unavailable', 'the manifest was there and is gone');
  const record = decodeRecord(vault.host.kernel, bytes);
  if (record.kind !== 'manifest' && record.kind !== 'aborted') {
    throw new EngineError('format', `a record of kind ${record.kind} stands in a manifest's place`);
  }
  return record;
}

/** Makes a backup available whose manifest is in object storage. Again: the same result. */
export function finishCommitted(vault: VaultContext, record: ManifestRecord): BackupResult {
  const { store } = vault;
  const { generation } = vault.meta();
  return store.transaction(() => {
    const decided = store.readBackup(record.backupId);
    if (decided !== null && decided.state !== 'available') {
      throw new EngineError('not-found', 'the backup was deleted');
    }
    if (decided === null) store.writeBackup(availableRow(record, generation));
    store.deleteSession(record.backupId);
    return record.result;
  });
}

/** The row of a backup whose manifest is in object storage, in that generation. */
export function availableRow(record: ManifestRecord, generation: number): BackupRow {
  const { backupId: id, diskId, sizeBytes, allocatedBlocks, result, label, committedMs } = record;
  const root = fromHex(record.root);
  return { id, state: 'available', generation, diskId, root, sizeBytes, allocatedBlocks, result, label, committedMs };
}

/** The row of what will never be, or never again, a backup. */
export function tombstone(id: string, state: 'aborted' | 'deleted', generation: number): BackupRow {
  return { ...TOMBSTONE, id, state, generation, diskId: '', label: NO_LABEL };
}

/** Leaves a tombstone instead of the session. Its packs stay for prune. */
export function finishAborted(vault: VaultContext, backupId: string): void {
  const { store } = vault;
  const { generation } = vault.meta();
  store.transaction(() => {
    const session = store.readSession(backupId);
    if (store.readBackup(backupId) === null) {
      const { diskId = '', label = NO_LABEL } = session ?? {};
      store.writeBackup({ ...tombstone(backupId, 'aborted', generation), diskId, label });
    }
    store.deleteSession(backupId);
  });
}

const NO_LABEL = { name: '', volumeId: '', volumeName: '', zone: '', createdMs: 0, automatic: false };
const TOMBSTONE: Omit<BackupRow, 'id' | 'state' | 'generation' | 'diskId' | 'label'> = {
  root: HOLE,
  sizeBytes: 0,
  allocatedBlocks: 0,
  result: NOTHING,
  committedMs: 0,
};

/** See VaultClient.abort. The record goes to the manifest's own key: whoever comes second finds it taken. */
export async function abortBackup(vault: VaultContext, backupId: string): Promise<'aborted' | 'done'> {
  const meta = vault.meta();
  const { store, obs } = vault;
  const decided = store.readBackup(backupId);
  if (decided !== null) return decided.state === 'available' ? 'done' : 'aborted';
  const session = store.readSession(backupId);
  // Without a session too: the rows may be lost, and then only the record keeps a Disk that still runs from committing.
  if (session !== null) store.transaction(() => store.writeSession({ ...session, state: 'aborting' }));
  const record = { kind: 'aborted', version: RECORD_VERSION, backupId, decidedMs: vault.clock.nowMs() } as const;
  const key = vault.keys(meta).manifest(meta.generation, backupId);
  const put = await obs.putOnce(key, encodeRecord(vault.host.kernel, record));
  const found = put === 'exists' ? await readDecision(vault, key) : record;
  await requireGeneration(vault, meta);
  if (found.kind === 'manifest') {
    // Somebody else may have ended it meanwhile: committed, and deleted.
    const ended = store.readBackup(backupId);
    if (ended !== null && ended.state !== 'available') return 'aborted';
    finishCommitted(vault, found);
    return 'done';
  }
  finishAborted(vault, backupId);
  return 'aborted';
}

/**
 * Deletes a backup, or gives up a session of that id; either way there will be no such backup. Invisible at once; its
 * objects stay for prune. Throws what object storage throws: call again.
 */
export async function deleteBackup(vault: VaultContext, backupId: string): Promise<void> {
  const meta = vault.meta();
  const { store, obs } = vault;
  const ended = await abortBackup(vault, backupId);
  requireSame(vault, meta);
  if (ended === 'aborted' && store.readBackup(backupId)?.state !== 'deleting') return;
  const row = store.transaction(() => {
    const deleting = { ...store.readBackup(backupId)!, state: 'deleting' } as const;
    store.writeBackup(deleting);
    return deleting;
  });
  const keys = vault.keys(meta);
  const record = { kind: 'deleted', version: RECORD_VERSION, backupId, decidedMs: vault.clock.nowMs() } as const;
  await obs.putOnce(keys.deleted(meta.generation, backupId), encodeRecord(vault.host.kernel, record));
  await requireGeneration(vault, meta);
  await obs.delete([keys.manifest(row.generation, backupId)]);
  requireSame(vault, meta);
  store.transaction(() => store.writeBackup({ ...row, state: 'deleted' }));
}

/**
 * Deletes everything that a vault has in object storage, one page of keys a call, generation records excepted: they say
 * for ever that it is closed. True when nothing is left. Throws `busy` while somebody still reads from it, `unavailable`
 * when a rebuild took the vault over before its end was decided.
 */
export async function deleteVaultObjects(vault: VaultContext): Promise<boolean> {
  const { store, obs } = vault;
  const meta = store.readMeta();
  if (meta === null) return true;
  if (meta.state !== VaultState.closing) {
    vault.meta();
    if (store.listLeases().length > 0) throw new EngineError('busy', 'disks are still being restored from this vault');
    store.transaction(() => store.writeMeta({ ...meta, state: VaultState.closing }));
  }
  const keys = vault.keys(meta);
  if ((await obs.head(keys.closed())) === null) {
    const decided = { version: RECORD_VERSION, decidedMs: vault.clock.nowMs() };
    const encode = (kind: 'closing' | 'closed') => encodeRecord(vault.host.kernel, { kind, ...decided });
    await obs.putOnce(keys.closing(meta.generation), encode('closing'));
    await requireGeneration(vault, meta);
    await obs.putOnce(keys.closed(), encode('closed'));
  }
  for (let cursor: string | null = null; ; ) {
    const page: Awaited<ReturnType<typeof obs.list>> = await obs.list(keys.prefix, cursor);
    const doomed = page.keys.filter((key) => !key.startsWith(keys.generations));
    if (doomed.length > 0) {
      await obs.delete(doomed);
      return false;
    }
    if (page.cursor === null) return true;
    cursor = page.cursor; // a page may be short, even empty
  }
}
