// Vaults as records: made, shown, and chosen for a backup.

import { Refusal } from '../faults.ts';
import type { ProtectStatus, VaultResource, VaultView } from './contract.ts';
import type { Actor, Control } from './control.ts';
import { begin, newJobId, onVault } from './jobs.ts';
import { GIB, VAULT_SIZE_GIB_MAX, VAULT_SIZE_GIB_MIN } from './limits.ts';
import type { BackupRecord, VaultRecord } from './records.ts';

const DEFAULT_VAULT = 'default';

/** How much a full vault grows that may expand by itself. */
const AUTO_EXPAND_FACTOR = 1.25;

/** The vault that a backup goes to: the named one, the one that protects the disk, or the project's own. */
export function vaultForBackup(
  control: Control,
  actor: Actor,
  volumeId: string,
  vaultId: string | undefined,
): VaultRecord {
  const all = control.vaults.all();
  const vault =
    vaultId === undefined
      ? (all.find((one) => one.resources.some((resource) => resource.id === volumeId)) ??
        all.find((one) => one.isDefault && one.status === 'available') ??
        makeDefault(control, actor))
      : control.vault(vaultId);
  return withRoom(control, available(vault));
}

/** Bytes that a vault's backups added to it. */
export function usedBytes(control: Control, vaultId: string): number {
  const totals = control.backups.totals('storedBytes', 'vaultId');
  return totals.find((group) => group.group === vaultId)?.sum ?? 0;
}

/** The vault, or the refusal that it is full: it has no room for one byte more. */
export function withRoom(control: Control, vault: VaultRecord): VaultRecord {
  const used = usedBytes(control, vault.id);
  if (used < vault.sizeGib * GIB) return vault;
  throw new Refusal('vault-full', { id: vault.id, used: Math.ceil(used / GIB), size: vault.sizeGib });
}

/** How much the vault's object may take. One that expands by itself takes what comes, and is made to fit afterwards. */
export function capacityBytes(vault: VaultRecord): number {
  return (vault.autoExpand ? VAULT_SIZE_GIB_MAX : vault.sizeGib) * GIB;
}

/**
 * After a backup was added: a vault that expands by itself grows by a quarter, as often as it takes to have room again. One
 * that was full before that was switched on stays full, as the vendor says.
 */
export function expandWhenFull(control: Control, vaultId: string): void {
  const vault = control.vaults.get(vaultId);
  if (vault?.autoExpand !== true) return;
  const used = usedBytes(control, vaultId);
  let { sizeGib } = vault;
  while (used >= sizeGib * GIB && sizeGib < VAULT_SIZE_GIB_MAX) {
    sizeGib = Math.min(Math.ceil(sizeGib * AUTO_EXPAND_FACTOR), VAULT_SIZE_GIB_MAX);
  }
  if (sizeGib !== vault.sizeGib) control.vaults.put({ ...vault, sizeGib, updatedMs: control.now() });
}

/** Sum of the sizes of the disks that a vault protects. */
export function allocatedGib(control: Control, vault: VaultRecord): number {
  return vault.resources.reduce((sum, { id }) => sum + (control.volumes.get(id)?.sizeGib ?? 0), 0);
}

/** Refuses a vault that is smaller than what is in it. Inside a change: throwing undoes what was written. */
export function checkCapacity(control: Control, vault: VaultRecord): void {
  const allocated = allocatedGib(control, vault);
  if (allocated > vault.sizeGib) throw new Refusal('vault-capacity', { value: vault.sizeGib, allocated });
}

/** The vault, or the refusal that it is not available. */
export function available(vault: VaultRecord): VaultRecord {
  if (vault.status !== 'available') throw new Refusal('vault-status', { id: vault.id, status: vault.status });
  return vault;
}

function makeDefault(control: Control, actor: Actor): VaultRecord {
  const vault = { ...emptyVault(control, actor, DEFAULT_VAULT), sizeGib: VAULT_SIZE_GIB_MAX, isDefault: true };
  return beginCreateVault(control, vault);
}

/** Stores a vault with the job that makes its object. */
export function beginCreateVault(control: Control, vault: VaultRecord): VaultRecord {
  const createJobId = newJobId();
  const target = onVault(vault.id, { kind: 'create' });
  begin(control, { id: createJobId, action: 'createVault', target, vaultId: vault.id });
  return control.vaults.put({ ...vault, createJobId });
}

/** A vault's record before anything is known of it. */
export function emptyVault(control: Control, actor: Actor, name: string): VaultRecord {
  const nowMs = control.now();
  return {
    id: crypto.randomUUID(),
    name,
    description: null,
    status: 'available',
    objectType: 'disk',
    protectType: 'backup',
    consistentLevel: 'crash_consistent',
    sizeGib: VAULT_SIZE_GIB_MIN,
    autoBind: false,
    autoExpand: false,
    bindRules: [],
    tags: [],
    thresholdPercent: 80,
    smnNotify: true,
    locked: false,
    resources: [],
    policyIds: [],
    projectId: control.projectId,
    userId: actor.userId,
    createdMs: nowMs,
    updatedMs: nowMs,
    isDefault: false,
    createJobId: null,
    jobId: null,
  };
}

/** The contract's view of a record, with what its backups and resources add up to. */
export function view(control: Control, record: VaultRecord): VaultView {
  const { isDefault, createJobId, jobId, settingsRevision, ...vault } = record;
  const backups = control.backups.by('vaultId', vault.id);
  const resources = vault.resources.map(({ suspended, ...resource }): VaultResource => {
    const own = backups.filter((backup) => backup.volumeId === resource.id);
    return {
      ...resource,
      sizeGib: control.volumes.get(resource.id)?.sizeGib ?? 0,
      protectStatus: protectStatus(own),
      backupBytes: own.reduce((sum, backup) => sum + backup.storedBytes, 0),
      backupCount: own.length,
      autoProtect: suspended !== true,
    };
  });
  return {
    ...vault,
    resources,
    allocatedGib: allocatedGib(control, record),
    usedBytes: backups.reduce((sum, backup) => sum + backup.storedBytes, 0),
  };
}

function protectStatus(backups: readonly BackupRecord[]): ProtectStatus {
  if (backups.some((backup) => backup.status === 'creating')) return 'protecting';
  return backups.some((backup) => backup.status === 'restoring') ? 'restoring' : 'available';
}
