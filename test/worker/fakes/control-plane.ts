// The real Project, Identity and Zone, wired to fake disks and vaults. Bindings: test/worker/wrangler.test.toml.

import type { Env } from '../../../worker/env.ts';
import { Identity } from '../../../worker/identity/object.ts';
import { Project } from '../../../worker/project/object.ts';
import type { DiskJob, DiskOwner, DiskRpc } from '../../../worker/protocol.ts';
import { Zone } from '../../../worker/zone/object.ts';
import type { FakeDisk } from './fake-disk.ts';
import type { FakeVault } from './fake-vault.ts';

/** What the test worker binds for these tests. */
export interface FakesEnv {
  readonly FAKE_DISK: DurableObjectNamespace<FakeDisk>;
  readonly FAKE_VAULT: DurableObjectNamespace<FakeVault>;
  readonly PROJECT_ON_FAKES: DurableObjectNamespace<ProjectOnFakes>;
  readonly IDENTITY_ON_FAKES: DurableObjectNamespace<IdentityOnFakes>;
  readonly ZONE_ON_FAKES: DurableObjectNamespace<ZoneOnFakes>;
}

export const ACCOUNTS = {
  domain: { id: 'default', name: 'Default' },
  projects: [
    { id: 'project-1', name: 'demo1' },
    { id: 'project-2', name: 'demo2' },
  ],
  users: [
    { id: 'user-1', name: 'demo1', password: 'secret', projects: [{ name: 'demo1', roles: ['member'] }] },
    { id: 'user-2', name: 'demo2', password: 'secret', projects: [{ name: 'demo2', roles: ['member'] }] },
    { id: 'user-3', name: 'root', password: 'hidden', projects: [{ name: 'demo1', roles: ['admin'] }] },
  ],
};

export const SECRET = 'a secret for tests only';

function onFakes(env: FakesEnv): Env {
  return {
    ...env,
    DISK: env.FAKE_DISK,
    VAULT: env.FAKE_VAULT,
    PROJECT: env.PROJECT_ON_FAKES,
    IDENTITY: env.IDENTITY_ON_FAKES,
    ZONE: env.ZONE_ON_FAKES,
    EVS_SECRET: SECRET,
    EVS_SIMULATION: 'true',
    EVS_ACCOUNTS: JSON.stringify(ACCOUNTS),
  } as unknown as Env;
}

/** Where a Project is to die, once: around its nth call of a Disk from now on. */
export interface CrashPoint {
  call: number;
  readonly when: 'same turn' | 'before' | 'after';
}

export class ProjectOnFakes extends Project {
  /** By project id. The tests run in the isolate of the objects, so this is shared with them. */
  static readonly crashPoints = new Map<string, CrashPoint>();

  constructor(ctx: DurableObjectState, env: Env) {
    const settings = onFakes(env as unknown as FakesEnv);
    super(ctx, { ...settings, DISK: crashing(settings.DISK, ctx) });
  }
}

/** The namespace, with the crash point of the object's project around each call. */
function crashing(disks: Env['DISK'], ctx: DurableObjectState): Env['DISK'] {
  const around = async <T>(call: () => Promise<T>): Promise<T> => {
    const points = ProjectOnFakes.crashPoints;
    const point = points.get(ctx.id.name ?? '');
    const here = point !== undefined && --point.call === 0;
    if (here) points.delete(ctx.id.name ?? '');
    if (here && point.when === 'same turn') ctx.abort('crash point of the test');
    if (here && point.when === 'before') {
      // After an await the intent is durable, as it is when the platform lets a call out.
      await scheduler.wait(1);
      ctx.abort('crash point of the test');
    }
    const answer = await call();
    if (here) ctx.abort('crash point of the test');
    return answer;
  };
  return {
    idFromName: (name: string) => disks.idFromName(name),
    get: (id: DurableObjectId) => {
      const disk = disks.get(id) as unknown as DiskRpc;
      return {
        run: (owner: DiskOwner, jobId: string, job: DiskJob) => around(() => disk.run(owner, jobId, job)),
        forget: (owner: DiskOwner, jobId: string) => around(() => disk.forget(owner, jobId)),
        handOver: (owner: DiskOwner, projectId: string) => around(() => disk.handOver(owner, projectId)),
      };
    },
  } as unknown as Env['DISK'];
}

export class IdentityOnFakes extends Identity {
  /** Settings that a test puts in place of ours, before the object comes into memory. */
  static accounts: string | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    const settings = onFakes(env as unknown as FakesEnv);
    super(ctx, IdentityOnFakes.accounts === null ? settings : { ...settings, EVS_ACCOUNTS: IdentityOnFakes.accounts });
  }
}

export class ZoneOnFakes extends Zone {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, onFakes(env as unknown as FakesEnv));
  }
}
