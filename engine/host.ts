// What the engine needs of its runtime for computing, gathered once: the kernel, a factory for digest sets, the codec,
// memory for pages.

import type { PartCaches } from './block-parts.ts';
import type { DigestSet, Kernel } from './kernel.ts';
import type { PageCache } from './page-cache.ts';
import type { Codec } from './ports.ts';

export interface EngineHost {
  /** Shared by everything in the isolate: used within one turn only. */
  readonly kernel: Kernel;
  /** A set of its own instance, for a job that lives across turns. */
  newDigestSet(): DigestSet;
  readonly codec: Codec;
  /** Shared by everything in the isolate, like its memory. */
  readonly pages: PageCache;
  /** Likewise, for blocks that are read in parts. */
  readonly parts: PartCaches;
}
