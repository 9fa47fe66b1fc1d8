// Refusals of the identity service: accounts that are not there, are taken, or are not to be changed.

import type { FaultForm } from './form.ts';

export const ACCOUNT_FAULTS = {
  'account-not-found': { status: 404, message: 'Could not find {kind}: {id}.' },
  'assignment-not-found': {
    status: 404,
    message: 'Could not find role assignment with role: {role}, user: {user}, {kind}: {id}.',
  },
  'name-taken': { status: 409, message: 'There is already a {kind} with the name {name}.' },
  'account-configured': {
    status: 403,
    message: 'The {kind} {name} comes from the settings of this deployment (EVS_ACCOUNTS): change it there.',
  },
  'too-many-accounts': { status: 403, message: 'There are {max} {kind}s, the most that one domain can have.' },
} as const satisfies Record<string, FaultForm>;
