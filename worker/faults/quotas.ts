// More than is allowed. The sentences are Cinder's: its users' programs look for words in them.

import { evs, type FaultForm, volumeBackup } from './form.ts';

export const QUOTA_FAULTS = {
  'volume-quota': {
    status: 413,
    message: "Maximum number of volumes allowed ({limit}) exceeded for quota '{name}'.",
    native: evs('1034', 400),
  },
  'gigabytes-quota': {
    status: 413,
    message:
      'Requested volume or snapshot exceeds allowed {name} quota. Requested {requested}G, quota is {limit}G and {used}G has been consumed.',
    native: evs('1042', 400),
  },
  'volume-size-quota': {
    status: 413,
    message: 'Requested volume size {size}G is larger than maximum allowed limit {limit}G.',
    native: evs('1010', 400),
  },
  'snapshot-quota': {
    status: 413,
    message: 'Maximum number of snapshots allowed ({limit}) exceeded',
    native: evs('5413'),
  },
  'snapshot-limit': {
    status: 413,
    message: 'A disk keeps at most {limit} snapshots: delete one first.',
    native: evs('5413'),
  },
  'backup-quota': {
    status: 413,
    message: 'Maximum number of backups allowed ({limit}) exceeded',
    vbs: volumeBackup('0071'),
  },
  'backup-gigabytes-quota': {
    status: 413,
    message:
      'Requested backup exceeds allowed Backup gigabytes quota. Requested {requested}G, quota is {limit}G and {used}G has been consumed.',
    vbs: volumeBackup('0072'),
  },
  'backup-limit': {
    status: 400,
    message: 'A disk has at most {limit} backups: delete one first.',
    vbs: volumeBackup('0040'),
  },
} as const satisfies Record<string, FaultForm>;
