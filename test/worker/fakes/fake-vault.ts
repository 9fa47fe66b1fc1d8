// A Vault without bytes; see fake-disk.ts.

import { DurableObject } from 'cloudflare:workers';
import type { JobReport, VaultJob } from '../../../worker/protocol.ts';
import { type Asked, ScriptedJobs, type Step } from './script.ts';

export class FakeVault extends DurableObject {
  #jobs = new ScriptedJobs();
  #effects: string[] = [];

  async script(kind: VaultJob['kind'], steps: readonly Step[]): Promise<void> {
    this.#jobs.script(kind, steps);
  }

  async view(): Promise<{ effects: readonly string[]; asked: readonly Asked[] }> {
    return { effects: this.#effects, asked: this.#jobs.asked };
  }

  async run(_projectId: string, jobId: string, job: VaultJob): Promise<JobReport> {
    return this.#jobs.run(jobId, job.kind, () => {
      // What is kept for a recovery follows every change of a vault: no test of jobs is about it.
      if (job.kind !== 'settings') {
        this.#effects.push(job.kind === 'deleteBackup' ? `deleteBackup ${job.backupId}` : job.kind);
      }
      return { state: 'done', result: {} };
    });
  }

  async forget(_projectId: string, jobId: string): Promise<void> {
    this.#jobs.forget(jobId);
  }
}
