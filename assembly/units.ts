// Digests of a batch of equal units (blocks or pages) in the window: zero units are skipped, and the parents of all
// units are reduced together, so that lanes stay full up to each unit's root.

import { ROOT } from './flags';
import { CHUNK_BYTES, DIGEST_BYTES, NODES_AT, RESULT_AT, UNITS_AT, WINDOW_AT } from './memory';
import { hashChunks, reduceLevel } from './tree';
import { isZero } from './zero';

/**
 * Digests of `count` units of `unitBytes` (a power of two of chunks, at least two) from the window's start into
 * RESULT_AT. A unit of zeros gets 32 zero bytes.
 */
export function hashUnits(count: u32, unitBytes: u32, key: usize, mode: u32): void {
  const unitChunks = unitBytes / CHUNK_BYTES;
  let hashed: u32 = 0;
  for (let unit: u32 = 0; unit < count; unit++) {
    const from = WINDOW_AT + unit * unitBytes;
    if (isZero(from, unitBytes)) {
      memory.fill(RESULT_AT + unit * DIGEST_BYTES, 0, DIGEST_BYTES);
    } else {
      hashChunks(from, unitChunks, key, mode, 0, 0, NODES_AT + hashed * unitChunks * DIGEST_BYTES);
      store<u32>(UNITS_AT + hashed * 4, unit);
      hashed++;
    }
  }
  for (let nodes = unitChunks; nodes > 1; nodes >>= 1) {
    reduceLevel((hashed * nodes) >> 1, key, nodes === 2 ? mode | ROOT : mode);
  }
  for (let done: u32 = 0; done < hashed; done++) {
    const unit = load<u32>(UNITS_AT + done * 4);
    memory.copy(RESULT_AT + unit * DIGEST_BYTES, NODES_AT + done * DIGEST_BYTES, DIGEST_BYTES);
  }
}
