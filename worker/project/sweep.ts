// Once a day: what nobody will ask for again is cleared away, and what has expired is deleted.

import type { Control } from './control.ts';
import { begin, newJobId } from './jobs.ts';
import { PATIENCE } from './limits.ts';
import { clearMessages } from './messages.ts';
import type { JobRecord } from './records.ts';
import { retainAll } from './retention.ts';
import { nextSweepMs } from './sweep-time.ts';

/** Inside a change. Comes again for as long as there is anything to look after. */
export function sweep(control: Control): void {
  const realMs = Date.now();
  for (const policy of control.policies.all()) retainAll(control, policy);
  for (const job of control.jobs.all()) {
    if (job.state !== 'over' || (job.endedRealMs ?? realMs) + PATIENCE.jobLifeMs >= realMs) continue;
    if (job.action === 'deleteVault' && job.succeeded) sweepVault(control, job);
    control.jobs.delete(job.id);
  }
  const oldMs = control.now() - PATIENCE.logLifeMs;
  for (const task of control.tasks.all()) {
    if (task.endedMs !== null && task.endedMs < oldMs) control.tasks.delete(task.id);
  }
  for (const checkpoint of control.checkpoints.all()) {
    const old = checkpoint.createdMs < oldMs && control.backups.by('checkpointId', checkpoint.id).length === 0;
    if (old) control.checkpoints.delete(checkpoint.id);
  }
  control.store.rows('DELETE FROM revoked WHERE expires_ms < ?', realMs);
  clearMessages(control, control.now());
  const more = control.jobs.count() + control.policies.count() + control.messages.count() > 0;
  if (more) control.due.set('sweep', nextSweepMs(control.now()) - control.clock.offsetMs());
  else control.due.clear('sweep');
}

/** The same deletion again, once: what was on its way to object storage when the vault was deleted has landed by now. */
function sweepVault(control: Control, { target, vaultId }: JobRecord): void {
  begin(control, { id: newJobId(), action: 'sweepVault', target, ...(vaultId === undefined ? {} : { vaultId }) });
}
