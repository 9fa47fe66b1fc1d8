// What the tests of the table have in common: a disk with bytes on it, changing and comparing it, and waiting until
// nothing is left to be done in its background.

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { expect } from 'vitest';
import type { DiskStatus } from '../../worker/protocol.ts';
import { Api } from './api.ts';
import { bindings, randomBytes } from './disk-driver.ts';

export const MIB = 1_048_576;
export const HOME = 'eu-de-01';
export const ELSEWHERE = 'eu-de-02';
/** What a test disk holds: half of it compresses well, some of it is zero. */
export const CONTENT = 3 * MIB;

/** The words of one user. */
export class Table {
  readonly api: Api;

  private constructor(api: Api) {
    this.api = api;
  }

  static async login(): Promise<Table> {
    return new Table(await Api.login('demo1'));
  }

  /** A disk in the home zone with bytes on it. */
  async filled(fields: Readonly<Record<string, unknown>> = {}): Promise<{ id: string; bytes: Uint8Array }> {
    const { id } = await this.api.createVolume({ availability_zone: HOME, ...fields });
    const bytes = content();
    await this.api.write(id, 0, bytes);
    return { id, bytes };
  }

  /** Changes a disk; returns all that it holds then. */
  async change(id: string): Promise<Uint8Array> {
    await this.api.write(id, MIB - 1024, randomBytes(192 * 1024));
    await this.api.write(id, 0, new Uint8Array(8192).fill(7));
    return await this.api.read(`volumes/${id}`, CONTENT);
  }

  async expectBytes(place: string, bytes: Uint8Array): Promise<void> {
    // Comparing arrays of millions as arrays would take longer than everything else here.
    const found = await this.api.read(place, bytes.length);
    const first = found.findIndex((byte, index) => byte !== bytes[index]);
    expect({ place, length: found.length, first }).toEqual({ place, length: bytes.length, first: -1 });
  }

  /** The Disk object's own view: not public, used here to know what is over and what was counted. */
  async diskStatus(id: string, zone = HOME): Promise<DiskStatus> {
    const status = await bindings.DISK.get(bindings.DISK.idFromName(id)).status({
      projectId: this.api.projectId,
      zone,
    });
    return status as DiskStatus;
  }

  /** Waits until a disk folds, seals and fetches nothing more. What is due later is made due now: nobody waits here. */
  async settled(id: string, zone = HOME): Promise<void> {
    await this.api.until('the disk to settle', async () => {
      const { hydration, logEntries, snapshots } = await this.diskStatus(id, zone);
      if (hydration === null && logEntries === 0 && snapshots.every((one) => one.sealed)) return true;
      await hurry(id);
      return null;
    });
  }
}

function content(): Uint8Array {
  const bytes = new Uint8Array(CONTENT);
  bytes.set(randomBytes(MIB), 4096);
  for (let at = MIB + MIB / 2; at < 2 * MIB; at++) bytes[at] = at % 61;
  return bytes;
}

/** Rings the alarm of a disk with everything in its background due. */
async function hurry(id: string): Promise<void> {
  const stub = bindings.DISK.get(bindings.DISK.idFromName(id));
  await runInDurableObject(stub, (_, state) => {
    state.storage.sql.exec('UPDATE due SET ms = 1');
  });
  await evictDurableObject(stub);
  await runDurableObjectAlarm(stub);
}
