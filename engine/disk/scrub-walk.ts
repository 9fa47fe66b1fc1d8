// The first half of a scrub: everything that a disk refers to is read, each object once, and subtrees that are whole are
// remembered as such. Healing is the same walk with somebody who mends what it meets.

import { type Job, PAUSE } from '../steps.ts';
import { childDigests } from '../tree.ts';
import { type Digest, isHole, Kind, type ObjectRef, TREE_LEVELS } from '../types.ts';
import { OBJECTS_PER_STEP, type StoredObjects } from './scrub-objects.ts';
import type { DiskState } from './state.ts';

/** Tries to bring flawed objects back. What it brought is found good by the next look. */
export type Mend = (flawed: readonly ObjectRef[]) => Job<void>;

/** Looks at all objects under the disk's roots and in its log. Guests and folds may come in between. */
export function* walkStored(state: DiskState, objects: StoredObjects, mend: Mend | null): Job<void> {
  // Copies, and all of them from the beginning: a snapshot may be deleted, and its objects collected, before its turn.
  const roots = state.roots().map((root) => root.slice());
  for (const root of roots) state.walkedRoots.add(root);
  try {
    yield* logBlocks();
    for (const root of roots) {
      yield* subtree(TREE_LEVELS, root);
      state.walkedRoots.delete(root);
    }
  } finally {
    for (const root of roots) state.walkedRoots.delete(root);
  }

  /** Blocks that the log names. A fold moves them into the tree: then what is left in the log is looked at again. */
  function* logBlocks(): Job<void> {
    for (let isDone = false; !isDone; ) {
      const { log } = state;
      const refs = log.digests().map((digest): ObjectRef => ({ kind: Kind.block, digest }));
      for (let at = 0; at < refs.length && state.log === log; at += OBJECTS_PER_STEP) {
        yield* areGood(refs.slice(at, at + OBJECTS_PER_STEP));
      }
      isDone = state.log === log;
    }
  }

  /** True when a page and everything under it is good. */
  function* subtree(level: number, digest: Digest): Job<boolean> {
    if (isHole(digest) || objects.isWhole(digest)) return true;
    if (!(yield* areGood([{ kind: Kind.page, digest }]))) return false;
    const page = state.objects.readPage(digest);
    if (typeof page === 'string') return false;
    const children = childDigests(state.kernel, page);
    let isWhole = true;
    if (level === 1) isWhole = yield* areGood(children.map((child) => ({ kind: Kind.block, digest: child })));
    else for (const child of children) isWhole = (yield* subtree(level - 1, child)) && isWhole;
    if (isWhole) objects.addWhole(digest);
    return isWhole;
  }

  function* areGood(refs: readonly ObjectRef[]): Job<boolean> {
    const found = yield* look(refs);
    if (!mend || found.flawed.length === 0) return found.isGood;
    yield* mend(found.flawed);
    return (yield* look(refs)).isGood;
  }

  /** `flawed` leaves out what is only not here yet. */
  function* look(refs: readonly ObjectRef[]): Job<{ isGood: boolean; flawed: ObjectRef[] }> {
    const flawed: ObjectRef[] = [];
    let isGood = true;
    for (let at = 0; at < refs.length; at += OBJECTS_PER_STEP) {
      const group = refs.slice(at, at + OBJECTS_PER_STEP);
      objects.look(group).forEach((finding, i) => {
        if (finding !== null) isGood = false;
        if (finding !== null && finding !== 'coming') flawed.push(group[i]!);
      });
      yield PAUSE;
    }
    return { isGood, flawed };
  }
}
