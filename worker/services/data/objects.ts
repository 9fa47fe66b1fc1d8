// Requests to the object that holds the bytes, a Disk or a Vault, and its refusals in words of HTTP.

import type { Env } from '../../env.ts';
import { ApiError } from '../../http/errors.ts';
import type { Call } from '../../http/operation.ts';
import type { DataGrant, DataTarget } from '../../project/contract.ts';
import type { DataFault } from '../../protocol.ts';
import { forgetGrant, type Right } from './grants.ts';

/** HTTP status by refusal; a range that does not exist is 416 to a reader and 400 to a writer. */
const STATUS: Readonly<Record<DataFault['code'], number>> = {
  'not-found': 404,
  'out-of-range': 416,
  unaligned: 400,
  busy: 409,
  unavailable: 503,
  damaged: 500,
  'body-size': 400,
  full: 507,
  'bad-cursor': 400,
  'bad-points': 400,
  'bad-stream': 400,
  changed: 409,
  'wrong-base': 409,
  'too-large': 413,
  'digest-mismatch': 422,
};

/** Seconds after which trying again is worth it. */
const RETRY_AFTER_S = '1';

/** What an object is asked for. */
export type ObjectPath = 'bytes' | 'block' | 'blocks' | 'changes' | 'commitment' | 'delta' | 'proof' | 'nbd';

/** The object's answer to a request about the granted bytes. */
export async function askObject(
  env: Env,
  grant: DataGrant,
  path: ObjectPath,
  query: Readonly<Record<string, string>>,
  init: RequestInit = {},
): Promise<Response> {
  if (grant.kind === 'vault') {
    const search = new URLSearchParams({ ...query, backup: grant.backupId });
    const stub = env.VAULT.get(env.VAULT.idFromName(grant.vaultId));
    const headers = { ...(init.headers as Record<string, string>), 'x-evs-project': grant.projectId };
    return await stub.fetch(`http://vault/${path}?${search}`, { ...init, headers });
  }
  const search = new URLSearchParams({ ...query, point: grant.snapshotId ?? 'head' });
  const hint = grant.locationHint === null ? {} : { locationHint: grant.locationHint as DurableObjectLocationHint };
  const stub = env.DISK.get(env.DISK.idFromName(grant.diskId), hint);
  const headers = {
    ...(init.headers as Record<string, string>),
    'x-evs-project': grant.owner.projectId,
    'x-evs-zone': grant.owner.zone,
  };
  return await stub.fetch(`http://disk/${path}?${search}`, { ...init, headers });
}

/** The error of a refused request. */
async function refusalOf(answer: Response, right: Right): Promise<ApiError> {
  const fault = await answer.json<DataFault>().catch(() => null);
  if (fault === null || !Object.hasOwn(STATUS, fault.code)) {
    return new ApiError(500, `The object that holds the bytes failed with status ${answer.status}.`);
  }
  const status = fault.code === 'out-of-range' && right === 'write' ? 400 : STATUS[fault.code];
  return new ApiError(status, fault.message, {
    code: fault.code,
    details: fault.ranges === undefined ? {} : { ranges: fault.ranges },
    headers: status === 503 ? { 'Retry-After': RETRY_AFTER_S } : {},
  });
}

/** The same; a grant for what the object does not know is not used again. */
export async function refused(
  call: Call<unknown, unknown>,
  targets: readonly DataTarget[],
  right: Right,
  answer: Response,
): Promise<ApiError> {
  const error = await refusalOf(answer, right);
  if (error.status === 404) for (const target of targets) forgetGrant(call, target, right);
  return error;
}
