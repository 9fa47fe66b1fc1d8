// Every operation that is an administrator's, called by a member of the same project: 403, and nothing has changed.

import { describe, expect, it } from 'vitest';
import { named, OPERATIONS, type Operation } from './openapi/document.ts';
import { call, expectRefusal, prepare, unchanged } from './openapi/prepared.ts';
import { REQUESTS } from './openapi/requests.ts';

/** Everybody's, although what they are about takes an administrator to make. */
const FOR_ALL: ReadonlySet<string> = new Set([
  'GET /evs/*/types/{type_id}/extra_specs',
  'GET /evs/*/types/{type_id}/extra_specs/{key}',
  'POST /evs/*/snapshots/{snapshot_id}/action os-update_snapshot_status',
  // Whose it is: the user's own password, and projects that the user has a role in (404 for others).
  'POST /iam/v3/users/{id}/password',
  'GET /iam/v3/projects/{id}',
]);

function isAdmins({ key }: Operation): boolean {
  const entry = REQUESTS[key];
  return entry !== undefined && typeof entry !== 'function' && entry.roles.includes('admin') && !FOR_ALL.has(key);
}

describe('by a member', () => {
  it.each(named(OPERATIONS.filter(isAdmins)))('%s is forbidden', async (_title, operation) => {
    const prepared = await prepare(operation);
    const member = await prepared.tenant.as('member');
    await unchanged(prepared, async () => {
      const response = await call(prepared, {}, member);
      const text = await expectRefusal(response, operation, 'a member');
      expect(response.status, text).toBe(403);
    });
  });
});
