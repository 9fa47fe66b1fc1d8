// What tests in Node use of WebAssembly, which no library named in test/tsconfig.json declares. Wider than
// engine/ambient.d.ts: the engine is given modules, tests compile and inspect them.

declare namespace WebAssembly {
  class Module {
    constructor(wasm: Uint8Array);
    static imports(module: Module): { module: string; name: string }[];
  }
  class Instance {
    constructor(module: Module, imports?: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
  class Memory {
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Global {
    value: number;
  }
}
