// What a disk has taken from vaults and still uses, or is about to: leases of backups, and sessions of its own backups.

import type { DiskRuntime } from './runtime.ts';

/** Ids under which vaults know it. A lease has the id of the job that took it, a session that of its backup. */
export function heldIds({ records, disk }: DiskRuntime): ReadonlySet<string> {
  const ids = new Set<string>(disk.state.upstreams.keys());
  for (const { id } of records.held()) ids.add(id);
  for (const { id, job, report } of records.jobs()) {
    if (report.state !== 'running') continue;
    ids.add(id);
    if (job.kind === 'backup') ids.add(job.backupId);
  }
  return ids;
}
