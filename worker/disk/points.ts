// Two points that are looked at together: states of this disk, a backup of a vault, or nothing at all. However a point is
// stored, what walks the trees sees two roots and one place that has their objects.

import type { MeterCounts } from '../../engine/cost.ts';
import type { PointId } from '../../engine/disk/disk.ts';
import { EngineError } from '../../engine/errors.ts';
import type { EngineHost } from '../../engine/host.ts';
import { Objects } from '../../engine/objects.ts';
import { FrameCache } from '../../engine/repository/frame-cache.ts';
import { ObsObjectSource } from '../../engine/repository/source.ts';
import type { Job } from '../../engine/steps.ts';
import { runFetching } from '../../engine/steps.ts';
import { type Digest, HOLE, type ObjectRef } from '../../engine/types.ts';
import { R2Obs } from '../adapters/r2-obs.ts';
import type { Env } from '../env.ts';
import { engineHost } from '../host.ts';
import type { PointName } from '../protocol.ts';
import { backupRoot, vaultClient } from '../vault/client.ts';
import { DataRefusal } from './refusal.ts';
import type { DiskRuntime } from './runtime.ts';

/** Objects of a vault that a walk on a disk remembers: the pages of one group, and some blocks. */
const OVERLAY_BYTES = 4 * 2 ** 20;

/** Steps between two turns: a step reads sixteen pages of each point, a few milliseconds. */
const STEPS_PER_TURN = 2;

export interface Point {
  readonly root: Digest;
  readonly sizeBytes: number;
}

/** Two points, open: their trees stay as they are until `close`. */
export interface Points {
  readonly from: Point;
  readonly to: Point;
  readonly objects: Objects;
  readonly host: EngineHost;
  /** Brings objects that are absent, as far as they can be had. */
  bring(refs: readonly ObjectRef[]): Promise<void>;
  /** Gives the turn away. Throws when the points can no longer be read. */
  pause(): Promise<void>;
  /** What the object made the platform do since the points were opened. */
  cost(): MeterCounts;
  close(): void;
}

/** Runs an engine job over the points to its end. */
export function driveOver<T>(points: Points, job: Job<T>): Promise<T> {
  let steps = 0;
  const bring = (refs: readonly ObjectRef[]) => points.bring(refs);
  return runFetching(job, bring, () => (++steps % STEPS_PER_TURN === 0 ? points.pause() : undefined));
}

/** Uses points and closes them, whatever comes of it. */
export async function withPoints<T>(opened: Promise<Points>, use: (points: Points) => Promise<T>): Promise<T> {
  const points = await opened;
  try {
    return await use(points);
  } finally {
    points.close();
  }
}

/** Opens two points of which at most one is a backup; what is written to the disk comes into its tree first. */
export async function openDiskPoints(
  env: Env,
  runtime: DiskRuntime,
  fromName: PointName,
  toName: PointName,
): Promise<Points> {
  const { store, disk, owner } = runtime;
  const mark = store.meter.mark();
  const backup = [fromName, toName].find((name) => name.kind === 'backup');
  const { projectId } = owner;
  const held = backup ? await backupRoot(env, projectId, backup.vaultId, backup.backupId, store.meter) : null;
  for (const name of [fromName, toName]) await intoTree(runtime, name);
  // No await from here until the roots are held: folding and collecting go on beside the walk.
  const to = resolve(runtime, toName, held, null);
  const from = resolve(runtime, fromName, held, to);
  disk.state.walkedRoots.add(from.root).add(to.root);

  const host = engineHost();
  const vault = backup ? vaultClient(env, projectId, backup.vaultId, store.meter) : null;
  const source = vault && new ObsObjectSource(new R2Obs(env.OBS, store.meter), (refs) => vault.locate(refs));
  const objects = source ? new Objects(new FrameCache(OVERLAY_BYTES, store.objects), host) : disk.state.objects;
  return {
    from,
    to,
    objects,
    host,
    async bring(refs) {
      const here = source ? objects.adopt(refs, await source.fetch(refs)) : [];
      const absent = refs.filter((_, i) => !here[i]);
      if (absent.length === 0) return;
      // What nobody has, the walk finds missing by itself.
      await runtime.bring(absent).catch(ignoreDamaged);
      // Unless the backup was deleted meanwhile, which is no damage.
      if (backup) await backupRoot(env, projectId, backup.vaultId, backup.backupId, store.meter);
    },
    async pause() {
      await runtime.pause();
      runtime.assertNotExclusive();
    },
    cost: () => store.meter.since(mark),
    close() {
      disk.state.walkedRoots.delete(from.root);
      disk.state.walkedRoots.delete(to.root);
    },
  };
}

/** Folds until the tree alone says what the point was when the request came. */
async function intoTree(runtime: DiskRuntime, name: PointName): Promise<void> {
  if (name.kind === 'head') await runtime.foldAll();
  else if (name.kind === 'snapshot' && runtime.disk.view(pointId(name)).log !== null) await runtime.sealAll();
}

/** A root of its own for each point: two walks of one root each hold theirs. */
function resolve(runtime: DiskRuntime, name: PointName, backup: Point | null, other: Point | null): Point {
  if (name.kind === 'backup') return { ...backup!, root: backup!.root.slice() };
  if (name.kind === 'empty') return { root: HOLE.slice(), sizeBytes: other!.sizeBytes };
  const { root, sizeBytes } = runtime.disk.view(pointId(name));
  return { root: root.slice(), sizeBytes };
}

function pointId(name: Extract<PointName, { kind: 'head' | 'snapshot' }>): PointId {
  return name.kind === 'head' ? 'head' : { snapshotId: name.snapshotId };
}

/** What cannot be had is found missing by whoever needs it. */
export function ignoreDamaged(error: unknown): void {
  if (!(error instanceof EngineError && error.code === 'damaged')) throw error;
}

/** The point that a query names: JSON of a PointName, as the data service writes it. */
export function pointOf(query: URLSearchParams, name: 'from' | 'to'): PointName {
  const text = query.get(name);
  if (text === null) throw new DataRefusal('bad-points', `the request names no point in ${name}`);
  return JSON.parse(text) as PointName;
}
