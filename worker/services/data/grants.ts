// Grants: the Project's leave to move bytes, good for 30 s. Kept per isolate and token, so that a stream of requests
// asks the Project twice a minute and not each time.

import type { Call } from '../../http/operation.ts';
import type { DataGrant, DataTarget } from '../../project/contract.ts';

/** Grants that one isolate remembers; the oldest goes first. */
const CACHE_ENTRIES_MAX = 1024;

/** A grant is not used in its last moment: the disk's answer would outlive it. */
const MARGIN_MS = 1000;

const cache = new Map<string, DataGrant>();

export type Right = 'read' | 'write';

function keyOf(call: Call<unknown, unknown>, target: DataTarget, right: Right): string {
  return `${call.caller.tokenId} ${right} ${target.kind} ${target.id}`;
}

/** A grant of the caller for the target, remembered or new. */
export async function grantFor(
  call: Call<unknown, unknown>,
  target: DataTarget,
  right: Right,
  fresh: 'cached' | 'fresh' = 'cached',
): Promise<DataGrant> {
  const key = keyOf(call, target, right);
  const known = cache.get(key);
  if (fresh === 'cached' && known !== undefined && known.expiresMs - MARGIN_MS > Date.now()) return known;
  cache.delete(key);
  const grant = await call.ask((project, caller) => project.grant(caller, target, right));
  if (cache.size >= CACHE_ENTRIES_MAX) cache.delete(cache.keys().next().value!);
  cache.set(key, grant);
  return grant;
}

/** After the object said that it does not know what the grant names. */
export function forgetGrant(call: Call<unknown, unknown>, target: DataTarget, right: Right): void {
  cache.delete(keyOf(call, target, right));
}
