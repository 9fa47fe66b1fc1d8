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
  /** `projectId`: whose the vault is, when it is not the disk's own project's. */
  | {
      readonly kind: 'vault';
      readonly projectId?: string;
      readonly vaultId: string;
      readonly backupId?: string;
      readonly logicalBytes: number;
    }
  | { readonly kind: 'disk'; readonly diskId: string; readonly zone: string; readonly logicalBytes: number };

/** Objects in one call to another disk: 1 MiB of blocks. More is not faster, and lies in memory on both sides. */
const REFS_PER_CALL = 16;

export function parseLocator(text: string): Locator {
  return JSON.parse(text) as Locator;
}

/** How what a new disk is made from is reached. */
export function locatorOf(source: DiskSource, logicalBytes: number): Locator {
  if (source.kind === 'backup') {
    const { projectId, vaultId, backupId } = source;
    return { kind: 'vault', ...(projectId === undefined ? {} : { projectId }), vaultId, backupId, logicalBytes };
  }
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
  const source = vaultSource(context, locator.projectId ?? context.projectId, locator.vaultId);
  return { ...source, fetch: (refs) => source.fetch(refs).catch(lostVault) };
}

/** A vault as a source, whether anything of this disk's is kept there or not. Its `fetch` throws `not-found` for none. */
export function vaultSource(context: UpstreamContext, projectId: string, vaultId: string): Upstream {
  const vault = vaultClient(context.env, projectId, vaultId, context.meter);
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

/** A vault is not deleted while a disk relies on it: one that is not there has lost its rows, and can be rebuilt. */
function lostVault(error: unknown): never {
  const isGone = error instanceof EngineError && error.code === 'not-found';
  throw isGone ? new EngineError('unavailable', 'the vault that this disk is fetched from has lost its index') : error;
}

/** Takes a lease again, under its own id: a vault that was rebuilt knows of none. A deleted backup has none any more. */
export async function renewLease(
  { env, meter, projectId }: UpstreamContext,
  leaseId: string,
  locator: Locator,
  diskId: string,
): Promise<void> {
  if (locator.kind !== 'vault' || locator.backupId === undefined) return;
  const vault = vaultClient(env, locator.projectId ?? projectId, locator.vaultId, meter);
  await reach('the vault', vault.lease(leaseId, locator.backupId, diskId)).catch((error: unknown) => {
    if (!(error instanceof EngineError && error.code === 'not-found')) throw error;
  });
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
  if (locator.kind === 'vault') {
    await vaultClient(env, locator.projectId ?? projectId, locator.vaultId).release(pinId);
  } else await env.DISK.get(env.DISK.idFromName(locator.diskId)).unpin({ projectId, zone: locator.zone }, pinId);
}
