// The ends of operations: what they found is written into their own job's row.

import type { OperationKind } from './contract.ts';
import type { Control } from './control.ts';
import { endCopies } from './copies.ts';
import type { Ending } from './held.ts';
import type { JobRecord } from './records.ts';
import { endMigration } from './vault-migration.ts';
import { recoveryEndings } from './vault-recovery.ts';

/** An operation that nothing else waits for. */
const plain: Ending = {
  errorCode: null,
  done(control, job, { report, cost }) {
    control.jobs.put({ ...job, ...progressAt(control, job), report: report ?? null, cost: cost ?? null });
  },
  failed(control, job) {
    control.jobs.put({ ...job, ...progressAt(control, job) });
  },
};

export const operationEndings: Readonly<Record<OperationKind, Ending>> = {
  prune: plain,
  check: plain,
  copy: {
    ...plain,
    done(control, job, result) {
      endCopies(control, job, result.copies ?? {}, 'it was not copied');
      endMigration(control, job);
      plain.done(control, job, result);
    },
    failed(control, job, failure) {
      endCopies(control, job, {}, failure.message);
      endMigration(control, job);
      plain.failed(control, job, failure);
    },
  },
  ...recoveryEndings(plain),
  scrub: plain,
  heal: plain,
};

/** How far it had come, as it was last told. */
function progressAt(control: Control, job: JobRecord): Pick<JobRecord, 'progress'> {
  const progress = control.progress.get(job.id);
  return progress === undefined ? {} : { progress };
}
