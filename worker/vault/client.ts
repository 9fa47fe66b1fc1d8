// A Vault as the engine's VaultClient, over RPC.

import type { Meter } from '../../engine/cost.ts';
import type { Presence } from '../../engine/repository/claims.ts';
import { encodeEntries } from '../../engine/repository/pack-format.ts';
import type {
  BackupLabel,
  BeginReport,
  BeginRequest,
  CommitReport,
  CommitRequest,
  LeasedBackup,
  Location,
  VaultClient,
} from '../../engine/repository/ports.ts';
import type { Digest, Kind } from '../../engine/types.ts';
import type { Env } from '../env.ts';
import { type Answer, type PackedRefs, packRefs, unwrap } from './wire.ts';

/** What the Vault class offers a Disk. Each call names the project: a foreign vault answers as if it were not there. */
export interface VaultWire {
  begin(projectId: string, request: BeginRequest): Promise<Answer<BeginReport>>;
  lookup(projectId: string, sessionId: string, refs: PackedRefs): Promise<Answer<Presence[]>>;
  reserve(projectId: string, sessionId: string, packUuid: string, kind: Kind): Promise<Answer<{ key: string }>>;
  /** `entries`: as encodeEntries packs them. */
  addPack(
    projectId: string,
    sessionId: string,
    packUuid: string,
    entries: Uint8Array,
    packBytes: number,
    capacityBytes?: number,
  ): Promise<Answer<void>>;
  commit(projectId: string, sessionId: string, request: CommitRequest): Promise<Answer<CommitReport>>;
  abort(projectId: string, sessionId: string): Promise<Answer<'aborted' | 'done'>>;
  lease(projectId: string, leaseId: string, backupId: string, diskId: string): Promise<Answer<LeasedBackup>>;
  release(projectId: string, leaseId: string): Promise<Answer<void>>;
  locate(projectId: string, refs: PackedRefs): Promise<Answer<(Location | null)[]>>;
  report(projectId: string, refs: PackedRefs): Promise<Answer<number>>;
  /** What an available backup holds; nothing is leased. */
  root(projectId: string, backupId: string): Promise<Answer<BackupRoot>>;
}

export interface BackupRoot {
  readonly root: Digest;
  readonly sizeBytes: number;
  /** What it is of. */
  readonly diskId: string;
  readonly label: BackupLabel;
}

/** What an available backup holds, and of what. Throws `not-found`. */
export async function backupRoot(
  env: Env,
  projectId: string,
  vaultId: string,
  backupId: string,
  meter: Meter,
): Promise<BackupRoot> {
  meter.counts.objectRequests += 1;
  const wire = env.VAULT.get(env.VAULT.idFromName(vaultId)) as unknown as VaultWire;
  return unwrap(await wire.root(projectId, backupId), meter);
}

/**
 * The vault `vaultId` as seen by `projectId`. `meter`: counts the calls, and what the vault did for them. `capacityBytes`:
 * packs that would make the vault larger are refused (`full`).
 */
export function vaultClient(
  env: Env,
  projectId: string,
  vaultId: string,
  meter?: Meter,
  capacityBytes?: number,
): VaultClient {
  // A fresh stub for every call: after an exception a stub stays broken.
  const wire = () => {
    if (meter) meter.counts.objectRequests += 1;
    return env.VAULT.get(env.VAULT.idFromName(vaultId)) as unknown as VaultWire;
  };
  return {
    begin: async (request) => unwrap(await wire().begin(projectId, request), meter),
    lookup: async (sessionId, refs) => unwrap(await wire().lookup(projectId, sessionId, packRefs(refs)), meter),
    reserve: async (sessionId, packUuid, kind) =>
      unwrap(await wire().reserve(projectId, sessionId, packUuid, kind), meter),
    addPack: async (sessionId, packUuid, entries, packBytes) => {
      const packed = encodeEntries(entries);
      return unwrap(await wire().addPack(projectId, sessionId, packUuid, packed, packBytes, capacityBytes), meter);
    },
    // The root may be a view of a page: only its own 32 bytes are sent.
    commit: async (sessionId, request) =>
      unwrap(await wire().commit(projectId, sessionId, { ...request, root: request.root.slice() }), meter),
    abort: async (sessionId) => unwrap(await wire().abort(projectId, sessionId), meter),
    lease: async (leaseId, backupId, diskId) => unwrap(await wire().lease(projectId, leaseId, backupId, diskId), meter),
    release: async (leaseId) => unwrap(await wire().release(projectId, leaseId), meter),
    locate: async (refs) => unwrap(await wire().locate(projectId, packRefs(refs)), meter),
    report: async (refs) => unwrap(await wire().report(projectId, packRefs(refs)), meter),
  };
}
