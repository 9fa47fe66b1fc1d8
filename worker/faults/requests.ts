// Refusals of the request as such, before anything is looked at.

import { backupService, evs, type FaultForm, volumeBackup } from './form.ts';

export const REQUEST_FAULTS = {
  // the request as such
  'invalid-request': { status: 400, message: '{reason}', cbr: backupService('9900') },
  unauthenticated: {
    status: 401,
    message: 'The request you have made requires authentication.',
    native: evs('0002', 401),
  },
  'token-revoked': { status: 401, message: 'The token has been revoked: log in again.', native: evs('0002', 401) },
  forbidden: { status: 403, message: 'You are not authorized to {action}.', native: evs('0003', 403) },
  conflict: { status: 409, message: '{reason}' },
  'not-implemented': { status: 501, message: '{what} is not implemented.' },
  'not-simulation': {
    status: 403,
    message: 'This deployment is not a simulation: faults and the clock cannot be driven.',
  },
  'format-newer': {
    status: 503,
    message: 'The stored state of {what} has format {found}, this release knows {known}: run the newer release.',
  },
  internal: { status: 500, message: '{reason}', native: evs('2001', 500) },

  // lists
  'invalid-limit': {
    status: 400,
    message: 'Invalid limit {value}: a whole number from {min} to 1000.',
    native: evs('1023'),
  },
  'limit-too-large': { status: 400, message: 'Invalid limit {value}: at most 1000.', native: evs('2142') },
  'invalid-offset': {
    status: 400,
    message: 'Invalid offset {value}: a whole number from 0 to 2147483647.',
    native: evs('5400'),
  },
  'invalid-sort-key': { status: 400, message: 'Invalid sort key {value}: one of {allowed}.', native: evs('1039') },
  'invalid-sort-dir': { status: 400, message: 'Invalid sort direction {value}: asc or desc.', native: evs('1040') },
  'marker-not-found': {
    status: 404,
    message: 'Marker {id} could not be found.',
    native: evs('1024', 400),
    cbr: backupService('9900', 400),
  },

  // fields
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
} as const satisfies Record<string, FaultForm>;
