// What the machine allows: reading and copying memory with the widest instructions that wasm has, and nothing else.
// Imports its memory, so that it reads the very bytes that the kernel works on.

/** Reads `bytes` (a multiple of 128) from `at` and tells whether any is set: the least that can be done with them. */
export function read(at: usize, bytes: usize): bool {
  const end = at + bytes;
  let a = i64x2.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (; at < end; at += 128) {
    a = v128.or(a, v128.or(v128.load(at), v128.load(at, 64)));
    b = v128.or(b, v128.or(v128.load(at, 16), v128.load(at, 80)));
    c = v128.or(c, v128.or(v128.load(at, 32), v128.load(at, 96)));
    d = v128.or(d, v128.or(v128.load(at, 48), v128.load(at, 112)));
  }
  return v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)));
}

/** The runtime's own copy inside one memory. */
export function copy(to: usize, from: usize, bytes: usize): void {
  memory.copy(to, from, bytes);
}
