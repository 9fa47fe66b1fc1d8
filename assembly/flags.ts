// BLAKE3's domain flags: which part of the tree a compression belongs to, and of which of its modes.

export const CHUNK_START: u32 = 1;
export const CHUNK_END: u32 = 2;
export const PARENT: u32 = 4;
export const ROOT: u32 = 8;
export const DERIVE_KEY_CONTEXT: u32 = 32;
export const DERIVE_KEY_MATERIAL: u32 = 64;

/** Bytes that one compression takes in. */
export const MESSAGE_BYTES: u32 = 64;
