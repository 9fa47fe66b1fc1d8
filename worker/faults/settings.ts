// Settings of all projects (types, quality of service), transfers between projects, messages.

import { evs, type FaultForm } from './form.ts';

export const SETTINGS_FAULTS = {
  // types
  'type-exists': { status: 409, message: 'Volume Type {name} already exists.' },
  'type-built-in': { status: 400, message: 'Volume type {name} is built in: it cannot be changed.' },
  'type-in-use': { status: 400, message: 'Target volume type is still in use: {count} volumes have it.' },
  'type-access-not-found': {
    status: 404,
    message: 'Volume type access not found for {id} / {projectId} combination.',
  },
  'extra-spec-not-found': { status: 404, message: 'Volume Type {id} has no extra specs with key {key}.' },
  'encryption-exists': { status: 400, message: 'Volume type encryption for type {id} already exists.' },
  'encryption-not-found': { status: 404, message: 'Volume type encryption for type {id} does not exist.' },

  // quality of service
  'qos-not-found': { status: 404, message: 'No such qos spec {id}.' },
  'qos-key-not-found': { status: 404, message: 'Qos spec {id} has no spec with key {key}.' },
  'qos-in-use': { status: 400, message: 'Qos Specs {id} is still associated with entities.' },

  // transfers
  'transfer-not-found': { status: 404, message: 'Transfer {id} could not be found.' },
  'transfer-key': { status: 400, message: 'Attempt to transfer {id} with invalid auth key.' },
  'transfer-underway': {
    status: 400,
    message: 'Volume {id} is on its way to another project.',
    native: evs('5400'),
  },
  'transfer-taken': { status: 400, message: 'Transfer {id} is being accepted, or what it offers is gone.' },
  'transfer-volume-status': {
    status: 400,
    message: 'Invalid volume: volume {id} has status {status}, not one that a transfer needs.',
    native: evs('5400'),
  },
  'transfer-snapshots': {
    status: 400,
    message: 'Volume {id} has snapshots, which are on the same disk: they go with it, or are deleted first.',
  },

  // messages
  'message-not-found': { status: 404, message: 'Message {id} could not be found.' },
} as const satisfies Record<string, FaultForm>;
