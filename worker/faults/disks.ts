// Disks in use, their snapshots, their servers and their bytes.

import { backupService, evs, type FaultForm, volumeBackup } from './form.ts';

export const DISK_FAULTS = {
  // volumes
  'volume-deleting': { status: 400, message: 'Volume {id} is being deleted.', native: evs('5400') },
  'volume-delete-status': {
    status: 400,
    message: 'Volume {id} has status {status}: it can be deleted only in {allowed}, without attachments.',
    native: evs('1046'),
  },
  'volume-delete-backing-up': {
    status: 400,
    message: 'Volume {id} is being backed up: wait for the backup.',
    native: evs('2130'),
  },
  'volume-has-snapshots': {
    status: 400,
    message: 'Volume {id} still has {count} dependent snapshots: delete them first, or delete with cascade.',
    native: evs('1046'),
  },
  'volume-cloned': {
    status: 400,
    message: 'A volume is being made from volume {id}: wait for it.',
    native: evs('5400'),
  },
  'clone-status': { status: 400, message: 'Volume {id} has status {status}: it cannot be cloned.' },
  'clone-zone': { status: 400, message: 'The volume must be in the zone of its source, {zone}.' },
  'clone-size': { status: 400, message: 'Size {value} is below the {size} GiB of the source volume.' },
  'extend-status': {
    status: 400,
    message: 'Volume {id} has status {status}: it cannot be extended.',
    native: evs('1064'),
  },
  'extend-shared': {
    status: 400,
    message: 'A shared volume can be extended only while available.',
    native: evs('1065'),
  },
  'extend-server': { status: 400, message: 'The server of volume {id} has status {status}.', native: evs('1066') },
  'extend-size': {
    status: 400,
    message: 'New size {value} must be greater than the current size {size}.',
    native: evs('1015'),
  },
  'retype-status': {
    status: 400,
    message: 'Volume {id} has status {status}: its type cannot be changed.',
    native: evs('2087'),
  },
  'retype-direction': { status: 400, message: 'Type {from} cannot become {to}.', native: evs('2087') },
  'reserve-status': { status: 400, message: 'Volume {id} has status {status}: it cannot be reserved.' },
  'attach-status': { status: 400, message: 'Volume {id} has status {status}: it cannot be attached.' },
  'attach-twice': { status: 400, message: 'Volume {id} is already attached to server {serverId}.' },
  'attach-limit': { status: 400, message: 'A shared volume is attached to at most {limit} servers.' },
  'attach-zone': { status: 400, message: 'Volume {id} is in {volumeZone}, the server in {serverZone}.' },
  'attach-device': { status: 400, message: 'Device {device} of server {serverId} is taken or invalid.' },
  'detach-status': { status: 400, message: 'Volume {id} has status {status}: it cannot be detached.' },
  'detach-ambiguous': { status: 400, message: 'Volume {id} has several attachments: name one.' },
  'detach-system': { status: 400, message: 'A system disk can be detached only from a stopped server.' },
  'system-shared': { status: 400, message: 'Volume {id} is shared: it cannot be a system disk.', native: evs('2094') },

  // snapshots
  'snapshot-volume-status': {
    status: 400,
    message: 'Volume {id} has status {status}: no snapshot can be made.',
    native: evs('5400'),
  },
  'snapshot-status': {
    status: 400,
    message: 'Snapshot {id} has status {status}: it must be available.',
    native: evs('2043'),
  },
  'snapshot-delete-status': {
    status: 400,
    message: 'Snapshot {id} has status {status}: it can be deleted only when available or error.',
    native: evs('1047'),
  },
  'snapshot-busy': { status: 400, message: 'Snapshot {id} is in use by another operation.', native: evs('1047') },
  'snapshot-underway': {
    status: 400,
    message: 'A snapshot of volume {id} is being made: wait for it.',
    native: evs('5400'),
    vbs: volumeBackup('0205'),
    cbr: backupService('2011'),
  },
  'snapshot-zone': {
    status: 400,
    message: 'The volume must be in the zone of its snapshot, {zone}.',
    native: evs('2054'),
  },
  'snapshot-type': {
    status: 400,
    message: 'The volume must have the type of its snapshot, {type}.',
    native: evs('2096'),
  },
  'snapshot-size': {
    status: 400,
    message: 'Size {value} is below the {size} GiB of the snapshot.',
    native: evs('1010'),
  },
  'rollback-foreign': {
    status: 400,
    message: 'Snapshot {id} belongs to volume {volumeId}: it cannot be rolled back to another volume.',
    native: evs('5400'),
  },
  'rollback-volume-status': {
    status: 400,
    message: 'Volume {id} has status {status}: rolling back needs available or error_rollbacking.',
    native: evs('5400'),
  },
  'revert-not-latest': { status: 400, message: 'Snapshot {id} is not the most recent one of its volume.' },
  'revert-extended': {
    status: 400,
    message: 'Volume {id} was extended after snapshot {snapshotId}: it cannot be reverted.',
  },
  'volume-no-snapshot': { status: 400, message: 'Volume {id} has no snapshot {snapshotId}.' },

  // servers
  'server-status': { status: 409, message: 'Server {id} has status {status}: {wanted} is needed.' },

  // the data path
  'data-status': { status: 409, message: '{kind} {id} has status {status}: its bytes cannot be used now.' },
  'data-readonly': { status: 403, message: '{kind} {id} is read only.' },
} as const satisfies Record<string, FaultForm>;
