// The kernel without its wrapper, for what a call costs when the data lies in its memory already; and the plain read of
// that same memory. Data stays where it is between calls, so this is also data that lies in the processor's cache.

/** Exports of assembly/index.ts that cases call directly. */
interface RawExports {
  readonly memory: WebAssembly.Memory;
  readonly WINDOW_AT: { readonly value: number };
  readonly WINDOW_BYTES: { readonly value: number };
  hashBlocks(count: number): void;
  hashMessages(count: number, bytesEach: number): void;
  isZeroWindow(bytes: number): number;
  equalHalves(bytes: number): number;
  diffBlocks(): number;
}

interface LimitExports {
  read(at: number, bytes: number): number;
  copy(to: number, from: number, bytes: number): void;
}

export interface Resident {
  readonly raw: RawExports;
  readonly windowAt: number;
  /** The kernel's input area. */
  readonly window: Uint8Array;
  /** bench/assembly/limits.ts on the kernel's memory. */
  readonly limits: LimitExports;
}

/** A fresh instance of a kernel build, with the limits on its memory. */
export function resident(kernel: WebAssembly.Module, limits: WebAssembly.Module): Resident {
  const raw = new WebAssembly.Instance(kernel).exports as unknown as RawExports;
  const imports = { env: { memory: raw.memory } };
  const windowAt = raw.WINDOW_AT.value;
  return {
    raw,
    windowAt,
    window: new Uint8Array(raw.memory.buffer, windowAt, raw.WINDOW_BYTES.value),
    limits: new WebAssembly.Instance(limits, imports).exports as unknown as LimitExports,
  };
}
