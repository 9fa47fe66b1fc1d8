// One disk, its bridges, and a journal of what clients wrote to it through them.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EdgeEvs } from '../../cli/serve/start.ts';
import { type Bridge, startBridge } from './bridge.ts';
import { ApiClient, randomBytes } from './client.ts';
import type { NbdTestClient } from './nbd-client.ts';
import { WriteJournal } from './nbd-journal.ts';
import { type Recorder, record } from './nbd-recorder.ts';
import { temporaryFolder } from './serve.ts';

const MIB = 2 ** 20;
const SIZES = [512, 4_096, 4_096, 4_096, 65_536, 300 * 1_024, MIB];
const WAIT_MS = 40_000;

export class NbdRig {
  readonly journal = new WriteJournal();
  readonly folder = temporaryFolder();
  readonly volumeId: string;
  readonly #url: string;
  readonly #ends: (() => unknown)[] = [];

  private constructor(url: string, volumeId: string) {
    this.#url = url;
    this.volumeId = volumeId;
  }

  /** With a new disk of 1 GiB on the server at `url`. `fields`: more of it. */
  static async on(url: string, fields: Record<string, unknown> = {}): Promise<NbdRig> {
    const api = await ApiClient.login(url);
    return new NbdRig(url, await api.createVolume(1, fields));
  }

  /** A bridge of its own, and a recorder before it. `args`: what the command takes besides the id. */
  async bridge(...args: string[]): Promise<{ bridge: Bridge; recorder: Recorder }> {
    const name = `${this.#ends.length}`;
    const bridge = await startBridge(this.#url, join(this.folder.path, `${name}.bridge`), this.volumeId, ...args);
    this.#ends.push(() => bridge.kill());
    const recorder = await record(this.journal, join(this.folder.path, `${name}.recorder`), bridge.path);
    this.#ends.push(() => recorder.close());
    return { bridge, recorder };
  }

  /**
   * Writes at random places of the first `areaBytes`, eight at a time, flushing now and then, until told to stop or the
   * connection ends. Resolves to what went wrong, or null.
   */
  async writeOn(client: NbdTestClient, areaBytes: number, signal: AbortSignal): Promise<Error | null> {
    const lane = async () => {
      for (let i = 0; !signal.aborted; i++) {
        const bytes = randomBytes(SIZES[Math.floor(Math.random() * SIZES.length)]!);
        const at = Math.floor((Math.random() * (areaBytes - bytes.length)) / 512) * 512;
        await client.write(at, bytes);
        if (i % 16 === 0) await client.flush();
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: 8 }, lane));
    return ended.find((end) => end.status === 'rejected')?.reason ?? null;
  }

  /** Waits until so many more writes were acknowledged. */
  async acknowledged(more: number): Promise<void> {
    const wanted = this.journal.acknowledged + more;
    for (const endMs = Date.now() + WAIT_MS; this.journal.acknowledged < wanted; await sleep(5)) {
      if (Date.now() > endMs) throw new Error(`${wanted - this.journal.acknowledged} of ${more} writes are not done`);
    }
  }

  /** Compares bytes of the disk, read by HTTP, with the journal. */
  async checkDisk(areaBytes: number, firstByte = 0): Promise<void> {
    const at = this.journal.moment();
    await this.#check('volumes', this.volumeId, firstByte, areaBytes, at, at);
  }

  /** Takes an object out of memory, if it is there: one that has been taken out may not have been asked for since. */
  async evict(server: Pick<EdgeEvs, 'evict'>, className: string, name: string, sockets: 'hibernate' | 'close') {
    await server.evict(className, name, sockets).catch((error: unknown) => {
      if (!/not currently running/.test(String(error))) throw error;
    });
  }

  /** Takes a snapshot while the disk is used. What is returned compares its bytes with the journal. */
  async snapshot(): Promise<(areaBytes: number, firstByte?: number) => Promise<void>> {
    const api = await ApiClient.login(this.#url);
    const from = this.journal.moment();
    const body = { snapshot: { volume_id: this.volumeId, name: 'nbd', force: true } };
    const { id } = (await api.json('POST', '/evs/v3/{p}/snapshots', body)).snapshot;
    await api.until(`/evs/v3/{p}/snapshots/${id}`, ({ snapshot }) => snapshot.status === 'available');
    const to = this.journal.moment();
    return (areaBytes, firstByte = 0) => this.#check('snapshots', id, firstByte, areaBytes, from, to);
  }

  async end(): Promise<void> {
    for (const end of this.#ends.toReversed()) await end();
    this.folder.remove();
  }

  async #check(what: 'volumes' | 'snapshots', id: string, first: number, areaBytes: number, from: number, to: number) {
    const api = await ApiClient.login(this.#url);
    for (let at = first; at < first + areaBytes; at += 4 * MIB) {
      const length = Math.min(4 * MIB, first + areaBytes - at);
      this.journal.check(at, await api.read(what, id, at, length), from, to);
    }
  }
}
