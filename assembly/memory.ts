// The static memory map. Everything has a fixed address, so there is no allocator and nothing to free.
// Sizes and areas are described at the head of index.ts.

export const BLOCK_BYTES: u32 = 65536;
export const PAGE_BYTES: u32 = 8192;
export const DIGEST_BYTES: u32 = 32;
export const PAGE_CHILDREN: u32 = PAGE_BYTES / DIGEST_BYTES;
export const SECTOR_BYTES: u32 = 512;
export const CHUNK_BYTES: u32 = 1024;

/** Fits the L2 cache of common machines: copying through it costs about 3 %, copying 16 MiB at once 20 %. */
export const WINDOW_BYTES: u32 = 262144;
export const WINDOW_CHUNKS: u32 = WINDOW_BYTES / CHUNK_BYTES;
export const WINDOW_PAGES: u32 = WINDOW_BYTES / PAGE_BYTES;
export const WINDOW_DIGESTS: u32 = WINDOW_BYTES / DIGEST_BYTES;

/** Lanes beyond the last node are computed and ignored: up to three whole chunks are read past the window's end. */
const LANE_SLACK_BYTES: u32 = 3 * CHUNK_BYTES;

export const WINDOW_AT: usize = memory.data(WINDOW_BYTES + LANE_SLACK_BYTES, 64);
/** One chaining value a chunk; compress4 always writes four, hence room for three more. */
export const NODES_BYTES: u32 = WINDOW_CHUNKS * DIGEST_BYTES;
export const NODES_AT: usize = memory.data(NODES_BYTES + 3 * DIGEST_BYTES, 64);
/** Index in the window of the unit whose nodes are the n-th in NODES_AT. */
export const UNITS_AT: usize = memory.data(WINDOW_PAGES * 4, 64);
/** Results of a call. The largest are a flag byte for each digest, and two bytes for each child of half a window. */
export const RESULT_BYTES: u32 = WINDOW_DIGESTS;
export const RESULT_AT: usize = memory.data(RESULT_BYTES, 64);
/** The sixteen message words of compress4, four lanes each. */
export const WORDS_AT: usize = memory.data(256, 64);

/** Byte order of a rotation right by 16 bits, then by 8, in each of four 32-bit lanes. */
export const ROTATE_16_AT: usize = memory.data<u8>([2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13], 16);
export const ROTATE_8_AT: usize = memory.data<u8>([1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12], 16);

/** BLAKE3's initial chaining value; also the key of the plain hash. */
export const IV_AT: usize = memory.data<u32>(
  [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19],
  16,
);
/** Keys of derive_key, filled when the module starts (derive.ts). */
export const PAGE_KEY_AT: usize = memory.data(32, 16);
export const ROOT_KEY_AT: usize = memory.data(32, 16);
