// The kernel's builds for tests in Node. `node tools/run.mjs tools/build-kernel.ts` makes them.
import { readFileSync } from 'node:fs';
import { KERNEL_BUILDS, type KernelBuild, kernelFile } from '../../tools/build-kernel.ts';

export { KERNEL_BUILDS, type KernelBuild };

const modules = new Map<KernelBuild, WebAssembly.Module>();

/** A compiled build, the same object at each call. */
export function kernelModule(build: KernelBuild = 'relaxed'): WebAssembly.Module {
  let module = modules.get(build);
  if (module === undefined) {
    module = new WebAssembly.Module(readFileSync(kernelFile(build)));
    modules.set(build, module);
  }
  return module;
}
