// How a disk stands, as its object tells the control plane and the data service.

import { operationUsd } from '../../engine/cost.ts';
import type { DiskStatus } from '../protocol.ts';
import type { DiskRuntime } from './runtime.ts';
import { parseLocator } from './upstreams.ts';

export function statusOf({ disk, store }: DiskRuntime): DiskStatus {
  const { state } = disk;
  const { objects, storedBytes } = store.objects.usage();
  const toHydrate = [...state.upstreams.values()].reduce((sum, u) => sum + parseLocator(u.locator).logicalBytes, 0);
  const remainingBytes = Math.max(0, toHydrate - state.hydratedBytes);
  const cost = store.meter.mark();
  return {
    sizeBytes: state.sizeBytes,
    storedBytes,
    objects,
    logEntries: state.log.entryCount,
    snapshots: [...state.snapshots.values()].map(({ id, root, hidden }) => ({ id, sealed: root !== null, hidden })),
    hydration: state.upstreams.size > 0 ? { remainingBytes } : null,
    cost,
    costUsd: operationUsd(cost),
  };
}
