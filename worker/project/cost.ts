// What backups have cost, from what their making counted.

import { addCost, NO_COST, obsUsdPerMonth, operationUsd } from '../../engine/cost.ts';
import { visibleBackup } from './backups.ts';
import type { BackupCost, Caller, VaultCost } from './contract.ts';
import type { Control } from './control.ts';
import type { BackupRecord } from './records.ts';

export function backupCost(control: Control, caller: Caller, id: string): BackupCost {
  const backup = visibleBackup(control, caller, id);
  const { vaultId, volumeId, incremental, logicalBytes, storedBytes, cost } = backup;
  return {
    backupId: id,
    vaultId,
    volumeId,
    incremental,
    logicalBytes,
    changedBytes: backup.changedBytes ?? null,
    dedupedBytes: backup.knownBytes ?? null,
    storedBytes,
    operations: cost ?? null,
    operationsUsd: cost === undefined ? null : operationUsd(cost),
    storageUsdPerMonth: obsUsdPerMonth(storedBytes),
  };
}

export function vaultCost(control: Control, id: string): VaultCost {
  control.vault(id);
  const backups = control.backups.by('vaultId', id).filter(({ status }) => status === 'available');
  const operations = backups.reduce((sum, { cost }) => addCost(sum, cost ?? NO_COST), { ...NO_COST });
  const storedBytes = sumOf(backups, ({ storedBytes }) => storedBytes) ?? 0;
  return {
    vaultId: id,
    backups: backups.length,
    volumes: new Set(backups.map(({ volumeId }) => volumeId)).size,
    logicalBytes: sumOf(backups, ({ logicalBytes }) => logicalBytes) ?? 0,
    changedBytes: sumOf(backups, ({ changedBytes }) => changedBytes),
    dedupedBytes: sumOf(backups, ({ knownBytes }) => knownBytes),
    storedBytes,
    operations,
    operationsUsd: operationUsd(operations),
    storageUsdPerMonth: obsUsdPerMonth(storedBytes),
  };
}

/** Null when one of them does not know: a sum of the others would pass for all. */
function sumOf(backups: readonly BackupRecord[], bytesOf: (backup: BackupRecord) => number | undefined): number | null {
  let sum = 0;
  for (const backup of backups) {
    const bytes = bytesOf(backup);
    if (bytes === undefined) return null;
    sum += bytes;
  }
  return sum;
}
