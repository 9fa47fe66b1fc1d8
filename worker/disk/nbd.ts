// NBD on a Disk: its connections, and what the Project is told about them. A disk that somebody is connected to is in use;
// it stays so for a while after the last one has gone, since most of them come back.

import { EngineError } from '../../engine/errors.ts';
import type { Env } from '../env.ts';
import type { NbdExport } from '../nbd/export.ts';
import { renewLeave } from '../nbd/leave.ts';
import { type Connecting, hangUp, NbdSockets } from '../nbd/sockets.ts';
import { readConnecting } from '../nbd/upgrade.ts';
import { CloseCode } from '../nbd/wire.ts';
import type { ProjectRpc } from '../project/contract.ts';
import { DiskExport } from './nbd-export.ts';
import type { DiskRuntime } from './runtime.ts';

/** A bridge that lost its connection finds its way back within this. */
const GRACE_MS = 30_000;
/** Connections that ended unseen, with the object's memory, are noticed within this. */
const LOOK_AGAIN_MS = 900_000;

/** What this needs of the Disk object. */
export interface NbdDisk {
  /** The disk as it is in memory; null when it does not exist. */
  loaded(): { readonly runtime: DiskRuntime; readonly wrote: () => void } | null;
  /** Has `look` or `detachIfAlone` called after that time. */
  due(task: 'look' | 'detach', afterMs: number): void;
}

export class DiskNbd {
  readonly #env: Env;
  readonly #disk: NbdDisk;
  readonly #sockets: NbdSockets;
  /** Calls to the Project, one after the other: what was said last is what holds there. */
  #told: Promise<unknown> = Promise.resolve();

  constructor(ctx: DurableObjectState, env: Env, disk: NbdDisk) {
    this.#env = env;
    this.#disk = disk;
    this.#sockets = new NbdSockets(ctx, {
      ready: async () => {
        const { runtime } = this.#mustBeLoaded();
        await runtime.passZone();
        runtime.assertNotExclusive();
      },
      open: (about, isOpen) => this.#open(about, isOpen),
      renew: (leave) => renewLeave(env, leave),
    });
  }

  /** Answers a request to connect: 101, or why not. */
  async connect(url: URL): Promise<Response> {
    const about = readConnecting(url);
    this.#open(about, () => false);
    const { leave, mode, attachmentId } = about;
    if (leave.target.kind !== 'volume') return this.#sockets.accept(about);
    const told = await this.#tell((project) =>
      project.connectVolume(leave.caller, leave.target.id, mode, attachmentId),
    );
    this.#disk.due('look', LOOK_AGAIN_MS);
    if (!told.ok) return this.#sockets.refuse(CloseCode.refused, told.fault.message);
    if (told.value === null) {
      return this.#sockets.refuse(
        CloseCode.gone,
        'the volume was detached meanwhile: others may have changed its content',
      );
    }
    // Whoever writes must be alone, or the file systems on both sides would destroy each other.
    if (mode === 'rw' && !told.value.multiattach && this.#sockets.otherWriter(about) !== null) {
      return this.#sockets.refuse(CloseCode.busy, 'another bridge writes to this disk');
    }
    return this.#sockets.accept(about, told.value.attachmentId);
  }

  message(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    return this.#sockets.message(socket, message);
  }

  /** A socket has ended. Whoever said goodbye does not come back. */
  closed(socket: WebSocket, code: number): void {
    hangUp(socket, CloseCode.done, '');
    if (this.#disk.loaded() && !this.#isInUse()) this.#disk.due('detach', code === CloseCode.done ? 0 : GRACE_MS);
  }

  /** Notices connections whose end was not seen. Bridges that a restart cut off may be on their way back. */
  look(): void {
    if (this.#isInUse()) this.#disk.due('look', LOOK_AGAIN_MS);
    else this.#disk.due('detach', GRACE_MS);
  }

  /** Tells the Project that nobody is connected, if that is so. */
  async detachIfAlone(): Promise<void> {
    await this.#tell(async (project) => {
      if (!this.#isInUse()) await project.disconnectVolume(this.#mustBeLoaded().runtime.owner.diskId);
    });
  }

  /** The content is not what the clients of the head believe it to be, or all of it is gone. */
  hangUpOnAll(which: 'head' | 'all', why: string): void {
    this.#sockets.closeAll(CloseCode.gone, why, ({ point }) => which === 'all' || point === 'head');
  }

  #isInUse(): boolean {
    return this.#sockets.connected().some(({ about }) => about.leave.target.kind === 'volume');
  }

  #open({ point, mode }: Connecting, isOpen: () => boolean): NbdExport {
    const { runtime, wrote } = this.#mustBeLoaded();
    const target = new DiskExport(runtime, point === 'head' ? 'head' : { snapshotId: point }, mode, { isOpen, wrote });
    // Asking for the size finds out whether the snapshot is still there.
    if (target.sizeBytes <= 0) throw new EngineError('not-found', 'there is nothing to export');
    return target;
  }

  #mustBeLoaded() {
    const loaded = this.#disk.loaded();
    if (loaded === null) throw new EngineError('not-found', 'the disk was deleted');
    return loaded;
  }

  #tell<T>(say: (project: ProjectRpc) => Promise<T>): Promise<T> {
    const told = this.#told.then(() => {
      const { projectId } = this.#mustBeLoaded().runtime.owner;
      return say(this.#env.PROJECT.get(this.#env.PROJECT.idFromName(projectId)) as unknown as ProjectRpc);
    });
    this.#told = told.catch(() => undefined);
    return told;
  }
}
