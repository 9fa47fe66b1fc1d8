// Committing: the Vault checks for itself that everything under a root is there, and only then says that a backup
// exists. Order: check, manifest (put once), generation, row. A crash in between leaves a session that is resumed.

import { EngineError } from '../errors.ts';
import { Objects } from '../objects.ts';
import { type ChangedStep, walkChanges } from '../tree.ts';
import { BLOCK_BYTES, HOLE, type ObjectRef, TREE_LEVELS, toHex } from '../types.ts';
import { finishAborted, finishCommitted, readDecision } from './decisions.ts';
import { FrameCache } from './frame-cache.ts';
import { requireGeneration } from './generation.ts';
import { encodeRecord, type ManifestRecord, RECORD_VERSION } from './manifest.ts';
import { PageReader } from './page-reader.ts';
import type { BackupResult, CommitRequest, SessionRow } from './ports.ts';
import type { VaultContext } from './vault-context.ts';

/** Frames of pages that the check keeps. A walk reads each page once, so this only has to hold one window and a path. */
const PAGE_CACHE_BYTES = 4 * 2 ** 20;
/** Walk steps (256 look-ups each, about 2 ms) between pauses, and in one call: about two seconds. */
const STEPS_PER_TURN = 4;
const STEPS_PER_CALL = 1_024;

/** The check of one root against the index. Lives in memory between calls; a crash starts it over. */
export class CommitCheck {
  readonly session: SessionRow;
  readonly request: CommitRequest;
  /** Allocated blocks of the root, once the check is complete. */
  allocatedBlocks: number;
  readonly #vault: VaultContext;
  readonly #objects: Objects;
  readonly #pages: PageReader;
  readonly #steps: ReturnType<typeof walkChanges>;

  constructor(vault: VaultContext, session: SessionRow, request: CommitRequest) {
    this.#vault = vault;
    this.session = session;
    this.request = request;
    this.#objects = new Objects(new FrameCache(PAGE_CACHE_BYTES), vault.host);
    this.#pages = new PageReader(vault, this.#objects);
    this.allocatedBlocks = session.parent?.allocatedBlocks ?? 0;
    this.#steps = walkChanges(this.#objects, vault.host, session.parent?.root ?? HOLE, request.root);
  }

  /** One slice. 'missing': something of the root is not here. */
  async run(): Promise<'running' | 'missing' | 'complete'> {
    for (let taken = 1; taken <= STEPS_PER_CALL; taken++) {
      const step = this.#steps.next();
      if (step.done) return 'complete';
      if ('need' in step.value) {
        if (!(await this.#bring(step.value.need))) return 'missing';
      } else if ('changed' in step.value && !this.#check(step.value)) return 'missing';
      if (taken % STEPS_PER_TURN === 0) await this.#vault.pause();
    }
    return 'running';
  }

  #check(step: ChangedStep): boolean {
    this.allocatedBlocks += step.allocatedDelta;
    return this.#vault.lookup(step.changed, true).every((entry) => entry !== null);
  }

  /** Pages from object storage. One that cannot be read is bad from now on, and nothing under it may be skipped. */
  async #bring(refs: readonly ObjectRef[]): Promise<boolean> {
    const entries = this.#vault.lookup(refs, false);
    await this.#pages.bring(refs);
    const bad = refs.flatMap((ref, i) => (typeof this.#objects.read([ref])[0] === 'string' ? [entries[i]] : []));
    if (bad.length === 0) return true;
    this.#vault.markBad(bad.flatMap((entry) => entry ?? []));
    const { store } = this.#vault;
    store.transaction(() => {
      const session = store.readSession(this.session.id);
      if (session) store.writeSession({ ...session, parent: null });
    });
    return false;
  }
}

/** Puts the manifest of a checked root and makes the backup available. Throws `not-found` when it was aborted first. */
export async function publish(vault: VaultContext, check: CommitCheck): Promise<BackupResult> {
  const meta = vault.meta();
  const session = vault.session(check.session.id);
  const record = manifestOf(vault, session, check);
  const key = vault.keys(meta).manifest(meta.generation, session.id);
  const put = await vault.obs.putOnce(key, encodeRecord(vault.host.kernel, record));
  // 'exists': an earlier attempt's manifest, or the decision to abort. Whatever is there is the truth.
  const decided = put === 'created' ? record : await readDecision(vault, key);
  await requireGeneration(vault, meta);
  if (decided.kind === 'aborted') {
    finishAborted(vault, session.id);
    throw new EngineError('not-found', 'the backup was aborted');
  }
  if (decided.root !== record.root) throw new EngineError('invalid', 'the backup was committed with another root');
  return finishCommitted(vault, decided);
}

function manifestOf(vault: VaultContext, session: SessionRow, check: CommitCheck): ManifestRecord {
  const { projectId, vaultId } = vault.meta();
  const { root, sizeBytes, stats } = check.request;
  return {
    kind: 'manifest',
    version: RECORD_VERSION,
    projectId,
    vaultId,
    backupId: session.id,
    diskId: session.diskId,
    root: toHex(root),
    sizeBytes,
    blockBytes: BLOCK_BYTES,
    treeLevels: TREE_LEVELS,
    allocatedBlocks: check.allocatedBlocks,
    committedMs: vault.clock.nowMs(),
    label: session.label,
    stats,
    result: {
      logicalBytes: check.allocatedBlocks * BLOCK_BYTES,
      storedBytes: session.storedBytes,
      objectCount: session.storedObjects,
      incremental: session.parent !== null,
      changedBytes: stats.changedBytes,
      knownBytes: stats.knownBytes,
    },
    newPacks: vault.store.listSessionPacks(session.id).flatMap((pack) => (pack.bytes > 0 ? [pack.uuid] : [])),
  };
}
