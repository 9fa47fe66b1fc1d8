// The table of vaults, which notices when a vault's settings change: those are kept in object storage too, so that they
// come back with the vault when this project's records are lost.

import type { Control } from './control.ts';
import { begin, newJobId, onVault } from './jobs.ts';
import type { VaultRecord } from './records.ts';
import { Documents, type Store } from './store.ts';

/** What is kept of a vault in object storage. Not which disks it protects, its policies, and with whom it is shared. */
export function settingsOf(vault: VaultRecord) {
  const { name, description, sizeGib, consistentLevel, autoBind, autoExpand, bindRules, tags } = vault;
  const { thresholdPercent, smnNotify, locked, isDefault, userId, createdMs } = vault;
  return {
    ...{ name, description, sizeGib, consistentLevel, autoBind, autoExpand, bindRules, tags },
    ...{ thresholdPercent, smnNotify, locked, isDefault, userId, createdMs },
  };
}

export class VaultDocuments extends Documents<VaultRecord> {
  /** Vaults whose settings the running change has changed. */
  #changed = new Set<string>();

  constructor(store: Store) {
    super(store, 'vault');
  }

  override put(vault: VaultRecord): VaultRecord {
    const before = this.get(vault.id);
    const revision = before?.settingsRevision ?? 0;
    // A larger one comes from object storage: that is what is kept there.
    if ((vault.settingsRevision ?? 0) > revision) return super.put(vault);
    // A vault that is being recovered does not know its settings yet; that it is, changes none.
    const isChanged = before === null ? vault.status !== 'frozen' : !isSame(before, vault);
    if (!isChanged) return super.put({ ...vault, settingsRevision: revision });
    this.#changed.add(vault.id);
    return super.put({ ...vault, settingsRevision: revision + 1 });
  }

  /** Inside a change: what object storage has of this vault's settings is not what it should have. */
  keepAgain(id: string): void {
    this.#changed.add(id);
  }

  /** At the beginning of a change: what an earlier one noticed and did not store is void. */
  forgetChanges(): void {
    this.#changed = new Set();
  }

  /** At the end of a change, inside of it: begins a job for each vault whose settings are not those that are kept. */
  keepChanges(control: Control): void {
    for (const id of this.#changed) {
      const vault = this.get(id);
      if (vault === null || vault.status === 'deleting') continue;
      const settings = settingsOf(vault);
      const target = onVault(id, { kind: 'settings', revision: vault.settingsRevision ?? 1, settings });
      begin(control, { id: newJobId(), action: 'keepSettings', target, vaultId: id, afterJobId: vault.createJobId });
    }
    this.#changed = new Set();
  }
}

function isSame(a: VaultRecord, b: VaultRecord): boolean {
  return JSON.stringify(settingsOf(a)) === JSON.stringify(settingsOf(b));
}
