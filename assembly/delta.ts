// Which parts of two equal-sized ranges differ, and which parts of one are not zero: positions, ascending, two bytes
// each. A list and not a bitmap: most often few parts are named, and the host reads it without a loop over all.

/** Bytes of one position. */
const POSITION_BYTES: usize = 2;

/** Eight vectors of each side a step, as many as are worth a branch: more than a read of the same bytes costs. */
const STEP_BYTES: usize = 128;

/** Do 32 bytes at `a` and at `b` differ, and where? Zero where they do not. */
function difference(a: usize, b: usize): v128 {
  return v128.or(v128.xor(v128.load(a), v128.load(b)), v128.xor(v128.load(a, 16), v128.load(b, 16)));
}

/** Do two ranges differ? `bytes` is a multiple of 32. */
export function differs(a: usize, b: usize, bytes: usize): bool {
  const end = a + bytes;
  const stepsEnd = a + (bytes & ~(STEP_BYTES - 1));
  while (a < stepsEnd) {
    const first = v128.or(difference(a, b), difference(a + 32, b + 32));
    const second = v128.or(difference(a + 64, b + 64), difference(a + 96, b + 96));
    if (v128.any_true(v128.or(first, second))) return true;
    a += STEP_BYTES;
    b += STEP_BYTES;
  }
  while (a < end) {
    if (v128.any_true(difference(a, b))) return true;
    a += 32;
    b += 32;
  }
  return false;
}

/** Parts that are compared in one go first: most are equal, and a branch for each costs a quarter of the speed. */
const GROUP_PARTS: u32 = 8;

/**
 * Appends `base` + the index of each of `parts` (a multiple of 8) parts of `partBytes` (a multiple of 32) in which `a`
 * and `b` differ. Returns where the next position goes.
 */
export function changedParts(a: usize, b: usize, parts: u32, partBytes: usize, base: u32, out: usize): usize {
  const groupBytes = GROUP_PARTS * partBytes;
  for (let first: u32 = 0; first < parts; first += GROUP_PARTS) {
    if (differs(a, b, groupBytes)) {
      for (let part: u32 = 0; part < GROUP_PARTS; part++) {
        const offset = usize(part) * partBytes;
        // Always stored, kept only when it counts: no branch to mispredict.
        store<u16>(out, base + first + part);
        out += POSITION_BYTES * usize(differs(a + offset, b + offset, partBytes));
      }
    }
    a += groupBytes;
    b += groupBytes;
  }
  return out;
}

/** Appends `base` + the index of each of `digests` digests at `at` that is not all zero. Returns where the next goes. */
export function presentDigests(at: usize, digests: u32, base: u32, out: usize): usize {
  for (let i: u32 = 0; i < digests; i++) {
    store<u16>(out, base + i);
    out += POSITION_BYTES * usize(v128.any_true(v128.or(v128.load(at), v128.load(at, 16))));
    at += 32;
  }
  return out;
}

/** Number of positions that were written from `start` up to `end`. */
export function positions(start: usize, end: usize): u32 {
  return u32((end - start) / POSITION_BYTES);
}
