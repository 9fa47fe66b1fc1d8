// BLAKE3's tree over compress4: chunks four at a time, then parents four at a time, level by level in place.

import { compress4 } from './compress4';
import { CHUNK_END, CHUNK_START, MESSAGE_BYTES, PARENT, ROOT } from './flags';
import { CHUNK_BYTES, DIGEST_BYTES, NODES_AT } from './memory';

export const LANES: u32 = 4;

/**
 * Chaining values of `chunks` whole chunks at `input` into `out`. `counter` is the first chunk's index; it must be a
 * multiple of 4, so that its low half cannot overflow inside a group of lanes. `last` adds flags to the last block of
 * each chunk. Writes a multiple of four values: those beyond `chunks` are garbage.
 */
export function hashChunks(
  input: usize,
  chunks: u32,
  key: usize,
  mode: u32,
  counter: u64,
  last: u32,
  out: usize,
): void {
  const high = i32x4.splat(<i32>(counter >> 32));
  for (let done: u32 = 0; done < chunks; done += LANES) {
    const low = i32x4.add(i32x4.splat(<i32>counter + done), i32x4(0, 1, 2, 3));
    const from = input + done * CHUNK_BYTES;
    const to = out + done * DIGEST_BYTES;
    compress4(from, CHUNK_BYTES, 16, 64, key, low, high, mode, CHUNK_START, CHUNK_END | last, to);
  }
}

/**
 * Chaining value of one chunk of 0 to 1,024 bytes into `out`, which needs room for four. Pads the message with zeros
 * in place. All four lanes do the same work: a short message is rare enough not to pay for code of its own.
 */
export function hashShortChunk(
  input: usize,
  bytes: u32,
  key: usize,
  mode: u32,
  counter: u64,
  last: u32,
  out: usize,
): void {
  const blocks: u32 = bytes === 0 ? 1 : (bytes + MESSAGE_BYTES - 1) / MESSAGE_BYTES;
  const padded = blocks * MESSAGE_BYTES;
  memory.fill(input + bytes, 0, padded - bytes);
  const low = i32x4.splat(<i32>counter);
  const high = i32x4.splat(<i32>(counter >> 32));
  const lastBytes = bytes + MESSAGE_BYTES - padded;
  compress4(input, 0, blocks, lastBytes, key, low, high, mode, CHUNK_START, CHUNK_END | last, out);
}

/** Turns `2 * parents` nodes in NODES_AT into `parents`, in place. Nodes beyond them become garbage. */
export function reduceLevel(parents: u32, key: usize, mode: u32): void {
  const zero = i32x4.splat(0);
  // In place is safe: a group reads 256 bytes before it writes 128, and never writes ahead of the next group's input.
  for (let done: u32 = 0; done < parents; done += LANES) {
    const from = NODES_AT + done * 2 * DIGEST_BYTES;
    const to = NODES_AT + done * DIGEST_BYTES;
    compress4(from, MESSAGE_BYTES, 1, 64, key, zero, zero, mode | PARENT, 0, 0, to);
  }
}

/** Reduces any number of nodes to one at NODES_AT; an odd node is carried to the next level. `root` flags the top. */
function reduceNodes(count: u32, key: usize, mode: u32, root: u32): void {
  while (count > 1) {
    const parents = count >> 1;
    // Saved first: the unused lanes of the level's last group may overwrite it.
    const odd = NODES_AT + (count - 1) * DIGEST_BYTES;
    const odd0 = v128.load(odd);
    const odd1 = v128.load(odd, 16);
    reduceLevel(parents, key, count === 2 ? mode | root : mode);
    if (count & 1) {
      const to = NODES_AT + parents * DIGEST_BYTES;
      v128.store(to, odd0);
      v128.store(to, odd1, 16);
    }
    count -= parents;
  }
}

/**
 * Hashes `bytes` (up to a window) at `input` as one subtree, whose first chunk has index `counter`, into the first node
 * of NODES_AT. `root` is ROOT for a whole message and 0 for a part of one. May write zeros behind the message.
 */
export function hashTree(input: usize, bytes: u32, key: usize, mode: u32, counter: u64, root: u32): void {
  // An empty message is one empty chunk.
  const chunks: u32 = bytes === 0 ? 1 : (bytes + CHUNK_BYTES - 1) / CHUNK_BYTES;
  const whole: u32 = bytes / CHUNK_BYTES;
  const last: u32 = chunks === 1 ? root : 0;
  hashChunks(input, whole, key, mode, counter, last, NODES_AT);
  if (whole < chunks) {
    const from = input + whole * CHUNK_BYTES;
    hashShortChunk(
      from,
      bytes - whole * CHUNK_BYTES,
      key,
      mode,
      counter + whole,
      last,
      NODES_AT + whole * DIGEST_BYTES,
    );
  }
  reduceNodes(chunks, key, mode, root);
}

/** One parent of the two nodes at `NODES_AT`, into the first of them. `root` is ROOT for the top of a message. */
export function hashParent(key: usize, mode: u32, root: u32): void {
  reduceLevel(1, key, mode | root);
}

/** The flag of a message's top node. */
export function rootFlag(isRoot: bool): u32 {
  return isRoot ? ROOT : 0;
}
