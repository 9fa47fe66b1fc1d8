// What a scrub knows about stored objects: which were read and found good, which not, and how. Memory is bounded: what is
// forgotten is read again.

import type { DigestSet } from '../kernel.ts';
import { refKey } from '../memory/rows.ts';
import { joinDigests } from '../objects.ts';
import { release } from '../release.ts';
import type { Digest, ObjectRef } from '../types.ts';
import type { Flaw } from './scrub-ranges.ts';
import type { DiskState } from './state.ts';

/** Objects that one step reads: 1 MiB of blocks, a few milliseconds. */
export const OBJECTS_PER_STEP = 16;
/** Digests that a set keeps, 40 bytes each. */
const SET_MAX = 200_000;
/** Flawed objects that are kept in mind, about 150 bytes each. */
const FLAWS_MAX = 65_536;

/** `coming`: not here yet, an upstream has it. Else what is wrong; null for nothing. */
export type Finding = Exclude<Flaw, 'log'> | 'coming' | null;

/** Objects that were looked at, each once. */
export interface ObjectCounts {
  readonly checked: number;
  /** As they are stored. */
  readonly checkedBytes: number;
  readonly lost: number;
  readonly flipped: number;
  readonly misdirected: number;
}

export class StoredObjects {
  readonly #state: DiskState;
  readonly #good: DigestSet;
  /** What was wrong with an object when it was last looked at. It is looked at again: somebody may have written it anew. */
  readonly #flaws = new Map<string, Exclude<Flaw, 'log'>>();
  /** Pages that were found good with everything under them. */
  readonly #whole: DigestSet;
  readonly #counts = { checked: 0, checkedBytes: 0, lost: 0, flipped: 0, misdirected: 0 };

  /** Times that something was read, good or not. */
  readCount = 0;

  constructor(state: DiskState) {
    this.#state = state;
    this.#good = state.host.newDigestSet();
    this.#whole = state.host.newDigestSet();
  }

  get counts(): ObjectCounts {
    return { ...this.#counts };
  }

  /**
   * What is wrong with each of these. Reads what is stored, unless it was found good before: one turn's work for
   * OBJECTS_PER_STEP of them.
   */
  look(refs: readonly ObjectRef[]): Finding[] {
    const isKnown = this.#good.has(joinDigests(refs.map((ref) => ref.digest)));
    const unknown = new Map(refs.flatMap((ref, i) => (isKnown[i] === 1 ? [] : [[refKey(ref), ref]])));
    if (unknown.size === 0) return refs.map(() => null);
    this.readCount += unknown.size;
    const frames = this.#state.objects.readFrames([...unknown.values()]);
    const findings = new Map<string, Finding>();
    for (const [i, [key, ref]] of [...unknown].entries()) {
      const frame = frames[i]!;
      if (typeof frame === 'string') findings.set(key, this.#finding(key, ref, frame));
      else {
        this.#countGood(ref.digest, frame.bytes.length);
        release(frame.bytes);
      }
    }
    return refs.map((ref) => findings.get(refKey(ref)) ?? null);
  }

  isWhole(page: Digest): boolean {
    return this.#whole.has(page)[0] === 1;
  }

  /** This page and everything under it was found good. */
  addWhole(page: Digest): void {
    add(this.#whole, page);
  }

  #finding(key: string, ref: ObjectRef, why: 'absent' | 'damaged'): Finding {
    if (why === 'absent' && this.#state.readContext.upstream !== 'none') return 'coming';
    const known = this.#flaws.get(key);
    if (known !== undefined) return known;
    const flaw = why === 'absent' ? 'lost' : this.#flawOf(ref);
    if (this.#flaws.size >= FLAWS_MAX) this.#flaws.clear();
    this.#flaws.set(key, flaw);
    this.#counts[flaw] += 1;
    return flaw;
  }

  #flawOf(ref: ObjectRef): Exclude<Flaw, 'log'> {
    const { objects } = this.#state;
    if (objects.isLost(ref)) return 'lost';
    const digest = objects.nameOfStored(ref);
    return digest && objects.store.hasMany([{ kind: ref.kind, digest }])[0] ? 'misdirected' : 'flipped';
  }

  #countGood(digest: Digest, storedBytes: number): void {
    if (!add(this.#good, digest)) return;
    this.#counts.checked += 1;
    this.#counts.checkedBytes += storedBytes;
  }
}

/** True when it was not there. A full set starts anew: what it knew is read, or counted, again. */
function add(set: DigestSet, digest: Digest): boolean {
  if (set.size >= SET_MAX) set.clear();
  return set.add(digest)[0] === 1;
}
