// A workbench for control-plane tests: one project of its own per test, its fake disks and vaults, and short words for
// what tests do over and over.

import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import type { FaultCode, Outcome } from '../../../worker/faults.ts';
import type {
  ApiJob,
  Backup,
  Caller,
  CreateVolumes,
  ProjectRpc,
  Snapshot,
  Volume,
} from '../../../worker/project/contract.ts';
import type { PolicyRecord } from '../../../worker/project/records.ts';
import { overdue } from '../../../worker/project/timetable.ts';
import { type CrashPoint, type FakesEnv, ProjectOnFakes } from './control-plane.ts';
import type { FakeDisk } from './fake-disk.ts';
import type { FakeVault } from './fake-vault.ts';

const fakes = env as unknown as FakesEnv;

let projects = 0;

export class Bench {
  readonly projectId: string;
  readonly caller: Caller;

  constructor(projectId = `project-of-test-${++projects}-${crypto.randomUUID()}`) {
    this.projectId = projectId;
    const user = { domainId: 'default', userId: 'user-1', userName: 'demo1', roles: ['member'], tokenId: 'token-1' };
    this.caller = { projectId, projectName: 'demo1', ...user };
  }

  /** A new stub each time: one that saw an abort stays broken. */
  get stub(): DurableObjectStub<ProjectOnFakes> {
    return fakes.PROJECT_ON_FAKES.get(fakes.PROJECT_ON_FAKES.idFromName(this.projectId));
  }

  get project(): ProjectRpc {
    return this.stub as unknown as ProjectRpc;
  }

  disk(volumeId: string): DurableObjectStub<FakeDisk> {
    return fakes.FAKE_DISK.get(fakes.FAKE_DISK.idFromName(volumeId));
  }

  vault(vaultId: string): DurableObjectStub<FakeVault> {
    return fakes.FAKE_VAULT.get(fakes.FAKE_VAULT.idFromName(vaultId));
  }

  /** A new volume that is ready. */
  async volume(input: Partial<CreateVolumes> = {}): Promise<Volume> {
    const { volumes } = must(await this.project.createVolumes(this.caller, { face: 'cinder', sizeGib: 1, ...input }));
    return this.volumeIn(volumes[0]!.id, 'available');
  }

  async snapshot(volumeId: string, face: 'native' | 'cinder' = 'cinder'): Promise<Snapshot> {
    const { id } = must(await this.project.createSnapshot(this.caller, { face, volumeId }));
    return until(
      async () => must(await this.project.getSnapshot(this.caller, id)),
      (one) => one.status === 'available',
    );
  }

  async backup(volumeId: string): Promise<Backup> {
    const { backup } = must(await this.project.createBackup(this.caller, { face: 'cinder', volumeId }));
    return this.backupIn(backup.id, 'available');
  }

  volumeIn(id: string, status: Volume['status']): Promise<Volume> {
    return until(
      async () => must(await this.project.getVolume(this.caller, id)),
      (one) => one.status === status,
    );
  }

  snapshotIn(id: string, status: Snapshot['status']): Promise<Snapshot> {
    return until(
      async () => must(await this.project.getSnapshot(this.caller, id)),
      (one) => one.status === status,
    );
  }

  backupIn(id: string, status: Backup['status']): Promise<Backup> {
    return until(
      async () => must(await this.project.getBackup(this.caller, id)),
      (one) => one.status === status,
    );
  }

  /** The job once it has ended. */
  jobEnd(id: string): Promise<ApiJob> {
    return until(
      async () => must(await this.project.getJob(this.caller, id)),
      (job) => job.endMs !== null,
    );
  }

  async volumeGone(id: string): Promise<void> {
    await until(
      () => this.project.getVolume(this.caller, id),
      (answer) => !answer.ok,
    );
  }

  /** Everything that is stored, to show that a refusal changed nothing. */
  async stored(): Promise<string> {
    return this.sql("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'").then(
      async (tables) => {
        const all: Record<string, unknown> = {};
        for (const { name } of tables) all[String(name)] = await this.sql(`SELECT * FROM "${name}"`);
        return JSON.stringify(all);
      },
    );
  }

  sql(text: string): Promise<Record<string, SqlStorageValue>[]> {
    return runInDurableObject(this.stub, (_project, state) => state.storage.sql.exec(text).toArray());
  }

  /** Ends the object in this instant, as a crash would. */
  async crash(): Promise<void> {
    await runInDurableObject(this.stub, (_project, state) => state.abort('crash of the test')).catch(() => {});
  }

  /** Ends the object around its nth call of a Disk from now on; resolves once it has. */
  crashAt(point: CrashPoint): () => Promise<void> {
    ProjectOnFakes.crashPoints.set(this.projectId, { ...point });
    return async () => {
      await until(
        async () => ProjectOnFakes.crashPoints.has(this.projectId),
        (waits) => !waits,
      );
      await scheduler.wait(20);
    };
  }

  /** Loses what is in memory and rings, until the volume's Disk was asked so many more times. */
  async alarmUntilAsked(volumeId: string, times: number): Promise<void> {
    const asked = async () => (await this.disk(volumeId).view()).asked.length;
    const goal = (await asked()) + times;
    while ((await asked()) < goal) {
      await this.crash();
      const before = await asked();
      await this.alarm();
      await until(asked, (now) => now > before);
      // Long enough for the answer to be stored: it is the question that is repeated here, not the loss of answers.
      await scheduler.wait(50);
    }
  }

  /** A vault with these disks, under a policy. */
  vaultWith(volumes: readonly Volume[], policyId: string): ReturnType<ProjectRpc['createVault']> {
    return this.project.createVault(this.caller, {
      name: 'v',
      sizeGib: 100,
      objectType: 'disk',
      protectType: 'backup',
      consistentLevel: 'crash_consistent',
      resources: volumes.map(({ id }) => ({ id, type: 'OS::Cinder::Volume' })),
      policyId,
    });
  }

  /**
   * As if the object had slept since `ms` before now, when the policy was made: its point is due, the alarm is yet to ring.
   * Returns the newest point that passed, and those before it.
   */
  async away(policyId: string, ms: number): Promise<[number, number[]]> {
    const points = await runInDurableObject(this.stub, async (_project, { storage }) => {
      const { body } = storage.sql.exec(`SELECT body FROM policy WHERE id = '${policyId}'`).one();
      const policy: PolicyRecord = JSON.parse(String(body));
      const earlier = { ...policy, startMs: policy.startMs - ms, doneMs: Date.now() - ms };
      storage.sql.exec('UPDATE policy SET body = ? WHERE id = ?', JSON.stringify(earlier), policyId);
      storage.sql.exec(`UPDATE due SET due_ms = 1 WHERE key = 'policy:${policyId}'`);
      return overdue(earlier, Date.now());
    });
    await this.crash();
    await runInDurableObject(this.stub, (_project, state) => state.storage.setAlarm(Date.now() + 3600_000));
    return [points.at(-1)!, points.slice(0, -1)];
  }

  /** Makes everything due and rings. */
  async alarm(): Promise<void> {
    await runInDurableObject(this.stub, async (_project, state) => {
      state.storage.sql.exec("UPDATE due SET due_ms = 1 WHERE key LIKE 'job:%'");
      await state.storage.setAlarm(Date.now() + 3600_000);
    });
    await runDurableObjectAlarm(this.stub);
  }
}

/** The value of an outcome that must be good. */
export function must<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`refused: ${outcome.fault.code}: ${outcome.fault.message}`);
  return outcome.value;
}

/** The outcome must be this refusal. */
export function mustRefuse(outcome: Outcome<unknown>, code: FaultCode): void {
  expect(outcome.ok ? 'accepted' : outcome.fault.code).toBe(code);
}

/** Asks again until the answer is as wanted. */
export async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean, waitMs = 12_000): Promise<T> {
  const endMs = Date.now() + waitMs;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (Date.now() > endMs) throw new Error(`still ${JSON.stringify(answer)}`);
    await scheduler.wait(10);
  }
}
