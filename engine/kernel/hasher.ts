// BLAKE3 of a message that arrives in parts, over the kernel's calls for whole subtrees.
import { DIGEST_BYTES } from '../types.ts';
import type { Arena } from './arena.ts';

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
