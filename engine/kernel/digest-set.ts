// The digest set's typed wrapper (assembly/set.ts).
import { DIGEST_BYTES } from '../types.ts';
import { Arena, checkMultiple } from './arena.ts';

/**
 * A set of digests (any 32 bytes; holes are nothing special here). It has an instance of its own, so it may live as
 * long as it is needed. It grows as it fills, by doubling, and takes 40 bytes a digest; the limit of 1,048,576 digests
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
    return this.#add(digests, this.#arena.exports.SET_CAPACITY_MAX.value);
  }

  /**
   * Tells n digests apart: n * 32 bytes in, n flags out: 0 for one that was there before the call, 1 for a new one, 2
   * for a repetition of a new one of this call. New ones stay in the set with `insert`; otherwise the set is as before.
   * Throws RangeError like `add`, and then leaves the set as it was before the call.
   */
  classify(digests: Uint8Array, options: { insert: boolean }): Uint8Array {
    const known = this.size;
    let kept = known;
    try {
      const flags = this.#add(digests, known);
      if (options.insert) kept = this.size;
      return flags;
    } finally {
      this.#arena.exports.setTruncate(kept);
    }
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

  /** Flag 0 for one of the first `known` digests of the set, 1 for a new one, 2 for any other. */
  #add(digests: Uint8Array, known: number): Uint8Array {
    return this.#inBatches(digests, (count) => {
      const added = this.#arena.exports.setAdd(count, known);
      this.#arena.renewViews();
      if (added < count) throw new RangeError(`the set is full: it holds ${this.size} digests`);
    });
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
