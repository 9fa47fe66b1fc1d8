// Is a range all zeros? Eight vectors a step: bounded by memory, and it leaves at the first byte that is set.

const STEP_BYTES: u32 = 128;

export function isZero(at: usize, bytes: u32): bool {
  const end = at + bytes;
  const stepsEnd = at + (bytes & ~(STEP_BYTES - 1));
  while (at < stepsEnd) {
    const a = v128.or(v128.load(at), v128.load(at, 16));
    const b = v128.or(v128.load(at, 32), v128.load(at, 48));
    const c = v128.or(v128.load(at, 64), v128.load(at, 80));
    const d = v128.or(v128.load(at, 96), v128.load(at, 112));
    if (v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) return false;
    at += STEP_BYTES;
  }
  while (at < end) {
    if (load<u8>(at) !== 0) return false;
    at++;
  }
  return true;
}
