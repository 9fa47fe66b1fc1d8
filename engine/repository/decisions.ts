// Decisions: what ends a session or a backup for good. Each is put into object storage before anything acts on it, at a
// key that can be taken only once, and stays there: a late message, an old incarnation or a rebuild finds it.

import { EngineError } from '../errors.ts';
import { fromHex, HOLE } from '../types.ts';
import { type AbortedRecord, decodeRecord, encodeRecord, type ManifestRecord, RECORD_VERSION } from './manifest.ts';
import type { BackupResult, BackupRow, VaultMeta } from './ports.ts';
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

/**
 * After an intent was put, before anybody is told: a rebuild may have begun a newer generation meanwhile. Either we see
 * it here, or it sees our intent; no clocks.
 */
export async function requireGeneration(vault: VaultContext, meta: VaultMeta): Promise<void> {
  const newer = await vault.obs.head(vault.keys(meta).generation(meta.generation + 1));
  if (newer !== null) throw new EngineError('unavailable', 'the vault was rebuilt: this is the old one');
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
    if (decided === null) {
      store.writeBackup({
        id: record.backupId,
        state: 'available',
        generation,
        diskId: record.diskId,
        root: fromHex(record.root),
        sizeBytes: record.sizeBytes,
        allocatedBlocks: record.allocatedBlocks,
        result: record.result,
        label: record.label,
        committedMs: record.committedMs,
      });
    }
    store.deleteSession(record.backupId);
    return record.result;
  });
}

/** Leaves a tombstone instead of the session. Its packs stay for prune. */
export function finishAborted(vault: VaultContext, backupId: string): void {
  const { store } = vault;
  const { generation } = vault.meta();
  store.transaction(() => {
    const session = store.readSession(backupId);
    if (store.readBackup(backupId) === null) {
      const label = session?.label ?? NO_LABEL;
      store.writeBackup({ ...TOMBSTONE, id: backupId, generation, diskId: session?.diskId ?? '', label });
    }
    store.deleteSession(backupId);
  });
}

const NO_LABEL = { name: '', volumeId: '', volumeName: '', zone: '', createdMs: 0, automatic: false };
const TOMBSTONE: Omit<BackupRow, 'id' | 'generation' | 'diskId' | 'label'> = {
  state: 'aborted',
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
  if (session === null) {
    finishAborted(vault, backupId);
    return 'aborted';
  }
  store.transaction(() => store.writeSession({ ...session, state: 'aborting' }));
  const record = { kind: 'aborted', version: RECORD_VERSION, backupId, decidedMs: vault.clock.nowMs() } as const;
  const key = vault.keys(meta).manifest(meta.generation, backupId);
  if ((await obs.putOnce(key, encodeRecord(vault.host.kernel, record))) === 'exists') {
    const found = await readDecision(vault, key);
    if (found.kind === 'manifest') {
      await requireGeneration(vault, meta);
      finishCommitted(vault, found);
      return 'done';
    }
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
  if ((await abortBackup(vault, backupId)) === 'aborted' && store.readBackup(backupId)?.state !== 'deleting') return;
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
  store.transaction(() => store.writeBackup({ ...row, state: 'deleted' }));
}

/**
 * Deletes everything that a vault has in object storage, one page of keys a call, generation records excepted: they say
 * for ever that it is closed. True when nothing is left. Throws `busy` while somebody still reads from it.
 */
export async function deleteVaultObjects(vault: VaultContext): Promise<boolean> {
  const { store, obs } = vault;
  const meta = store.readMeta();
  if (meta === null) return true;
  if (!meta.closing) {
    if (store.listLeases().length > 0) throw new EngineError('busy', 'disks are still being restored from this vault');
    store.transaction(() => store.writeMeta({ ...meta, closing: true }));
  }
  const keys = vault.keys(meta);
  const record = { kind: 'closed', version: RECORD_VERSION, decidedMs: vault.clock.nowMs() } as const;
  await obs.putOnce(keys.closed(), encodeRecord(vault.host.kernel, record));
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
