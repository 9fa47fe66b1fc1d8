// Strays: objects under the vault's prefix that no row knows. A put may land after its pack was given up, and a delete
// may be lost; whatever it was, nobody can find it through the index. Nothing that is still wanted can be among them: a
// pack's row is there before its put, so a row that is not there after the listing was taken away before.

import { uuidOf } from './keys.ts';
import { deletePacks } from './prune-discard.ts';
import type { PruneScope } from './prune-scope.ts';
import type { VaultContext } from './vault-context.ts';

/** Keys that are looked for in one pass over the rows: about 4 MB. */
const KEYS_PER_PASS = 16_384;
const ROWS_PER_STEP = 512;

/** Packs of which no row is left are deleted, and manifests of deleted backups. Returns how many there were. */
export async function sweepStrays(scope: PruneScope): Promise<number> {
  const { vault } = scope;
  let strays = 0;
  const sweepManifests = async (keys: readonly string[]) => {
    const names = vault.keys();
    const { generation } = scope.meta;
    const doomed = keys.filter((key) => {
      const isManifest = key.slice(0, key.lastIndexOf('/')).endsWith('/manifest');
      const backupId = isManifest ? uuidOf(key) : null;
      const row = backupId === null ? null : vault.store.readBackup(backupId);
      if (backupId === null || row === null) return false;
      // One that landed after its backup was deleted. The record of that stays, so it counts for nothing.
      if (row.state === 'deleted') return true;
      // Or one of an earlier generation, too late to be taken over: the backup was made again, or given up.
      return key < names.folder(generation, 'manifest') && key !== names.manifest(row.generation, backupId);
    });
    if (doomed.length > 0) await vault.obs.delete(doomed);
    strays += doomed.length;
  };
  for await (const keys of strayPacks(vault, () => scope.pause(), sweepManifests)) {
    await deletePacks(scope, keys);
    strays += keys.length;
  }
  return strays;
}

/** Keys of packs in object storage of which there is no row, in groups. `listed`: told of every page of keys. */
export async function* strayPacks(
  vault: VaultContext,
  pause: () => Promise<void>,
  listed: (keys: readonly string[]) => Promise<void> = async () => undefined,
): AsyncGenerator<string[], void, void> {
  const { obs } = vault;
  let unknown = new Set<string>();
  for (let cursor: string | null = null; ; ) {
    const page: Awaited<ReturnType<typeof obs.list>> = await obs.list(vault.keys().prefix, cursor);
    for (const key of page.keys) if (vault.keys().packNamed(key) !== null) unknown.add(key);
    await listed(page.keys);
    if (unknown.size >= KEYS_PER_PASS || page.cursor === null) {
      // Rows that were made after the listing are of packs that were not in it.
      await removeKnown(vault, unknown, pause);
      if (unknown.size > 0) yield [...unknown];
      unknown = new Set();
    }
    if (page.cursor === null) return;
    cursor = page.cursor;
  }
}

async function removeKnown(vault: VaultContext, keys: Set<string>, pause: () => Promise<void>): Promise<void> {
  for (let after = 0; ; ) {
    const rows = vault.store.listPacks(after, ROWS_PER_STEP);
    for (const row of rows) keys.delete(vault.keys().pack(row.generation, row.kind, row.uuid));
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.no;
    await pause();
  }
}
