// Before a prune trusts a lease or a session: does whoever took it still hold it? Asked, never guessed from a clock. A
// release that got lost, or the backup of a disk that is gone, would otherwise keep its objects for ever.

import { abortBackup, deleteBackup } from './decisions.ts';
import type { SessionRow } from './ports.ts';
import type { PruneScope } from './prune-scope.ts';
import type { VaultContext } from './vault-context.ts';

/** Who can be asked. */
export interface Owners {
  /**
   * Which of these leases and sessions (by their ids) a disk holds, in order. Everything that it may still use, or is
   * about to take, is held. A disk that does not exist holds nothing. Throws when it cannot be asked.
   */
  holds(diskId: string, ids: readonly string[]): Promise<boolean[]>;
}

export interface OwnersReport {
  /** Leases that nobody held any more. */
  leasesDropped: number;
  /** Sessions that nobody held any more. */
  sessionsAborted: number;
  /** Disks that could not be asked: what they took stays. */
  disksSilent: number;
}

/** What one disk has taken: ids of leases and sessions. */
interface Taken {
  readonly leases: string[];
  readonly sessions: string[];
}

/** Drops what nobody holds, and carries through what was decided and not finished. */
export async function settleOwners(scope: PruneScope, owners: Owners): Promise<OwnersReport> {
  const { vault } = scope;
  const report = { leasesDropped: 0, sessionsAborted: 0, disksSilent: 0 };
  for (const [diskId, taken] of takenByDisk(vault)) {
    await dropLoose(scope, owners, diskId, taken, report);
    await scope.pause();
  }
  report.sessionsAborted += giveUpCopies(scope);
  for (const { id, state } of vault.store.listSessions()) if (state === 'aborting') await abortBackup(vault, id);
  for (const { id, state } of vault.store.listBackups()) if (state === 'deleting') await deleteBackup(vault, id);
  return report;
}

async function dropLoose(
  scope: PruneScope,
  owners: Owners,
  diskId: string,
  { leases, sessions }: Taken,
  report: OwnersReport,
): Promise<void> {
  const { vault } = scope;
  const { store } = vault;
  const ids = [...leases, ...sessions];
  await vault.watchClaims(async (claimed) => {
    const held = await owners.holds(diskId, ids).catch(() => null);
    if (held === null) {
      report.disksSilent += 1;
      return;
    }
    // In the turn of the answer. What was taken again while the question was under way is held, whatever the answer is.
    const loose = new Set(ids.filter((id, i) => !held[i] && !claimed.has(id)));
    scope.change(() => {
      for (const id of leases) {
        if (!loose.has(id)) continue;
        store.deleteLease(id);
        report.leasesDropped += 1;
      }
      for (const id of sessions) {
        const session = loose.has(id) ? store.readSession(id) : null;
        if (session === null) continue;
        store.writeSession({ ...session, state: 'aborting' });
        report.sessionsAborted += 1;
      }
    });
  });
}

/** A copy from another vault is this vault's own work: when it is not at it, nobody is. */
function giveUpCopies(scope: PruneScope): number {
  const { store, copying } = scope.vault;
  return scope.change(() => {
    const left = store.listSessions().filter((session) => isCopy(session) && !copying.has(session.id));
    for (const session of left) store.writeSession({ ...session, state: 'aborting' });
    return left.length;
  });
}

function isCopy({ label }: SessionRow): boolean {
  return label.copiedFrom !== undefined;
}

function takenByDisk({ store }: VaultContext): Map<string, Taken> {
  const taken = new Map<string, Taken>();
  const of = (diskId: string) => {
    const known = taken.get(diskId) ?? { leases: [], sessions: [] };
    taken.set(diskId, known);
    return known;
  };
  for (const { id, diskId } of store.listLeases()) of(diskId).leases.push(id);
  for (const session of store.listSessions()) if (!isCopy(session)) of(session.diskId).sessions.push(session.id);
  return taken;
}
