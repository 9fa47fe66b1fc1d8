// Healing: what a scrub finds flawed is brought back, from the disk itself where a good copy is in the wrong place, else from
// whoever drives the job. Only bytes that match the name are written (Objects.adopt), so a healed point reads as it did, byte
// for byte. The log has no second copy: its flaws stay until their sectors are written again.

import { refKey } from '../memory/rows.ts';
import type { Frame } from '../ports.ts';
import { type Job, PAUSE } from '../steps.ts';
import { bytesEqual, Kind, type ObjectRef } from '../types.ts';
import { Scrub, type ScrubReport } from './scrub.ts';
import { OBJECTS_PER_STEP } from './scrub-objects.ts';
import type { DiskState } from './state.ts';

/** Objects that are asked for at once: 4 MiB of blocks. */
const NEED_MAX = 64;
/** Flawed objects that are remembered, to tell whose bytes lie where others belong. */
const REMEMBERED_MAX = 65_536;

/** Plain data of bounded size. */
export interface HealReport {
  readonly before: ScrubReport;
  /** Objects that were brought back, and how many of them from good copies that the disk itself had. */
  readonly healed: { readonly objects: number; readonly fromDisk: number };
  /** What is flawed still: nobody has it. */
  readonly left: ScrubReport;
}

export class Healing {
  readonly #state: DiskState;
  readonly #scrub: Scrub;
  /** Flawed objects, by key. */
  readonly #flawed = new Set<string>();
  /** Under whose name an object's bytes lie, by the object's key. */
  readonly #holders = new Map<string, ObjectRef>();
  #healed = 0;
  #fromDisk = 0;

  constructor(state: DiskState) {
    this.#state = state;
    this.#scrub = new Scrub(state);
  }

  /** Stored bytes of the objects that were found good so far. */
  get checkedBytes(): number {
    return this.#scrub.objects.counts.checkedBytes;
  }

  /** Looks, brings back, looks again. The driver answers `need` with what it can get, and adopts it. */
  *run(): Job<HealReport> {
    const before = yield* this.#scrub.run((refs) => this.#note(refs));
    yield* this.#scrub.walk((refs) => this.#mend(refs));
    // What was put back because its base was lost can be folded now.
    if (this.#healed > 0) this.#state.stuckSeq = 0;
    const left = yield* this.#scrub.run();
    return { before, healed: { objects: this.#healed, fromDisk: this.#fromDisk }, left };
  }

  /** Remembers what is flawed, and what else is stored there: it is overwritten only after it was put where it belongs. */
  *#note(refs: readonly ObjectRef[]): Job<void> {
    let noted = 0;
    for (const ref of refs) {
      if (this.#flawed.has(refKey(ref)) || this.#flawed.size >= REMEMBERED_MAX) continue;
      this.#flawed.add(refKey(ref));
      const digest = this.#state.objects.nameOfStored(ref);
      if (digest) this.#holders.set(refKey({ kind: ref.kind, digest }), ref);
      if (++noted % OBJECTS_PER_STEP === 0) yield PAUSE;
    }
  }

  *#mend(refs: readonly ObjectRef[]): Job<void> {
    yield* this.#note(refs);
    for (let at = 0; at < refs.length; at += NEED_MAX) {
      const group = refs.slice(at, at + NEED_MAX);
      for (const [i, ref] of group.entries()) {
        this.#mendFromDisk(ref);
        if ((i + 1) % OBJECTS_PER_STEP === 0) yield PAUSE;
      }
      const need = (yield* this.#flawedOf(group)).filter((ref) => !this.#state.objects.isLost(ref));
      if (need.length === 0) continue;
      yield { need };
      const left = yield* this.#flawedOf(need);
      this.#healed += need.length - left.length;
    }
  }

  #mendFromDisk(ref: ObjectRef): void {
    const { objects, store } = this.#state;
    const inMemory = ref.kind === Kind.page ? objects.readPage(ref.digest) : 'damaged';
    if (typeof inMemory !== 'string') {
      store.transaction(() => objects.insert(Kind.page, [inMemory]));
      this.#countFromDisk(ref);
      return;
    }
    // First what is stored here: bringing this object writes over it.
    this.#sortOut(ref);
    const holder = this.#holders.get(refKey(ref));
    if (holder) this.#sortOut(holder);
  }

  /** Puts what lies under `holder` where it belongs, then what lay there, and so on: two that were swapped part. */
  #sortOut(holder: ObjectRef): void {
    const { objects, store } = this.#state;
    let held = this.#storedAt(holder);
    while (held && this.#flawed.has(refKey(held.ref))) {
      const { ref, frame } = held;
      held = this.#storedAt(ref);
      if (held && bytesEqual(held.ref.digest, ref.digest)) return;
      store.transaction(() => objects.adopt([ref], [frame]));
      this.#countFromDisk(ref);
    }
  }

  /** What is really stored under a name, with its own; null where nothing is that can be decoded. */
  #storedAt({ kind, digest: name }: ObjectRef): { ref: ObjectRef; frame: Frame } | null {
    const digest = this.#state.objects.nameOfStored({ kind, digest: name });
    const frame = digest && this.#state.store.objects.getMany([{ kind, digest: name }])[0];
    return frame ? { ref: { kind, digest }, frame } : null;
  }

  #countFromDisk(ref: ObjectRef): void {
    this.#flawed.delete(refKey(ref));
    this.#healed += 1;
    this.#fromDisk += 1;
  }

  *#flawedOf(refs: readonly ObjectRef[]): Job<ObjectRef[]> {
    const flawed: ObjectRef[] = [];
    for (let at = 0; at < refs.length; at += OBJECTS_PER_STEP) {
      const group = refs.slice(at, at + OBJECTS_PER_STEP);
      const findings = this.#scrub.objects.look(group);
      flawed.push(...group.filter((_, i) => findings[i] !== null));
      yield PAUSE;
    }
    return flawed;
  }
}
