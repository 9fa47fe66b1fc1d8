// Vaults: the containers of backups, and what they protect.

import { Refusal } from '../faults.ts';
import type { CreateVault, Page, VaultQuery, VaultSettings, VaultSummary, VaultView } from './contract.ts';
import type { Actor, Control } from './control.ts';
import { checkName } from './fields.ts';
import { begin, newJobId, onVault } from './jobs.ts';
import { VAULTS_MAX } from './limits.ts';
import { commonKeys, page } from './list.ts';
import { isLocked } from './locks.ts';
import { refuseWhileOperated } from './operations.ts';
import { associate } from './policies.ts';
import type { VaultRecord } from './records.ts';
import { givenOf, leaveShare, withdraw } from './sharing-records.ts';
import { beginTask } from './tasks.ts';
import { reschedule } from './timetable.ts';
import { available, beginCreateVault, checkCapacity, emptyVault, usedBytes, view } from './vault-records.ts';
import { checkedResources, isBusy } from './vault-resources.ts';
import { checkedSettings } from './vault-settings.ts';
import { checkVaultTags } from './vault-tags.ts';

/** Stores a vault with what it protects; its object is made right after. */
export function createVault(control: Control, actor: Actor, input: CreateVault): VaultView {
  if (control.vaults.count() >= VAULTS_MAX) throw new Refusal('vault-limit', { limit: VAULTS_MAX });
  if (input.objectType !== 'disk') throw new Refusal('not-implemented', { what: `A vault for ${input.objectType}` });
  if (input.protectType !== 'backup') throw new Refusal('not-implemented', { what: 'Replication' });
  const base = emptyVault(control, actor, input.name);
  const tags = checkVaultTags(input.tags ?? []);
  const consistentLevel = checkName(input.consistentLevel);
  const vault = { ...base, ...checkedSettings(base, input), consistentLevel, tags };
  const stored = control.vaults.put({ ...vault, resources: checkedResources(control, vault, input.resources) });
  checkCapacity(control, stored);
  beginCreateVault(control, stored);
  if (input.policyId !== undefined) associate(control, stored.id, input.policyId);
  return view(control, control.vault(stored.id));
}

export function getVault(control: Control, id: string): VaultView {
  return view(control, control.vault(id));
}

export function listVaults(control: Control, query: VaultQuery): Page<VaultView> {
  const ids = query.ids === undefined ? null : new Set(query.ids);
  const vaults = control.vaults
    .all()
    .filter(
      (vault) =>
        (ids === null || ids.has(vault.id)) &&
        (query.name === undefined || vault.name === query.name) &&
        (query.status === undefined || vault.status === query.status) &&
        (query.objectType === undefined || vault.objectType === query.objectType) &&
        (query.protectType === undefined || vault.protectType === query.protectType) &&
        (query.policyId === undefined || vault.policyIds.includes(query.policyId)) &&
        (query.resourceIds === undefined || vault.resources.some((one) => query.resourceIds?.includes(one.id))),
    );
  const found = page(vaults, query, commonKeys<VaultRecord>());
  return { ...found, items: found.items.map((vault) => view(control, vault)) };
}

export function updateVault(control: Control, id: string, input: VaultSettings): VaultView {
  const vault = available(control.vault(id));
  const changed = control.vaults.put({ ...vault, ...checkedSettings(vault, input), updatedMs: control.now() });
  checkCapacity(control, changed);
  return view(control, changed);
}

/** With all its backups: the vault's own deletion takes their bytes. */
export function deleteVault(control: Control, id: string): null {
  const vault = control.vault(id);
  if (vault.status !== 'available' && vault.status !== 'error') {
    throw new Refusal('vault-delete-status', { id, status: vault.status });
  }
  refuseWhileOperated(control, { vaultId: id });
  const backups = control.backups.by('vaultId', id);
  if (backups.some(isBusy)) throw new Refusal('vault-running', { id });
  if (backups.some((backup) => isLocked(control, backup))) {
    throw new Refusal('vault-locked', { id, action: 'it has backups that have not expired' });
  }
  const jobId = newJobId();
  for (const backup of backups) {
    if (backup.sharedFrom !== undefined) {
      leaveShare(control, backup.id);
      continue;
    }
    withdraw(control, givenOf(control, backup.id));
    control.backups.put({ ...backup, status: 'deleting', jobId });
  }
  control.vaults.put({ ...vault, status: 'deleting', jobId, policyIds: [] });
  for (const policyId of vault.policyIds) reschedule(control, policyId);
  const target = onVault(id, { kind: 'delete' });
  begin(control, { id: jobId, action: 'deleteVault', target, vaultId: id, afterJobId: vault.createJobId });
  const counts = { totalCount: backups.length, failCount: 0 };
  beginTask(control, jobId, { kind: 'vault_delete', vaultId: id, vaultName: vault.name, ...counts });
  return null;
}

/** The same settings for all vaults that are available; their ids. */
export function updateVaults(control: Control, input: Pick<VaultSettings, 'smnNotify' | 'thresholdPercent'>): string[] {
  const vaults = control.vaults.all().filter((vault) => vault.status === 'available');
  return vaults.map(({ id }) => updateVault(control, id, input).id);
}

/** What all vaults hold, and may hold. */
export function summarizeVaults(control: Control): VaultSummary {
  const vaults = control.vaults.all();
  return {
    sizeGib: vaults.reduce((sum, vault) => sum + vault.sizeGib, 0),
    usedBytes: vaults.reduce((sum, vault) => sum + usedBytes(control, vault.id), 0),
  };
}
