// GET /v1/{project}/jobs/{id}: 200 in every state; a failed job is an answer, not an error.

import { z } from '@hono/zod-openapi';
import { type Call, json, type Routes } from '../../http/operation.ts';
import { jobTime } from '../../http/times.ts';
import type { ApiJob } from '../../project/contract.ts';

export const Job = z
  .looseObject({
    status: z.enum(['INIT', 'RUNNING', 'SUCCESS', 'FAIL']),
    job_id: z.string(),
    job_type: z.string(),
    begin_time: z.string(),
    end_time: z.string(),
    error_code: z.string().nullable(),
    fail_reason: z.string().nullable(),
    entities: z.record(z.string(), z.unknown()),
  })
  .openapi('Job');

/** EVS puts the parts of a job inside `entities`, VBS beside it and as text: its clients decode a map of strings. */
export type JobForm = 'evs' | 'vbs';

function jobView(job: ApiJob, form: JobForm): z.input<typeof Job> {
  const { volumeId, name, sizeGib, volumeType, backupId, snapshotId, serverId } = job.entities;
  const all = {
    volume_id: volumeId,
    name,
    size: form === 'vbs' && sizeGib !== undefined ? String(sizeGib) : sizeGib,
    volume_type: volumeType,
    backup_id: backupId,
    snapshot_id: snapshotId,
    server_id: serverId,
  };
  const entities = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  const parts = job.subJobs.length > 0 ? { sub_jobs: job.subJobs.map((part) => jobView(part, form)) } : {};
  return {
    status: job.status,
    job_id: job.id,
    job_type: job.type,
    begin_time: jobTime(job.beginMs),
    end_time: job.endMs === null ? '' : jobTime(job.endMs),
    error_code: job.errorCode,
    fail_reason: job.failReason,
    entities: form === 'evs' ? { ...entities, ...parts } : entities,
    ...(form === 'vbs' ? parts : {}),
  };
}

/** Registers the job call below `/v1/{project_id}` of a service. */
export function jobRoutes(routes: Routes, form: JobForm): void {
  routes.get('/jobs/{job_id}', {
    summary: 'Show a job',
    answers: { 200: Job },
    handle: async (call: Call<unknown, unknown>) => {
      const job = await call.ask((project, caller) => project.getJob(caller, call.params.job_id!));
      return json(200, jobView(job, form));
    },
  });
}
