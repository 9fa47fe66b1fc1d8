// The engine's host in a Worker: the kernel is compiled with the bundle, zstd comes from the runtime.

import kernelModule from '../build/kernel.relaxed.wasm';
import { partCaches } from '../engine/block-parts.ts';
import type { EngineHost } from '../engine/host.ts';
import { DigestSet, Kernel } from '../engine/kernel.ts';
import { PageCache } from '../engine/page-cache.ts';
import { zstdCodec } from './adapters/zstd.ts';

let host: EngineHost | null = null;

/** One kernel for all objects of the isolate: used within one turn only, so they cannot meet in it. */
export function engineHost(): EngineHost {
  host ??= {
    kernel: new Kernel(kernelModule),
    newDigestSet: () => new DigestSet(kernelModule),
    codec: zstdCodec,
    pages: new PageCache(),
    parts: partCaches(),
  };
  return host;
}
