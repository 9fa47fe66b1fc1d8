// Every way in which the service says no. RPC does not keep error classes, so a refusal is plain data: a stable code, the
// finished sentence, and what it was about. Which HTTP status and vendor code it becomes depends on the face that asked.

/** The API form that a request came in: vendor EVS, OpenStack Cinder, vendor VBS, vendor CBR. */
export type Face = 'native' | 'cinder' | 'vbs' | 'cbr';

interface FaceForm {
  readonly status?: number;
  readonly code?: string;
}

interface FaultForm {
  /** HTTP status on every face that does not say otherwise. */
  readonly status: number;
  /** Sentence with {detail} places. */
  readonly message: string;
  readonly native?: FaceForm;
  readonly cinder?: FaceForm;
  readonly vbs?: FaceForm;
  readonly cbr?: FaceForm;
}

const evs = (number: string, status?: number): FaceForm => form(`EVS.${number}`, status);
const volumeBackup = (number: string, status?: number): FaceForm => form(`VolumeBackup.${number}`, status);
const backupService = (number: string, status?: number): FaceForm => form(`BackupService.${number}`, status);
const form = (code: string, status?: number): FaceForm => (status === undefined ? { code } : { code, status });

/** Code of a face's refusal that has no code of its own there. */
const DEFAULT_CODE: Record<Face, Record<number, string> & { other: string }> = {
  native: {
    400: 'EVS.5400',
    401: 'EVS.5401',
    403: 'EVS.5403',
    404: 'EVS.5404',
    413: 'EVS.5413',
    503: 'EVS.5503',
    other: 'EVS.5500',
  },
  cinder: { other: '' },
  vbs: { 400: 'VolumeBackup.0002', 401: 'VolumeBackup.0006', 403: 'VolumeBackup.0008', other: 'VolumeBackup.0001' },
  cbr: { 400: 'BackupService.9900', 403: 'BackupService.8600', other: 'BackupService.9910' },
};

/** The closed set. Codes are ours and stable; vendor codes are from the published tables. */
export const FAULTS = {
  // --- the request as such
  'invalid-request': { status: 400, message: '{reason}', cbr: backupService('9900') },
  'malformed-body': { status: 400, message: 'The request body is malformed: {reason}' },
  unauthenticated: {
    status: 401,
    message: 'The request you have made requires authentication.',
    native: evs('0002', 401),
  },
  'token-revoked': { status: 401, message: 'The token has been revoked: log in again.', native: evs('0002', 401) },
  forbidden: { status: 403, message: 'You are not authorized to {action}.', native: evs('0003', 403) },
  'path-not-found': { status: 404, message: 'The resource could not be found.' },
  'method-not-allowed': { status: 405, message: 'The method {method} is not allowed for this resource.' },
  conflict: { status: 409, message: '{reason}' },
  'payload-too-large': { status: 413, message: 'The request body is larger than {limitBytes} bytes: split it.' },
  'media-type': { status: 415, message: 'Unsupported content type: send {wanted}.' },
  'not-implemented': { status: 501, message: '{what} is not implemented.' },
  'not-simulation': {
    status: 403,
    message: 'This deployment is not a simulation: faults and the clock cannot be driven.',
  },
  'zone-unavailable': { status: 503, message: 'Availability zone {zone} is down: try again when it is up.' },
  'format-newer': {
    status: 500,
    message: 'The stored state of project {id} has format {found}, this release knows {known}: run the newer release.',
  },
  internal: { status: 500, message: '{reason}', native: evs('2001', 500) },

  // --- lists
  'invalid-limit': {
    status: 400,
    message: 'Invalid limit {value}: a whole number from 0 to 1000.',
    native: evs('1023'),
  },
  'invalid-offset': {
    status: 400,
    message: 'Invalid offset {value}: a whole number from 0 to 2147483647.',
    native: evs('5400'),
  },
  'invalid-sort-key': { status: 400, message: 'Invalid sort key {value}: one of {allowed}.', native: evs('1039') },
  'invalid-sort-dir': { status: 400, message: 'Invalid sort direction {value}: asc or desc.', native: evs('1040') },
  'marker-not-found': { status: 404, message: 'Marker {id} could not be found.', native: evs('1024', 400) },

  // --- unknown ids; another project's id is unknown
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
  'zone-not-found': { status: 400, message: "Availability zone '{zone}' is invalid.", native: evs('2053') },
  'type-not-found': { status: 404, message: 'Volume type {type} could not be found.', native: evs('2070', 400) },
  'metadata-not-found': { status: 404, message: 'Metadata key {key} could not be found.' },
  'vault-not-found': { status: 404, message: 'Vault {id} could not be found.', cbr: backupService('6105') },
  'policy-not-found': { status: 404, message: 'Policy {id} could not be found.', cbr: backupService('6000') },
  'checkpoint-not-found': { status: 404, message: 'Checkpoint {id} could not be found.', cbr: backupService('6217') },
  'task-not-found': { status: 404, message: 'Task {id} could not be found.', cbr: backupService('6500') },

  // --- fields
  'invalid-name': {
    status: 400,
    message: 'Invalid name: at most {max} bytes.',
    native: evs('1003'),
    vbs: volumeBackup('0003'),
  },
  'invalid-description': { status: 400, message: 'Invalid description: at most 255 bytes.', native: evs('1004') },
  'nothing-to-update': { status: 400, message: 'Neither name nor description is given.', native: evs('1007') },
  'invalid-metadata': { status: 400, message: 'Invalid metadata: {reason}', native: evs('1005') },
  'invalid-tags': { status: 400, message: 'Invalid tags: {reason}', native: evs('1062') },
  'invalid-size': { status: 400, message: 'Invalid size {value}: {reason}', native: evs('1010') },
  'invalid-count': {
    status: 400,
    message: 'Invalid count {value}: a whole number from 1 to 100.',
    native: evs('1021'),
  },
  'several-sources': {
    status: 400,
    message: 'Give at most one source: snapshot, backup or image.',
    native: evs('1016'),
  },

  // --- quotas; Cinder answers 413
  'volume-quota': {
    status: 413,
    message: 'Maximum number of volumes allowed ({limit}) exceeded.',
    native: evs('1034', 400),
  },
  'gigabytes-quota': {
    status: 413,
    message:
      'Requested volume or snapshot exceeds allowed gigabytes quota: {requested} requested, {used} of {limit} used.',
    native: evs('1042', 400),
  },
  'volume-size-quota': { status: 413, message: 'A volume may have at most {limit} GiB.', native: evs('1010', 400) },
  'snapshot-quota': {
    status: 413,
    message: 'Maximum number of snapshots allowed ({limit}) exceeded.',
    native: evs('5413'),
  },
  'snapshot-limit': {
    status: 413,
    message: 'A disk keeps at most {limit} snapshots: delete one first.',
    native: evs('5413'),
  },
  'backup-quota': {
    status: 413,
    message: 'Maximum number of backups allowed ({limit}) exceeded.',
    vbs: volumeBackup('0071'),
  },
  'backup-gigabytes-quota': {
    status: 413,
    message: 'Requested backup exceeds allowed backup gigabytes quota ({limit}).',
    vbs: volumeBackup('0072'),
  },
  'backup-limit': {
    status: 400,
    message: 'A disk has at most {limit} backups: delete one first.',
    vbs: volumeBackup('0040'),
  },

  // --- volumes
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

  // --- snapshots
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

  // --- backups
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

  // --- vaults
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
  'vault-replication-policy': {
    status: 400,
    message: 'Policy {id} is of type {type}, which this vault does not take.',
    cbr: backupService('6117'),
  },
  'vault-empty': { status: 400, message: 'Vault {id} has nothing to back up.', cbr: backupService('0001') },
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

  // --- policies
  'policy-invalid': { status: 400, message: 'Invalid policy: {reason}', cbr: backupService('9900') },
  'policy-limit': { status: 400, message: 'At most {limit} policies of a type.', cbr: backupService('6001') },
  'policy-not-on-vault': {
    status: 404,
    message: 'Policy {id} is not associated with vault {vaultId}.',
    cbr: backupService('6002'),
  },

  // --- servers
  'server-status': { status: 409, message: 'Server {id} has status {status}: {wanted} is needed.' },
  'server-has-volumes': { status: 409, message: 'Server {id} still has data disks: detach them first.' },

  // --- the data path
  'data-status': { status: 409, message: '{kind} {id} has status {status}: its bytes cannot be used now.' },
  'data-readonly': { status: 403, message: '{kind} {id} is read only.' },
} as const satisfies Record<string, FaultForm>;

export type FaultCode = keyof typeof FAULTS;

export type FaultDetail = Readonly<Record<string, string | number>>;

/** A refusal as data. */
export interface Fault {
  readonly code: FaultCode;
  readonly message: string;
  readonly detail?: FaultDetail;
}

/** What every control-plane method answers. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Fault };

export const ok = <T>(value: T): Outcome<T> => ({ ok: true, value });

/**
 * A fault with its sentence filled in.
 * @example fault('volume-not-found', { id })
 */
export function fault(code: FaultCode, detail: FaultDetail = {}): Fault {
  const message = FAULTS[code].message.replace(/\{(\w+)\}/g, (_, name: string) => String(detail[name] ?? '?'));
  return { code, message, detail };
}

/** The refusing half of an Outcome. */
export function refuse(code: FaultCode, detail: FaultDetail = {}): { readonly ok: false; readonly fault: Fault } {
  return { ok: false, fault: fault(code, detail) };
}

/** A fault as one face shows it. `vendorCode` is empty in the Cinder form, which has none. */
export interface RenderedFault {
  readonly status: number;
  readonly vendorCode: string;
  readonly message: string;
}

/** HTTP status, vendor code and sentence of a fault on a face. Unknown codes (a newer object answered) become 500. */
export function renderFault(refusal: Fault, face: Face): RenderedFault {
  const known: FaultForm = FAULTS[refusal.code] ?? FAULTS.internal;
  const shown = known[face];
  const status = shown?.status ?? known.status;
  return { status, vendorCode: shown?.code ?? defaultCode(face, status), message: refusal.message };
}

function defaultCode(face: Face, status: number): string {
  const codes = DEFAULT_CODE[face];
  return codes[status] ?? codes.other;
}

/** Thrown inside the control plane to leave a transaction with nothing changed; never crosses RPC. */
export class Refusal extends Error {
  readonly fault: Fault;
  constructor(code: FaultCode, detail: FaultDetail = {}) {
    const said = fault(code, detail);
    super(said.message);
    this.fault = said;
  }
}
