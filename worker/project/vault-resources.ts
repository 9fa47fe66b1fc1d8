// What a vault protects: disks are added, taken out, left out of policies, and bound by their tags.

import { Refusal } from '../faults.ts';
import type { Page, ProtectableDisk, ProtectableQuery, ResourceRef } from './contract.ts';
import type { Control } from './control.ts';
import { beginDeleteBackup } from './delete-backups.ts';
import { checkName, checkSize } from './fields.ts';
import { EXTRA_INFO_BYTES_MAX, VAULT_RESOURCES_MAX } from './limits.ts';
import { commonKeys, page } from './list.ts';
import { refuseLockedVault } from './locks.ts';
import type { BackupRecord, VaultRecord, VolumeRecord } from './records.ts';
import { logTask } from './tasks.ts';
import { allocatedGib, available, checkCapacity } from './vault-records.ts';

/** Type of a disk among the resources of a vault. */
export const DISK_RESOURCE = 'OS::Cinder::Volume';

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
  refuseLockedVault(vault, 'its disks stay in it');
  const removed = resourcesOf(vault, resourceIds);
  const ids = new Set(removed.map((resource) => resource.id));
  const backups = control.backups.by('vaultId', id).filter((backup) => ids.has(backup.volumeId));
  if (backups.some(isBusy)) throw new Refusal('vault-running', { id });
  for (const backup of backups) if (backup.status !== 'deleting') beginDeleteBackup(control, backup);
  const resources = vault.resources.filter((resource) => !ids.has(resource.id));
  control.vaults.put({ ...vault, resources, updatedMs: control.now() });
  logTask(control, {
    kind: 'remove_resource',
    status: 'success',
    vaultId: id,
    vaultName: vault.name,
    ...counted(removed.map(({ id, type, name }) => ({ id, type, name }))),
  });
  return [...ids];
}

/** Policies pass suspended resources by; a person may still back them up. */
export function suspendVaultResources(
  control: Control,
  id: string,
  resourceIds: readonly string[],
  suspended: boolean,
): string[] {
  const vault = available(control.vault(id));
  const chosen = new Set(resourcesOf(vault, resourceIds).map((resource) => resource.id));
  const resources = vault.resources.map((resource) =>
    chosen.has(resource.id) ? { ...resource, suspended } : resource,
  );
  control.vaults.put({ ...vault, resources, updatedMs: control.now() });
  return [...chosen];
}

/**
 * Takes the disks into a vault that its rules match and that no vault protects yet: those with one of the tags, or all when
 * the rules name none. The oldest come first; what the vault has no room for stays out, and is looked at the next time.
 * To be called inside a change, when a policy is about to run; the vault as it is then.
 */
export function bindMatching(control: Control, vault: VaultRecord): VaultRecord {
  if (!vault.autoBind || vault.status !== 'available') return vault;
  const taken = protectedIds(control);
  const candidates = control.volumes
    .all()
    .filter((volume) => !taken.has(volume.id) && isIdle(volume) && isMatch(volume, vault))
    .toSorted((a, b) => a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1));
  const resources = [...vault.resources];
  let freeGib = vault.sizeGib - allocatedGib(control, vault);
  for (const volume of candidates) {
    if (resources.length >= VAULT_RESOURCES_MAX || volume.sizeGib > freeGib) continue;
    freeGib -= volume.sizeGib;
    resources.push({ id: volume.id, type: DISK_RESOURCE, name: volume.name, extraInfo: {} });
  }
  if (resources.length === vault.resources.length) return vault;
  return control.vaults.put({ ...vault, resources, updatedMs: control.now() });
}

/** The project's disks, and which vault has them. */
export function listProtectableDisks(control: Control, query: ProtectableQuery): Page<ProtectableDisk> {
  const ids = query.ids === undefined ? null : new Set(query.ids);
  const volumes = control.volumes
    .all()
    .filter(
      (volume) =>
        (ids === null || ids.has(volume.id)) &&
        (query.name === undefined || volume.name === query.name) &&
        (query.status === undefined || volume.status === query.status) &&
        (query.serverId === undefined || volume.attachments.some(({ serverId }) => serverId === query.serverId)),
    );
  const found = page(volumes, query, commonKeys<VolumeRecord>());
  const vaultIds = protectedIds(control);
  const items = found.items.map(({ id, name, status, sizeGib, zone }): ProtectableDisk => {
    return { id, name, status, sizeGib, zone, vaultId: vaultIds.get(id) ?? null };
  });
  return { ...found, items };
}

/** Resources as they are stored in a vault, or the refusal of the first that cannot be. */
export function checkedResources(
  control: Control,
  vault: VaultRecord,
  refs: readonly ResourceRef[],
): VaultRecord['resources'] {
  if (vault.resources.length + refs.length > VAULT_RESOURCES_MAX) {
    throw new Refusal('resource-count', { limit: VAULT_RESOURCES_MAX });
  }
  const seen = new Set<string>();
  const taken = protectedIds(control);
  return refs.map((ref) => {
    if (ref.type !== DISK_RESOURCE) throw new Refusal('resource-type', { id: ref.id });
    if (seen.has(ref.id)) throw new Refusal('resource-duplicate', { id: ref.id });
    seen.add(ref.id);
    const volume = control.volume(ref.id);
    const holder = taken.get(ref.id);
    if (holder !== undefined) throw new Refusal('resource-taken', { id: ref.id, vaultId: holder });
    const extraInfo = checkSize('extra_info', ref.extraInfo ?? {}, EXTRA_INFO_BYTES_MAX);
    return { id: ref.id, type: ref.type, name: checkName(ref.name ?? volume.name), extraInfo };
  });
}

/** Does an operation run on this backup? */
export function isBusy(backup: BackupRecord): boolean {
  return backup.status === 'creating' || backup.status === 'restoring';
}

/** The vault's resources of these ids, each once; the refusal of one that it does not have. */
export function resourcesOf(vault: VaultRecord, ids: readonly string[]): VaultRecord['resources'] {
  return [...new Set(ids)].map((id) => {
    const resource = vault.resources.find((one) => one.id === id);
    if (resource === undefined) throw new Refusal('resource-not-in-vault', { id, vaultId: vault.id });
    return resource;
  });
}

/** The vault of each disk that is in one. */
function protectedIds(control: Control): Map<string, string> {
  return new Map(control.vaults.all().flatMap((vault) => vault.resources.map(({ id }) => [id, vault.id] as const)));
}

function isIdle(volume: VolumeRecord): boolean {
  return volume.status === 'available' || volume.status === 'in-use';
}

function isMatch(volume: VolumeRecord, { bindRules }: VaultRecord): boolean {
  return bindRules.length === 0 || bindRules.some(({ key, value }) => volume.tags[key] === value);
}

function counted(resources: readonly { id: string; type: string; name: string }[]) {
  return { resources, totalCount: resources.length, failCount: 0 };
}
