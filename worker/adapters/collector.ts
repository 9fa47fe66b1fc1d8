// Lets V8's collector know about bytes. It runs after so much garbage on its heap, and the heap holds no more than a
// handle of each buffer: of rows of 64 KiB that were read once, 80 MiB and more come together before it looks, in an
// isolate that may have 128 MiB. So for buffers that pass through here some heap is wasted on purpose, and the young
// generation is collected while what it holds is still little (docs/design/0006-memory.md).

/** Bytes of buffers that are worth one piece of heap. */
const EVERY_BYTES = 524_288;
/** Slots of the piece: 64 KiB, below what V8 would put among its large objects. Sixteen of them fill a young generation. */
const HEAP_SLOTS = 16_384;

let countedBytes = 0;

/** Say how large a buffer is that will be garbage soon, when it is allocated. */
export function countGarbage(bytes: number): void {
  countedBytes += bytes;
  if (countedBytes < EVERY_BYTES) return;
  countedBytes = 0;
  new Array(HEAP_SLOTS).fill(0);
}
