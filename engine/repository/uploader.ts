// From frames to packs in object storage, children before parents, with a bound on memory and connections.
//
// Order: a page pack is put only after every block pack filled before it, and every earlier page pack, has been added to
// the vault. Without that a crash could leave pages in the vault whose children never came.

import type { Kernel } from '../kernel.ts';
import { refKey } from '../memory/rows.ts';
import type { Frame, Obs, Random } from '../ports.ts';
import { bytesEqual, Kind, type ObjectRef } from '../types.ts';
import { PACK_BUFFER_BYTES, PackWriter } from './pack-writer.ts';
import type { VaultClient } from './ports.ts';

/**
 * Two travel while the next one is filled. More are faster only over a long line, and each costs its 4.5 MiB of the 128
 * that an isolate has for all its disks, and about as much again on the way (docs/design/0006-memory.md).
 */
export const PUTS_IN_FLIGHT_MAX = 2;
/** All that a backup holds of packs at a time: one of each kind being filled, and those in flight. About 18 MiB. */
export const PACK_MEMORY_BYTES_MAX = (2 + PUTS_IN_FLIGHT_MAX) * PACK_BUFFER_BYTES;

/** Puts of a pack, each under a key of its own, before it is given up. */
export const PUT_ATTEMPTS_MAX = 3;

export interface UploadPorts {
  readonly kernel: Kernel;
  readonly vault: VaultClient;
  readonly obs: Obs;
  readonly random: Random;
  sha256(bytes: Uint8Array): Promise<Uint8Array>;
  /** See PackWriter. */
  readonly packTargetBytes?: number | undefined;
}

export class PackUploader {
  readonly #ports: UploadPorts;
  readonly #sessionId: string;
  readonly #open: [PackWriter, PackWriter];
  /** Writers whose packs have arrived, by kind: the next packs are filled in their buffers. */
  readonly #spare: [PackWriter[], PackWriter[]] = [[], []];
  readonly #inFlight = new Set<Promise<void>>();
  /** Objects that are in a pack here and not in the vault's index yet: the vault would say that they are absent. */
  readonly #pending = new Set<string>();
  /** The first upload that failed; nothing more is started then. */
  #failure: { readonly error: unknown } | null = null;

  constructor(ports: UploadPorts, sessionId: string) {
    this.#ports = ports;
    this.#sessionId = sessionId;
    this.#open = [this.#newWriter(Kind.block), this.#newWriter(Kind.page)];
  }

  /** Is this object on its way already? */
  has(ref: ObjectRef): boolean {
    return this.#pending.has(refKey(ref));
  }

  /** Takes one object; waits while too much is in flight. Throws what an earlier upload threw. */
  async add(ref: ObjectRef, frame: Frame): Promise<void> {
    if (this.has(ref)) return;
    const writer = this.#open[ref.kind];
    writer.add(ref, frame);
    this.#pending.add(refKey(ref));
    if (!writer.isFull) return;
    if (ref.kind === Kind.block) await this.#shipBlocks();
    else await this.#shipPages();
  }

  /** Sends what is left and waits until everything is in the vault. */
  async finish(): Promise<void> {
    await this.#shipPages();
    await this.#settle();
  }

  /**
   * Waits until nothing is in flight, whatever the outcome: after an error nothing of this run may land later. Then it
   * gives all buffers back; the uploader must not be used any more.
   */
  async quiesce(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
    for (const writer of [...this.#open, ...this.#spare.flat()]) writer.release();
  }

  async #shipBlocks(): Promise<void> {
    await this.#ship(Kind.block);
  }

  async #shipPages(): Promise<void> {
    await this.#shipBlocks();
    await this.#settle();
    await this.#ship(Kind.page);
  }

  async #ship(kind: Kind): Promise<void> {
    const writer = this.#open[kind];
    if (writer.entries.length === 0) return;
    while (this.#inFlight.size >= PUTS_IN_FLIGHT_MAX) await Promise.race(this.#inFlight);
    this.#check();
    this.#open[kind] = this.#spare[kind].pop() ?? this.#newWriter(kind);
    const upload = this.#upload(writer)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#inFlight.delete(upload));
    this.#inFlight.add(upload);
  }

  #newWriter(kind: Kind): PackWriter {
    return new PackWriter(this.#ports.kernel, kind, this.#ports.packTargetBytes);
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#inFlight);
    this.#check();
  }

  #check(): void {
    if (this.#failure) throw this.#failure.error;
  }

  async #upload(writer: PackWriter): Promise<void> {
    const { vault, random } = this.#ports;
    for (let attempt = 0; attempt < PUT_ATTEMPTS_MAX; attempt++) {
      const uuid = random.uuid();
      const { key } = await vault.reserve(this.#sessionId, uuid, writer.kind);
      const bytes = writer.seal(uuid);
      if (!(await putPack(this.#ports, key, bytes))) continue;
      await vault.addPack(this.#sessionId, uuid, writer.entries, bytes.length);
      for (const entry of writer.entries) this.#pending.delete(refKey(entry));
      writer.clear();
      this.#spare[writer.kind].push(writer);
      return;
    }
    throw new Error('object storage took none of three attempts at a pack');
  }
}

/**
 * Puts once. True when these bytes are at `key` now. After a lost answer what is there tells, by its checksum; false:
 * try again under another key, because this put may still land. Throws when object storage does not answer at all.
 */
export async function putPack(
  ports: Pick<UploadPorts, 'obs' | 'sha256'>,
  key: string,
  bytes: Uint8Array,
): Promise<boolean> {
  const sha256 = await ports.sha256(bytes);
  try {
    if ((await ports.obs.putOnce(key, bytes, sha256)) === 'created') return true;
  } catch {
    // The put may have happened: look.
  }
  const head = await ports.obs.head(key);
  return head !== null && head.sizeBytes === bytes.length && head.sha256 !== null && bytesEqual(head.sha256, sha256);
}
