// The Disk Durable Object: one per disk, named by the volume's UUID. It owns the bytes: objects, head, snapshots, and
// the one exclusive operation. An object that was never created answers "gone" and writes nothing.

import { DurableObject } from 'cloudflare:workers';
import { Meter } from '../../engine/cost.ts';
import { damageDisk } from '../../engine/disk/damage.ts';
import { checkSize, Disk as EngineDisk, type PointId } from '../../engine/disk/disk.ts';
import { EngineError } from '../../engine/errors.ts';
import type { Frame, UpstreamRow } from '../../engine/ports.ts';
import { countAllocatedBlocks } from '../../engine/tree.ts';
import { BLOCK_BYTES, type Digest, type ObjectRef } from '../../engine/types.ts';
import { MeteredSql } from '../adapters/metered-sql.ts';
import { R2Obs } from '../adapters/r2-obs.ts';
import { SqlDiskStore } from '../adapters/sql-disk-store.ts';
import type { Env } from '../env.ts';
import { engineHost } from '../host.ts';
import type { DamageSpec, DiskJob, DiskOwner, DiskRpc, DiskStatus, JobReport, PinnedRoot } from '../protocol.ts';
import { vaultClient } from '../vault/client.ts';
import { readBlock } from './blocks.ts';
import { dataFault, listBlocks, readBytes } from './bytes.ts';
import { reportOf } from './eager.ts';
import { heldIds } from './holding.ts';
import { acceptLong, failure, isExclusive, isFinal, isLong, isUpkeep, refuseBeside, runQuick } from './jobs.ts';
import { Maintenance } from './maintenance.ts';
import { DiskNbd } from './nbd.ts';
import { openDiskPoints } from './points.ts';
import { DiskRecords, type JobRow } from './records.ts';
import { DiskRuntime } from './runtime.ts';
import { servePoints } from './serve-points.ts';
import { serveWrite } from './serve-writes.ts';
import { statusOf } from './status.ts';
import { type Locator, locatorOf, parseLocator, reach, releaseUpstream } from './upstreams.ts';
import { ZoneGate } from './zone-gate.ts';

const DONE: JobReport = { state: 'done', result: {} };
const GONE: JobReport = { state: 'gone' };

/**
 * A new disk's content is fetched in the background from this long after it is created: whoever waited for the disk reads
 * first, and does not queue behind megabytes that nobody asked for.
 */
const HYDRATE_AFTER_MS = 500;
/** A running job is told of after so long when it has not ended. */
const ANSWER_AFTER_MS = 1_000;

/** A disk that is in memory, with its background work. */
interface Loaded {
  readonly runtime: DiskRuntime;
  readonly maintenance: Maintenance;
}

export class Disk extends DurableObject<Env> implements DiskRpc {
  /** Tests do not wait. */
  protected readonly hydrateAfterMs: number = HYDRATE_AFTER_MS;
  readonly #meter = new Meter();
  readonly #store: SqlDiskStore;
  readonly #records: DiskRecords;
  readonly #zone: ZoneGate;
  readonly #nbd: DiskNbd;
  #loaded: Loaded | null = null;
  /** The creation that is under way: asking again meanwhile must not acquire, or give back, its source a second time. */
  #creating: Promise<JobReport> | null = null;
  /** The end of the disk that is under way: from its beginning on nobody finds the disk. */
  #erasing: Promise<void> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new SqlDiskStore(ctx.storage, this.#meter);
    this.#records = new DiskRecords(new MeteredSql(ctx.storage.sql, this.#meter));
    this.#zone = new ZoneGate(env);
    this.#nbd = new DiskNbd(ctx, env, {
      loaded: () => this.#loadedForNbd(),
      due: (task, afterMs) => this.#loadAny().maintenance.reschedule(task, afterMs),
    });
  }

  async run(owner: DiskOwner, jobId: string, job: DiskJob): Promise<JobReport> {
    try {
      await this.#zone.pass(owner.zone);
      await this.#erasing;
      if (job.kind === 'create' && !this.#store.exists()) return await this.#createOnce(owner, jobId, job);
      const loaded = this.#load(owner);
      if (!loaded) return GONE;
      const known = this.#job(jobId);
      if (known?.report.state === 'running') return await this.#progress(owner, loaded, jobId);
      if (known) return reportOf(loaded.runtime, known);
      if (job.kind === 'delete') return await this.#delete(loaded);
      return this.#accept(loaded, jobId, job);
    } catch (error) {
      return failure(error);
    }
  }

  async forget(owner: DiskOwner, jobId: string): Promise<void> {
    if (!this.#load(owner)) return;
    const row = this.#job(jobId);
    if (row && row.report.state !== 'running') this.#records.deleteJob(jobId);
  }

  async handOver(owner: DiskOwner, projectId: string): Promise<'done' | 'wait' | 'gone'> {
    await this.#zone.pass(owner.zone);
    if (this.#load({ ...owner, projectId })) return 'done';
    const loaded = this.#load(owner);
    if (!loaded) return 'gone';
    const { runtime } = loaded;
    const { state } = runtime.disk;
    // All of these speak in the owner's name.
    const busy = state.upstreams.size + this.#records.held().length + this.#records.jobs().length;
    if (busy + this.#store.listPins().length > 0) return 'wait';
    runtime.owner = { ...runtime.owner, projectId };
    this.#records.writeOwner(runtime.owner);
    return 'done';
  }

  async status(owner: DiskOwner): Promise<DiskStatus | null> {
    const loaded = this.#load(owner);
    return loaded && statusOf(loaded.runtime);
  }

  async damage(owner: DiskOwner, spec: DamageSpec): Promise<{ hit: number }> {
    if (this.env.EVS_SIMULATION !== 'true') throw new Error('damage is for simulations only');
    const loaded = this.#load(owner);
    return { hit: loaded ? damageDisk(loaded.runtime.disk, spec) : 0 };
  }

  async pin(owner: DiskOwner, pinId: string, snapshotId: string): Promise<PinnedRoot | 'wait' | null> {
    await this.#zone.pass(owner.zone);
    const loaded = this.#load(owner);
    if (!loaded?.runtime.disk.state.snapshots.has(snapshotId)) return null;
    const { runtime } = loaded;
    const { disk } = runtime;
    if (disk.state.upstreams.size > 0) return 'wait';
    await runtime.sealAll();
    if (!disk.state.snapshots.has(snapshotId)) return null;
    const { sizeBytes } = disk.state.snapshot(snapshotId);
    const root = disk.pin(pinId, snapshotId, owner.projectId);
    const blocks = await runtime.drive(countAllocatedBlocks(disk.state.objects, root));
    return { root, sizeBytes, logicalBytes: blocks * BLOCK_BYTES };
  }

  async holding(ids: readonly string[]): Promise<boolean[] | null> {
    await this.#erasing;
    // One that is being made may have taken its lease, and has written nothing yet.
    if (this.#creating) return ids.map(() => true);
    if (!this.#store.exists()) return ids.map(() => false);
    const { runtime } = this.#loadAny();
    const held = heldIds(runtime);
    const isUp = await this.#zone.pass(runtime.owner.zone).then(
      () => true,
      () => false,
    );
    return isUp ? ids.map((id) => held.has(id)) : null;
  }

  async unpin(owner: DiskOwner, pinId: string): Promise<void> {
    const loaded = this.#load(owner, 'tombstone too');
    if (!loaded) return;
    const { runtime, maintenance } = loaded;
    runtime.disk.unpin(pinId);
    if (runtime.owner.isTombstone && this.#store.listPins().length === 0) await this.#erase(loaded);
    else maintenance.scheduleCollection();
  }

  async objects(owner: DiskOwner, pinId: string, refs: readonly ObjectRef[]): Promise<(Frame | null)[] | null> {
    await this.#zone.pass(owner.zone);
    const loaded = this.#load(owner, 'tombstone too');
    if (!loaded || !this.#store.listPins().some((pin) => pin.id === pinId)) return null;
    return this.#store.objects.getMany(refs);
  }

  override async fetch(request: Request): Promise<Response> {
    try {
      const url = new URL(request.url);
      const zone = request.headers.get('x-evs-zone') ?? '';
      const owner = { projectId: request.headers.get('x-evs-project') ?? '', zone };
      await this.#zone.pass(zone);
      const loaded = this.#load(owner);
      if (!loaded) throw new EngineError('not-found', 'the disk does not exist');
      loaded.runtime.assertNotExclusive();
      return await this.#serve(loaded, request, url);
    } catch (error) {
      await request.body?.cancel().catch(() => undefined);
      return dataFault(error);
    }
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    await this.#nbd.message(socket, message);
  }

  override async webSocketClose(socket: WebSocket, code: number): Promise<void> {
    this.#nbd.closed(socket, code);
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    this.#nbd.closed(socket, 1006);
  }

  #loadedForNbd() {
    if (this.#erasing || !this.#store.exists()) return null;
    const { runtime, maintenance } = this.#loadAny();
    return runtime.owner.isTombstone ? null : { runtime, wrote: () => maintenance.scheduleFold() };
  }

  async #serve({ runtime, maintenance }: Loaded, request: Request, url: URL): Promise<Response> {
    if (url.pathname === '/nbd') return await this.#nbd.connect(url);
    const points = await servePoints(request, url, (from, to) => openDiskPoints(this.env, runtime, from, to));
    if (points) return points;
    const number = (name: string) => Number(url.searchParams.get(name) ?? 0);
    const name = url.searchParams.get('point') ?? 'head';
    const point: PointId = name === 'head' ? 'head' : { snapshotId: name };
    if (url.pathname === '/blocks') {
      return Response.json(await listBlocks(runtime, point, number('cursor'), number('limit')));
    }
    if (url.pathname === '/block' && request.method === 'GET') return readBlock(runtime, point, number('index'));
    if (request.method === 'PUT') {
      const answer = await serveWrite(runtime, request, url);
      maintenance.scheduleFold();
      return answer;
    }
    return readBytes(runtime, point, number('offset'), number('length'));
  }

  /** Never throws: what fails is due again. */
  override async alarm(): Promise<void> {
    if (this.#erasing || !this.#store.exists()) return;
    await this.#loadAny().maintenance.run();
  }

  #createOnce(owner: DiskOwner, jobId: string, job: Extract<DiskJob, { kind: 'create' }>): Promise<JobReport> {
    this.#creating ??= this.#create(owner, jobId, job).finally(() => {
      this.#creating = null;
    });
    return this.#creating;
  }

  async #create(owner: DiskOwner, jobId: string, job: Extract<DiskJob, { kind: 'create' }>): Promise<JobReport> {
    checkSize(job.sizeBytes);
    const diskId = this.ctx.id.name ?? '';
    const mark = this.#meter.mark();
    const source = await this.#source(owner, jobId, job, diskId).catch(async (error: unknown) => {
      // No disk will come of it, so nobody would ever give back what was acquired, now or by a call whose answer was lost.
      if (isFinal(error) && job.source) await this.#giveBack(owner, jobId, locatorOf(job.source, 0));
      throw error;
    });
    if (source === 'wait') return { state: 'running', progress: { doneBytes: 0, totalBytes: 0 } };
    // The object was empty before the awaits; it must still be.
    if (this.#store.exists()) return this.run(owner, jobId, job);
    this.ctx.storage.transactionSync(() => {
      this.#store.createTables();
      this.#records.create({ ...owner, diskId, isTombstone: false });
      if (source) this.#records.hold(source.upstream.id, source.upstream.locator);
    });
    EngineDisk.create(this.#store, engineHost(), { sizeBytes: job.sizeBytes, ...source });
    const report: JobReport = { state: 'done', result: { cost: this.#meter.since(mark) } };
    const row: JobRow = { id: jobId, job, report, attempts: 0 };
    this.#records.writeJob(row);
    if (!source) return report;
    const { runtime, maintenance } = this.#loadAny();
    maintenance.schedule('hydrate', job.eager === true ? 0 : this.hydrateAfterMs);
    return reportOf(runtime, row);
  }

  /** Acquires what a new disk's content comes from; idempotent by job id. */
  async #source(
    owner: DiskOwner,
    jobId: string,
    { source, sizeBytes }: Extract<DiskJob, { kind: 'create' }>,
    diskId: string,
  ): Promise<{ root: Digest; upstream: UpstreamRow } | 'wait' | null> {
    if (!source) return null;
    let found: { root: Digest; sizeBytes: number; logicalBytes: number };
    if (source.kind === 'backup') {
      const vault = vaultClient(this.env, source.projectId ?? owner.projectId, source.vaultId, this.#meter);
      found = await reach('the vault', vault.lease(jobId, source.backupId, diskId));
    } else {
      const { diskId: sourceId, zone, snapshotId } = source;
      const stub = this.env.DISK.get(this.env.DISK.idFromName(sourceId));
      const sourceOwner = { projectId: owner.projectId, zone };
      const answer: Promise<PinnedRoot | 'wait' | null> = Promise.resolve(stub.pin(sourceOwner, jobId, snapshotId));
      const pinned = await reach('the source disk', answer);
      if (pinned === 'wait') return 'wait';
      if (!pinned) throw new EngineError('not-found', `snapshot ${snapshotId} could not be found`);
      found = pinned;
    }
    if (found.sizeBytes > sizeBytes) throw new EngineError('invalid', 'the disk is smaller than what it is made from');
    const locator = JSON.stringify(locatorOf(source, found.logicalBytes));
    return { root: found.root, upstream: { id: jobId, locator, heals: false } };
  }

  async #giveBack({ projectId }: DiskOwner, id: string, locator: Locator): Promise<void> {
    // Who cannot be told now keeps it: nothing is lost by that but room.
    await releaseUpstream(this.env, projectId, id, locator).catch(() => undefined);
  }

  #accept({ runtime, maintenance }: Loaded, jobId: string, job: DiskJob): JobReport {
    refuseBeside(runtime, job);
    const mark = this.#meter.mark();
    if (isExclusive(job) || job.kind === 'reinstall')
      this.#nbd.hangUpOnAll('head', 'the content of the disk is being replaced');
    if (isLong(job)) {
      acceptLong(runtime, jobId, job);
      const report: JobReport = { state: 'running', progress: { doneBytes: 0, totalBytes: 0 } };
      this.#records.writeJob({ id: jobId, job, report, attempts: 0 });
      maintenance.schedule(isUpkeep(job) ? 'scrub' : 'job', 0);
      maintenance.charge(jobId, this.#meter.since(mark));
      return report;
    }
    let report: JobReport;
    try {
      runQuick(runtime, job);
      report = { state: 'done', result: { cost: this.#meter.since(mark) } };
    } catch (error) {
      if (!isFinal(error)) throw error;
      report = failure(error);
    }
    this.#records.writeJob({ id: jobId, job, report, attempts: 0 });
    maintenance.scheduleFold();
    if (job.kind === 'deleteSnapshot' || job.kind === 'reinstall') maintenance.scheduleCollection();
    return report;
  }

  /** Answers when the job has ended, or after a while: asking again at short intervals would cost more and know it later. */
  async #progress(owner: DiskOwner, { maintenance }: Loaded, jobId: string): Promise<JobReport> {
    await maintenance.ended(jobId, ANSWER_AFTER_MS);
    // Whatever happened meanwhile: the disk may be gone.
    const loaded = this.#load(owner);
    if (!loaded) return GONE;
    const row = this.#job(jobId);
    if (row && row.report.state !== 'running') return reportOf(loaded.runtime, row);
    return { state: 'running', progress: maintenance.progressOf(jobId) };
  }

  #job(id: string): JobRow | undefined {
    return this.#records.jobs().find((row) => row.id === id);
  }

  /** Nothing of the disk remains, unless a clone still reads from it: then a tombstone that only the clone can see. */
  async #delete(loaded: Loaded): Promise<JobReport> {
    const { runtime, maintenance } = loaded;
    if (this.#store.listPins().length === 0) {
      await this.#erase(loaded);
      return DONE;
    }
    runtime.disk.abortCollection();
    runtime.disk.reinstall();
    this.#records.writeOwner({ ...runtime.owner, isTombstone: true });
    // Nobody asks for them any more, and an alarm must not do them to what is kept for a clone.
    for (const { id } of this.#records.jobs()) this.#records.deleteJob(id);
    maintenance.schedule('release', 0);
    maintenance.scheduleCollection();
    this.#nbd.hangUpOnAll('all', 'the disk was deleted');
    // What still runs belongs to the disk that was: it ends at its next turn, and the tombstone is opened afresh.
    runtime.isClosed = true;
    this.#loaded = null;
    return DONE;
  }

  #erase(loaded: Loaded): Promise<void> {
    this.#erasing ??= this.#eraseNow(loaded).finally(() => {
      this.#erasing = null;
    });
    return this.#erasing;
  }

  async #eraseNow({ runtime }: Loaded): Promise<void> {
    // First, so that nothing can be acknowledged, or pinned, while the calls below are under way, and then be gone.
    runtime.isClosed = true;
    this.#loaded = null;
    this.#nbd.hangUpOnAll('all', 'the disk was deleted');
    await Promise.all(
      this.#records.held().map(({ id, locator }) => this.#giveBack(runtime.owner, id, parseLocator(locator))),
    );
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    this.#store.forget();
  }

  /** The disk, if it is this owner's. Everybody else is told that there is none. */
  #load(owner: DiskOwner, tombstones: 'hidden' | 'tombstone too' = 'hidden'): Loaded | null {
    if (this.#erasing || !this.#store.exists()) return null;
    const loaded = this.#loadAny();
    const { projectId, zone, isTombstone } = loaded.runtime.owner;
    if (projectId !== owner.projectId || zone !== owner.zone) return null;
    return isTombstone && tombstones === 'hidden' ? null : loaded;
  }

  #loadAny(): Loaded {
    if (this.#loaded) return this.#loaded;
    const obs = new R2Obs(this.env.OBS, this.#meter);
    const runtime = new DiskRuntime(this.env, obs, this.#zone, this.#store, this.#records);
    const exclusive = this.#records.jobs().find((row) => row.report.state === 'running' && isExclusive(row.job));
    if (exclusive) runtime.takeExclusive(exclusive.id);
    this.#loaded = { runtime, maintenance: new Maintenance(this.env, this.ctx.storage, runtime, this.#nbd) };
    return this.#loaded;
  }
}
