// Requests about two points: which object can see both, and by which names it knows them.

import { badRequest } from '../../http/errors.ts';
import type { Call } from '../../http/operation.ts';
import type { DataGrant, DataTarget } from '../../project/contract.ts';
import type { PointName } from '../../protocol.ts';
import { grantFor } from './grants.ts';

const POINT = /^(volume|snapshot|backup)s\/([\w-]{1,64})$/;

/** Two points, and the grant of the object that sees both. */
export interface PointPair {
  readonly grant: DataGrant;
  readonly query: Readonly<Record<'from' | 'to', string>>;
}

/** The point that a `from` names, `snapshots/ID`; null for none, which stands for zeros. */
export function parsePoint(text: string | undefined): DataTarget | null {
  if (text === undefined) return null;
  const match = POINT.exec(text);
  if (match === null) {
    throw badRequest(`from is '${text.slice(0, 80)}': write snapshots/ID, backups/ID or volumes/ID, or leave it out.`);
  }
  return { kind: match[1] as DataTarget['kind'], id: match[2]! };
}

/** Asks leave to read both points, and finds out who can compare them. */
export async function grantPair(
  call: Call<unknown, unknown>,
  from: DataTarget | null,
  to: DataTarget,
): Promise<PointPair> {
  const [toGrant, fromGrant] = await Promise.all([
    grantFor(call, to, 'read'),
    from === null ? null : grantFor(call, from, 'read'),
  ]);
  if (fromGrant?.kind === 'disk' && toGrant.kind === 'disk' && fromGrant.diskId !== toGrant.diskId) {
    throw badRequest('The two points are of different disks: compare a backup with either.', 'bad-points');
  }
  if (fromGrant?.kind === 'vault' && toGrant.kind === 'vault' && fromGrant.vaultId !== toGrant.vaultId) {
    throw badRequest('The two backups are in different vaults.', 'bad-points');
  }
  // A disk can ask a vault, a vault knows nothing of disks.
  const grant = fromGrant?.kind === 'disk' ? fromGrant : toGrant;
  const fromName: PointName = fromGrant === null ? { kind: 'empty' } : nameOf(fromGrant);
  return { grant, query: { from: JSON.stringify(fromName), to: JSON.stringify(nameOf(toGrant)) } };
}

function nameOf(grant: DataGrant): PointName {
  if (grant.kind === 'vault') return { kind: 'backup', vaultId: grant.vaultId, backupId: grant.backupId };
  return grant.snapshotId === null ? { kind: 'head' } : { kind: 'snapshot', snapshotId: grant.snapshotId };
}
