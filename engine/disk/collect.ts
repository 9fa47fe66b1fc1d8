// Freeing: mark what is reachable, sweep what is not. Marks live in memory only and are used only by the incarnation
// that made them; a crash forgets them and the next collection starts over. While it runs, every reference that is
// created anywhere passes `#barrier`, so what was written meanwhile is marked too (docs/design/0001-disk-head.md).

import { damagedObject } from '../errors.ts';
import type { DigestSet } from '../kernel.ts';
import { joinDigests } from '../objects.ts';
import type { ScanCursor } from '../ports.ts';
import { type Job, PAUSE } from '../steps.ts';
import { childDigests } from '../tree.ts';
import { type Digest, isHole, Kind, type ObjectRef, TREE_LEVELS } from '../types.ts';
import type { DiskState } from './state.ts';

/** Digests that one pass marks: 19 MB of set. A larger disk takes several passes, each over one range of digests. */
const MARKS_PER_PASS = 400_000;

/** How much one step does. Tests make steps small, so that more can happen in between. */
export interface CollectionSteps {
  /** Pages that one step of marking reads. */
  readonly pages: number;
  /** Objects that one step of the sweep looks at. */
  readonly objects: number;
}

const STEPS: CollectionSteps = { pages: 16, objects: 256 };

export class Collection {
  readonly #state: DiskState;
  readonly #marks: DigestSet;
  readonly #seenPages: DigestSet;
  #aborted = false;
  /** The pass takes digests whose first two bytes lie in [from, to). */
  #range = { from: 0, to: 65_536 };

  readonly #steps: CollectionSteps;

  constructor(state: DiskState, steps: CollectionSteps = STEPS) {
    this.#state = state;
    this.#steps = steps;
    this.#marks = state.host.newDigestSet();
    this.#seenPages = state.host.newDigestSet();
  }

  /** Stops at the next step without deleting more: something was adopted that did not pass the barrier. */
  abort(): void {
    this.#aborted = true;
  }

  /** Takes the barrier down. */
  end(): void {
    this.#state.objects.onReference = null;
  }

  /**
   * Collects once; returns the number of freed objects. Does nothing while objects are still to arrive: absent pages
   * hide their children. Throws `damaged` when a page cannot be read, for the same reason.
   */
  *run(): Job<number> {
    const state = this.#state;
    if (state.upstreams.size > 0) return 0;
    const passes = Math.max(1, Math.ceil(state.store.objects.usage().objects / MARKS_PER_PASS));
    let freed = 0;
    state.objects.onReference = (digests) => this.#mark(digests);
    for (let pass = 0; pass < passes && !this.#aborted; pass++) {
      this.#range = { from: Math.floor((65_536 * pass) / passes), to: Math.floor((65_536 * (pass + 1)) / passes) };
      yield* this.#markReachable();
      yield PAUSE;
      freed += yield* this.#sweep();
    }
    state.objects.dropCaches();
    return freed;
  }

  *#markReachable(): Job<void> {
    const state = this.#state;
    this.#marks.clear();
    this.#seenPages.clear();
    // One turn: roots, the log's digests and staged blocks are one consistent set.
    this.#mark(state.log.digests());
    for (const batch of state.openBatches) this.#mark(batch.staged);
    for (const output of state.foldOutputs) this.#mark(output);
    const stack = this.#unseen(state.roots()).map((digest) => ({ digest, level: TREE_LEVELS }));
    let pages = 0;
    while (stack.length > 0 && !this.#aborted) {
      const { digest, level } = stack.pop()!;
      this.#mark([digest]);
      const children = this.#children(digest);
      this.#mark(children);
      if (level > 1) for (const child of this.#unseen(children)) stack.push({ digest: child, level: level - 1 });
      if (++pages % this.#steps.pages === 0) yield PAUSE;
    }
  }

  /** Children of a page that are no holes; none for a page that stands for lost content. */
  #children(digest: Digest): Digest[] {
    const ref: ObjectRef = { kind: Kind.page, digest };
    const page = this.#state.objects.readPage(digest);
    if (typeof page !== 'string') return childDigests(this.#state.kernel, page);
    if (this.#state.objects.isLost(ref)) return [];
    throw damagedObject(ref);
  }

  *#sweep(): Job<number> {
    const { store } = this.#state;
    let cursor: ScanCursor | null = null;
    let freed = 0;
    while (!this.#aborted) {
      const { refs, next } = store.objects.scan(cursor, this.#steps.objects);
      const known = this.#marks.has(joinDigests(refs.map((ref) => ref.digest)));
      const dead = refs.filter((ref, i) => known[i] === 0 && this.#inRange(ref.digest));
      if (dead.length > 0) store.transaction(() => store.objects.deleteMany(dead));
      freed += dead.length;
      if (next === null) break;
      cursor = next;
      yield PAUSE;
    }
    return freed;
  }

  #mark(digests: readonly Digest[]): void {
    const wanted = digests.filter((digest) => !isHole(digest) && this.#inRange(digest));
    if (wanted.length > 0) this.#marks.add(joinDigests(wanted));
  }

  #unseen(digests: readonly Digest[]): Digest[] {
    const pages = digests.filter((digest) => !isHole(digest));
    const isNew = this.#seenPages.add(joinDigests(pages));
    return pages.filter((_, i) => isNew[i] === 1);
  }

  #inRange(digest: Digest): boolean {
    const prefix = digest[0]! * 256 + digest[1]!;
    return prefix >= this.#range.from && prefix < this.#range.to;
  }
}
