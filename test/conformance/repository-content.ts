// What a disk of the repository's model holds: one of four contents at each of a few blocks on both sides of the tree's
// borders. Small enough that everything is deduplicated against everything, and that a root is known from its content.

import type { EngineHost } from '../../engine/host.ts';
import { MemoryDiskStore } from '../../engine/memory/disk-store.ts';
import { refKey } from '../../engine/memory/rows.ts';
import { Objects } from '../../engine/objects.ts';
import {
  BLOCK_BYTES,
  DIGEST_BYTES,
  type Digest,
  HOLE,
  isHole,
  Kind,
  type ObjectRef,
  PAGE_BYTES,
  PAGE_CHILDREN,
  TREE_LEVELS,
} from '../../engine/types.ts';
import { randomBytes } from './data.ts';

/** Blocks that are ever written: both sides of a page's border, and of one a level higher. */
export const PLACES = [0, 1, 255, 256, 65_535, 65_536] as const;
export const CONTENTS = 4;
export const DISK_BYTES = 2 * 65_536 * BLOCK_BYTES;

/** The content's number at each place; 0 is zeros. Never changed in place. */
export type Content = readonly number[];

export const EMPTY: Content = PLACES.map(() => 0);

const BLOCKS = Array.from({ length: CONTENTS }, (_, id) =>
  id === 0 ? new Uint8Array(BLOCK_BYTES) : randomBytes(id, BLOCK_BYTES),
);
const WORDS = BLOCKS.map((bytes) => new Uint32Array(bytes.buffer));

export function blockOf(content: number): Uint8Array {
  return BLOCKS[content]!;
}

/** Are these the bytes of a block? A word at a time: a run compares hundreds. */
export function isBlock(bytes: Uint8Array, content: number): boolean {
  if (bytes.length !== BLOCK_BYTES) return false;
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, BLOCK_BYTES / 4);
  const expected = WORDS[content]!;
  for (let i = 0; i < words.length; i++) if (words[i] !== expected[i]) return false;
  return true;
}

/** Everything under a root, the page of the root included. */
export interface Tree {
  readonly root: Digest;
  readonly refs: readonly ObjectRef[];
}

/** Roots by content: a tree is canonical, so there is one for each. */
export class Trees {
  readonly #objects: Objects;
  readonly #blocks: Digest[];
  readonly #known = new Map<string, Tree>();

  constructor(host: EngineHost) {
    this.#objects = new Objects(new MemoryDiskStore().objects, host);
    this.#blocks = BLOCKS.map((bytes) => this.#objects.insert(Kind.block, [bytes])[0]!);
  }

  of(content: Content): Tree {
    const key = content.join();
    let tree = this.#known.get(key);
    if (!tree) {
      tree = this.#build(content);
      this.#known.set(key, tree);
    }
    return tree;
  }

  #build(content: Content): Tree {
    const refs = new Map<string, ObjectRef>();
    const add = (kind: Kind, digest: Digest) => refs.set(refKey({ kind, digest }), { kind, digest });
    let level = new Map<number, Digest>();
    content.forEach((id, i) => {
      const digest = this.#blocks[id]!;
      if (isHole(digest)) return;
      level.set(PLACES[i]!, digest);
      add(Kind.block, digest);
    });
    for (let height = 0; height < TREE_LEVELS; height++) {
      const pages = new Map<number, Uint8Array>();
      for (const [index, digest] of level) {
        const at = Math.floor(index / PAGE_CHILDREN);
        const page = pages.get(at) ?? new Uint8Array(PAGE_BYTES);
        page.set(digest, (index % PAGE_CHILDREN) * DIGEST_BYTES);
        pages.set(at, page);
      }
      level = new Map([...pages].map(([at, page]) => [at, this.#objects.insert(Kind.page, [page])[0]!]));
      for (const digest of level.values()) add(Kind.page, digest);
    }
    return { root: level.get(0) ?? HOLE, refs: [...refs.values()] };
  }
}
