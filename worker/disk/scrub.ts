// Scrubbing and healing a disk, in slices that give way to everything else that is due. What is known so far is in memory
// only: after an eviction, or a failure, it begins again.

import { Healing, type HealReport } from '../../engine/disk/heal.ts';
import { type PointDamage, Scrub, type ScrubReport } from '../../engine/disk/scrub.ts';
import { EngineError } from '../../engine/errors.ts';
import { runFetching } from '../../engine/steps.ts';
import type { ObjectRef } from '../../engine/types.ts';
import { R2Obs } from '../adapters/r2-obs.ts';
import type { Env } from '../env.ts';
import type { JobResult, Progress } from '../protocol.ts';
import { type Pace, Sliced } from '../sliced.ts';
import type { UpkeepJob } from './jobs.ts';
import type { DiskRuntime } from './runtime.ts';
import { vaultSource } from './upstreams.ts';

const SLICE_MS = 2_000;
/** Steps between two turns: a step is at most a megabyte of work, a few milliseconds. */
const STEPS_PER_TURN = 2;

export class Upkeep {
  readonly #env: Env;
  readonly #runtime: DiskRuntime;
  #running: { readonly jobId: string; readonly work: Sliced<JobResult> } | null = null;

  constructor(env: Env, runtime: DiskRuntime) {
    this.#env = env;
    this.#runtime = runtime;
  }

  /** Does a slice of a job; its result when that was the last one. Throws what the job throws, and forgets it then. */
  async slice(jobId: string, job: UpkeepJob, onProgress: (progress: Progress) => void): Promise<JobResult | null> {
    if (this.#running?.jobId !== jobId) {
      this.#running = { jobId, work: new Sliced((pace) => this.#run(job, pace, onProgress)) };
    }
    try {
      const ended = await this.#running.work.slice(SLICE_MS);
      if (ended === null) return null;
      this.#running = null;
      return ended.value;
    } catch (error) {
      this.#running = null;
      throw error;
    }
  }

  async #run(job: UpkeepJob, pace: Pace, onProgress: (progress: Progress) => void): Promise<JobResult> {
    const { disk, owner, store } = this.#runtime;
    const totalBytes = store.objects.usage().storedBytes;
    let steps = 0;
    const pauseAt = (checkedBytes: () => number) => async () => {
      onProgress({ doneBytes: Math.min(checkedBytes(), totalBytes), totalBytes });
      if (++steps % STEPS_PER_TURN !== 0) return;
      await pace.pause();
      await this.#runtime.passZone();
    };
    const view = (report: ScrubReport) => scrubView(owner.diskId, report);
    if (job.kind === 'scrub') {
      const scrub = new Scrub(disk.state);
      const pause = pauseAt(() => scrub.objects.counts.checkedBytes);
      return { report: view(await runFetching(scrub.run(), async () => undefined, pause)) };
    }
    const healing = new Healing(disk.state);
    const vaults = new HealingVaults(this.#env, this.#runtime, job.vaultIds);
    const bring = (refs: readonly ObjectRef[]) => vaults.bring(refs);
    const report: HealReport = await runFetching(
      healing.run(),
      bring,
      pauseAt(() => healing.checkedBytes),
    );
    const healed = { ...report.healed, fromVaults: vaults.given };
    return { report: { before: view(report.before), healed, left: view(report.left) } };
  }
}

/** The vaults of a project as a place to heal from: each is asked for what the ones before it did not have. */
class HealingVaults {
  readonly #env: Env;
  readonly #runtime: DiskRuntime;
  readonly #objects: Map<string, number>;
  /** Deleted meanwhile, or without an index until somebody rebuilds it. */
  readonly #gone = new Set<string>();

  constructor(env: Env, runtime: DiskRuntime, vaultIds: readonly string[]) {
    this.#env = env;
    this.#runtime = runtime;
    this.#objects = new Map(vaultIds.map((id) => [id, 0]));
  }

  /** How many objects each of them gave, and whether it is there at all. */
  get given(): { vaultId: string; objects: number; isGone: boolean }[] {
    return [...this.#objects].map(([vaultId, objects]) => ({ vaultId, objects, isGone: this.#gone.has(vaultId) }));
  }

  /** Throws `unavailable` when one of them cannot be asked: what it has must not be given up. */
  async bring(refs: readonly ObjectRef[]): Promise<void> {
    const { owner, store } = this.#runtime;
    const { meter } = store;
    const context = { env: this.#env, obs: new R2Obs(this.#env.OBS, meter), meter, projectId: owner.projectId };
    let open = refs;
    for (const vaultId of this.#objects.keys()) {
      if (open.length === 0) return;
      const source = vaultSource(context, owner.projectId, vaultId);
      try {
        const left = await this.#runtime.takeFrom(source, open);
        this.#objects.set(vaultId, this.#objects.get(vaultId)! + open.length - left.length);
        open = left;
      } catch (error) {
        this.#runtime.assertOpen();
        if (!(error instanceof EngineError && error.code === 'not-found')) throw error;
        this.#gone.add(vaultId);
      }
    }
  }
}

/** The report in the words of the API: points are volumes and snapshots. */
function scrubView(volumeId: string, { damagedPoints, ...report }: ScrubReport) {
  const pointOf = (point: PointDamage['point']) =>
    point === 'head' ? `volumes/${volumeId}` : `snapshots/${point.snapshotId}`;
  return { ...report, damagedPoints: damagedPoints.map((one) => ({ ...one, point: pointOf(one.point) })) };
}
