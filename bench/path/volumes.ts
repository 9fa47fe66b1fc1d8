// A disk of the service and what is done with it, each operation timed until the API says that it is done, and counted by
// the meters that the service itself keeps.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../../cli/tour/api.ts';
import { type MeterCounts, NO_COST } from '../../engine/cost.ts';
import type { Content } from './content.ts';
import { MIB } from './content.ts';
import type { Service } from './service.ts';
import { type Target, targetAt } from './wire.ts';

/** Short, because it is the resolution of every time; each look is a request that the service has to answer. */
const POLL_MS = 2;
const STILL_POLL_MS = 20;
const WAIT_MS = 900_000;
const FILL_REQUEST_BYTES = 32 * MIB;
/** The smallest disk of the native API. */
const SIZE_GIB_MIN = 10;

/** How a disk says that it stands. */
export interface DiskStatus {
  readonly logEntries: number;
  readonly storedBytes: number;
  readonly snapshots: readonly { readonly id: string; readonly sealed: boolean }[];
  readonly hydration: { readonly remainingBytes: number } | null;
  readonly cost: MeterCounts;
}

/** An operation: how long until the API said that it was done, and what the disk did until it had settled. */
export interface Spent {
  readonly ms: number;
  readonly cost: MeterCounts;
}

/** Calls `look` until it finds something. */
export async function until<T>(what: string, look: () => Promise<T | null>, pollMs = POLL_MS): Promise<T> {
  for (const untilMs = performance.now() + WAIT_MS; performance.now() < untilMs; await sleep(pollMs)) {
    const found = await look();
    if (found !== null) return found;
  }
  throw new Error(`waited ${WAIT_MS / 1000} s in vain for ${what}`);
}

export class Volume {
  readonly #service: Service;
  readonly id: string;
  readonly target: Target;

  private constructor(service: Service, id: string) {
    this.#service = service;
    this.id = id;
    const url = `${service.url}/data/v1/${service.api.projectId}/volumes/${id}`;
    this.target = targetAt('service', url, service.headers);
  }

  /** A new disk, empty or with the content of a snapshot or backup; resolves when it is available. */
  static async create(service: Service, from: { snapshot_id?: string; backup_id?: string } = {}): Promise<Volume> {
    const volume = { name: 'bench', size: SIZE_GIB_MIN, ...from };
    const { id } = (await service.api.ask('POST', '/evs/v3/{p}/volumes', { volume })).volume;
    const made = new Volume(service, id);
    await made.#available('volumes', id, 'volume');
    return made;
  }

  /** Fills the disk from its beginning. */
  async fill(content: Content, length: number, at = 0): Promise<void> {
    for (let done = 0; done < length; done += FILL_REQUEST_BYTES) {
      await this.target.write(at + done, content.bytes(Math.min(FILL_REQUEST_BYTES, length - done)));
    }
  }

  async status(): Promise<DiskStatus> {
    return await this.#service.api.ask('GET', `/data/v1/{p}/volumes/${this.id}/status`);
  }

  /** Folds the log into the tree now, instead of two seconds after the last write. */
  async fold(): Promise<void> {
    await this.#service.api.ask('GET', `/data/v1/{p}/volumes/${this.id}/blocks?limit=1`);
  }

  /** Folds, then waits until nothing is left to be folded, sealed or fetched. */
  async settled(): Promise<DiskStatus> {
    await this.fold();
    return await this.still();
  }

  /** Waits until nothing is left to be folded, sealed or fetched, and asks for nothing of it. */
  async still(): Promise<DiskStatus> {
    const look = async () => {
      const status = await this.status();
      const done = status.hydration === null && status.logEntries === 0 && status.snapshots.every((s) => s.sealed);
      return done ? status : null;
    };
    return await until(`disk ${this.id} to settle`, look, STILL_POLL_MS);
  }

  /** Waits until nobody is connected to it. */
  async detached(): Promise<void> {
    await this.#available('volumes', this.id, 'volume');
  }

  async snapshot(): Promise<string> {
    const body = { snapshot: { volume_id: this.id, name: 'bench', force: true } };
    const { id } = (await this.#service.api.ask('POST', '/evs/v3/{p}/snapshots', body)).snapshot;
    await this.#available('snapshots', id, 'snapshot');
    return id;
  }

  async deleteSnapshot(id: string): Promise<void> {
    await this.#delete(`/evs/v3/{p}/snapshots/${id}`);
  }

  /** Lists all blocks in which two snapshots differ, in as many parts as it takes; resolves to their number. */
  async countChanges(fromId: string, toId: string): Promise<number> {
    const path = `/data/v1/{p}/snapshots/${toId}/changes?from=snapshots/${fromId}&limit=10000`;
    let count = 0;
    for (let cursor: string | null = ''; cursor !== null; ) {
      const part: Json = await this.#service.api.ask('GET', cursor === '' ? path : `${path}&cursor=${cursor}`);
      count += part.counts.blocks;
      cursor = part.next;
    }
    return count;
  }

  async rollback(snapshotId: string): Promise<void> {
    const body = { rollback: { volume_id: this.id } };
    await this.#service.api.ask('POST', `/evs/v2/{p}/cloudsnapshots/${snapshotId}/rollback`, body);
    await this.#available('volumes', this.id, 'volume');
  }

  async backup(): Promise<string> {
    const body = { backup: { volume_id: this.id, name: 'bench', force: true } };
    const { id } = (await this.#service.api.ask('POST', '/evs/v3/{p}/backups', body)).backup;
    await this.#available('backups', id, 'backup');
    return id;
  }

  async deleteBackup(id: string): Promise<void> {
    await this.#delete(`/evs/v3/{p}/backups/${id}`);
  }

  /** With its snapshots. */
  async delete(): Promise<void> {
    await this.#delete(`/evs/v3/{p}/volumes/${this.id}?cascade=true`);
  }

  /**
   * Runs an operation; its cost is all that the disk did from now until it had settled, so what waits to be folded is
   * part of it.
   */
  async spent(run: () => Promise<unknown>): Promise<Spent> {
    const { cost: before } = await this.status();
    const startedMs = performance.now();
    await run();
    const ms = performance.now() - startedMs;
    const { cost: after } = await this.settled();
    return { ms, cost: costBetween(before, after) };
  }

  async #available(collection: string, id: string, key: string): Promise<void> {
    await until(`${key} ${id}`, async () => {
      const { status } = (await this.#service.api.ask('GET', `/evs/v3/{p}/${collection}/${id}`))[key] as Json;
      if (String(status).startsWith('error')) throw new Error(`${key} ${id} is ${status}`);
      return status === 'available' ? true : null;
    });
  }

  async #delete(path: string): Promise<void> {
    await this.#service.api.ask('DELETE', path);
    await until(`${path} to go`, async () => ((await this.#service.api.isGone(path.split('?')[0]!)) ? true : null));
  }
}

/** What the project's operations of one kind have cost so far, as /metrics tells it. */
export async function operationCost({ api }: Service, kind: string): Promise<MeterCounts> {
  const text = await (await api.fetch('GET', '/metrics')).text();
  const counts = { ...NO_COST };
  for (const key of Object.keys(counts) as (keyof MeterCounts)[]) {
    const name = key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const line = new RegExp(`^evs_operation_${name}_total\\{[^}]*operation="${kind}"\\} (\\d+)$`, 'm').exec(text);
    counts[key] = Number(line?.[1] ?? 0);
  }
  return counts;
}

/** What was counted between two looks. */
export function costBetween(before: MeterCounts, after: MeterCounts): MeterCounts {
  const spent = { ...NO_COST };
  for (const key of Object.keys(spent) as (keyof MeterCounts)[]) spent[key] = after[key] - before[key];
  return spent;
}
