// Transient faults of object storage, each alone, at each call of each job: the job is tried again until it succeeds, and
// then everything is as if nothing had happened. In between nothing half done is visible.

import { describe, expect, test } from 'vitest';
import { EngineError } from '../../engine/errors.ts';
import { Crash, CrashPlan, NEVER, World } from '../support/repository.ts';
import { type FaultRule, FaultyObs, OBS_FAULTS } from '../support/repository-faults.ts';
import { JOBS, makeScene, type RepositoryJob, type Scene } from '../support/repository-jobs.ts';

const ATTEMPTS_MAX = 60;

async function sceneOf(job: RepositoryJob): Promise<Scene> {
  const scene = await makeScene(await World.make());
  await job.prepare(scene);
  return scene;
}

function fork(scene: Scene): Scene {
  return { ...scene, world: scene.world.fork() };
}

/** Attempts until one succeeds. Returns how many there were. */
async function attempts(job: RepositoryJob, scene: Scene, obs: FaultyObs): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      await job.attempt(scene, obs);
      return attempt;
    } catch (error) {
      // A fault never ends a job for good.
      const isFinal = error instanceof EngineError && error.code !== 'unavailable' && error.code !== 'busy';
      if (isFinal || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

/** Calls of one undisturbed attempt, by name. */
async function callsOf(job: RepositoryJob, scene: Scene): Promise<string[]> {
  const calls: string[] = [];
  const world = fork(scene);
  const count: FaultRule = (call) => {
    calls.push(call);
    return null;
  };
  await job.attempt(world, new FaultyObs(world.world.obs, count));
  return calls;
}

describe.each(JOBS)('$name', (job) => {
  test.each(OBS_FAULTS)('survives any one call that %s', { timeout: 60_000 }, async (fault) => {
    const origin = await sceneOf(job);
    const calls = await callsOf(job, origin);
    expect(calls.length).toBeGreaterThan(2);
    for (let at = 0; at < calls.length; at++) {
      const scene = fork(origin);
      const obs = new FaultyObs(scene.world.obs, (_, nth) => (nth === at ? fault : null));
      await attempts(job, scene, obs);
      // What was late lands after all is over.
      await obs.land();
      await job.verify(scene);
    }
  });

  test.each([1, 4, 15])(
    'survives object storage that is down for %i calls, from any call on',
    {
      timeout: 60_000,
    },
    async (length) => {
      const origin = await sceneOf(job);
      const calls = await callsOf(job, origin);
      for (let at = 0; at < calls.length; at++) {
        const scene = fork(origin);
        const isDown: FaultRule = (_, nth) => (nth >= at && nth < at + length ? 'fails' : null);
        await attempts(job, scene, new FaultyObs(scene.world.obs, isDown));
        await job.verify(scene);
      }
    },
  );

  test.each(['before', 'after'] as const)(
    'goes on after a crash %s the effect of any call',
    {
      timeout: 60_000,
    },
    async (when) => {
      const origin = await sceneOf(job);
      const whole = new CrashPlan(NEVER);
      const counted = fork(origin);
      await job.attempt(counted, whole.wrap(counted.world.obs));
      for (let at = 0; at < whole.count; at++) {
        const scene = fork(origin);
        const plan = new CrashPlan(at, when);
        await job.attempt(scene, plan.wrap(scene.world.obs)).catch((error: unknown) => {
          if (!(error instanceof Crash || error instanceof EngineError || plan.isDead)) throw error;
        });
        await job.attempt(scene, scene.world.obs);
        await job.verify(scene);
      }
    },
  );
});
