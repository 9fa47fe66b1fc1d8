// Marking: everything that some roots reach gets its bit. Works from pack to pack instead of from root to root: a pack of
// pages is read whole, once, and all of its pages that were reached by then are followed; what they reach in there, too.
// So marking costs about a read for each page pack, however many backups share it: 1 TiB is some 120 reads.

import { damagedObject, EngineError } from '../errors.ts';
import { digestAt, Objects } from '../objects.ts';
import type { Frame } from '../ports.ts';
import { type Digest, isHole, Kind, type ObjectRef, TREE_LEVELS } from '../types.ts';
import { FrameCache } from './frame-cache.ts';
import type { MarkSet } from './mark-set.ts';
import { decodeEntries } from './pack-format.ts';
import type { PackEntry } from './ports.ts';
import type { VaultContext } from './vault-context.ts';

/** Pages followed in one turn: 256 look-ups each, about 2 ms. */
const PAGES_PER_TURN = 4;

/** A page that was reached and not followed yet. */
interface Reached {
  readonly slot: number;
  /** Of the page; below level 1 are blocks. */
  readonly level: number;
}

export interface MarkPace {
  pause(): Promise<void>;
  /** Told after each pack that was read. */
  packRead(bytes: number): void;
  /** Told of each block that is reached and not there. */
  lacks(digest: Digest): void;
}

/**
 * Marks what `roots` reach. A block that the index lacks is passed over: its backup is damaged, and a check names it.
 * Throws `damaged` when a page cannot be read, because nobody knows then what is under it.
 */
export async function markReachable(
  vault: VaultContext,
  marks: MarkSet,
  roots: readonly Digest[],
  pace: MarkPace,
): Promise<void> {
  /** Reached pages by pack. A page is reached once, so this holds at most a vault's pages, 8 bytes each. */
  const reached = new Map<number, number[]>();
  reach(
    roots.filter((root) => !isHole(root)),
    TREE_LEVELS,
  );
  while (reached.size > 0) {
    // Children were packed before their parents, so from the newest pack backwards each is likely read only once.
    let newest = 0;
    for (const packNo of reached.keys()) newest = Math.max(newest, packNo);
    await follow(newest);
    await pace.pause();
  }

  function reach(digests: readonly Digest[], level: number): void {
    const refs = digests.map((digest): ObjectRef => ({ kind: level === 0 ? Kind.block : Kind.page, digest }));
    vault.lookup(refs, false).forEach((entry, i) => {
      if (entry === null) {
        if (level > 0) throw unreadable(refs[i]!);
        pace.lacks(refs[i]!.digest);
        return;
      }
      if (!marks.mark(entry.packNo, entry.slot) || level === 0) return;
      const pages = reached.get(entry.packNo) ?? [];
      pages.push(entry.slot * 8 + level);
      reached.set(entry.packNo, pages);
    });
  }

  async function follow(packNo: number): Promise<void> {
    const [pack] = vault.store.readPacks([packNo]);
    const directory = vault.store.readPackDirectory(packNo);
    if (!pack || !directory) throw new EngineError('unavailable', 'the packs of the vault changed: try again');
    const bytes = await vault.obs.get(vault.keys().pack(pack.generation, pack.kind, pack.uuid));
    pace.packRead(pack.bytes);
    const entries = decodeEntries(directory);
    for (let next = take(packNo); next.length > 0; next = take(packNo)) {
      for (let at = 0; at < next.length; at += PAGES_PER_TURN) {
        await followPages(next.slice(at, at + PAGES_PER_TURN), entries, bytes);
        await pace.pause();
      }
    }
  }

  /** Reached pages of a pack, which are being followed from now on. */
  function take(packNo: number): Reached[] {
    const pages = reached.get(packNo) ?? [];
    reached.delete(packNo);
    return pages.map((page) => ({ slot: Math.floor(page / 8), level: page % 8 }));
  }

  async function followPages(
    pages: readonly Reached[],
    entries: readonly PackEntry[],
    pack: Uint8Array | null,
  ): Promise<void> {
    const refs = pages.map(({ slot }) => entries[slot]!);
    const found = await readPages(vault, refs, pack);
    pages.forEach(({ level }, i) => {
      const page = found[i]!;
      const children = Array.from(vault.host.kernel.presentChildren(page), (child) => digestAt(page, child));
      reach(children, level - 1);
    });
  }
}

/** Checked pages out of a pack's bytes; what is wrong in there is looked for once more by itself. */
async function readPages(
  vault: VaultContext,
  entries: readonly PackEntry[],
  pack: Uint8Array | null,
): Promise<Uint8Array[]> {
  const frames = entries.map(({ encoding, offset, length }): Frame | null =>
    pack && offset + length <= pack.length ? { encoding, bytes: pack.slice(offset, offset + length) } : null,
  );
  const found = openFrames(vault, entries, frames);
  for (const [i, page] of found.entries()) {
    if (typeof page !== 'string') continue;
    const [again] = openFrames(vault, [entries[i]!], await vault.source.fetch([entries[i]!]));
    if (typeof again === 'string') throw unreadable(entries[i]!);
    found[i] = again!;
  }
  return found as Uint8Array[];
}

function openFrames(vault: VaultContext, refs: readonly ObjectRef[], frames: readonly (Frame | null)[]) {
  const held = new FrameCache(Number.POSITIVE_INFINITY);
  held.replaceMany(refs.flatMap((ref, i) => (frames[i] ? [{ ...ref, frame: frames[i] }] : [])));
  return new Objects(held, vault.host).read(refs);
}

function unreadable(ref: ObjectRef): EngineError {
  const { message } = damagedObject(ref);
  return new EngineError('damaged', `${message}: check the vault, which names the backups that need it`);
}
