// Hydration: a restored disk or a clone fetches what it has not got, until one whole pass over everything that it refers
// to finds nothing that an upstream can still give. Then the upstreams are released and the disk is independent. Guests
// read and write meanwhile; a read of an absent range fetches it first.

import { type Job, PAUSE } from '../steps.ts';
import { childDigests } from '../tree.ts';
import { BLOCK_BYTES, type Digest, isHole, Kind, type ObjectRef, TREE_LEVELS } from '../types.ts';
import type { DiskState } from './state.ts';

/** Objects asked for at once: 4 MiB of blocks. */
const NEED_MAX = 64;
/** Blocks checked in one step when healing: 1 MiB. */
const CHECK_MAX = 16;

export interface HydrationProgress {
  /** True when the disk is independent now. */
  readonly complete: boolean;
  /** Objects of the head that no upstream gave, though it answered. Another pass may get them. */
  readonly missing: number;
}

/**
 * One pass, over the head first. A healing pass also checks every byte; once it has brought what it could, the upstream
 * only has to fetch what is absent. Releases the upstreams when the pass had nothing to bring and nothing was adopted
 * meanwhile. What only snapshots miss does not keep them: it was damaged before the restore, and no backup of the head
 * has it. `giveUp`: nor does what the head misses; it is damage from then on.
 */
export function* hydrate(state: DiskState, giveUp = false): Job<HydrationProgress> {
  if (state.upstreams.size === 0) return { complete: true, missing: 0 };
  const { adoptions } = state;
  state.hydratedBytes = 0;
  const upstreamIds = [...state.upstreams.keys()];
  const pass = new Pass(state);
  const seen = state.host.newDigestSet();
  yield* pass.ensure(state.log.digests().map((digest) => ({ kind: Kind.block, digest })));
  yield* walk(state.head.root, TREE_LEVELS);
  const { missing } = pass;
  for (const root of state.roots()) yield* walk(root, TREE_LEVELS);
  const settled = (missing === 0 || giveUp) && state.adoptions === adoptions;
  const complete = settled && pass.brought === 0;
  if (complete) release(state, upstreamIds);
  else if (settled) stopHealing(state);
  return { complete, missing };

  function* walk(digest: Digest, level: number): Job<void> {
    if (isHole(digest) || seen.add(digest)[0] === 0) return;
    yield* pass.ensure([{ kind: Kind.page, digest }]);
    const page = state.objects.readPage(digest);
    if (typeof page === 'string') return;
    const children = childDigests(state.kernel, page);
    if (level > 1) for (const child of children) yield* walk(child, level - 1);
    else yield* pass.ensure(children.map((child) => ({ kind: Kind.block, digest: child })));
  }
}

class Pass {
  readonly #state: DiskState;
  /** Objects that were asked for and did not come. */
  missing = 0;
  /** Objects that came: what was looked at before them may have changed. */
  brought = 0;

  constructor(state: DiskState) {
    this.#state = state;
  }

  /** Brings what is absent among `refs`; when an upstream heals, what is damaged too. */
  *ensure(refs: readonly ObjectRef[]): Job<void> {
    const heals = this.#state.readContext.upstream === 'heal';
    const step = heals ? CHECK_MAX : NEED_MAX;
    for (let at = 0; at < refs.length; at += step) {
      const group = refs.slice(at, at + step);
      const need = this.#wanting(group, heals);
      if (need.length > 0) {
        yield { need };
        const missing = this.#wanting(need, heals).length;
        this.missing += missing;
        this.brought += need.length - missing;
      }
      for (const ref of group) if (ref.kind === Kind.block) this.#state.hydratedBytes += BLOCK_BYTES;
      yield PAUSE;
    }
  }

  /** Which of these are not here. Healing reads and checks them; otherwise presence is enough. */
  #wanting(refs: readonly ObjectRef[], heals: boolean): ObjectRef[] {
    if (heals) {
      const found = this.#state.objects.read(refs);
      return refs.filter((ref, i) => typeof found[i] === 'string' && !this.#state.objects.isLost(ref));
    }
    const present = this.#state.store.objects.hasMany(refs);
    return refs.filter((_, i) => !present[i]);
  }
}

/** Everything was checked or fetched: from now on what is present is trusted like on any disk. */
function stopHealing(state: DiskState): void {
  const rows = [...state.upstreams.values()].filter((row) => row.heals).map((row) => ({ ...row, heals: false }));
  state.store.transaction(() => {
    for (const row of rows) state.store.writeUpstream(row);
  });
  for (const row of rows) state.upstreams.set(row.id, row);
}

function release(state: DiskState, ids: readonly string[]): void {
  state.store.transaction(() => {
    for (const id of ids) state.store.deleteUpstream(id);
  });
  for (const id of ids) state.upstreams.delete(id);
}
