// Copying a backup into another vault: a backup like any other, only that its objects come from a vault instead of a
// disk. What the other vault has is not sent again; the copy is available when it is complete, and stands alone.

import type { EngineHost } from '../host.ts';
import { Objects } from '../objects.ts';
import type { Obs, Random } from '../ports.ts';
import { release } from '../release.ts';
import type { Digest, ObjectRef } from '../types.ts';
import { backUp } from './backup.ts';
import { FrameCache } from './frame-cache.ts';
import { type BackupLabel, type BackupResult, REFS_PER_CALL_MAX, type VaultClient } from './ports.ts';
import { ObsObjectSource } from './source.ts';

/** Pages on the way down, and the blocks of one group, on their way from vault to vault. */
const HELD_BYTES = 8 * 2 ** 20;

/** A backup as its vault describes it. */
export interface CopySource {
  readonly root: Digest;
  readonly sizeBytes: number;
  readonly diskId: string;
  readonly label: BackupLabel;
}

export interface CopyPorts {
  readonly host: EngineHost;
  /** Where the copy goes. */
  readonly vault: VaultClient;
  /** Where it comes from. */
  readonly from: Pick<VaultClient, 'locate' | 'report'>;
  /** Holds the packs of both. */
  readonly obs: Obs;
  readonly random: Random;
  sha256(bytes: Uint8Array): Promise<Uint8Array>;
  pause?(): Promise<void>;
  /** See BackupPorts. */
  wait?(): Promise<void>;
  readonly packTargetBytes?: number;
  /** Bytes of blocks that differ from the newest backup of the same disk there. */
  progress?(doneBytes: number, totalBytes: number): void;
}

/**
 * Copies `source`, as the backup `backupId`. Call again with the same arguments after any error that is not final. Final
 * are EngineErrors `damaged` (objects of the source cannot be read; its vault has looked and knows which), `not-found` and
 * `invalid`. `label.copiedFrom` says where it comes from.
 */
export async function copyBackup(
  ports: CopyPorts,
  source: CopySource,
  backupId: string,
  label: BackupLabel,
): Promise<BackupResult> {
  const { host, obs, from } = ports;
  const objects = new Objects(new FrameCache(HELD_BYTES), host);
  const stored = new ObsObjectSource(obs, (refs) => from.locate(refs));
  const bring = async (refs: readonly ObjectRef[]) => {
    const frames = await stored.fetch(refs);
    const here = objects.adopt(refs, frames);
    const bad = refs.filter((_, i) => !here[i]);
    for (const [i, frame] of frames.entries()) if (frame && !here[i]) release(frame.bytes);
    for (let at = 0; at < bad.length; at += REFS_PER_CALL_MAX) await from.report(bad.slice(at, at + REFS_PER_CALL_MAX));
  };
  const { root, sizeBytes, diskId } = source;
  return backUp({ ...ports, objects, bring }, { backupId, diskId, root, sizeBytes, full: false, label });
}
