// The control plane of one project. Its methods check the caller and hand over to the modules beside this file: a read
// runs in one synchronous turn, a change in one transaction, and neither is ever split by an await.

import { type Outcome, ok, Refusal } from '../faults.ts';
import type { ZoneRpc } from '../protocol.ts';
import { advanceClock } from './advance.ts';
import * as attachmentRecords from './attachment-records.ts';
import * as attachments from './attachments.ts';
import { mustBeAdmin, refusal } from './base.ts';
import * as connections from './connections.ts';
import type * as C from './contract.ts';
import type { Control } from './control.ts';
import { CostObject } from './cost-object.ts';
import * as volumeCreation from './create-volumes.ts';
import { grant } from './grants.ts';
import { getJob } from './jobs.ts';
import * as messages from './messages.ts';
import { metrics } from './metrics.ts';
import { defaultLimits, quotas, setLimits } from './quotas.ts';
import * as servers from './servers.ts';
import * as snapshots from './snapshots.ts';
import { expectSweep } from './sweep-time.ts';
import { usableTypes } from './types.ts';
import * as volumes from './volumes.ts';

type Caller = C.Caller;

export class Project extends CostObject implements C.ProjectRpc {
  /** Clock advances take turns. */
  #advancing: Promise<unknown> = Promise.resolve();

  async createVolumes(caller: Caller, input: C.CreateVolumes) {
    await this.stillShared(input.backupId);
    const create = (control: Control) => volumeCreation.createVolumes(control, caller, input);
    return this.withType(() => this.change(caller, create));
  }
  async listVolumes(caller: Caller, query: C.VolumeQuery) {
    return this.read(caller, (control) => volumes.listVolumes(control, query));
  }
  async getVolume(caller: Caller, id: string) {
    return this.read(caller, (control) => volumes.bare(control.volume(id)));
  }
  async updateVolume(caller: Caller, id: string, input: C.UpdateDetails) {
    return this.change(caller, (control) => volumes.updateVolume(control, id, input));
  }
  async changeVolumeMetadata(caller: Caller, id: string, change: C.MetadataChange) {
    return this.change(caller, (control) => volumes.changeVolumeMetadata(control, id, change));
  }
  async changeVolumeTags(caller: Caller, id: string, change: C.MetadataChange) {
    return this.change(caller, (control) => volumes.changeVolumeTags(control, id, change));
  }
  async deleteVolume(caller: Caller, id: string, input: C.DeleteVolume) {
    return this.change(caller, (control) => {
      if (input.force === true) mustBeAdmin(caller);
      return volumes.deleteVolume(control, id, input);
    });
  }
  async extendVolume(caller: Caller, id: string, input: { sizeGib: number }) {
    return this.withCatalog(() => this.change(caller, (control) => volumes.extendVolume(control, id, input)));
  }
  async retypeVolume(caller: Caller, id: string, input: { type: string }) {
    return this.withType(() => this.change(caller, (control) => volumes.retypeVolume(control, id, input)));
  }
  async setVolumeFlags(caller: Caller, id: string, flags: C.VolumeFlags) {
    return this.change(caller, (control) => volumes.setVolumeFlags(control, id, flags));
  }
  async changeImageMetadata(caller: Caller, id: string, change: C.MetadataChange) {
    return this.change(caller, (control) => volumes.changeImageMetadata(control, id, change));
  }
  async summarizeVolumes(caller: Caller) {
    return this.read(caller, volumes.summarizeVolumes);
  }
  async reserveVolume(caller: Caller, id: string) {
    return this.change(caller, (control) => attachments.reserveVolume(control, id));
  }
  async unreserveVolume(caller: Caller, id: string) {
    return this.change(caller, (control) => attachments.unreserveVolume(control, id));
  }
  async beginDetachingVolume(caller: Caller, id: string) {
    return this.change(caller, (control) => attachments.beginDetachingVolume(control, id));
  }
  async rollDetachingVolume(caller: Caller, id: string) {
    return this.change(caller, (control) => attachments.rollDetachingVolume(control, id));
  }
  async attachVolume(caller: Caller, id: string, input: C.AttachVolume) {
    return this.change(caller, (control) => attachments.attachVolume(control, id, input));
  }
  async detachVolume(caller: Caller, id: string, input: { attachmentId?: string | null; force?: boolean }) {
    return this.change(caller, (control) => {
      if (input.force === true) mustBeAdmin(caller);
      return attachments.detachVolume(control, id, input);
    });
  }
  async createAttachment(caller: Caller, input: C.CreateAttachment) {
    return this.change(caller, (control) => attachmentRecords.createAttachment(control, input));
  }
  async listAttachments(caller: Caller, query: C.AttachmentQuery) {
    return this.read(caller, (control) => attachmentRecords.listAttachments(control, query));
  }
  async getAttachment(caller: Caller, id: string) {
    return this.read(caller, (control) => attachmentRecords.getAttachment(control, id));
  }
  async updateAttachment(caller: Caller, id: string, connector: C.Connector) {
    return this.change(caller, (control) => attachmentRecords.updateAttachment(control, id, connector));
  }
  async completeAttachment(caller: Caller, id: string) {
    return this.change(caller, (control) => attachmentRecords.completeAttachment(control, id));
  }
  async deleteAttachment(caller: Caller, id: string) {
    return this.change(caller, (control) => attachmentRecords.deleteAttachment(control, id));
  }
  async resetVolumeStatus(
    caller: Caller,
    id: string,
    input: { status?: string | undefined; attachStatus?: string | undefined },
  ) {
    return this.adminChange(caller, (control) => volumes.resetVolumeStatus(control, id, input));
  }

  async createSnapshot(caller: Caller, input: C.CreateSnapshot) {
    const create = (control: Control) => snapshots.createSnapshot(control, caller, input);
    return this.withCatalog(() => this.change(caller, create));
  }
  async listSnapshots(caller: Caller, query: C.SnapshotQuery) {
    return this.read(caller, (control) => snapshots.listSnapshots(control, query));
  }
  async getSnapshot(caller: Caller, id: string) {
    return this.read(caller, (control) => snapshots.getSnapshot(control, id));
  }
  async updateSnapshot(caller: Caller, id: string, input: C.UpdateDetails) {
    return this.change(caller, (control) => snapshots.updateSnapshot(control, id, input));
  }
  async changeSnapshotMetadata(caller: Caller, id: string, change: C.MetadataChange) {
    return this.change(caller, (control) => snapshots.changeSnapshotMetadata(control, id, change));
  }
  async deleteSnapshot(caller: Caller, id: string, input: { force?: boolean } = {}) {
    return this.change(caller, (control) => {
      if (input.force === true) mustBeAdmin(caller);
      return snapshots.deleteSnapshot(control, id, input);
    });
  }
  async resetSnapshotStatus(caller: Caller, id: string, status: string) {
    return this.adminChange(caller, (control) => snapshots.resetSnapshotStatus(control, id, status));
  }
  async tellSnapshotStatus(
    caller: Caller,
    id: string,
    input: { status: string; progressPercent?: number | undefined },
  ) {
    return this.change(caller, (control) => snapshots.tellSnapshotStatus(control, id, input));
  }
  async rollbackSnapshot(caller: Caller, id: string, input: { volumeId: string }) {
    return this.change(caller, (control) => snapshots.rollbackSnapshot(control, id, input));
  }
  async revertVolume(caller: Caller, volumeId: string, input: { snapshotId: string }) {
    return this.change(caller, (control) => snapshots.revertVolume(control, volumeId, input));
  }

  async getJob(caller: Caller, id: string) {
    return this.read(caller, (control) => getJob(control, id));
  }

  async createServer(caller: Caller, input: C.CreateServer) {
    return this.change(caller, (control) => servers.createServer(control, caller, input));
  }
  async listServers(caller: Caller, query: C.ListQuery & { name?: string; status?: string }) {
    return this.read(caller, (control) => servers.listServers(control, query));
  }
  async getServer(caller: Caller, id: string) {
    return this.read(caller, (control) => servers.getServer(control, id));
  }
  async deleteServer(caller: Caller, id: string) {
    return this.change(caller, (control) => servers.deleteServer(control, id));
  }
  async startServer(caller: Caller, id: string) {
    return this.change(caller, (control) => servers.startServer(control, id));
  }
  async stopServer(caller: Caller, id: string) {
    return this.change(caller, (control) => servers.stopServer(control, id));
  }
  async attachToServer(caller: Caller, serverId: string, input: { volumeId: string; device?: string }) {
    return this.change(caller, (control) => servers.attachToServer(control, serverId, input));
  }
  async detachFromServer(caller: Caller, serverId: string, volumeId: string) {
    return this.change(caller, (control) => servers.detachFromServer(control, serverId, volumeId));
  }
  async reinstallOs(caller: Caller, serverId: string) {
    return this.change(caller, (control) => servers.reinstallOs(control, serverId));
  }

  /** Zones are asked in a simulation only; elsewhere nobody can take one down. */
  async listZones(caller: Caller): Promise<Outcome<readonly C.AvailabilityZone[]>> {
    const allowed = this.read(caller, () => null);
    if (!allowed.ok) return allowed;
    const { zones, simulation } = this.control;
    const listed = zones.map(async ({ name }, index): Promise<C.AvailabilityZone> => {
      const health = simulation ? (await this.#zone(name).health()).state : 'up';
      return { name, available: health !== 'down', isDefault: index === 0, health };
    });
    return ok(await Promise.all(listed));
  }
  async listVolumeTypes(caller: Caller) {
    return this.withCatalog(() => this.read(caller, usableTypes), 'fresh');
  }
  async quotas(caller: Caller) {
    return this.withCatalog(() => this.read(caller, quotas), 'fresh');
  }
  async defaultQuotas(caller: Caller) {
    return this.withCatalog(() => this.read(caller, defaultLimits), 'fresh');
  }
  async setQuotas(caller: Caller, limits: Readonly<Record<string, number>> | null) {
    return this.withCatalog(() => this.adminChange(caller, (control) => setLimits(control, limits)), 'fresh');
  }
  async countOfType(caller: Caller, typeId: string) {
    return this.withCatalog(() => this.read(caller, (control) => volumes.countOfType(control, typeId)), 'fresh');
  }
  async renameType(caller: Caller, typeId: string, from: string, to: string) {
    const rename = (control: Control) => volumes.renameType(control, typeId, from, to);
    return this.withCatalog(() => this.adminChange(caller, rename), 'fresh');
  }

  async listMessages(caller: Caller, query: C.MessageQuery) {
    return this.read(caller, (control) => messages.listMessages(control, query));
  }
  async getMessage(caller: Caller, id: string) {
    return this.read(caller, (control) => messages.getMessage(control, id));
  }
  async deleteMessage(caller: Caller, id: string) {
    return this.change(caller, (control) => messages.deleteMessage(control, id));
  }

  async grant(caller: Caller, target: C.DataTarget, right: 'read' | 'write') {
    if (target.kind === 'backup') await this.stillShared(target.id);
    return this.read(caller, (control) => grant(control, caller, target, right));
  }
  async connectVolume(caller: Caller, id: string, mode: 'rw' | 'ro', attachmentId: string | null) {
    return this.change(caller, (control) => connections.connectVolume(control, id, mode, attachmentId));
  }
  async disconnectVolume(id: string) {
    connections.disconnectVolume(this.control, id);
  }

  async clock(caller: Caller) {
    return this.read(caller, (control) => ({ nowMs: control.now(), offsetMs: control.clock.offsetMs() }));
  }
  async advanceClock(caller: Caller, ms: number, waitMs?: number): Promise<Outcome<C.ClockAdvance>> {
    const allowed = this.read(caller, (control) => {
      if (!control.simulation) throw new Refusal('not-simulation');
      return null;
    });
    if (!allowed.ok) return allowed;
    const turn = this.#advancing.then(() => advanceClock(this.control, ms, () => this.bringSettings(), waitMs));
    this.#advancing = turn.catch(() => {});
    return await turn.then(ok, refusal);
  }

  async checkToken(caller: Caller) {
    return this.read(caller, () => null);
  }
  async revoke(tokens: readonly { readonly id: string; readonly expiresMs: number }[]): Promise<void> {
    this.control.commit(() => {
      for (const { id, expiresMs } of tokens) {
        this.control.store.rows('INSERT OR REPLACE INTO revoked VALUES (?, ?)', id, expiresMs);
      }
      expectSweep(this.control);
    });
  }
  async metrics() {
    return this.control.store.created(this.control.projectId) ? metrics(this.control) : null;
  }

  #zone(name: string): ZoneRpc {
    this.control.store.meter.counts.objectRequests++;
    return this.env.ZONE.get(this.env.ZONE.idFromName(name)) as unknown as ZoneRpc;
  }
}
