// Which parts of two equal-sized ranges differ, as a bitmap: bit i of byte i / 8 is set when part i differs.

/** Do two ranges differ? `bytes` is a multiple of 32. */
function differs(a: usize, b: usize, bytes: u32): bool {
  const end = a + bytes;
  while (a < end) {
    const first = v128.xor(v128.load(a), v128.load(b));
    const second = v128.xor(v128.load(a, 16), v128.load(b, 16));
    if (v128.any_true(v128.or(first, second))) return true;
    a += 32;
    b += 32;
  }
  return false;
}

/** Bitmap of the `parts` (a multiple of 8) of `partBytes` (a multiple of 32) in which `a` and `b` differ, into `out`. */
export function delta(a: usize, b: usize, parts: u32, partBytes: u32, out: usize): void {
  for (let part: u32 = 0; part < parts; part += 8) {
    let bits: u32 = 0;
    for (let bit: u32 = 0; bit < 8; bit++) {
      const offset = (part + bit) * partBytes;
      bits |= u32(differs(a + offset, b + offset, partBytes)) << bit;
    }
    store<u8>(out + (part >> 3), bits);
  }
}
