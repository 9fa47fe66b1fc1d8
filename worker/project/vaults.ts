// Vaults: the containers of backups, and what they protect.

import { Refusal } from '../faults.ts';
import type { CreateVault, Page, ResourceRef, VaultQuery, VaultSettings, VaultView } from './contract.ts';
import type { Actor, Control } from './control.ts';
import { beginDeleteBackup } from './delete-backups.ts';
import { byteLength, checkName, checkSize } from './fields.ts';
import { begin, newJobId, onVault } from './jobs.ts';
import {
  EXTRA_INFO_BYTES_MAX,
  VAULT_RESOURCES_MAX,
  VAULT_SIZE_GIB_MAX,
  VAULT_SIZE_GIB_MIN,
  VAULT_TAGS_BYTES_MAX,
  VAULTS_MAX,
} from './limits.ts';
import { commonKeys, page } from './list.ts';
import { associate, reschedule } from './policies.ts';
import type { BackupRecord, VaultRecord } from './records.ts';
import { beginTask } from './tasks.ts';
import { available, beginCreateVault, emptyVault, view } from './vault-records.ts';

const DISK_RESOURCE = 'OS::Cinder::Volume';

/** Stores a vault with what it protects; its object is made right after. */
export function createVault(control: Control, actor: Actor, input: CreateVault): VaultView {
  if (control.vaults.count() >= VAULTS_MAX) throw new Refusal('vault-limit', { limit: VAULTS_MAX });
  if (input.objectType !== 'disk') throw new Refusal('not-implemented', { what: `A vault for ${input.objectType}` });
  if (input.protectType !== 'backup') throw new Refusal('not-implemented', { what: 'Replication' });
  const base = emptyVault(control, actor, input.name);
  const tags = checkSize('tags', input.tags ?? [], VAULT_TAGS_BYTES_MAX);
  const consistentLevel = checkName(input.consistentLevel);
  const vault = { ...base, ...checkedSettings(input), consistentLevel, tags };
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
  const changed = control.vaults.put({ ...vault, ...checkedSettings(input), updatedMs: control.now() });
  checkCapacity(control, changed);
  return view(control, changed);
}

/** With all its backups: the vault's own deletion takes their bytes. */
export function deleteVault(control: Control, id: string): null {
  const vault = control.vault(id);
  if (vault.status !== 'available' && vault.status !== 'error') {
    throw new Refusal('vault-delete-status', { id, status: vault.status });
  }
  const backups = control.backups.by('vaultId', id);
  if (backups.some(isBusy)) throw new Refusal('vault-running', { id });
  const jobId = newJobId();
  for (const backup of backups) control.backups.put({ ...backup, status: 'deleting', jobId });
  control.vaults.put({ ...vault, status: 'deleting', jobId, policyIds: [] });
  for (const policyId of vault.policyIds) reschedule(control, policyId);
  const target = onVault(id, { kind: 'delete' });
  begin(control, { id: jobId, action: 'deleteVault', target, vaultId: id, afterJobId: vault.createJobId });
  beginTask(control, jobId, { kind: 'vault_delete', vaultId: id, vaultName: vault.name });
  return null;
}

/** A disk is in one vault at most. */
export function addVaultResources(control: Control, id: string, resources: readonly ResourceRef[]): string[] {
  const vault = available(control.vault(id));
  const added = checkedResources(control, vault, resources);
  const changed = control.vaults.put({ ...vault, resources: [...vault.resources, ...added], updatedMs: control.now() });
  checkCapacity(control, changed);
  return added.map((resource) => resource.id);
}

/** As the vendor warns: the backups of these resources in this vault go. */
export function removeVaultResources(control: Control, id: string, resourceIds: readonly string[]): string[] {
  const vault = available(control.vault(id));
  const removed = new Set(resourceIds);
  for (const resourceId of removed) {
    if (!vault.resources.some((resource) => resource.id === resourceId)) {
      throw new Refusal('resource-not-in-vault', { id: resourceId, vaultId: id });
    }
  }
  const backups = control.backups.by('vaultId', id).filter((backup) => removed.has(backup.volumeId));
  if (backups.some(isBusy)) throw new Refusal('vault-running', { id });
  for (const backup of backups) if (backup.status !== 'deleting') beginDeleteBackup(control, backup);
  const resources = vault.resources.filter((resource) => !removed.has(resource.id));
  control.vaults.put({ ...vault, resources, updatedMs: control.now() });
  return [...removed];
}

/** The given settings, checked; what is absent is left out. */
function checkedSettings(input: VaultSettings): Partial<VaultRecord> {
  const { name, description, sizeGib, thresholdPercent } = input;
  const bad = (reason: string) => new Refusal('invalid-request', { reason });
  if (name !== undefined && (name === '' || byteLength(name) > 64)) throw bad('A vault name has 1 to 64 bytes.');
  if (description != null && byteLength(description) > 64) throw bad('A vault description has at most 64 bytes.');
  if (
    sizeGib !== undefined &&
    !(Number.isInteger(sizeGib) && sizeGib >= VAULT_SIZE_GIB_MIN && sizeGib <= VAULT_SIZE_GIB_MAX)
  ) {
    throw bad(`A vault has ${VAULT_SIZE_GIB_MIN} to ${VAULT_SIZE_GIB_MAX} GiB.`);
  }
  if (thresholdPercent !== undefined && !(thresholdPercent >= 1 && thresholdPercent <= 100)) {
    throw bad('A threshold is 1 to 100 percent.');
  }
  // A lock that does not lock would be a lie, and so would be disks that are bound by nobody.
  if (input.locked === true) throw new Refusal('not-implemented', { what: 'Backup locking' });
  if (input.autoBind === true) throw new Refusal('not-implemented', { what: 'Binding disks automatically' });
  const { autoBind, autoExpand, bindRules, smnNotify } = input;
  checkSize('bind_rules', bindRules, VAULT_TAGS_BYTES_MAX);
  const settings = { name, description, sizeGib, thresholdPercent, autoBind, autoExpand, bindRules, smnNotify };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function checkedResources(
  control: Control,
  vault: VaultRecord,
  refs: readonly ResourceRef[],
): VaultRecord['resources'] {
  if (vault.resources.length + refs.length > VAULT_RESOURCES_MAX) {
    throw new Refusal('resource-count', { limit: VAULT_RESOURCES_MAX });
  }
  const seen = new Set<string>();
  const others = control.vaults.all();
  return refs.map((ref) => {
    if (ref.type !== DISK_RESOURCE) throw new Refusal('resource-type', { id: ref.id });
    if (seen.has(ref.id)) throw new Refusal('resource-duplicate', { id: ref.id });
    seen.add(ref.id);
    const volume = control.volume(ref.id);
    const holder = others.find((other) => other.resources.some((resource) => resource.id === ref.id));
    if (holder !== undefined) throw new Refusal('resource-taken', { id: ref.id, vaultId: holder.id });
    const extraInfo = checkSize('extra_info', ref.extraInfo ?? {}, EXTRA_INFO_BYTES_MAX);
    return { id: ref.id, type: ref.type, name: checkName(ref.name ?? volume.name), extraInfo };
  });
}

/** Inside a change: throwing undoes what was written. */
function checkCapacity(control: Control, vault: VaultRecord): void {
  const { allocatedGib } = view(control, vault);
  if (allocatedGib > vault.sizeGib)
    throw new Refusal('vault-capacity', { value: vault.sizeGib, allocated: allocatedGib });
}

function isBusy(backup: BackupRecord): boolean {
  return backup.status === 'creating' || backup.status === 'restoring';
}
