// The kernel's typed wrapper: the only file that touches the wasm instance. It checks arguments, copies input into the
// kernel's window and results out of it, and splits what is larger than a window. Addresses and capacities come from the
// module itself (assembly/index.ts says what they mean), so the memory map is written down once.
import { BLOCK_BYTES, DIGEST_BYTES, PAGE_BYTES, PAGE_CHILDREN, SECTORS_PER_BLOCK } from './types.ts';

/** What assembly/index.ts exports. Functions take and return 32-bit integers. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly WINDOW_AT: WebAssembly.Global;
  readonly WINDOW_BYTES: WebAssembly.Global;
  readonly NODES_AT: WebAssembly.Global;
  readonly RESULT_AT: WebAssembly.Global;
  readonly RESULT_BYTES: WebAssembly.Global;
  readonly SET_CAPACITY_MAX: WebAssembly.Global;
  hashBlocks(count: number): void;
  hashPages(count: number): void;
  hashMessage(bytes: number, counterLow: number, counterHigh: number, isRoot: number): void;
  hashNodes(isRoot: number): void;
  hashRoot(bytes: number): void;
  isZeroWindow(bytes: number): number;
  diffPages(): void;
  diffBlocks(): void;
  setReserve(wanted: number): number;
  setAdd(count: number): number;
  setHas(count: number): void;
  setClear(): void;
  setSize(): number;
}

/** An instance and views of its fixed areas. */
class Arena {
  readonly exports: KernelExports;
  readonly windowBytes: number;
  /** Where input goes. */
  window!: Uint8Array;
  /** The first two nodes: results of the hash calls, input of hashNodes. */
  nodes!: Uint8Array;
  /** Where digests of units, flags and bitmaps appear. */
  result!: Uint8Array;

  constructor(module: WebAssembly.Module) {
    this.exports = new WebAssembly.Instance(module).exports as unknown as KernelExports;
    this.windowBytes = this.exports.WINDOW_BYTES.value;
    this.renewViews();
  }

  /** Views of memory that has grown are detached, and made anew here. */
  renewViews(): void {
    const { memory, WINDOW_AT, NODES_AT, RESULT_AT, RESULT_BYTES } = this.exports;
    const buffer = memory.buffer;
    if (this.window?.buffer === buffer) return;
    this.window = new Uint8Array(buffer, WINDOW_AT.value, this.windowBytes);
    this.nodes = new Uint8Array(buffer, NODES_AT.value, 2 * DIGEST_BYTES);
    this.result = new Uint8Array(buffer, RESULT_AT.value, RESULT_BYTES.value);
  }

  /** A copy of the first node. */
  copyNode(): Uint8Array {
    return this.nodes.slice(0, DIGEST_BYTES);
  }
}

/**
 * Bytes of a message that are hashed in one call: a complete subtree, so that pieces combine in pairs. Also what a
 * hasher holds back at most.
 */
const PIECE_BYTES = 65_536;
const CHUNK_BYTES = 1_024;

/**
 * Plain BLAKE3 of a message that arrives in parts. Several may be open at once: each keeps its own state (up to 64 KiB
 * of held back bytes, plus 32 bytes for each doubling of the message beyond that).
 */
export class Hasher {
  readonly #arena: Arena;
  /** Bytes that are not hashed yet. Never empty once there was input: the last piece is the root's, or next to it. */
  #held = new Uint8Array(0);
  #heldBytes = 0;
  /** Pieces that were hashed, and the nodes of the complete subtrees that they form, largest first. */
  #pieces = 0;
  #nodes: Uint8Array[] = [];

  /** Use `Kernel.hasher()`. */
  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Appends `bytes` (any length) to the message. They are used up when this returns. */
  update(bytes: Uint8Array): this {
    let done = 0;
    while (done < bytes.length) {
      // A full piece is hashed only when more follows: only the end of the message knows which node is the root.
      if (this.#heldBytes === PIECE_BYTES) {
        this.#hashPiece(this.#held);
        this.#heldBytes = 0;
      }
      if (this.#heldBytes === 0 && bytes.length - done > PIECE_BYTES) {
        this.#hashPiece(bytes.subarray(done, done + PIECE_BYTES));
        done += PIECE_BYTES;
      } else {
        const taken = Math.min(PIECE_BYTES - this.#heldBytes, bytes.length - done);
        this.#reserve(this.#heldBytes + taken);
        this.#held.set(bytes.subarray(done, done + taken), this.#heldBytes);
        this.#heldBytes += taken;
        done += taken;
      }
    }
    return this;
  }

  /** Digest (32 bytes) of everything appended so far. Does not end the message: more may be appended after. */
  digest(): Uint8Array {
    const isRoot = this.#nodes.length === 0;
    this.#hashInput(this.#held.subarray(0, this.#heldBytes), isRoot);
    let node = this.#arena.copyNode();
    for (let i = this.#nodes.length - 1; i >= 0; i--) node = this.#join(this.#nodes[i]!, node, i === 0);
    return node;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#held.length) return;
    const larger = new Uint8Array(Math.min(PIECE_BYTES, Math.max(bytes, 2 * this.#held.length, CHUNK_BYTES)));
    larger.set(this.#held.subarray(0, this.#heldBytes));
    this.#held = larger;
  }

  /** Hashes one whole piece and joins the subtrees that it completes: as many as its number has trailing zeros. */
  #hashPiece(piece: Uint8Array): void {
    this.#hashInput(piece, false);
    let node = this.#arena.copyNode();
    this.#pieces++;
    for (let count = this.#pieces; count % 2 === 0; count /= 2) node = this.#join(this.#nodes.pop()!, node, false);
    this.#nodes.push(node);
  }

  /** The node of up to one piece of input, at the arena's first node. */
  #hashInput(input: Uint8Array, isRoot: boolean): void {
    const counter = this.#pieces * (PIECE_BYTES / CHUNK_BYTES);
    this.#arena.window.set(input);
    // `>>> 0` of a number beyond 2^32 is its low half.
    this.#arena.exports.hashMessage(input.length, counter >>> 0, Math.floor(counter / 2 ** 32), isRoot ? 1 : 0);
  }

  #join(left: Uint8Array, right: Uint8Array, isRoot: boolean): Uint8Array {
    this.#arena.nodes.set(left, 0);
    this.#arena.nodes.set(right, DIGEST_BYTES);
    this.#arena.exports.hashNodes(isRoot ? 1 : 0);
    return this.#arena.copyNode();
  }
}

function checkLength(what: string, bytes: Uint8Array, expected: number): void {
  if (bytes.length !== expected) throw new RangeError(`${what} has ${bytes.length} bytes, not ${expected}`);
}

function checkMultiple(what: string, bytes: Uint8Array, unit: number): void {
  if (bytes.length % unit !== 0) throw new RangeError(`${what} has ${bytes.length} bytes, not a multiple of ${unit}`);
}

/** Positions of the bits that are set in the first `count` bits of a bitmap, ascending. */
function setBits(bitmap: Uint8Array, count: number): number[] {
  const positions: number[] = [];
  for (let i = 0; i < count; i++) if ((bitmap[i >> 3]! >> (i & 7)) & 1) positions.push(i);
  return positions;
}

/**
 * Hashing and comparing of blocks and pages. One instance serves any number of callers in turn: every method is
 * synchronous and leaves nothing behind. All results are fresh copies.
 */
export class Kernel {
  readonly #arena: Arena;

  /** Instantiates a kernel build (build/kernel.*.wasm), synchronously. */
  constructor(module: WebAssembly.Module) {
    this.#arena = new Arena(module);
  }

  /**
   * Plain BLAKE3 digests of blocks: n * 65,536 bytes in, n * 32 bytes out, in order. A block of zeros is a hole and
   * gets 32 zero bytes. Throws RangeError when the input is not a whole number of blocks.
   */
  hashBlocks(blocks: Uint8Array): Uint8Array {
    return this.#hashUnits('blocks', blocks, BLOCK_BYTES, this.#arena.exports.hashBlocks);
  }

  /**
   * Digests of pages, under a derive_key context of their own: n * 8,192 bytes in, n * 32 bytes out, in order. A page
   * of holes is a hole and gets 32 zero bytes. Throws RangeError when the input is not a whole number of pages.
   */
  hashPages(pages: Uint8Array): Uint8Array {
    return this.#hashUnits('pages', pages, PAGE_BYTES, this.#arena.exports.hashPages);
  }

  /** `hashBlocks` of separate arrays of 65,536 bytes each. Throws RangeError when one has another length. */
  hashBlocksOf(blocks: readonly Uint8Array[]): Uint8Array {
    return this.#hashUnitsOf('block', blocks, BLOCK_BYTES, this.#arena.exports.hashBlocks);
  }

  /** `hashPages` of separate arrays of 8,192 bytes each. Throws RangeError when one has another length. */
  hashPagesOf(pages: readonly Uint8Array[]): Uint8Array {
    return this.#hashUnitsOf('page', pages, PAGE_BYTES, this.#arena.exports.hashPages);
  }

  /** Plain BLAKE3 (32 bytes) of any number of bytes. Zeros are hashed like anything else. */
  hash(bytes: Uint8Array): Uint8Array {
    return this.hashParts([bytes]);
  }

  /** Plain BLAKE3 (32 bytes) of the concatenation of any number of parts of any length. */
  hashParts(parts: readonly Uint8Array[]): Uint8Array {
    let total = 0;
    for (const part of parts) total += part.length;
    if (total > this.#arena.windowBytes) {
      const hasher = this.hasher();
      for (const part of parts) hasher.update(part);
      return hasher.digest();
    }
    let at = 0;
    for (const part of parts) {
      this.#arena.window.set(part, at);
      at += part.length;
    }
    this.#arena.exports.hashMessage(total, 0, 0, 1);
    return this.#arena.copyNode();
  }

  /** Plain BLAKE3 of a message that arrives in parts. Any number of hashers may be open at once. */
  hasher(): Hasher {
    return new Hasher(this.#arena);
  }

  /**
   * What a proof commits to: derive_key of the root's digest (32 bytes) followed by the disk's size as 64 bits, little
   * endian. 32 bytes. Throws RangeError when the root has another length or the size is no non-negative safe integer.
   */
  rootCommitment(root: Uint8Array, sizeBytes: number): Uint8Array {
    checkLength('root', root, DIGEST_BYTES);
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw new RangeError(`${sizeBytes} is no size in bytes`);
    const size = new Uint8Array(8);
    new DataView(size.buffer).setBigUint64(0, BigInt(sizeBytes), true);
    this.#arena.window.set(root, 0);
    this.#arena.window.set(size, DIGEST_BYTES);
    this.#arena.exports.hashRoot(DIGEST_BYTES + size.length);
    return this.#arena.copyNode();
  }

  /** Are all bytes zero? Any length; true for none. */
  isZero(bytes: Uint8Array): boolean {
    const step = this.#arena.windowBytes;
    for (let at = 0; at < bytes.length; at += step) {
      const part = bytes.subarray(at, at + step);
      this.#arena.window.set(part);
      if (this.#arena.exports.isZeroWindow(part.length) === 0) return false;
    }
    return true;
  }

  /**
   * Children (0 to 255, ascending) whose digests differ between two pages of 8,192 bytes. Throws RangeError when one
   * has another length.
   */
  changedChildren(pageA: Uint8Array, pageB: Uint8Array): number[] {
    this.#loadPair('page', pageA, pageB, PAGE_BYTES);
    this.#arena.exports.diffPages();
    return setBits(this.#arena.result, PAGE_CHILDREN);
  }

  /**
   * Sectors (0 to 127, ascending) that differ between two blocks of 65,536 bytes. Throws RangeError when one has
   * another length.
   */
  changedSectors(blockA: Uint8Array, blockB: Uint8Array): number[] {
    this.#loadPair('block', blockA, blockB, BLOCK_BYTES);
    this.#arena.exports.diffBlocks();
    return setBits(this.#arena.result, SECTORS_PER_BLOCK);
  }

  #loadPair(what: string, a: Uint8Array, b: Uint8Array, bytes: number): void {
    checkLength(what, a, bytes);
    checkLength(what, b, bytes);
    this.#arena.window.set(a, 0);
    this.#arena.window.set(b, bytes);
  }

  #hashUnits(what: string, units: Uint8Array, unitBytes: number, hash: (count: number) => void): Uint8Array {
    checkMultiple(what, units, unitBytes);
    const digests = new Uint8Array((units.length / unitBytes) * DIGEST_BYTES);
    const step = this.#arena.windowBytes;
    for (let at = 0; at < units.length; at += step) {
      const part = units.subarray(at, at + step);
      this.#arena.window.set(part);
      this.#copyDigests(hash, part.length / unitBytes, digests, at / unitBytes);
    }
    return digests;
  }

  #hashUnitsOf(
    what: string,
    units: readonly Uint8Array[],
    unitBytes: number,
    hash: (count: number) => void,
  ): Uint8Array {
    for (const unit of units) checkLength(what, unit, unitBytes);
    const digests = new Uint8Array(units.length * DIGEST_BYTES);
    const step = this.#arena.windowBytes / unitBytes;
    for (let first = 0; first < units.length; first += step) {
      const count = Math.min(step, units.length - first);
      for (let i = 0; i < count; i++) this.#arena.window.set(units[first + i]!, i * unitBytes);
      this.#copyDigests(hash, count, digests, first);
    }
    return digests;
  }

  /** Hashes `count` units of the window into `digests`, from unit `first` on. */
  #copyDigests(hash: (count: number) => void, count: number, digests: Uint8Array, first: number): void {
    hash(count);
    digests.set(this.#arena.result.subarray(0, count * DIGEST_BYTES), first * DIGEST_BYTES);
  }
}

/**
 * A set of digests (any 32 bytes; holes are nothing special here). It has an instance of its own, so it may live as
 * long as it is needed. It grows as it fills, by doubling, and takes 48 bytes a digest; the limit of 1,048,576 digests
 * (64 GiB of blocks) is the module's declared memory maximum.
 */
export class DigestSet {
  readonly #arena: Arena;

  /**
   * `capacity`: how many digests to make room for at once (default: it grows from 1,024). Throws RangeError when it is
   * no count, beyond the limit, or more than the host's memory.
   */
  constructor(module: WebAssembly.Module, options: { capacity?: number } = {}) {
    this.#arena = new Arena(module);
    const capacity = options.capacity ?? 0;
    const limit = this.#arena.exports.SET_CAPACITY_MAX.value;
    if (!Number.isInteger(capacity) || capacity < 0 || capacity > limit) {
      throw new RangeError(`${capacity} is no capacity: a set holds 0 to ${limit} digests`);
    }
    // Also without a wish: a set of no slots could not even be searched.
    if (this.#arena.exports.setReserve(Math.max(capacity, 1)) === 0) throw new RangeError('no memory for the set');
    this.#arena.renewViews();
  }

  /** Number of digests in the set. */
  get size(): number {
    return this.#arena.exports.setSize();
  }

  /**
   * Adds n digests: n * 32 bytes in, n flags out: 1 when it was not there before, 0 when it was, also when an earlier
   * one of the same call brought it. Throws RangeError when the input is not a whole number of digests, or when the set
   * is full: the digests before the one that did not fit are in the set then.
   */
  add(digests: Uint8Array): Uint8Array {
    return this.#inBatches(digests, (count) => {
      const added = this.#arena.exports.setAdd(count);
      this.#arena.renewViews();
      if (added < count) throw new RangeError(`the set is full: it holds ${this.size} digests`);
    });
  }

  /**
   * Looks n digests up: n * 32 bytes in, n flags out: 1 when it is in the set. Throws RangeError when the input is not a
   * whole number of digests.
   */
  has(digests: Uint8Array): Uint8Array {
    return this.#inBatches(digests, (count) => this.#arena.exports.setHas(count));
  }

  /** Forgets all digests. Memory is kept for the next ones. */
  clear(): void {
    this.#arena.exports.setClear();
  }

  /** Runs `call` on a window of digests at a time and gathers the flags that it leaves. */
  #inBatches(digests: Uint8Array, call: (count: number) => void): Uint8Array {
    checkMultiple('digests', digests, DIGEST_BYTES);
    const flags = new Uint8Array(digests.length / DIGEST_BYTES);
    const step = this.#arena.windowBytes;
    for (let at = 0; at < digests.length; at += step) {
      const part = digests.subarray(at, at + step);
      const count = part.length / DIGEST_BYTES;
      this.#arena.window.set(part);
      call(count);
      flags.set(this.#arena.result.subarray(0, count), at / DIGEST_BYTES);
    }
    return flags;
  }
}
