// Digests of a batch of short messages of one size: what a log entry or a 4 KiB sector group needs. The chunks of all
// messages are compressed side by side, and so are their parents: lanes stay full whatever the size.

import { compress4 } from './compress4';
import { CHUNK_END, CHUNK_START, MESSAGE_BYTES, ROOT } from './flags';
import { CHUNK_BYTES, DIGEST_BYTES, IV_AT, NODES_AT, WINDOW_AT } from './memory';
import { LANES, reduceLevel } from './tree';

/**
 * Plain digests of `count` messages of `bytesEach` (a power of two, 64 or more) from the window's start into NODES_AT.
 * All of them together have at most WINDOW_CHUNKS chunks; a message below 1,024 bytes is one chunk.
 */
export function hashEqualMessages(count: u32, bytesEach: u32): void {
  const chunkBytes = min(bytesEach, CHUNK_BYTES);
  const chunksEach = bytesEach / chunkBytes;
  const chunks = count * chunksEach;
  const last = chunksEach === 1 ? CHUNK_END | ROOT : CHUNK_END;
  const blocks = chunkBytes / MESSAGE_BYTES;
  const high = i32x4.splat(0);
  for (let done: u32 = 0; done < chunks; done += LANES) {
    // A chunk counts from the start of its own message.
    const low = v128.and(i32x4.add(i32x4.splat(done), i32x4(0, 1, 2, 3)), i32x4.splat(chunksEach - 1));
    const from = WINDOW_AT + done * chunkBytes;
    const to = NODES_AT + done * DIGEST_BYTES;
    compress4(from, chunkBytes, blocks, MESSAGE_BYTES, IV_AT, low, high, 0, CHUNK_START, last, to);
  }
  for (let nodes = chunksEach; nodes > 1; nodes >>= 1) {
    reduceLevel((count * nodes) >> 1, IV_AT, nodes === 2 ? ROOT : 0);
  }
}
