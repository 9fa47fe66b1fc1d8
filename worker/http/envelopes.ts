// Error bodies: the one place where each service's form is made.
//
//   keystone   {"error":{"code":401,"message":"…","title":"Unauthorized"}}
//   openstack  {"itemNotFound":{"code":404,"message":"…"}}
//   evs        {"error":{"code":"EVS.5404","message":"…"}}      vbs and ecs with codes of their own
//   cbr        {"error_code":"BackupService.6105","error_msg":"…"}
//   plain      {"error":{"code":"not-found","message":"…"}}      data, sim and the pages without a vendor

import { GENERAL_CODE } from '../faults/form.ts';
import { type Face, renderFault } from '../faults.ts';
import { ApiError, FaultError } from './errors.ts';

export type EnvelopeName = 'keystone' | 'openstack' | 'evs' | 'vbs' | 'ecs' | 'cbr' | 'plain';

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  409: 'Conflict',
  413: 'Request Entity Too Large',
  416: 'Range Not Satisfiable',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
};

/** OpenStack names the fault by its status; what is not listed is a `computeFault`. */
const FAULTS: Readonly<Record<number, string>> = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'itemNotFound',
  405: 'badMethod',
  409: 'conflictingRequest',
  413: 'overLimit',
  415: 'badMediaType',
  501: 'notImplemented',
  503: 'serviceUnavailable',
};

const PLAIN_CODES: Readonly<Record<number, string>> = {
  400: 'bad-request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  411: 'length-required',
  413: 'too-large',
  416: 'out-of-range',
  500: 'internal',
  501: 'not-implemented',
  503: 'unavailable',
};

type Body = Record<string, unknown>;
type Envelope = (error: ApiError) => Body;

/** Which column of the fault table a form reads. */
const FACES: Readonly<Record<EnvelopeName, Face>> = {
  keystone: 'cinder',
  openstack: 'cinder',
  evs: 'native',
  vbs: 'vbs',
  ecs: 'cinder',
  cbr: 'cbr',
  plain: 'cinder',
};

/** The code of an error that was thrown without one. */
const codeOf = (error: ApiError, face: Face) => error.code ?? GENERAL_CODE[face](error.status);

const ENVELOPES: Readonly<Record<EnvelopeName, Envelope>> = {
  keystone: (error) => ({
    error: { code: error.status, message: error.message, title: TITLES[error.status] ?? 'Error' },
  }),
  openstack: (error) => ({
    [FAULTS[error.status] ?? 'computeFault']: {
      code: error.status,
      message: error.message,
      ...(error.status === 413 ? { retryAfter: '0' } : {}),
    },
  }),
  evs: (error) => ({ error: { code: codeOf(error, 'native'), message: error.message } }),
  vbs: (error) => ({ error: { code: codeOf(error, 'vbs'), message: error.message } }),
  ecs: (error) => ({ error: { code: error.code ?? `Ecs.0${error.status}`, message: error.message } }),
  cbr: (error) => ({ error_code: codeOf(error, 'cbr'), error_msg: error.message }),
  plain: (error) => ({
    error: { code: error.code ?? PLAIN_CODES[error.status] ?? 'error', message: error.message, ...error.details },
  }),
};

/** What was thrown, as an ApiError of this form; null for what is nobody's refusal but a defect. */
export function toApiError(envelope: EnvelopeName, thrown: unknown): ApiError | null {
  if (thrown instanceof ApiError) return thrown;
  if (!(thrown instanceof FaultError)) return null;
  const { status, vendorCode, message } = renderFault(thrown.fault, FACES[envelope]);
  return new ApiError(status, message, { code: envelope === 'plain' ? thrown.fault.code : vendorCode || undefined });
}

/** The error as a response in the given form. Always JSON with a content type: some SDKs crash without one. */
export function errorResponse(envelope: EnvelopeName, error: ApiError): Response {
  // Cinder clients wait for Retry-After on 413 and would wait for ever without it.
  const retry: Record<string, string> = envelope === 'openstack' && error.status === 413 ? { 'Retry-After': '0' } : {};
  return Response.json(ENVELOPES[envelope](error), { status: error.status, headers: { ...retry, ...error.headers } });
}

/** Resources of the EVS and VBS roots whose errors have the vendor's form; all others there speak OpenStack. */
const NATIVE_RESOURCES = new Set([
  'cloudvolumes',
  'os-vendor-volumes',
  'os-vendor-tags',
  'jobs',
  'cloudbackups',
  'backuppolicy',
  'backuppolicyresources',
  'os-vendor-backup-sharing',
  'recycle-bin-volumes',
]);

/** The form of errors under a path that no operation claimed. */
export function envelopeOfPath(path: string): EnvelopeName {
  const [service, version, , resource = ''] = path.split('/').filter((part) => part !== '');
  switch (service) {
    case 'iam':
      return 'keystone';
    case 'cbr':
      return 'cbr';
    case 'ecs':
      return version === 'v1' ? 'ecs' : 'openstack';
    case 'evs':
    case 'vbs':
      return version === 'v1' || NATIVE_RESOURCES.has(resource) ? service : 'openstack';
    case 'ims':
      return 'openstack';
    default:
      return 'plain';
  }
}
