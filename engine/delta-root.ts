// The root that a tree has after blocks of it were replaced, without storing anything: what a delta stream promises is
// checked against it before a byte becomes visible. Blocks come in order, so one page a level is open at a time.

import type { Kernel } from './kernel.ts';
import { digestAt, type Objects } from './objects.ts';
import type { NeedStep } from './steps.ts';
import { needPage } from './tree.ts';
import { blocksPerChild, DIGEST_BYTES, type Digest, HOLE, PAGE_CHILDREN, TREE_LEVELS } from './types.ts';

/** A copy of a page that is being changed, and its first block. */
interface OpenPage {
  readonly page: Uint8Array;
  readonly firstBlock: number;
}

type NeedJob<T> = Generator<NeedStep, T, void>;

export class ReplacedRoot {
  readonly #objects: Objects;
  readonly #kernel: Kernel;
  readonly #base: Digest;
  /** The open page of each level from the top down to the deepest open one. */
  readonly #path: OpenPage[] = [];

  constructor(objects: Objects, kernel: Kernel, base: Digest) {
    this.#objects = objects;
    this.#kernel = kernel;
    this.#base = base;
  }

  /** Puts a block's digest in. Blocks come in ascending order, each once. */
  *set(blockIndex: number, digest: Digest): NeedJob<void> {
    yield* this.#open(1, blockIndex);
    this.#setChild(1, blockIndex, digest);
  }

  /** Makes a run of blocks holes: whole pages at once where it covers them. */
  *clear(firstBlock: number, blockCount: number): NeedJob<void> {
    const end = firstBlock + blockCount;
    for (let at = firstBlock; at < end; ) {
      let level = 1;
      while (level < TREE_LEVELS && at % blocksPerChild(level + 1) === 0 && at + blocksPerChild(level + 1) <= end)
        level++;
      yield* this.#open(level, at);
      this.#setChild(level, at, HOLE);
      at += blocksPerChild(level);
    }
  }

  /** The root. Nothing can be put in afterwards. */
  *finish(): NeedJob<Digest> {
    yield* this.#open(TREE_LEVELS, 0);
    return this.#kernel.hashPages(this.#path[0]!.page);
  }

  /** Makes the page of `level` over `block` the deepest open one; pages below it, or over other blocks, are closed. */
  *#open(level: number, block: number): NeedJob<void> {
    while (this.#path.length > 0 && (this.#depth < level || !this.#covers(block))) this.#close();
    while (this.#depth > level) {
      const parent = this.#path.at(-1);
      const digest = parent ? digestAt(parent.page, childOf(this.#depth, block)) : this.#base;
      const page = (yield* needPage(this.#objects, digest)).slice();
      this.#path.push({ page, firstBlock: block - (block % blocksPerChild(this.#depth)) });
    }
  }

  /** Level of the deepest open page; above all levels while none is open. */
  get #depth(): number {
    return TREE_LEVELS + 1 - this.#path.length;
  }

  #covers(block: number): boolean {
    const { firstBlock } = this.#path.at(-1)!;
    return block >= firstBlock && block < firstBlock + blocksPerChild(this.#depth + 1);
  }

  #close(): void {
    const { page, firstBlock } = this.#path.pop()!;
    this.#setChild(this.#depth, firstBlock, this.#kernel.hashPages(page));
  }

  #setChild(level: number, block: number, digest: Digest): void {
    this.#path.at(-1)!.page.set(digest, childOf(level, block) * DIGEST_BYTES);
  }
}

/** Which child of a page at `level` has the block. */
function childOf(level: number, block: number): number {
  return Math.floor(block / blocksPerChild(level)) % PAGE_CHILDREN;
}
