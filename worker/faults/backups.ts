// Backups, and the vaults that they are in.

import { backupService, evs, type FaultForm, volumeBackup } from './form.ts';

export const BACKUP_FAULTS = {
  // backups
  'backup-volume-status': {
    status: 400,
    message: 'Volume {id} has status {status}: it cannot be backed up.',
    vbs: volumeBackup('0012'),
    cbr: backupService('7003'),
  },
  'backup-running': {
    status: 400,
    message: 'A backup of volume {id} is already running.',
    vbs: volumeBackup('0013'),
    cbr: backupService('6125'),
  },
  'backup-in-use': {
    status: 400,
    message: 'Invalid volume: Backing up an in-use volume must use the force flag.',
  },
  'backup-no-parent': {
    status: 400,
    message: 'Invalid backup: No backups available to do an incremental backup.',
  },
  'backup-dependents': { status: 400, message: 'Invalid backup: Incremental backups exist for this backup.' },
  'backup-exists': { status: 400, message: 'Invalid backup: Backup {id} already exists.' },
  'backup-status': {
    status: 400,
    message: 'Backup {id} has status {status}: it must be available.',
    native: evs('1044'),
    vbs: volumeBackup('0089'),
    cbr: backupService('2005'),
  },
  'backup-size': {
    status: 400,
    message: 'Size {value} is below the {size} GiB of the backup.',
    native: evs('1022'),
    vbs: volumeBackup('0209'),
    cbr: backupService('2001'),
  },
  'backup-batch': { status: 400, message: 'From a backup only one volume at a time can be made.', native: evs('1051') },
  'backup-delete-status': {
    status: 400,
    message: 'Backup {id} has status {status}: it can be deleted only when available or error.',
    vbs: volumeBackup('0125'),
    cbr: backupService('6201'),
  },
  'restore-volume-status': {
    status: 400,
    message: 'Volume {id} has status {status}: restoring needs available.',
    vbs: volumeBackup('0205'),
    cbr: backupService('2011'),
  },
  'restore-volume-busy': {
    status: 400,
    message: 'Volume {id} is being backed up: wait for the backup.',
    vbs: volumeBackup('0206'),
    cbr: backupService('2002'),
  },
  'restore-running': {
    status: 400,
    message: 'Volume {id} is already being restored.',
    vbs: volumeBackup('0205'),
    cbr: backupService('2010'),
  },
  'restore-system': {
    status: 400,
    message: "A data disk's backup cannot be restored to a system disk.",
    cbr: backupService('2013'),
  },

  // vaults
  'vault-status': {
    status: 400,
    message: 'Vault {id} has status {status}: it must be available.',
    cbr: backupService('6113'),
  },
  'vault-full': { status: 400, message: 'Vault {id} is full: {used} of {size} GiB used.', cbr: backupService('6114') },
  'vault-capacity': {
    status: 400,
    message: 'Vault size {value} is below what is associated ({allocated} GiB).',
    cbr: backupService('6101'),
  },
  'vault-delete-status': {
    status: 400,
    message: 'Vault {id} has status {status}: it cannot be deleted.',
    cbr: backupService('6111'),
  },
  'vault-limit': { status: 400, message: 'At most {limit} vaults.', cbr: backupService('6133') },
  'vault-running': { status: 400, message: 'A task is running in vault {id}.', cbr: backupService('6125') },
  'vault-empty': { status: 400, message: 'Vault {id} has nothing to back up.', cbr: backupService('0001') },
  'vault-locked': { status: 400, message: 'Vault {id} is locked: {action}.', cbr: backupService('6220') },
  'backup-locked': {
    status: 400,
    message: 'Backup {id} was made by a policy in the locked vault {vaultId}: it stays until it expires.',
    cbr: backupService('6220'),
  },
  'vault-destination': {
    status: 400,
    message: 'Vault {id} cannot take these resources: {reason}',
    cbr: backupService('6118'),
  },
  'resource-count': { status: 400, message: 'A vault takes at most {limit} resources.', cbr: backupService('6100') },
  'resource-type': {
    status: 400,
    message: 'Resource {id} has a type that this vault does not take.',
    cbr: backupService('6102'),
  },
  'resource-taken': {
    status: 400,
    message: 'Resource {id} already belongs to vault {vaultId}.',
    cbr: backupService('6103'),
  },
  'resource-duplicate': { status: 400, message: 'Resource {id} is named twice.', cbr: backupService('6104') },
  'resource-not-in-vault': {
    status: 400,
    message: 'Resource {id} is not in vault {vaultId}.',
    cbr: backupService('6135'),
  },

  // sharing
  'member-limit': {
    status: 400,
    message: 'A backup is shared with at most {limit} projects.',
    cbr: backupService('6701'),
  },
  'member-backup-status': {
    status: 400,
    message: 'Backup {id} has status {status}: only an available one is shared.',
    cbr: backupService('6702'),
  },
  'member-exists': {
    status: 400,
    message: 'Backup {id} is shared with project {projectId} already.',
    cbr: backupService('6703'),
  },
  'share-restore': {
    status: 400,
    message: 'Backup {id} is shared by another project: it makes new disks, and is not restored onto any.',
  },
} as const satisfies Record<string, FaultForm>;
