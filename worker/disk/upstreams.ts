// Where the absent objects of a restored disk or a clone come from, and the leases and pins that keep them there.

import type { Meter } from '../../engine/cost.ts';
import { EngineError } from '../../engine/errors.ts';
import type { Frame, ObjectSource, Obs } from '../../engine/ports.ts';
import { REFS_PER_CALL_MAX } from '../../engine/repository/ports.ts';
import { ObsObjectSource } from '../../engine/repository/source.ts';
import type { ObjectRef } from '../../engine/types.ts';
import type { Env } from '../env.ts';
import type { DiskSource } from '../protocol.ts';
import { vaultClient } from '../vault/client.ts';

/** What an UpstreamRow's `locator` says, as JSON. `logicalBytes` is what there is to hydrate in all. */
export type Locator =
  | { readonly kind: 'vault'; readonly vaultId: string; readonly logicalBytes: number }
  | { readonly kind: 'disk'; readonly diskId: string; readonly zone: string; readonly logicalBytes: number };

/** Objects in one call to another disk: 1 MiB of blocks. More is not faster, and lies in memory on both sides. */
const REFS_PER_CALL = 16;

export function parseLocator(text: string): Locator {
  return JSON.parse(text) as Locator;
}

/** How what a new disk is made from is reached. */
export function locatorOf(source: DiskSource, logicalBytes: number): Locator {
  if (source.kind === 'backup') return { kind: 'vault', vaultId: source.vaultId, logicalBytes };
  return { kind: 'disk', diskId: source.diskId, zone: source.zone, logicalBytes };
}

/** An answer of another object. That it cannot be reached, or fails, is `unavailable`: it may be different the next time. */
export async function reach<T>(what: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineError('unavailable', `${what} does not answer: ${reason}`);
  }
}

/** A source that can be told that what it gave was bad. */
export interface Upstream extends ObjectSource {
  report(refs: readonly ObjectRef[]): Promise<void>;
}

/** What an upstream is reached through. */
export interface UpstreamContext {
  readonly env: Env;
  readonly obs: Obs;
  readonly meter: Meter;
  readonly projectId: string;
}

/** The source behind an upstream. `pinId`: the upstream's id, which names the pin or lease. */
export function sourceOf(context: UpstreamContext, pinId: string, locator: Locator): Upstream {
  if (locator.kind === 'disk') {
    const fetch = (refs: readonly ObjectRef[]) => fetchFromDisk(context, pinId, locator, refs);
    return { fetch: (refs) => reach('the source disk', fetch(refs)), report: async () => undefined };
  }
  const vault = vaultClient(context.env, context.projectId, locator.vaultId, context.meter);
  const source = new ObsObjectSource(context.obs, (refs) => vault.locate(refs));
  return {
    fetch: (refs) => reach('the vault', source.fetch(refs)),
    async report(refs) {
      for (let at = 0; at < refs.length; at += REFS_PER_CALL_MAX) {
        await vault.report(refs.slice(at, at + REFS_PER_CALL_MAX));
      }
    },
  };
}

async function fetchFromDisk(
  { env, projectId, meter }: UpstreamContext,
  pinId: string,
  locator: Extract<Locator, { kind: 'disk' }>,
  refs: readonly ObjectRef[],
): Promise<(Frame | null)[]> {
  const frames: (Frame | null)[] = [];
  for (let at = 0; at < refs.length; at += REFS_PER_CALL) {
    const stub = env.DISK.get(env.DISK.idFromName(locator.diskId));
    meter.counts.objectRequests += 1;
    const found = await stub.objects({ projectId, zone: locator.zone }, pinId, refs.slice(at, at + REFS_PER_CALL));
    if (!found) throw new EngineError('unavailable', 'the disk that this one was made from cannot be read');
    frames.push(...found);
  }
  return frames;
}

/** Gives a lease or a pin back. Unknown ones are no error. */
export async function releaseUpstream(env: Env, projectId: string, pinId: string, locator: Locator): Promise<void> {
  if (locator.kind === 'vault') await vaultClient(env, projectId, locator.vaultId).release(pinId);
  else await env.DISK.get(env.DISK.idFromName(locator.diskId)).unpin({ projectId, zone: locator.zone }, pinId);
}
