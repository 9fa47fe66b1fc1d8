// The differential suite as a script for workerd and for a page; runtimes.test.ts bundles and calls it.
import { blake3 } from '@noble/hashes/blake3.js';
import { type DifferentialOptions, type DifferentialReport, runDifferential } from './differential.ts';
import vectors from './vectors/blake3.json' with { type: 'json' };

interface Bindings {
  /** workerd compiles bytes at run time only through this. */
  readonly UNSAFE_EVAL: { newWasmModule(wasm: Uint8Array): WebAssembly.Module };
}

declare global {
  /** For the page: fetches /files/BUILD. */
  var runBuild: (build: string, options: DifferentialOptions) => Promise<DifferentialReport>;
}

function run(name: string, module: WebAssembly.Module, options: DifferentialOptions): DifferentialReport {
  return runDifferential([{ name, module }], { blake3, vectors }, options);
}

globalThis.runBuild = async (build, options) => {
  const wasm = await (await fetch(`/files/${build}`)).arrayBuffer();
  return run(build, new WebAssembly.Module(new Uint8Array(wasm)), options);
};

export default {
  /** The build's bytes as the body; its name and the options in the query. */
  async fetch(request: Request, { UNSAFE_EVAL }: Bindings): Promise<Response> {
    const { searchParams } = new URL(request.url);
    const module = UNSAFE_EVAL.newWasmModule(new Uint8Array(await request.arrayBuffer()));
    const options = { seed: Number(searchParams.get('seed')), rounds: Number(searchParams.get('rounds')) };
    return Response.json(run(searchParams.get('build') ?? '', module, options));
  },
};
