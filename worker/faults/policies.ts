// Policies: rules that cannot be, and disks that cannot be put under them. In CBR one code stands for all of the rules, VBS
// has one for each field.

import { backupService, type FaultForm, form } from './form.ts';

/** `AutoBackup.0103` */
const autoBackup = (number: string, status?: number) => form(`AutoBackup.${number}`, status);

export const POLICY_FAULTS = {
  'policy-invalid': { status: 400, message: 'Invalid policy: {reason}', cbr: backupService('9900') },
  'policy-limit': {
    status: 400,
    message: 'At most {limit} policies of a type.',
    cbr: backupService('6001'),
    vbs: autoBackup('0203'),
  },
  'policy-not-on-vault': {
    status: 404,
    message: 'Policy {id} is not associated with vault {vaultId}.',
    cbr: backupService('6002'),
  },
  'policy-points-missed': {
    status: 400,
    message: '{points} points of policy {id} passed without a run, the first at {since}: it runs once for all of them.',
  },

  // VBS
  'policy-default': {
    status: 400,
    message: 'The default policy cannot be modified, renamed or deleted.',
    vbs: autoBackup('0100'),
  },
  'policy-name-length': { status: 400, message: 'A policy name has 1 to 64 characters.', vbs: autoBackup('0101') },
  'policy-name': {
    status: 400,
    message: 'A policy name has letters, digits, underscores and hyphens, and does not start with default.',
    vbs: autoBackup('0102'),
  },
  'policy-start-time': {
    status: 400,
    message: 'start_time has full hours of UTC, HH:00,HH:00, ascending by local time: not "{value}".',
    vbs: autoBackup('0103'),
  },
  'policy-status': { status: 400, message: 'status is ON or OFF, not "{value}".', vbs: autoBackup('0104') },
  'policy-first-of-month': {
    status: 400,
    message: 'remain_first_backup_of_curMonth is Y or N, not "{value}".',
    vbs: autoBackup('0105'),
  },
  'policy-interval': {
    status: 400,
    message: 'Either frequency (1 to {max} days) or week_frequency (SUN to SAT) is needed.',
    vbs: autoBackup('0106'),
  },
  'policy-retention': {
    status: 400,
    message: 'Either rentention_num (2 to {maxBackups}) or rentention_day (2 to {maxDays}) is needed.',
    vbs: autoBackup('0107'),
  },
  'policy-time-zone': {
    status: 400,
    message: 'time_zone is written UTC+08:00, not "{value}".',
    vbs: autoBackup('0226'),
  },
  'policy-running': { status: 400, message: 'Policy {id} is being executed.', vbs: autoBackup('0225') },
  'policy-empty': { status: 400, message: 'Policy {id} has no disks to back up.', vbs: autoBackup('1700') },
  'policy-resource-limit': { status: 400, message: 'A policy takes at most {limit} disks.', vbs: autoBackup('0204') },
  'policy-resource-type': { status: 400, message: 'Resource {id} is not of type volume.', vbs: autoBackup('0211') },
  'policy-resource-status': {
    status: 400,
    message: 'Volume {id} has status {status}: it cannot be associated with a policy.',
    vbs: autoBackup('0206'),
  },
  'policy-resource-absent': {
    status: 400,
    message: 'Volume {id} is not associated with policy {policyId}.',
    vbs: autoBackup('1400'),
  },
  'policy-tag': {
    status: 400,
    message: 'A tag has a key of 1 to 36 and a value of up to 43 letters, digits, underscores and hyphens.',
    vbs: autoBackup('0214'),
  },
  'policy-tag-limit': { status: 400, message: 'A policy has at most {limit} tags.', vbs: autoBackup('0215') },
  'policy-tag-not-found': { status: 404, message: 'Policy {id} has no tag {key}.', vbs: autoBackup('0216') },
} as const satisfies Record<string, FaultForm>;
