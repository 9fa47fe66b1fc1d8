// The damage fault of simulations: picks stored things among what a target reaches and has the store edit them below
// every check. Deterministic for a seed.

import { sample, seeded } from '../seeded.ts';
import { runLocal } from '../steps.ts';
import { allocatedBlocks, childDigests, lookupBlocks } from '../tree.ts';
import { BLOCK_BYTES, type Digest, isHole, Kind, type ObjectRef, TREE_LEVELS, toHex } from '../types.ts';
import type { Disk } from './disk.ts';
import { NEWEST } from './log-index.ts';

export type DamageTarget =
  | { readonly kind: 'snapshot'; readonly snapshotId: string }
  | { readonly kind: 'range'; readonly offset: number; readonly length: number }
  | { readonly kind: 'page' }
  | { readonly kind: 'log' }
  | { readonly kind: 'all' };

export interface Damage {
  readonly target: DamageTarget;
  readonly fault: 'flip' | 'lose' | 'misdirect';
  /** How many stored things to hit, at most. */
  readonly count: number;
  readonly seed: number;
}

/** Damages a disk and drops its caches. Returns how many stored things were hit. */
export function damageDisk(disk: Disk, damage: Damage): number {
  const random = seeded(damage.seed);
  const { store } = disk.state;
  let hit = 0;
  if (damage.target.kind === 'log') {
    const kind = damage.fault === 'flip' ? 'flip' : 'lose';
    for (const { seq } of sample(store.scanLog(disk.state.head.foldedSeq), damage.count, random)) {
      if (store.damage({ target: 'log', seq, kind, random: random() })) hit++;
    }
  } else {
    const refs = reached(disk, damage.target);
    for (const ref of sample(refs, damage.count, random)) {
      const others = refs.filter((other) => other.kind === ref.kind && other !== ref);
      const other = others[random() % Math.max(1, others.length)];
      const { fault } = damage;
      if (fault === 'misdirect') {
        if (other && store.damage({ target: 'object', ref, kind: fault, other })) hit++;
      } else if (store.damage({ target: 'object', ref, kind: fault, random: random() })) hit++;
    }
  }
  disk.dropCaches();
  return hit;
}

/** The objects that a target reaches, each once. */
function reached(disk: Disk, target: Exclude<DamageTarget, { kind: 'log' }>): ObjectRef[] {
  const { objects, log } = disk.state;
  const found = new Map<string, ObjectRef>();
  const add = (kind: Kind, digest: Digest) => {
    if (!isHole(digest)) found.set(`${kind}${toHex(digest)}`, { kind, digest });
  };
  const addTree = (root: Digest) => {
    for (const { digest } of runLocal(allocatedBlocks(objects, root, 0, NEWEST)).blocks) add(Kind.block, digest);
  };
  const addPages = (digest: Digest, level: number) => {
    add(Kind.page, digest);
    const page = objects.readPage(digest);
    if (level === 1 || typeof page === 'string') return;
    for (const child of childDigests(disk.state.kernel, page)) addPages(child, level - 1);
  };
  switch (target.kind) {
    case 'snapshot': {
      const view = disk.view(target);
      addTree(view.root);
      break;
    }
    case 'range': {
      const first = Math.floor(target.offset / BLOCK_BYTES);
      const count = Math.ceil((target.offset + target.length) / BLOCK_BYTES) - first;
      lookupBlocks(objects, disk.state.head.root, first, count).forEach((fromTree, i) => {
        const { base } = log.plan(first + i, NEWEST);
        if (base !== 'tree') add(Kind.block, base);
        else if (fromTree instanceof Uint8Array) add(Kind.block, fromTree);
      });
      break;
    }
    case 'page':
      for (const root of disk.state.roots()) if (!isHole(root)) addPages(root, TREE_LEVELS);
      break;
    case 'all':
      for (let cursor: number | null = null; ; ) {
        const page = disk.state.store.objects.scan(cursor, 1_000);
        for (const ref of page.refs) add(ref.kind, ref.digest);
        if (page.next === null) break;
        cursor = page.next;
      }
  }
  return [...found.values()];
}
