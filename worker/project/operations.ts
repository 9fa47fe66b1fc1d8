// Operations: our own long work on vaults and disks. Each is a job (jobs.ts) that the driver sees through, with a report
// at its end; an operation's id is its job's in dashed form. A vault or a disk has one operation at a time, since a prune
// under a copy, or two prunes, would each undo what the other relies on; backups and restores go on meanwhile.

import { Refusal } from '../faults.ts';
import type { Progress } from '../protocol.ts';
import type { Operation, OperationKind, OperationQuery, OperationRequest, Page } from './contract.ts';
import type { Control } from './control.ts';
import { begin, dashed, newJobId, running } from './jobs.ts';
import { page, type SortKeys } from './list.ts';
import type { JobAction, JobRecord, JobTarget } from './records.ts';

const KINDS: Readonly<Record<OperationKind, true>> = {
  prune: true,
  check: true,
  copy: true,
  rebuild: true,
  recover: true,
  scrub: true,
  heal: true,
};

const SUBJECTS = ['vaultId', 'toVaultId', 'volumeId'] as const;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const NO_PROGRESS: Progress = { doneBytes: 0, totalBytes: 0 };

const SORT_KEYS: SortKeys<Operation> = {
  id: (operation) => operation.id,
  kind: (operation) => operation.kind,
  created_at: (operation) => operation.createdMs,
};

/** What an operation is about. The same request again names the same. */
export interface OperationSubject {
  readonly kind: OperationKind;
  readonly vaultId?: string;
  readonly toVaultId?: string;
  readonly volumeId?: string;
}

/** Is this job an operation? */
export function isOperation(action: JobAction): action is OperationKind {
  return Object.hasOwn(KINDS, action);
}

/**
 * Begins an operation, inside a change. `prepare` is told the job's id; it refuses what cannot be done now, writes down
 * what the job will hold, and says whom to ask for it. A request that was taken before gives its operation, and nothing
 * is prepared. Throws `conflict` while another operation has one of the same subjects.
 */
export function beginOperation(
  control: Control,
  request: OperationRequest,
  { kind, ...subject }: OperationSubject,
  prepare: (jobId: string) => { readonly target: JobTarget; readonly afterJobId?: string | null },
): Operation {
  if (request.id !== undefined && !UUID.test(request.id)) {
    throw new Refusal('invalid-request', { reason: 'The id of an operation is a UUID in lower case.' });
  }
  const jobId = request.id?.replaceAll('-', '') ?? newJobId();
  const known = control.jobs.get(jobId);
  if (known !== null) {
    const isSame = known.action === kind && SUBJECTS.every((name) => known[name] === subject[name]);
    if (isSame) return view(control, known);
    throw new Refusal('conflict', { reason: `The id ${request.id} is of another operation.` });
  }
  refuseWhileOperated(control, subject);
  return view(control, begin(control, { ...subject, ...prepare(jobId), id: jobId, action: kind }));
}

/** Throws `conflict` while an operation runs on a vault or disk of these. */
export function refuseWhileOperated(control: Control, subject: Omit<OperationSubject, 'kind'>): void {
  const wanted = SUBJECTS.flatMap((name) => subject[name] ?? []);
  for (const job of running(control)) {
    if (!isOperation(job.action) || !SUBJECTS.some((name) => wanted.includes(job[name] ?? ''))) continue;
    const reason = `Operation ${dashed(job.id)} (${job.action}) is running: wait for its end, then try again.`;
    throw new Refusal('conflict', { reason });
  }
}

export function getOperation(control: Control, id: string): Operation {
  const job = UUID.test(id) ? control.jobs.get(id.replaceAll('-', '')) : null;
  if (job === null || !isOperation(job.action)) throw new Refusal('operation-not-found', { id });
  return view(control, job);
}

/** Without their reports: a page of them would not fit into one answer between objects. */
export function listOperations(control: Control, query: OperationQuery): Page<Operation> {
  const operations = control.jobs
    .all()
    .filter((job) => isOperation(job.action))
    .map((job) => ({ ...view(control, job), report: null }))
    .filter(
      (operation) =>
        (query.kind === undefined || operation.kind === query.kind) &&
        (query.state === undefined || operation.state === query.state) &&
        (query.vaultId === undefined || [operation.vaultId, operation.toVaultId].includes(query.vaultId)) &&
        (query.volumeId === undefined || operation.volumeId === query.volumeId),
    );
  return page(operations, query, SORT_KEYS);
}

function view(control: Control, job: JobRecord): Operation {
  const failed = job.succeeded === false;
  return {
    id: dashed(job.id),
    kind: job.action as OperationKind,
    state: job.succeeded === null ? 'running' : failed ? 'failed' : 'done',
    vaultId: job.vaultId ?? null,
    volumeId: job.volumeId ?? null,
    toVaultId: job.toVaultId ?? null,
    progress: job.progress ?? control.progress.get(job.id) ?? NO_PROGRESS,
    report: job.report ?? null,
    error: failed ? { code: job.errorCode ?? 'internal', message: job.failReason ?? '' } : null,
    cost: job.cost ?? null,
    createdMs: job.beginMs,
    endedMs: job.endMs,
  };
}
