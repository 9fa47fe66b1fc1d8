// The control plane of one project. Its methods check the caller and hand over to the modules beside this file: a read
// runs in one synchronous turn, a change in one transaction, and neither is ever split by an await.

import { DurableObject } from 'cloudflare:workers';
import { placeSettings } from '../config.ts';
import type { Env } from '../env.ts';
import { fault, type Outcome, ok, Refusal } from '../faults.ts';
import type { ZoneRpc } from '../protocol.ts';
import { Agenda } from './agenda.ts';
import * as attachments from './attachments.ts';
import * as backups from './backups.ts';
import * as checkpoints from './checkpoints.ts';
import type * as C from './contract.ts';
import { Control } from './control.ts';
import * as backupCreation from './create-backups.ts';
import * as volumeCreation from './create-volumes.ts';
import { Driver } from './driver.ts';
import { grant } from './grants.ts';
import { getJob } from './jobs.ts';
import { DEFAULT_TYPE, PATIENCE, VOLUME_TYPES } from './limits.ts';
import { metrics } from './metrics.ts';
import * as policies from './policies.ts';
import { quotas } from './quotas.ts';
import * as restores from './restores.ts';
import { advanceClock } from './schedule.ts';
import * as servers from './servers.ts';
import * as snapshots from './snapshots.ts';
import * as tasks from './tasks.ts';
import * as vaults from './vaults.ts';
import * as volumes from './volumes.ts';

type Caller = C.Caller;

export class Project extends DurableObject<Env> implements C.ProjectRpc {
  readonly #control: Control;
  readonly #agenda: Agenda;
  /** Clock advances take turns. */
  #advancing: Promise<unknown> = Promise.resolve();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const name = ctx.id.name ?? ctx.id.toString();
    this.#control = new Control(name, ctx.storage, placeSettings(env), (begun) => this.#agenda.committed(begun));
    this.#agenda = new Agenda(ctx, this.#control, new Driver(this.#control, env));
  }

  async createVolumes(caller: Caller, input: C.CreateVolumes) {
    return this.#change(caller, (control) => volumeCreation.createVolumes(control, caller, input));
  }
  async listVolumes(caller: Caller, query: C.VolumeQuery) {
    return this.#read(caller, (control) => volumes.listVolumes(control, query));
  }
  async getVolume(caller: Caller, id: string) {
    return this.#read(caller, (control) => volumes.bare(control.volume(id)));
  }
  async updateVolume(caller: Caller, id: string, input: C.UpdateDetails) {
    return this.#change(caller, (control) => volumes.updateVolume(control, id, input));
  }
  async changeVolumeMetadata(caller: Caller, id: string, change: C.MetadataChange) {
    return this.#change(caller, (control) => volumes.changeVolumeMetadata(control, id, change));
  }
  async changeVolumeTags(caller: Caller, id: string, change: C.MetadataChange) {
    return this.#change(caller, (control) => volumes.changeVolumeTags(control, id, change));
  }
  async deleteVolume(caller: Caller, id: string, input: C.DeleteVolume) {
    return this.#change(caller, (control) => {
      if (input.force === true) mustBeAdmin(caller, 'delete by force');
      return volumes.deleteVolume(control, id, input);
    });
  }
  async extendVolume(caller: Caller, id: string, input: { sizeGib: number }) {
    return this.#change(caller, (control) => volumes.extendVolume(control, id, input));
  }
  async retypeVolume(caller: Caller, id: string, input: { type: string }) {
    return this.#change(caller, (control) => volumes.retypeVolume(control, id, input));
  }
  async setVolumeFlags(caller: Caller, id: string, flags: { bootable?: boolean; readonly?: boolean }) {
    return this.#change(caller, (control) => volumes.setVolumeFlags(control, id, flags));
  }
  async reserveVolume(caller: Caller, id: string) {
    return this.#change(caller, (control) => attachments.reserveVolume(control, id));
  }
  async unreserveVolume(caller: Caller, id: string) {
    return this.#change(caller, (control) => attachments.unreserveVolume(control, id));
  }
  async beginDetachingVolume(caller: Caller, id: string) {
    return this.#change(caller, (control) => attachments.beginDetachingVolume(control, id));
  }
  async rollDetachingVolume(caller: Caller, id: string) {
    return this.#change(caller, (control) => attachments.rollDetachingVolume(control, id));
  }
  async attachVolume(caller: Caller, id: string, input: C.AttachVolume) {
    return this.#change(caller, (control) => attachments.attachVolume(control, id, input));
  }
  async detachVolume(caller: Caller, id: string, input: { attachmentId?: string | null }) {
    return this.#change(caller, (control) => attachments.detachVolume(control, id, input));
  }
  async resetVolumeStatus(caller: Caller, id: string, status: string) {
    return this.#change(caller, (control) => {
      mustBeAdmin(caller, 'set a status');
      return volumes.resetVolumeStatus(control, id, status);
    });
  }

  async createSnapshot(caller: Caller, input: C.CreateSnapshot) {
    return this.#change(caller, (control) => snapshots.createSnapshot(control, caller, input));
  }
  async listSnapshots(caller: Caller, query: C.SnapshotQuery) {
    return this.#read(caller, (control) => snapshots.listSnapshots(control, query));
  }
  async getSnapshot(caller: Caller, id: string) {
    return this.#read(caller, (control) => snapshots.getSnapshot(control, id));
  }
  async updateSnapshot(caller: Caller, id: string, input: C.UpdateDetails) {
    return this.#change(caller, (control) => snapshots.updateSnapshot(control, id, input));
  }
  async changeSnapshotMetadata(caller: Caller, id: string, change: C.MetadataChange) {
    return this.#change(caller, (control) => snapshots.changeSnapshotMetadata(control, id, change));
  }
  async deleteSnapshot(caller: Caller, id: string) {
    return this.#change(caller, (control) => snapshots.deleteSnapshot(control, id));
  }
  async rollbackSnapshot(caller: Caller, id: string, input: { volumeId: string }) {
    return this.#change(caller, (control) => snapshots.rollbackSnapshot(control, id, input));
  }
  async revertVolume(caller: Caller, volumeId: string, input: { snapshotId: string }) {
    return this.#change(caller, (control) => snapshots.revertVolume(control, volumeId, input));
  }

  async createBackup(caller: Caller, input: C.CreateBackup) {
    return this.#change(caller, (control) => backupCreation.createBackup(control, caller, input));
  }
  async listBackups(caller: Caller, query: C.BackupQuery) {
    return this.#read(caller, (control) => backups.listBackups(control, query));
  }
  async getBackup(caller: Caller, id: string) {
    return this.#read(caller, (control) => backups.getBackup(control, id));
  }
  async updateBackup(caller: Caller, id: string, input: C.UpdateDetails) {
    return this.#change(caller, (control) => backups.updateBackup(control, id, input));
  }
  async deleteBackup(caller: Caller, id: string) {
    return this.#change(caller, (control) => backups.deleteBackup(control, id));
  }
  async restoreBackup(caller: Caller, id: string, input: C.RestoreBackup) {
    return this.#change(caller, (control) => restores.restoreBackup(control, caller, id, input));
  }

  async createVault(caller: Caller, input: C.CreateVault) {
    return this.#change(caller, (control) => vaults.createVault(control, caller, input));
  }
  async listVaults(caller: Caller, query: C.VaultQuery) {
    return this.#read(caller, (control) => vaults.listVaults(control, query));
  }
  async getVault(caller: Caller, id: string) {
    return this.#read(caller, (control) => vaults.getVault(control, id));
  }
  async updateVault(caller: Caller, id: string, input: C.VaultSettings) {
    return this.#change(caller, (control) => vaults.updateVault(control, id, input));
  }
  async deleteVault(caller: Caller, id: string) {
    return this.#change(caller, (control) => vaults.deleteVault(control, id));
  }
  async addVaultResources(caller: Caller, id: string, resources: readonly C.ResourceRef[]) {
    return this.#change(caller, (control) => vaults.addVaultResources(control, id, resources));
  }
  async removeVaultResources(caller: Caller, id: string, resourceIds: readonly string[]) {
    return this.#change(caller, (control) => vaults.removeVaultResources(control, id, resourceIds));
  }
  async associatePolicy(caller: Caller, vaultId: string, policyId: string) {
    return this.#change(caller, (control) => policies.associate(control, vaultId, policyId));
  }
  async dissociatePolicy(caller: Caller, vaultId: string, policyId: string) {
    return this.#change(caller, (control) => policies.dissociate(control, vaultId, policyId));
  }
  async createPolicy(caller: Caller, input: C.PolicyInput) {
    return this.#change(caller, (control) => policies.createPolicy(control, caller, input));
  }
  async listPolicies(caller: Caller, query: { operationType?: string; vaultId?: string }) {
    return this.#read(caller, (control) => policies.listPolicies(control, query));
  }
  async getPolicy(caller: Caller, id: string) {
    return this.#read(caller, (control) => policies.getPolicy(control, id));
  }
  async updatePolicy(caller: Caller, id: string, input: C.PolicyInput) {
    return this.#change(caller, (control) => policies.updatePolicy(control, id, input));
  }
  async deletePolicy(caller: Caller, id: string) {
    return this.#change(caller, (control) => policies.deletePolicy(control, id));
  }
  async createCheckpoint(caller: Caller, input: C.CreateCheckpoint) {
    return this.#change(caller, (control) => checkpoints.createCheckpoint(control, caller, input));
  }
  async getCheckpoint(caller: Caller, id: string) {
    return this.#read(caller, (control) => checkpoints.getCheckpoint(control, id));
  }
  async listTasks(caller: Caller, query: C.TaskQuery) {
    return this.#read(caller, (control) => tasks.listTasks(control, query));
  }
  async getTask(caller: Caller, id: string) {
    return this.#read(caller, (control) => tasks.getTask(control, id));
  }

  async getJob(caller: Caller, id: string) {
    return this.#read(caller, (control) => getJob(control, id));
  }

  async createServer(caller: Caller, input: C.CreateServer) {
    return this.#change(caller, (control) => servers.createServer(control, caller, input));
  }
  async listServers(caller: Caller, query: C.ListQuery & { name?: string; status?: string }) {
    return this.#read(caller, (control) => servers.listServers(control, query));
  }
  async getServer(caller: Caller, id: string) {
    return this.#read(caller, (control) => servers.getServer(control, id));
  }
  async deleteServer(caller: Caller, id: string) {
    return this.#change(caller, (control) => servers.deleteServer(control, id));
  }
  async startServer(caller: Caller, id: string) {
    return this.#change(caller, (control) => servers.startServer(control, id));
  }
  async stopServer(caller: Caller, id: string) {
    return this.#change(caller, (control) => servers.stopServer(control, id));
  }
  async attachToServer(caller: Caller, serverId: string, input: { volumeId: string; device?: string }) {
    return this.#change(caller, (control) => servers.attachToServer(control, serverId, input));
  }
  async detachFromServer(caller: Caller, serverId: string, volumeId: string) {
    return this.#change(caller, (control) => servers.detachFromServer(control, serverId, volumeId));
  }
  async reinstallOs(caller: Caller, serverId: string) {
    return this.#change(caller, (control) => servers.reinstallOs(control, serverId));
  }

  /** Zones are asked in a simulation only; elsewhere nobody can take one down. */
  async listZones(caller: Caller): Promise<Outcome<readonly C.AvailabilityZone[]>> {
    const allowed = this.#read(caller, () => null);
    if (!allowed.ok) return allowed;
    const { zones, simulation } = this.#control;
    const listed = zones.map(async ({ name }, index): Promise<C.AvailabilityZone> => {
      const health = simulation ? (await this.#zone(name).health()).state : 'up';
      return { name, available: health !== 'down', isDefault: index === 0, health };
    });
    return ok(await Promise.all(listed));
  }
  async listVolumeTypes(caller: Caller) {
    return this.#read(caller, ({ zones: known }) => {
      const zones = known.map((zone) => zone.name);
      return VOLUME_TYPES.map((type) => ({ ...type, isDefault: type.name === DEFAULT_TYPE, zones }));
    });
  }
  async quotas(caller: Caller) {
    return this.#read(caller, quotas);
  }

  async grant(caller: Caller, target: C.DataTarget, right: 'read' | 'write') {
    return this.#read(caller, (control) => grant(control, target, right));
  }

  async clock(caller: Caller) {
    return this.#read(caller, (control) => ({ nowMs: control.now(), offsetMs: control.clock.offsetMs() }));
  }
  async advanceClock(caller: Caller, ms: number): Promise<Outcome<C.ClockAdvance>> {
    const allowed = this.#read(caller, (control) => {
      if (!control.simulation) throw new Refusal('not-simulation');
      return null;
    });
    if (!allowed.ok) return allowed;
    const turn = this.#advancing.then(() => advanceClock(this.#control, ms));
    this.#advancing = turn.catch(() => {});
    return await turn.then(ok, refusal);
  }

  async checkToken(caller: Caller) {
    return this.#read(caller, () => null);
  }
  async revoke(tokens: readonly { readonly id: string; readonly expiresMs: number }[]): Promise<void> {
    this.#control.commit(() => {
      for (const { id, expiresMs } of tokens) {
        this.#control.store.rows('INSERT OR REPLACE INTO revoked VALUES (?, ?)', id, expiresMs);
      }
      if (!this.#control.due.has('sweep')) this.#control.due.set('sweep', Date.now() + PATIENCE.sweepMs);
    });
  }
  async metrics() {
    return this.#control.store.created(this.#control.projectId) ? metrics(this.#control) : null;
  }

  override async alarm(): Promise<void> {
    this.#agenda.ring();
  }

  #read<T>(caller: Caller, read: (control: Control) => T): Outcome<T> {
    try {
      this.#admit(caller);
      return ok(read(this.#control));
    } catch (error) {
      return refusal(error);
    }
  }

  #change<T>(caller: Caller, change: (control: Control) => T): Outcome<T> {
    try {
      this.#admit(caller);
      return ok(this.#control.commit(() => change(this.#control)));
    } catch (error) {
      return refusal(error);
    }
  }

  #admit(caller: Caller): void {
    const { projectId, store } = this.#control;
    if (caller.projectId !== projectId) throw new Refusal('forbidden', { action: 'use another project' });
    if (!store.created(projectId)) return;
    const revoked = store.rows('SELECT 1 FROM revoked WHERE id = ?', caller.tokenId).length > 0;
    if (revoked) throw new Refusal('token-revoked');
  }

  #zone(name: string): ZoneRpc {
    this.#control.store.meter.counts.objectRequests++;
    return this.env.ZONE.get(this.env.ZONE.idFromName(name)) as unknown as ZoneRpc;
  }
}

function mustBeAdmin(caller: Caller, action: string): void {
  if (!caller.roles.includes('admin')) throw new Refusal('forbidden', { action });
}

/** A refusal as data. Anything else is a bug: it is logged, and told without its insides. */
function refusal(error: unknown): { readonly ok: false; readonly fault: ReturnType<typeof fault> } {
  if (error instanceof Refusal) return { ok: false, fault: error.fault };
  console.error(error);
  return {
    ok: false,
    fault: fault('internal', { reason: 'The control plane failed: see the log of the deployment.' }),
  };
}
