// The engine's host for tests in Node: the kernel as built, and frames as they are (raw), or zstd where a test asks.

import { partCaches } from '../../engine/block-parts.ts';
import { rawCodec } from '../../engine/codec.ts';
import type { EngineHost } from '../../engine/host.ts';
import { DigestSet, Kernel } from '../../engine/kernel.ts';
import { PageCache } from '../../engine/page-cache.ts';
import type { Codec } from '../../engine/ports.ts';
import { kernelModule } from './kernel.ts';

/** A host on the relaxed-SIMD kernel. */
export function testHost(codec: Codec = rawCodec): EngineHost {
  const module = kernelModule();
  return {
    kernel: new Kernel(module),
    newDigestSet: () => new DigestSet(module),
    codec,
    pages: new PageCache(),
    parts: partCaches(),
  };
}
