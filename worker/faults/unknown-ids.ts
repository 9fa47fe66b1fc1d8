// Ids that lead nowhere. One of another project is unknown too.

import { backupService, evs, type FaultForm, form, volumeBackup } from './form.ts';

export const UNKNOWN_ID_FAULTS = {
  'volume-not-found': {
    status: 404,
    message: 'Volume {id} could not be found.',
    native: evs('5404'),
    vbs: volumeBackup('0021', 404),
    cbr: backupService('7000'),
  },
  'snapshot-not-found': {
    status: 404,
    message: 'Snapshot {id} could not be found.',
    native: evs('5404'),
    cbr: backupService('7202'),
  },
  'backup-not-found': {
    status: 404,
    message: 'Backup {id} could not be found.',
    native: evs('5404'),
    vbs: volumeBackup('0103'),
    cbr: backupService('6200'),
  },
  'job-not-found': {
    status: 400,
    message: 'Job {id} could not be found.',
    native: form('Common.0011'),
    vbs: form('Common.0011'),
  },
  'server-not-found': { status: 404, message: 'Server {id} could not be found.', cbr: backupService('6302') },
  'attachment-not-found': { status: 404, message: 'Attachment {id} could not be found.' },
  'project-not-found': { status: 404, message: 'Project {id} could not be found.' },
  'zone-not-found': { status: 400, message: "Availability zone '{zone}' is invalid.", native: evs('2053') },
  'type-not-found': { status: 404, message: 'Volume type {type} could not be found.', native: evs('2070', 400) },
  'metadata-not-found': { status: 404, message: 'Metadata key {key} could not be found.' },
  'vault-not-found': { status: 404, message: 'Vault {id} could not be found.', cbr: backupService('6105') },
  'operation-not-found': { status: 404, message: 'Operation {id} could not be found.' },
  'policy-not-found': {
    status: 404,
    message: 'Policy {id} could not be found.',
    vbs: form('AutoBackup.0205'),
    cbr: backupService('6000'),
  },
  'checkpoint-not-found': { status: 404, message: 'Checkpoint {id} could not be found.', cbr: backupService('6217') },
  'member-not-found': { status: 404, message: 'Backup {id} is not shared with project {projectId}.' },
  'sharing-not-found': { status: 404, message: 'Sharing {id} could not be found.' },
  'tag-not-found': { status: 404, message: 'Tag {key} could not be found.', cbr: backupService('6600', 404) },
  'task-not-found': { status: 404, message: 'Task {id} could not be found.', cbr: backupService('6500') },
} as const satisfies Record<string, FaultForm>;
