// What a refusal is written down as: a status, a sentence, and how each form of the API shows it.

/** The API form that a request came in: vendor EVS, OpenStack Cinder, vendor VBS, vendor CBR. */
export type Face = 'native' | 'cinder' | 'vbs' | 'cbr';

export interface FaceForm {
  readonly status?: number;
  readonly code?: string;
}

export interface FaultForm {
  /** HTTP status on every face that does not say otherwise. */
  readonly status: number;
  /** Sentence with {detail} places. */
  readonly message: string;
  readonly native?: FaceForm;
  readonly cinder?: FaceForm;
  readonly vbs?: FaceForm;
  readonly cbr?: FaceForm;
}

/** A code as it is; the table's status stands unless another is given. */
export const form = (code: string, status?: number): FaceForm => (status === undefined ? { code } : { code, status });

/** `EVS.1046` */
export const evs = (number: string, status?: number): FaceForm => form(`EVS.${number}`, status);

/** `VolumeBackup.0012` */
export const volumeBackup = (number: string, status?: number): FaceForm => form(`VolumeBackup.${number}`, status);

/** `BackupService.6105` */
export const backupService = (number: string, status?: number): FaceForm => form(`BackupService.${number}`, status);

const VBS_CODES: Readonly<Record<number, string>> = {
  400: 'VolumeBackup.0002',
  401: 'VolumeBackup.0006',
  403: 'VolumeBackup.0008',
};

/** The vendor's documents give CBR no general codes for some of these; gateway codes are what its users see. */
const CBR_CODES: Readonly<Record<number, string>> = {
  400: 'BackupService.9900',
  401: 'APIGW.0301',
  403: 'BackupService.8600',
  404: 'APIGW.0101',
  413: 'BackupService.9900',
};

/** The code of a refusal that has none of its own on a face; empty in the Cinder form, which has no codes. */
export const GENERAL_CODE: Readonly<Record<Face, (status: number) => string>> = {
  // EVS.5400, .5401, .5403, .5404, .5413, .5500 and .5503 are the vendor's: 5 and the status.
  native: (status) => `EVS.5${status}`,
  cinder: () => '',
  vbs: (status) => VBS_CODES[status] ?? 'VolumeBackup.0001',
  cbr: (status) => CBR_CODES[status] ?? 'BackupService.9998',
};
