// A set of digests: open addressing over slots of (tag, id), and the digests themselves in order of arrival.
//
//   __heap_base ─ slots: 2 x capacity of 4 bytes (tag: 11 bits; id + 1: 21 bits, 0 when empty) ─ digests: capacity x 32 bytes
//
// Digests are uniform already: one word chooses the slot, another is the tag, and only equal tags cost a comparison.
// At most half of the slots are in use, so that probing stays short. 40 bytes a digest.

import { DIGEST_BYTES, RESULT_AT, WINDOW_AT } from './memory';

/** 1 Mi digests of 64 KiB blocks name 64 GiB, and take 40 MiB: what an isolate of 128 MB can spare. */
export const SET_CAPACITY_MAX: u32 = 1048576;
const CAPACITY_MIN: u32 = 1024;
const SLOT_BYTES: u32 = 4;
/** Of a slot: holds 1 to SET_CAPACITY_MAX. */
const ID_MASK: u32 = 0x1fffff;
const MEMORY_PAGE_SHIFT: u32 = 16;

let capacity: u32 = 0;
let size: u32 = 0;
let digestsAt: usize = 0;

export function setSize(): u32 {
  return size;
}

function slotMask(): u32 {
  return capacity * 2 - 1;
}

/** Room for `bytes` of memory in all. False when the declared maximum, or the host's memory, does not allow it. */
function reserveMemory(bytes: usize): bool {
  const pages = (bytes + 0xffff) >> MEMORY_PAGE_SHIFT;
  const missing = <i32>pages - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0;
}

function tagOf(digest: usize): u32 {
  return load<u32>(digest, 4) & ~ID_MASK;
}

/** Finds a digest's slot: the one that holds it, or the empty one where it belongs. Needs a capacity. */
function findSlot(digest: usize): usize {
  const mask = slotMask();
  const tag = tagOf(digest);
  const low = v128.load(digest);
  const high = v128.load(digest, 16);
  let index = load<u32>(digest) & mask;
  while (true) {
    const slot = __heap_base + index * SLOT_BYTES;
    const held = load<u32>(slot);
    if (held === 0) return slot;
    if ((held & ~ID_MASK) === tag) {
      const known = digestsAt + ((held & ID_MASK) - 1) * DIGEST_BYTES;
      const difference = v128.or(v128.xor(low, v128.load(known)), v128.xor(high, v128.load(known, 16)));
      if (!v128.any_true(difference)) return slot;
    }
    index = (index + 1) & mask;
  }
}

function fillSlot(slot: usize, id: u32, digest: usize): void {
  store<u32>(slot, tagOf(digest) | (id + 1));
}

/** Makes room for `wanted` digests in all, keeping those that are there. False when that is impossible. */
export function setReserve(wanted: u32): bool {
  if (wanted <= capacity) return true;
  if (wanted > SET_CAPACITY_MAX) return false;
  let larger = capacity === 0 ? CAPACITY_MIN : capacity;
  while (larger < wanted) larger <<= 1;
  const slotsBytes = larger * 2 * SLOT_BYTES;
  const newDigestsAt = __heap_base + slotsBytes;
  if (!reserveMemory(newDigestsAt + larger * DIGEST_BYTES)) return false;
  memory.copy(newDigestsAt, digestsAt, size * DIGEST_BYTES);
  memory.fill(__heap_base, 0, slotsBytes);
  capacity = larger;
  digestsAt = newDigestsAt;
  for (let id: u32 = 0; id < size; id++) {
    const digest = digestsAt + id * DIGEST_BYTES;
    fillSlot(findSlot(digest), id, digest);
  }
  return true;
}

/**
 * Adds `count` digests from the window, growing as needed. Flags in RESULT_AT: 1 for a digest that is new, 0 for one of
 * the first `known` that the set ever took, 2 for one that came after those. Returns how many were dealt with: fewer
 * than `count` when the next one is new and there is no room for it.
 */
export function setAdd(count: u32, known: u32): u32 {
  for (let i: u32 = 0; i < count; i++) {
    const digest = WINDOW_AT + i * DIGEST_BYTES;
    let slot = findSlot(digest);
    const id = load<u32>(slot) & ID_MASK;
    if (id !== 0) {
      store<u8>(RESULT_AT + i, id <= known ? 0 : 2);
      continue;
    }
    if (size === capacity) {
      if (!setReserve(size + 1)) return i;
      slot = findSlot(digest);
    }
    const to = digestsAt + size * DIGEST_BYTES;
    v128.store(to, v128.load(digest));
    v128.store(to, v128.load(digest, 16), 16);
    fillSlot(slot, size, digest);
    size++;
    store<u8>(RESULT_AT + i, 1);
  }
  return count;
}

/** Forgets all but the first `kept` digests. Last in, first out: no slot that stays was ever passed over for one that goes. */
export function setTruncate(kept: u32): void {
  while (size > kept) {
    size--;
    store<u32>(findSlot(digestsAt + size * DIGEST_BYTES), 0);
  }
}

/** Flag 1 in RESULT_AT for each of `count` digests in the window that is in the set. */
export function setHas(count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const slot = findSlot(WINDOW_AT + i * DIGEST_BYTES);
    store<u8>(RESULT_AT + i, u8(load<u32>(slot) !== 0));
  }
}

/** Forgets all digests; memory and capacity stay. */
export function setClear(): void {
  memory.fill(__heap_base, 0, capacity * 2 * SLOT_BYTES);
  size = 0;
}
