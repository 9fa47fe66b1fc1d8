// A kernel instance and views of its memory. Addresses and capacities come from the module itself (assembly/index.ts says
// what they mean), so the memory map is written down once. Only engine/kernel.ts and engine/kernel/ know this file.
import { DIGEST_BYTES } from '../types.ts';

/** What assembly/index.ts exports. Functions take and return 32-bit integers. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly WINDOW_AT: WebAssembly.Global;
  readonly WINDOW_BYTES: WebAssembly.Global;
  readonly NODES_AT: WebAssembly.Global;
  readonly NODES_BYTES: WebAssembly.Global;
  readonly RESULT_AT: WebAssembly.Global;
  readonly RESULT_BYTES: WebAssembly.Global;
  readonly SET_CAPACITY_MAX: WebAssembly.Global;
  hashBlocks(count: number): void;
  hashPages(count: number): void;
  hashMessage(bytes: number, counterLow: number, counterHigh: number, isRoot: number): void;
  hashNodes(isRoot: number): void;
  hashRoot(bytes: number): void;
  isZeroWindow(bytes: number): number;
  hashMessages(count: number, bytesEach: number): void;
  equalHalves(bytes: number): number;
  diffPages(count: number): number;
  presentChildren(count: number): number;
  diffBlocks(): number;
  bitmapCombine(operation: number, bytes: number): void;
  bitmapCount(bytes: number): number;
  bitmapRuns(bytes: number, from: number): number;
  setReserve(wanted: number): number;
  setAdd(count: number, known: number): number;
  setHas(count: number): void;
  setTruncate(kept: number): void;
  setClear(): void;
  setSize(): number;
}

/** An instance and views of its fixed areas. */
export class Arena {
  readonly exports: KernelExports;
  readonly windowBytes: number;
  /** Where input goes. */
  window!: Uint8Array;
  /** Results of the hash calls; the first two are the input of hashNodes. */
  nodes!: Uint8Array;
  /** Where digests of units and flags appear. */
  result!: Uint8Array;
  /** The same as positions of parts (two bytes each), and as numbers of bits (four). */
  positions!: Uint16Array;
  numbers!: Uint32Array;

  constructor(module: WebAssembly.Module) {
    this.exports = new WebAssembly.Instance(module).exports as unknown as KernelExports;
    this.windowBytes = this.exports.WINDOW_BYTES.value;
    this.renewViews();
  }

  /** Views of memory that has grown are detached, and made anew here. */
  renewViews(): void {
    const { memory, WINDOW_AT, NODES_AT, NODES_BYTES, RESULT_AT, RESULT_BYTES } = this.exports;
    const buffer = memory.buffer;
    if (this.window?.buffer === buffer) return;
    this.window = new Uint8Array(buffer, WINDOW_AT.value, this.windowBytes);
    this.nodes = new Uint8Array(buffer, NODES_AT.value, NODES_BYTES.value);
    this.result = new Uint8Array(buffer, RESULT_AT.value, RESULT_BYTES.value);
    this.positions = new Uint16Array(buffer, RESULT_AT.value, RESULT_BYTES.value / 2);
    this.numbers = new Uint32Array(buffer, RESULT_AT.value, RESULT_BYTES.value / 4);
  }

  /** A copy of the first node. */
  copyNode(): Uint8Array {
    return this.nodes.slice(0, DIGEST_BYTES);
  }
}

export function checkLength(what: string, bytes: Uint8Array, expected: number): void {
  if (bytes.length !== expected) throw new RangeError(`${what} has ${bytes.length} bytes, not ${expected}`);
}

export function checkMultiple(what: string, bytes: Uint8Array, unit: number): void {
  if (bytes.length % unit !== 0) throw new RangeError(`${what} has ${bytes.length} bytes, not a multiple of ${unit}`);
}
