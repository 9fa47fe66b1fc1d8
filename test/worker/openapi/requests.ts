// A valid request for each operation of the document, by its key (document.ts). An operation without one fails the test.

import { ACCOUNT_REQUESTS } from './requests/accounts.ts';
import { BACKUP_REQUESTS } from './requests/backups.ts';
import { CINDER_REQUESTS } from './requests/cinder.ts';
import { NATIVE_REQUESTS } from './requests/native.ts';
import { OPERATOR_REQUESTS } from './requests/operators.ts';
import { OWN_REQUESTS } from './requests/own.ts';
import { POLICY_REQUESTS } from './requests/policies.ts';
import { SERVER_REQUESTS } from './requests/servers.ts';
import { TYPE_REQUESTS } from './requests/types.ts';
import { VAULT_REQUESTS } from './requests/vaults.ts';
import { VOLUME_ACTION_REQUESTS } from './requests/volume-actions.ts';
import type { Tenant } from './tenant.ts';

/** What is sent; the project is put in by the test. */
export interface Request {
  /** Values of the path's parameters after the project, in their order. */
  readonly ids?: readonly string[];
  /** With its question mark. */
  readonly query?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Makes what the request needs, then the request. */
export type Make = (tenant: Tenant) => Request | Promise<Request>;
export type Requests = Readonly<Record<string, Make | { readonly roles: readonly string[]; readonly make: Make }>>;

export const REQUESTS: Requests = {
  ...ACCOUNT_REQUESTS,
  ...CINDER_REQUESTS,
  ...VOLUME_ACTION_REQUESTS,
  ...TYPE_REQUESTS,
  ...OPERATOR_REQUESTS,
  ...BACKUP_REQUESTS,
  ...NATIVE_REQUESTS,
  ...VAULT_REQUESTS,
  ...POLICY_REQUESTS,
  ...SERVER_REQUESTS,
  ...OWN_REQUESTS,
};
