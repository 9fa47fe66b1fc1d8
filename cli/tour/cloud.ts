// The calls of the tour in the words of the service: disks, snapshots, backups. Each waits until it is done.

import type { Api, Json } from './api.ts';
import type { Cleanup } from './cleanup.ts';

const volumePath = (id: string) => `/evs/v3/{p}/volumes/${id}`;
const snapshotPath = (id: string) => `/evs/v3/{p}/snapshots/${id}`;
const backupPath = (id: string) => `/evs/v3/{p}/backups/${id}`;

/** What a new disk is made of. */
export interface NewDisk {
  readonly name: string;
  readonly zone?: string;
  readonly sizeGib: number;
  readonly snapshotId?: string;
  readonly backupId?: string;
}

export class Cloud {
  readonly api: Api;
  readonly #cleanup: Cleanup;

  constructor(api: Api, cleanup: Cleanup) {
    this.api = api;
    this.#cleanup = cleanup;
  }

  /** Names of the zones, the default one first. */
  async zones(): Promise<string[]> {
    const { zones } = await this.api.ask('GET', '/sim/v1/zones');
    return zones.map((zone: Json) => zone.name);
  }

  async createDisk({ name, zone, sizeGib, snapshotId, backupId }: NewDisk): Promise<Json> {
    const volume = {
      name,
      size: sizeGib,
      ...(zone === undefined ? {} : { availability_zone: zone }),
      ...(snapshotId === undefined ? {} : { snapshot_id: snapshotId }),
      ...(backupId === undefined ? {} : { backup_id: backupId }),
    };
    const { id } = (await this.api.ask('POST', '/evs/v3/{p}/volumes', { volume })).volume;
    this.#cleanup.add(`disk ${name}`, () => this.deleteDisk(id));
    return await this.disk(id);
  }

  /** The disk, once it is idle. */
  async disk(id: string): Promise<Json> {
    return await this.api.waitFor(volumePath(id), 'volume');
  }

  async deleteDisk(id: string): Promise<void> {
    const path = volumePath(id);
    if (await this.api.isGone(path)) return;
    await this.api.ask('DELETE', `${path}?cascade=true`);
    await this.api.waitGone(path);
  }

  async snapshot(volumeId: string, name: string): Promise<Json> {
    const { snapshot } = await this.api.ask('POST', '/evs/v3/{p}/snapshots', {
      snapshot: { volume_id: volumeId, name, force: true },
    });
    return await this.api.waitFor(snapshotPath(snapshot.id), 'snapshot');
  }

  /** The vendor's call: any of the disk's snapshots, any number of times. */
  async rollback(snapshotId: string, volumeId: string): Promise<void> {
    await this.api.ask('POST', rollbackPath(snapshotId), { rollback: { volume_id: volumeId } });
    await this.disk(volumeId);
  }

  async backup(volumeId: string, name: string): Promise<Json> {
    const { backup } = await this.api.ask('POST', '/evs/v3/{p}/backups', {
      backup: { volume_id: volumeId, name, force: true },
    });
    this.#cleanup.add(`backup ${name}`, () => this.deleteBackup(backup.id));
    return await this.api.waitFor(backupPath(backup.id), 'backup');
  }

  async deleteBackup(id: string): Promise<void> {
    if (await this.api.isGone(backupPath(id))) return;
    await this.api.waitFor(backupPath(id), 'backup');
    await this.api.ask('DELETE', backupPath(id));
    await this.api.waitGone(backupPath(id));
  }

  /** Over an existing disk. */
  async restore(backupId: string, volumeId: string): Promise<void> {
    await this.api.ask('POST', `${backupPath(backupId)}/restore`, { restore: { volume_id: volumeId } });
    await this.disk(volumeId);
    await this.api.waitFor(backupPath(backupId), 'backup');
  }

  /** Runs an operation of the data service to its end; its report. */
  async operate(path: string): Promise<Json> {
    const { operation } = await this.api.ask('POST', `/data/v1/{p}/${path}`, {});
    return await this.api.poll(async () => {
      const { operation: now } = await this.api.ask('GET', `/data/v1/{p}/operations/${operation.id}`);
      if (now.state === 'failed') throw new Error(`${path}: ${now.error.message}`);
      return now.report;
    }, `the end of ${path}`);
  }

  /** Simulation: a zone's health. */
  async setZone(zone: string, state: 'up' | 'down'): Promise<void> {
    await this.api.ask('PUT', `/sim/v1/zones/${zone}`, { state });
  }

  /** Simulation: flips bits in everything that the disk stores; the number of stored things that were hit. */
  async damage(volumeId: string): Promise<number> {
    const body = { target: { kind: 'all' }, fault: 'flip', count: 1_000_000 };
    return (await this.api.ask('POST', `/sim/v1/{p}/volumes/${volumeId}/damage`, body)).hit;
  }
}

export const rollbackPath = (snapshotId: string) => `/evs/v2/{p}/cloudsnapshots/${snapshotId}/rollback`;
export { backupPath, snapshotPath, volumePath };
