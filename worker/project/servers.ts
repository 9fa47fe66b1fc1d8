// Servers: only what disks need of them. They are registered, not run.

import { Refusal } from '../faults.ts';
import { attachmentsOf, attachVolume, detachVolume } from './attachments.ts';
import type { Attachment, CreateServer, ListQuery, Page, Server } from './contract.ts';
import type { Actor, Control } from './control.ts';
import { checkName } from './fields.ts';
import { refuseWhileCloned } from './in-use.ts';
import { begin, newJobId, onDisk } from './jobs.ts';
import { SYSTEM_SIZE_GIB_MAX } from './limits.ts';
import { commonKeys, page } from './list.ts';
import type { ServerRecord, VolumeRecord } from './records.ts';
import { beginOnVolume } from './states.ts';

const SYSTEM_DEVICE = '/dev/vda';

/** Registers a server and attaches its disks; they must be in one zone. */
export function createServer(control: Control, actor: Actor, input: CreateServer): Server {
  const system = control.volume(input.systemVolumeId);
  const nowMs = control.now();
  const server = control.servers.put({
    id: crypto.randomUUID(),
    name: checkName(input.name),
    status: 'ACTIVE',
    zone: system.zone,
    systemVolumeId: system.id,
    projectId: control.projectId,
    userId: actor.userId,
    createdMs: nowMs,
    updatedMs: nowMs,
    jobId: null,
  });
  attachVolume(control, system.id, { serverId: server.id, device: SYSTEM_DEVICE });
  becomeSystemDisk(control, system);
  for (const volumeId of input.dataVolumeIds ?? []) attachVolume(control, volumeId, { serverId: server.id });
  return view(control, server);
}

export function getServer(control: Control, id: string): Server {
  return view(control, control.server(id));
}

export function listServers(control: Control, query: ListQuery & { name?: string; status?: string }): Page<Server> {
  const servers = control.servers
    .all()
    .filter((server) => query.name === undefined || server.name === query.name)
    .filter((server) => query.status === undefined || server.status === query.status);
  const found = page(servers, query, commonKeys<ServerRecord>());
  return { ...found, items: found.items.map((server) => view(control, server)) };
}

/** The server goes, its disks stay. */
export function deleteServer(control: Control, id: string): null {
  const server = idle(control.server(id));
  control.servers.put({ ...server, status: 'SHUTOFF' });
  for (const at of attachmentsOf(control, id)) detachVolume(control, at.volumeId, { attachmentId: at.id });
  control.servers.delete(id);
  return null;
}

/** Only a server with a system disk starts. */
export function startServer(control: Control, id: string): Server {
  const server = idle(control.server(id));
  if (server.systemVolumeId === null)
    throw new Refusal('server-status', { id, status: server.status, wanted: 'a system disk' });
  return setStatus(control, server, 'ACTIVE');
}

export function stopServer(control: Control, id: string): Server {
  return setStatus(control, idle(control.server(id)), 'SHUTOFF');
}

/** Attaches a disk; as /dev/vda of a server without a system disk it becomes that. */
export function attachToServer(
  control: Control,
  serverId: string,
  input: { volumeId: string; device?: string },
): { attachment: Attachment; jobId: string } {
  const server = idle(control.server(serverId));
  const { volumeId, device } = input;
  const attachment = attachVolume(control, volumeId, { serverId, ...(device === undefined ? {} : { device }) });
  // A stopped server gets its system disk back in this way.
  if (server.systemVolumeId === null && attachment.device === SYSTEM_DEVICE) {
    control.servers.put({ ...server, systemVolumeId: volumeId });
    becomeSystemDisk(control, control.volume(volumeId));
  }
  return { attachment, jobId: bookkeepingJob(control, 'attachVolume', serverId, volumeId) };
}

/** A system disk only from a stopped server. */
export function detachFromServer(control: Control, serverId: string, volumeId: string): { jobId: string } {
  idle(control.server(serverId));
  const at = control.volume(volumeId).attachments.find((one) => one.serverId === serverId);
  if (at === undefined) throw new Refusal('attachment-not-found', { id: volumeId });
  detachVolume(control, volumeId, { attachmentId: at.id });
  return { jobId: bookkeepingJob(control, 'detachVolume', serverId, volumeId) };
}

/** S4: the system disk becomes zeros and its snapshots go; data disks keep theirs. */
export function reinstallOs(control: Control, serverId: string): { jobId: string } {
  const server = control.server(serverId);
  if (server.status !== 'SHUTOFF' || server.systemVolumeId === null) {
    throw new Refusal('server-status', { id: serverId, status: server.status, wanted: 'SHUTOFF with a system disk' });
  }
  const volume = control.volume(server.systemVolumeId);
  const jobId = newJobId();
  control.volumes.put(beginOnVolume(volume, 'reinstall', jobId));
  const snapshots = control.snapshots.by('volumeId', volume.id);
  refuseWhileCloned(control, volume.id, snapshots);
  // Should reinstalling fail, each snapshot is given back as it was: it must not be in the hands of another job.
  const held = snapshots.find((snapshot) => snapshot.jobId !== null);
  if (held !== undefined) throw new Refusal('snapshot-busy', { id: held.id });
  for (const snapshot of snapshots) {
    control.snapshots.put({ ...snapshot, status: 'deleting', priorStatus: snapshot.status, jobId });
  }
  control.servers.put({ ...server, status: 'REBUILD', jobId, updatedMs: control.now() });
  const target = onDisk(control, volume, { kind: 'reinstall' });
  const subjects = { volumeId: volume.id, serverId };
  begin(control, {
    id: jobId,
    action: 'reinstallOs',
    apiType: 'reinstallServerOs',
    target,
    ...subjects,
    entities: subjects,
  });
  return { jobId };
}

/** What holds an operating system: no other server may write to it, and it has a size limit of its own. */
function becomeSystemDisk(control: Control, volume: VolumeRecord): void {
  const { id, sizeGib } = volume;
  if (sizeGib > SYSTEM_SIZE_GIB_MAX) {
    throw new Refusal('invalid-size', {
      value: sizeGib,
      reason: `a system disk has at most ${SYSTEM_SIZE_GIB_MAX} GiB`,
    });
  }
  if (volume.multiattach) throw new Refusal('system-shared', { id });
  control.volumes.patch(id, { system: true, wasSystem: true, bootable: true });
}

function bookkeepingJob(
  control: Control,
  apiType: 'attachVolume' | 'detachVolume',
  serverId: string,
  volumeId: string,
): string {
  const entities = { serverId, volumeId };
  return begin(control, { id: newJobId(), action: 'none', apiType, target: { kind: 'none' }, ...entities, entities })
    .id;
}

function setStatus(control: Control, server: ServerRecord, status: Server['status']): Server {
  return view(control, control.servers.put({ ...server, status, updatedMs: control.now() }));
}

function idle(server: ServerRecord): ServerRecord {
  if (server.status === 'REBUILD') {
    throw new Refusal('server-status', { id: server.id, status: server.status, wanted: 'ACTIVE or SHUTOFF' });
  }
  return server;
}

function view(control: Control, record: ServerRecord): Server {
  const { jobId, ...server } = record;
  return { ...server, attachments: attachmentsOf(control, record.id) };
}
