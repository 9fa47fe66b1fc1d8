// Repacking: objects in use move from packs that are mostly dead into new ones. Frames are copied as they are, after each
// was checked against its name. The order is: the new pack's row, the put, the new places in the index, and only then is
// the old pack condemned; a crash between them costs a copy, never an object.

import { Objects } from '../objects.ts';
import type { Random } from '../ports.ts';
import { release } from '../release.ts';
import type { Kind } from '../types.ts';
import { FrameCache } from './frame-cache.ts';
import { hasBit, type MarkSet } from './mark-set.ts';
import { decodeEntries, encodeEntries } from './pack-format.ts';
import { PackWriter } from './pack-writer.ts';
import { type IndexEntry, type PackEntry, type PackRow, PackState } from './ports.ts';
import { ROWS_PER_TURN } from './prune-discard.ts';
import type { PruneScope } from './prune-scope.ts';
import { PUT_ATTEMPTS_MAX, putPack } from './uploader.ts';

/** Frames that are checked, or copied, in one turn: 1 MiB of blocks. */
const FRAMES_PER_TURN = 16;

export interface RepackPorts {
  readonly random: Random;
  sha256(bytes: Uint8Array): Promise<Uint8Array>;
  /** Smaller packs than usual: for tests. */
  readonly packTargetBytes?: number | undefined;
}

/** An object on its way: where the index has it, and where it lies in the pack that is being filled. */
interface Move {
  readonly from: Pick<IndexEntry, 'packNo' | 'slot'>;
  readonly slot: number;
}

/** Fills new packs of one kind. */
export class Repacker {
  readonly #scope: PruneScope;
  readonly #ports: RepackPorts;
  readonly #marks: MarkSet;
  readonly #writer: PackWriter;
  #moves: Move[] = [];
  /** Packs whose objects in use are all in the index at their new places, or in the pack that is being filled. */
  #sources: number[] = [];
  /** Bytes of new packs. */
  writtenBytes = 0;

  constructor(scope: PruneScope, marks: MarkSet, kind: Kind, ports: RepackPorts) {
    this.#scope = scope;
    this.#marks = marks;
    this.#ports = ports;
    this.#writer = new PackWriter(scope.vault.host.kernel, kind, ports.packTargetBytes);
  }

  /**
   * Copies what is in use of a pack. Returns packs of which everything has its new place by now: they may be condemned.
   * null: an object of this pack cannot be read, so it stays as it is.
   */
  async take(no: number): Promise<number[] | null> {
    const { store, obs } = this.#scope.vault;
    const [pack] = store.readPacks([no]);
    const bits = this.#marks.bitsOf(no);
    if (pack?.state !== PackState.live || bits === null) return [];
    const bytes = await obs.get(this.#keyOf(pack));
    const entries = decodeEntries(store.readPackDirectory(no) ?? new Uint8Array(0));
    const slots = entries.flatMap((_, slot) => (hasBit(bits, slot) ? [slot] : []));
    if (
      bytes === null ||
      !(await this.#areGood(
        slots.map((slot) => entries[slot]!),
        bytes,
      ))
    )
      return null;
    const free: number[] = [];
    for (const [i, slot] of slots.entries()) {
      if (this.#writer.isFull) free.push(...(await this.#ship()));
      const entry = entries[slot]!;
      this.#moves.push({ from: { packNo: no, slot }, slot: this.#writer.entries.length });
      this.#writer.add(entry, frameOf(entry, bytes));
      if (i % FRAMES_PER_TURN === FRAMES_PER_TURN - 1) await this.#scope.pause();
    }
    release(bytes);
    this.#sources.push(no);
    return free;
  }

  /** Sends what is left. Returns the packs that may be condemned. */
  async finish(): Promise<number[]> {
    const free = this.#moves.length > 0 ? await this.#ship() : this.#sources;
    this.#sources = [];
    this.#writer.release();
    return free;
  }

  async #areGood(entries: readonly PackEntry[], bytes: Uint8Array): Promise<boolean> {
    for (let at = 0; at < entries.length; at += FRAMES_PER_TURN) {
      const group = entries.slice(at, at + FRAMES_PER_TURN);
      if (group.some(({ offset, length }) => offset + length > bytes.length)) return false;
      const objects = new Objects(new FrameCache(0), this.#scope.vault.host);
      const frames = group.map((entry) => frameOf(entry, bytes));
      if (objects.adopt(group, frames).includes(false)) return false;
      await this.#scope.pause();
    }
    return true;
  }

  async #ship(): Promise<number[]> {
    const { entries } = this.#writer;
    const pack = await this.#put();
    await this.#move(pack.no, entries);
    this.writtenBytes += pack.bytes;
    this.#writer.clear();
    this.#moves = [];
    const free = this.#sources;
    this.#sources = [];
    return free;
  }

  /** Puts what was gathered as a pack of its own; nothing is indexed there yet. */
  async #put(): Promise<PackRow> {
    const { store, obs } = this.#scope.vault;
    const { kind, entries } = this.#writer;
    const ports = { obs, sha256: (bytes: Uint8Array) => this.#ports.sha256(bytes) };
    for (let attempt = 0; attempt < PUT_ATTEMPTS_MAX; attempt++) {
      const uuid = this.#ports.random.uuid();
      const { generation, epoch: touchedEpoch } = this.#scope.vault.meta();
      const row = { uuid, generation, kind, touchedEpoch, state: PackState.pending, bytes: 0, deadBytes: 0 };
      const pending = this.#scope.change(() => store.addPack(row));
      const sealed = this.#writer.seal(uuid);
      // One that is not there may still land: the next prune finds it by its row.
      if (!(await putPack(ports, this.#keyOf(pending), sealed))) continue;
      const pack = { ...pending, state: PackState.live, bytes: sealed.length };
      this.#scope.change(() => {
        store.writePackDirectory(pack.no, encodeEntries(entries));
        store.updatePack(pack);
      });
      return pack;
    }
    throw new Error('object storage took none of three attempts at a pack');
  }

  /** Gives the objects their new places, unless they have another one by now: found bad, and sent again. */
  async #move(packNo: number, entries: readonly PackEntry[]): Promise<void> {
    const { store } = this.#scope.vault;
    for (let at = 0; at < this.#moves.length; at += ROWS_PER_TURN) {
      const moves = this.#moves.slice(at, at + ROWS_PER_TURN);
      this.#scope.change(() => {
        const now = store.index.lookup(moves.map(({ slot }) => entries[slot]!));
        const isHere = moves.map(({ from }, i) => now[i]?.packNo === from.packNo && now[i].slot === from.slot);
        store.index.move(moves.flatMap(({ slot }, i) => (isHere[i] ? [{ ...entries[slot]!, packNo, slot }] : [])));
        const lost = moves.reduce((sum, { slot }, i) => sum + (isHere[i] ? 0 : entries[slot]!.length), 0);
        const [pack] = store.readPacks([packNo]);
        if (pack && lost > 0) store.updatePack({ ...pack, deadBytes: pack.deadBytes + lost });
      });
      await this.#scope.pause();
    }
  }

  #keyOf({ generation, kind, uuid }: PackRow): string {
    return this.#scope.vault.keys().pack(generation, kind, uuid);
  }
}

function frameOf({ encoding, offset, length }: PackEntry, pack: Uint8Array) {
  return { encoding, bytes: pack.subarray(offset, offset + length) };
}
