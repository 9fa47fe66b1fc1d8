// How a project has set its vault up, kept beside the backups, so that a project that lost everything finds its vaults
// under their names. Versions are put once each, like everything; the largest revision counts.

import { EngineError } from '../errors.ts';
import { listAll } from './keys.ts';
import { decodeRecord, encodeRecord, RECORD_VERSION, type SettingsRecord } from './manifest.ts';
import type { VaultContext } from './vault-context.ts';

/** Stores a revision and removes older ones. The same again, and a late older one, change nothing. */
export async function putSettings(
  vault: VaultContext,
  revision: number,
  settings: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { generation } = vault.meta();
  const keys = vault.keys();
  const record = { kind: 'settings', version: RECORD_VERSION, revision, settings } as const;
  await vault.obs.putOnce(keys.settings(generation, revision), encodeRecord(vault.host.kernel, record));
  const older = (await listAll(vault.obs, keys.folder(generation, 'settings'))).slice(0, -1);
  if (older.length > 0) await vault.obs.delete(older);
}

/** The newest revision, whatever generation put it; null when there is none that can be read. */
export async function readSettings(vault: VaultContext): Promise<SettingsRecord | null> {
  const keys = vault.keys();
  for (let { generation } = vault.meta(); generation > 0; generation--) {
    const revisions = await listAll(vault.obs, keys.folder(generation, 'settings'));
    for (const key of revisions.reverse()) {
      const record = await readOne(vault, key);
      if (record !== null) return record;
    }
  }
  return null;
}

async function readOne(vault: VaultContext, key: string): Promise<SettingsRecord | null> {
  const bytes = await vault.obs.get(key);
  if (bytes === null) return null;
  try {
    const record = decodeRecord(vault.host.kernel, bytes);
    return record.kind === 'settings' ? record : null;
  } catch (error) {
    // They are worth less than the backups beside them: what cannot be read is left out.
    if (error instanceof EngineError) return null;
    throw error;
  }
}
