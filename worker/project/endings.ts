// The endings of all jobs, by what they do.

import { backupEndings } from './backup-endings.ts';
import type { Ending } from './held.ts';
import { operationEndings } from './operation-endings.ts';
import type { JobAction } from './records.ts';
import { snapshotEndings } from './snapshot-endings.ts';
import { transferEndings } from './transfer-endings.ts';
import { vaultEndings } from './vault-endings.ts';
import { volumeEndings } from './volume-endings.ts';

export const ENDINGS: Readonly<Record<JobAction, Ending>> = {
  ...volumeEndings,
  ...snapshotEndings,
  ...backupEndings,
  ...vaultEndings,
  ...transferEndings,
  ...operationEndings,
  // What follows from it the other project writes down.
  tellShare: { done() {}, failed() {}, errorCode: 'EVS.2001' },
  none: { done() {}, failed() {}, errorCode: 'EVS.2001' },
};

const DELETIONS: readonly JobAction[] = [
  'deleteVolume',
  'deleteSnapshot',
  'deleteBackup',
  'deleteVault',
  'sweepVault',
  'unmarkClone',
];

/** A deletion is done when there is nothing left, whatever the words. */
export function isDeletion(action: JobAction): boolean {
  return DELETIONS.includes(action);
}

/** Nothing is lost by waiting, and much by giving up. */
export function waitsForEver(action: JobAction): boolean {
  return isDeletion(action) || ['acceptTransfer', 'tellShare', 'keepSettings'].includes(action);
}
