// A crash at every await of a backup, a restore and a clone, before and after its effect: the job finishes after the
// restart, nothing half done is ever visible, and the bytes are right.

import { runDurableObjectAlarm } from 'cloudflare:test';
import { describe, expect, test } from 'vitest';
import type { DiskJob, JobReport } from '../../worker/protocol.ts';
import { type CrashPlan, plan } from './crashing-disk.ts';
import { createVault, DiskDriver, label, OWNER, randomBytes } from './disk-driver.ts';

const MIB = 1_048_576;
const CALLS_MAX = 120;

/** Asks as a Project does: a broken answer is no answer, so it asks again. */
async function runThroughCrash(disk: DiskDriver, job: DiskJob): Promise<JobReport> {
  const jobId = crypto.randomUUID();
  for (let i = 0; i < 400; i++) {
    try {
      const report = await disk.stub.run(disk.owner, jobId, job);
      if (report.state !== 'running') return report as JobReport;
      // The alarm of an object that was aborted is due again; here it is made to ring at once.
      await runDurableObjectAlarm(disk.stub);
    } catch {
      // Aborted under the call.
    }
    await scheduler.wait(5);
  }
  throw new Error(`${job.kind} did not end`);
}

async function sameBytes(disk: DiskDriver, expected: Uint8Array): Promise<void> {
  const found = await disk.read(0, expected.length);
  expect(found.length === expected.length && found.every((byte, i) => byte === expected[i])).toBe(true);
}

/** Lets a disk fetch all that it lacks; the plan is over then. */
async function hydratedThroughCrash(disk: DiskDriver): Promise<void> {
  for (let i = 0; i < 400 && (await disk.status().catch(() => null))?.hydration !== null; i++) {
    await runDurableObjectAlarm(disk.stub).catch(() => undefined);
    await scheduler.wait(5);
  }
  plan(null);
  await disk.settled();
}

/** Runs `attempt` with a crash at each call in turn, until one run makes fewer calls than that. */
async function atEachCall(attempt: (plan: CrashPlan) => Promise<void>): Promise<number> {
  let crashes = 0;
  for (let call = 0; call < CALLS_MAX; call++) {
    let happened = false;
    for (const when of ['before', 'after'] as const) {
      const armed: CrashPlan = { callsLeft: call, when, happened: false };
      await attempt(armed);
      plan(null);
      happened ||= armed.happened;
      if (armed.happened) crashes++;
    }
    if (!happened) return crashes;
  }
  throw new Error(`more than ${CALLS_MAX} calls: raise the bound`);
}

describe('crash at every await', { timeout: 120_000 }, () => {
  test('backup', async () => {
    const vaultId = await createVault();
    const crashes = await atEachCall(async (armed) => {
      const disk = await new DiskDriver().create();
      const bytes = randomBytes(2 * MIB);
      await disk.write(0, bytes);
      const backupId = crypto.randomUUID();
      plan(armed);
      const report = await runThroughCrash(disk, {
        kind: 'backup',
        vaultId,
        backupId,
        full: false,
        label: label(disk.id),
      });
      plan(null);
      expect(report.state).toBe('done');
      await disk.done({ kind: 'delete' });
      const copy = new DiskDriver();
      await copy.done({ kind: 'create', sizeBytes: 2 ** 30, source: { kind: 'backup', vaultId, backupId } });
      await sameBytes(copy, bytes);
    });
    expect(crashes).toBeGreaterThan(20);
  });

  test('restore and its hydration', async () => {
    const vaultId = await createVault();
    const origin = await new DiskDriver().create();
    const bytes = randomBytes(2 * MIB);
    await origin.write(0, bytes);
    const backupId = crypto.randomUUID();
    await origin.done({ kind: 'backup', vaultId, backupId, full: false, label: label(origin.id) });
    const crashes = await atEachCall(async (armed) => {
      const disk = await new DiskDriver().create();
      await disk.write(0, randomBytes(MIB));
      plan(armed);
      const report = await runThroughCrash(disk, { kind: 'restore', vaultId, backupId });
      expect(report.state).toBe('done');
      await hydratedThroughCrash(disk);
      await sameBytes(disk, bytes);
    });
    expect(crashes).toBeGreaterThan(4);
  });

  test('clone and its hydration', async () => {
    const origin = await new DiskDriver().create();
    const bytes = randomBytes(MIB);
    await origin.write(0, bytes);
    await origin.done({ kind: 'createSnapshot', snapshotId: 's' });
    const crashes = await atEachCall(async (armed) => {
      const disk = new DiskDriver();
      plan(armed);
      const source = { kind: 'snapshot', diskId: origin.id, snapshotId: 's', zone: OWNER.zone } as const;
      const report = await runThroughCrash(disk, { kind: 'create', sizeBytes: 2 ** 30, source });
      expect(report.state).toBe('done');
      await hydratedThroughCrash(disk);
      await sameBytes(disk, bytes);
    });
    expect(crashes).toBeGreaterThan(3);
  });
});
