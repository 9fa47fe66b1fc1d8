// Pieces of request tables.

import type { Make, Requests } from '../requests.ts';
import type { Tenant } from '../tenant.ts';

/** Needs nothing to exist. */
export const plain: Make = () => ({});

/** Only an administrator may. */
export const admin = (make: Make) => ({ roles: ['admin', 'member'], make });

/** A request to the thing that `make` makes. */
export const on =
  (make: (tenant: Tenant) => Promise<string>, body?: unknown, ...more: string[]): Make =>
  async (tenant) => ({ ids: [await make(tenant), ...more], body });

export const volume = (tenant: Tenant) => tenant.volume();
/** A volume of the type that can become any other. */
export const slowVolume = (tenant: Tenant) => tenant.ownVolume({ volume_type: 'SATA', size: 10 });
export const snapshot = (tenant: Tenant) => tenant.snapshot();
export const backup = (tenant: Tenant) => tenant.backup();

/** The metadata calls of one kind of thing. */
export function metadataRequests(path: string, make: (tenant: Tenant) => Promise<string>): Requests {
  const map = { metadata: { a: 'b' } };
  return {
    [`GET ${path}`]: on(make),
    [`POST ${path}`]: on(make, map),
    [`PUT ${path}`]: on(make, map),
    [`GET ${path}/{key}`]: on(make, undefined, 'key'),
    [`PUT ${path}/{key}`]: on(make, { meta: { key: 'other' } }, 'key'),
    [`DELETE ${path}/{key}`]: on(make, undefined, 'key'),
  };
}
