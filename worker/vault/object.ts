// The Vault: one Durable Object a vault, the single writer of a repository's index. What it does is in
// engine/repository/vault.ts; here are its RPC, its jobs, and the streams of bytes.
//
// Nothing is written before `create`: an object that was never created answers that it is gone.

import { DurableObject } from 'cloudflare:workers';
import { Meter } from '../../engine/cost.ts';
import { EngineError, type EngineErrorCode } from '../../engine/errors.ts';
import { decodeEntries } from '../../engine/repository/pack-format.ts';
import { type BeginRequest, type CommitRequest, VaultState } from '../../engine/repository/ports.ts';
import { BackupReader } from '../../engine/repository/reader.ts';
import { claimForDeletion } from '../../engine/repository/rebuild-takeover.ts';
import { putSettings } from '../../engine/repository/settings.ts';
import { VaultCore } from '../../engine/repository/vault.ts';
import { VAULT_FORMAT, type VaultPorts } from '../../engine/repository/vault-context.ts';
import { damageVault, type VaultDamage } from '../../engine/repository/vault-damage.ts';
import type { Kind, ObjectRef } from '../../engine/types.ts';
import { R2Obs } from '../adapters/r2-obs.ts';
import { SqlVaultStore } from '../adapters/sql-vault-store.ts';
import { dataFault } from '../disk/bytes.ts';
import { servePoints } from '../disk/serve-points.ts';
import type { Env } from '../env.ts';
import { engineHost } from '../host.ts';
import { renewLeave } from '../nbd/leave.ts';
import { hangUp, NbdSockets } from '../nbd/sockets.ts';
import { readConnecting } from '../nbd/upgrade.ts';
import { CloseCode } from '../nbd/wire.ts';
import type { JobFailure, JobReport, VaultJob, VaultRpc } from '../protocol.ts';
import { blocksResponse, bytesResponse, singleBlock } from './bytes.ts';
import { refuseBeyond } from './capacity.ts';
import type { VaultWire } from './client.ts';
import { BackupExport } from './nbd-export.ts';
import { VaultOperations } from './operations.ts';
import { openVaultPoints } from './points.ts';
import { VaultRebuild } from './rebuild.ts';
import { isOperationJob, type OperationJob, startOperation } from './start-operation.ts';
import { answer, Bill, type PackedRefs, unpackRefs } from './wire.ts';

const FAILURES: Partial<Record<EngineErrorCode, JobFailure>> = {
  busy: 'busy',
  damaged: 'damaged',
  'not-found': 'not-found',
  invalid: 'invalid',
  exists: 'invalid',
  full: 'full',
};

export class Vault extends DurableObject<Env> implements VaultRpc, VaultWire {
  readonly #meter = new Meter();
  readonly #bill = new Bill(this.#meter);
  readonly #store: SqlVaultStore;
  readonly #ports: VaultPorts;
  readonly #core: VaultCore;
  readonly #rebuilding: VaultRebuild;
  readonly #operations: VaultOperations<OperationJob>;
  readonly #nbd: NbdSockets;
  /** Of the backup that was read last: a client reads a backup in many ranges. */
  #reader: { readonly backupId: string; readonly reader: BackupReader } | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new SqlVaultStore(ctx.storage, this.#meter);
    this.#ports = {
      store: this.#store,
      obs: new R2Obs(env.OBS, this.#meter),
      clock: { nowMs: () => Date.now() },
      host: engineHost(),
      pause: () => scheduler.wait(0),
    };
    this.#core = new VaultCore(this.#ports);
    this.#rebuilding = new VaultRebuild(this.#ports);
    this.#operations = new VaultOperations((job, work) => startOperation(env, this.#core, this.#meter, job, work));
    this.#nbd = new NbdSockets(ctx, {
      ready: async () => undefined,
      open: ({ point }) => {
        const { row, reader } = this.#readerOf(point);
        return new BackupExport(row, reader);
      },
      renew: (leave) => renewLeave(env, leave),
    });
  }

  // ---- jobs (VaultRpc) ----

  /**
   * Each call does a slice; the caller asks again while it is `running`. What object storage throws is passed on: the
   * job is neither done nor failed then.
   */
  async run(projectId: string, jobId: string, job: VaultJob): Promise<JobReport> {
    const mark = this.#meter.mark();
    try {
      if (job.kind === 'create') return await this.#create(projectId);
      if (job.kind === 'rebuild') return await this.#rebuild(projectId, jobId, job.onlyIfLost);
      if (!this.#isOf(projectId) && !(job.kind === 'delete' && (await this.#claim(projectId)))) {
        return { state: 'gone' };
      }
      const known = this.#store.readJob(jobId);
      if (known !== null) return JSON.parse(known) as JobReport;
      if (job.kind === 'delete') return await this.#delete();
      if (isOperationJob(job)) {
        const report = await this.#operations.run(jobId, job);
        return report.state === 'done' ? this.#remember(jobId, report) : report;
      }
      if (job.kind === 'settings') await putSettings(this.#core.context, job.revision, job.settings);
      else await this.#core.deleteBackup(job.backupId);
      return this.#remember(jobId, { state: 'done', result: { cost: this.#meter.since(mark) } });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      // A vault that was rebuilt elsewhere never does it: whoever waits for an operation must be told.
      const isHopeless = isOperationJob(job) && this.#store.readMeta()?.state === VaultState.superseded;
      const code = isHopeless ? 'invalid' : FAILURES[error.code];
      if (code === undefined) throw error;
      const report: JobReport = { state: 'failed', code, message: error.message };
      return code === 'busy' ? report : this.#remember(jobId, report);
    }
  }

  async forget(projectId: string, jobId: string): Promise<void> {
    this.#operations.drop(jobId);
    if (this.#isOf(projectId)) this.#store.deleteJob(jobId);
  }

  async damage(projectId: string, spec: VaultDamage): Promise<{ hit: number }> {
    if (this.env.EVS_SIMULATION !== 'true') throw new Error('damage is for simulations only');
    if (!this.#isOf(projectId)) return { hit: 0 };
    const { obs, host } = this.#core.context;
    const hit = await damageVault(obs, host, this.#core.context.keys(), spec);
    // What it remembers is not damaged.
    this.#reader = null;
    return { hit };
  }

  async #create(projectId: string): Promise<JobReport> {
    if (this.#store.readMeta() !== null && !this.#isOf(projectId)) return { state: 'gone' };
    const vaultId = this.ctx.id.name;
    if (vaultId === undefined) throw new EngineError('invalid', 'a vault is addressed by its name');
    this.#store.createTables();
    await this.#core.create(projectId, vaultId);
    return { state: 'done', result: {} };
  }

  /** For a vault without rows too. One that was deleted meanwhile goes on being deleted. */
  async #rebuild(projectId: string, jobId: string, onlyIfLost: boolean): Promise<JobReport> {
    if (this.#store.readMeta() !== null && !this.#isOf(projectId)) return { state: 'gone' };
    this.#reader = null;
    try {
      return await this.#rebuilding.run({ projectId, vaultId: this.ctx.id.name ?? '', jobId, onlyIfLost });
    } catch (error) {
      if (this.#store.readMeta()?.state === VaultState.closing) return await this.#delete();
      throw error;
    }
  }

  /** A vault whose rows were lost and that is to be deleted: false when there is none. */
  async #claim(projectId: string): Promise<boolean> {
    if (this.#store.readMeta() !== null) return false;
    return claimForDeletion(this.#ports, { projectId, vaultId: this.ctx.id.name ?? '' });
  }

  async lose(projectId: string): Promise<void> {
    if (this.env.EVS_SIMULATION !== 'true') throw new Error('losing rows is for simulations only');
    if (!this.#isOf(projectId)) return;
    await this.ctx.storage.deleteAll();
    this.#store.forgetTables();
    this.#reader = null;
  }

  async #delete(): Promise<JobReport> {
    const running: JobReport = { state: 'running', progress: { doneBytes: 0, totalBytes: 0 } };
    // Disks that are still being restored come first; each gives its lease back when it has everything.
    if (this.#store.listLeases().length > 0) return running;
    if (!(await this.#core.deleteObjects())) return running;
    await this.ctx.storage.deleteAll();
    this.#store.forgetTables();
    this.#reader = null;
    return { state: 'gone' };
  }

  #remember(jobId: string, report: JobReport): JobReport {
    if (this.#store.readMeta() !== null) this.#store.writeJob(jobId, JSON.stringify(report));
    return report;
  }

  /** False for what was never created, too. Throws `format` when a newer program wrote this vault. */
  #isOf(projectId: string): boolean {
    const meta = this.#store.readMeta();
    if (meta !== null && meta.format > VAULT_FORMAT) {
      throw new EngineError('format', `the vault has format ${meta.format}, newer than this program`);
    }
    return meta?.projectId === projectId;
  }

  // ---- what a Disk asks (VaultWire) ----

  begin(projectId: string, request: BeginRequest) {
    return this.#for(projectId, (core) => core.begin(request));
  }

  lookup(projectId: string, sessionId: string, refs: PackedRefs) {
    return this.#for(projectId, (core) => core.lookup(sessionId, unpackRefs(refs)));
  }

  reserve(projectId: string, sessionId: string, packUuid: string, kind: Kind) {
    return this.#for(projectId, (core) => core.reserve(sessionId, packUuid, kind));
  }

  addPack(
    projectId: string,
    sessionId: string,
    packUuid: string,
    entries: Uint8Array,
    packBytes: number,
    capacityBytes?: number,
  ) {
    return this.#for(projectId, (core) => {
      if (capacityBytes !== undefined) {
        refuseBeyond(this.#store, { sessionId, uuid: packUuid, bytes: packBytes }, capacityBytes);
      }
      return core.addPack(sessionId, packUuid, decodeEntries(entries), packBytes);
    });
  }

  commit(projectId: string, sessionId: string, request: CommitRequest) {
    return this.#for(projectId, (core) => core.commit(sessionId, request));
  }

  abort(projectId: string, sessionId: string) {
    return this.#for(projectId, (core) => core.abort(sessionId));
  }

  lease(projectId: string, leaseId: string, backupId: string, diskId: string) {
    return this.#for(projectId, (core) => core.lease(leaseId, backupId, diskId));
  }

  release(projectId: string, leaseId: string) {
    return this.#for(projectId, (core) => core.release(leaseId));
  }

  locate(projectId: string, refs: PackedRefs) {
    return this.#for(projectId, (core) => core.locate(unpackRefs(refs)));
  }

  report(projectId: string, refs: PackedRefs) {
    return this.#for(projectId, (core) => core.report(unpackRefs(refs)));
  }

  root(projectId: string, backupId: string) {
    return this.#for(projectId, async (core) => {
      const { root, sizeBytes, diskId, label } = core.available(backupId);
      // A view of a row would be sent with all that is around it.
      return { root: root.slice(), sizeBytes, diskId, label };
    });
  }

  #for<T>(projectId: string, call: (core: VaultCore) => Promise<T>) {
    return answer(this.#bill, async () => {
      if (!this.#isOf(projectId)) throw new EngineError('not-found', 'there is no such vault');
      return call(this.#core);
    });
  }

  // ---- bytes ----

  override async fetch(request: Request): Promise<Response> {
    try {
      const url = new URL(request.url);
      if (request.method !== 'GET') throw new EngineError('invalid', 'a backup can only be read');
      if (!this.#isOf(request.headers.get('x-evs-project') ?? '')) {
        throw new EngineError('not-found', 'there is no such vault');
      }
      const points = await servePoints(request, url, (from, to) => openVaultPoints(this.#core, this.#meter, from, to));
      if (points) return points;
      const { row, reader } = this.#readerOf(url.searchParams.get('backup') ?? '');
      if (url.pathname === '/nbd') return this.#nbd.accept(readConnecting(url));
      if (url.pathname === '/bytes') return await bytesResponse(reader, url.searchParams);
      if (url.pathname === '/block') return await singleBlock(reader, url.searchParams);
      if (url.pathname === '/blocks') return await blocksResponse(reader, row.sizeBytes, url.searchParams);
      throw new EngineError('not-found', 'there is no such path');
    } catch (error) {
      return dataFault(error);
    }
  }

  #readerOf(backupId: string) {
    const row = this.#core.available(backupId);
    if (this.#reader?.backupId !== row.id) {
      const onBad = (refs: readonly ObjectRef[]) => this.#core.report(refs);
      const reader = new BackupReader(engineHost(), this.#core.context.source, row, onBad);
      this.#reader = { backupId: row.id, reader };
    }
    return { row, reader: this.#reader.reader };
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    await this.#nbd.message(socket, message);
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    hangUp(socket, CloseCode.done, '');
  }
}
