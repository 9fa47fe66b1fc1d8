// Making a backup: walk what differs from the parent, ask the vault what it has, send the rest, let the vault commit.
// Runs in the Disk. Nothing here needs to survive: a run that stops anywhere is started again and finds out.

import { EngineError } from '../errors.ts';
import type { EngineHost } from '../host.ts';
import { refKey } from '../memory/rows.ts';
import { Objects } from '../objects.ts';
import type { Frame, Obs, Random } from '../ports.ts';
import { release } from '../release.ts';
import { type ChangedStep, walkChanges } from '../tree.ts';
import { BLOCK_BYTES, type Digest, HOLE, Kind, type ObjectRef } from '../types.ts';
import type { Presence } from './claims.ts';
import { damagedRanges } from './damage.ts';
import { FrameCache } from './frame-cache.ts';
import type { BackupLabel, BackupResult, BackupStats, OpenSession, VaultClient } from './ports.ts';
import { ObsObjectSource } from './source.ts';
import { PackUploader } from './uploader.ts';

/** What is backed up: a root of the disk that stays alive (a hidden snapshot) until the backup has ended. */
export interface BackupRequest {
  readonly backupId: string;
  readonly diskId: string;
  readonly root: Digest;
  readonly sizeBytes: number;
  readonly full: boolean;
  readonly label: BackupLabel;
}

export interface BackupPorts {
  readonly objects: Objects;
  readonly host: EngineHost;
  readonly vault: VaultClient;
  readonly obs: Obs;
  readonly random: Random;
  /** SHA-256 of a pack: object storage verifies it on a put, and it tells after a lost answer whose bytes are there. */
  sha256(bytes: Uint8Array): Promise<Uint8Array>;
  /** Brings absent objects into the disk's store (it is still hydrating). Without it, absent is damaged. */
  bring?(refs: readonly ObjectRef[]): Promise<void>;
  /** Awaited between turns of at most 10 ms: let guests in, look at the time. Throw to stop; the session stays open. */
  pause?(): Promise<void>;
  /** Awaited while another backup sends what this one needs, too: a quarter of a second. Without it: `pause`. */
  wait?(): Promise<void>;
  /** Smaller packs than usual (PACK_TARGET_BYTES): for tests and drills that want many. */
  readonly packTargetBytes?: number;
  /** Bytes of changed blocks. Total is known before the first byte is sent. */
  progress?(doneBytes: number, totalBytes: number): void;
}

/** Refs of one look-up. A walk step has at most 256, so a batch never passes REFS_PER_CALL_MAX. */
const BATCH_REFS = 768;
/** Objects that may be left to another backup at a time: half a gigabyte of blocks, a megabyte of memory. */
const COMING_MAX = 8_192;
/** Waits without anything arriving, after which this backup sends what another one was to send: ten seconds. */
const COMING_WAITS_MAX = 40;
/** Objects that are decoded, checked and packed in one turn: 16 blocks are 1 MiB, about 5 ms. */
const READ_REFS = 16;
/** Walk steps between pauses while nothing but pages is read. */
const COUNT_STEPS = 16;
/** What the disk does not have and the vault does (a parent's pages that were collected) is read into this memory. */
const OVERLAY_BYTES = 4 * 2 ** 20;
/**
 * A vault that finds objects missing at the commit asks for another walk. Where many of its pages are damaged it finds a few
 * at a time, so walks are worth it while they bring something; not when it loses again and again what they brought.
 */
const WALKS_MAX = 64;
const IDLE_WALKS_MAX = 3;

/**
 * Backs `request.root` up. Call again with the same request after any error that is not final: it resumes. Final are
 * EngineErrors `damaged` (with the disk's byte ranges; the session is aborted), `not-found` and `invalid`; `busy` means
 * that another backup of this disk runs.
 */
export async function backUp(ports: BackupPorts, request: BackupRequest): Promise<BackupResult> {
  const { backupId, diskId, full, label } = request;
  for (let walk = 0, idle = 0; walk < WALKS_MAX && idle < IDLE_WALKS_MAX; walk++) {
    // Again before each walk: a vault that found something bad may take the parent back.
    const begun = await ports.vault.begin({ backupId, diskId, full, label });
    if (begun.state === 'done') return begun.result;
    const run = new BackupRun(ports, request, begun);
    const result = await run.walk().catch((error: unknown) => {
      if (!(error instanceof EngineError && error.code === 'not-found')) throw error;
      // The session is over. Perhaps a commit of an earlier run has ended only now: the vault knows at the next begin.
      return null;
    });
    if (result !== null) return result;
    if (run.sentObjects === 0) idle += 1;
  }
  throw new EngineError('unavailable', 'the vault lost objects of this backup while it was being made');
}

class BackupRun {
  readonly #ports: BackupPorts;
  readonly #request: BackupRequest;
  readonly #session: OpenSession;
  /** The disk's objects, and behind them pages that came from the vault: the parent's may be gone from the disk. */
  readonly #objects: Objects;
  readonly #overlay: FrameCache;
  readonly #source: ObsObjectSource;
  /** Where the walk starts from; nothing, when the parent cannot be read. */
  #parent: Digest;
  /** Blocks that another backup is sending, and the pages that were met since. */
  #coming: ObjectRef[] = [];
  #comingPages: ObjectRef[] = [];
  /** What the vault did not have. */
  sentObjects = 0;
  #doneBytes = 0;
  #totalBytes = 0;
  #changedObjects = 0;
  #knownObjects = 0;
  #knownBytes = 0;

  constructor(ports: BackupPorts, request: BackupRequest, session: OpenSession) {
    this.#ports = ports;
    this.#request = request;
    this.#session = session;
    this.#overlay = new FrameCache(OVERLAY_BYTES, ports.objects.store);
    this.#objects = new Objects(this.#overlay, ports.host);
    this.#source = new ObsObjectSource(ports.obs, (refs) => ports.vault.locate(refs));
    this.#parent = session.parent?.root ?? HOLE;
  }

  /** One walk and its commit; null when the vault asks for another. */
  async walk(): Promise<BackupResult | null> {
    await this.#count();
    const { host, vault, obs, random, packTargetBytes } = this.#ports;
    const sha256 = (bytes: Uint8Array) => this.#ports.sha256(bytes);
    const ports = { kernel: host.kernel, vault, obs, random, sha256, packTargetBytes };
    const uploader = new PackUploader(ports, this.#session.sessionId);
    try {
      await this.#send(uploader);
      await uploader.finish();
    } finally {
      await uploader.quiesce();
    }
    return this.#commit();
  }

  /** First pass, over pages only: how much there is to do. What is absent arrives now. */
  async #count(): Promise<void> {
    try {
      await this.#countFrom(this.#parent);
    } catch (error) {
      if (!isDamaged(error)) throw error;
      // Perhaps only the parent's pages are unreadable: then everything is looked at, as if there were no parent.
      this.#parent = HOLE;
      await this.#countFrom(HOLE).catch((second: unknown) => this.#fail(second, []));
    }
  }

  async #countFrom(parent: Digest): Promise<void> {
    this.#totalBytes = 0;
    this.#changedObjects = 0;
    let steps = 0;
    await this.#drive(parent, async (step) => {
      this.#changedObjects += step.changed.length;
      this.#totalBytes += bytesOfBlocks(step.changed);
      if (++steps % COUNT_STEPS === 0) await this.#ports.pause?.();
    });
  }

  /** Second pass: look up, read, check, pack. */
  async #send(uploader: PackUploader): Promise<void> {
    this.#doneBytes = 0;
    this.#knownObjects = 0;
    this.#knownBytes = 0;
    this.#ports.progress?.(0, this.#totalBytes);
    let batch: ObjectRef[] = [];
    await this.#drive(this.#parent, async (step) => {
      batch.push(...step.changed);
      if (batch.length < BATCH_REFS) return;
      const refs = batch;
      batch = [];
      await this.#sendBatch(uploader, refs);
    }).catch((error: unknown) => this.#fail(error, []));
    await this.#sendBatch(uploader, batch);
    await this.#takeComing(uploader);
  }

  async #sendBatch(uploader: PackUploader, refs: readonly ObjectRef[]): Promise<void> {
    // What is on its way is looked at before the question: by the time of the answer it may have arrived, and an answer
    // of "absent" would send it twice.
    const fresh = unique(refs).filter((ref) => !uploader.has(ref));
    const found = await this.#lookup(fresh);
    this.#knownObjects += refs.length - fresh.length;
    this.#knownBytes += bytesOfBlocks(refs) - bytesOfBlocks(fresh);
    const now: ObjectRef[] = [];
    const known: boolean[] = [];
    for (const [i, ref] of fresh.entries()) {
      if (ref.kind === Kind.block && found[i] === 'coming') this.#coming.push(ownRef(ref));
      // Children first: a page waits for those that are coming.
      else if (ref.kind === Kind.page && found[i] !== true && this.#coming.length > 0)
        this.#comingPages.push(ownRef(ref));
      else known[now.push(ref) - 1] = found[i] === true;
    }
    await this.#sendNow(uploader, now, known);
    if (this.#coming.length + this.#comingPages.length >= COMING_MAX) await this.#takeComing(uploader);
    this.#doneBytes += bytesOfBlocks(refs);
    this.#ports.progress?.(this.#doneBytes, this.#totalBytes);
  }

  /** Sends what another backup was about to send and has not, and the pages over all that came. */
  async #takeComing(uploader: PackUploader): Promise<void> {
    for (let idle = 0; this.#coming.length > 0; ) {
      // Others may be waiting for what we have gathered.
      await uploader.finish();
      const asked = unique(this.#coming);
      this.#coming = [];
      for (let at = 0; at < asked.length; at += BATCH_REFS) {
        const batch = asked.slice(at, at + BATCH_REFS);
        const found = await this.#lookup(batch);
        const isHere = batch.map((_, i) => found[i] !== 'coming' || idle >= COMING_WAITS_MAX);
        this.#coming.push(...batch.filter((_, i) => !isHere[i]));
        const now = batch.filter((_, i) => isHere[i]);
        await this.#sendNow(
          uploader,
          now,
          found.filter((_, i) => isHere[i]).map((presence) => presence === true),
        );
      }
      idle = this.#coming.length < asked.length ? 0 : idle + 1;
      if (this.#coming.length > 0) await (this.#ports.wait ?? this.#ports.pause)?.();
    }
    const pages = unique(this.#comingPages);
    this.#comingPages = [];
    for (let at = 0; at < pages.length; at += BATCH_REFS) {
      const batch = pages.slice(at, at + BATCH_REFS);
      const found = await this.#lookup(batch);
      await this.#sendNow(
        uploader,
        batch,
        found.map((presence) => presence === true),
      );
    }
  }

  async #lookup(refs: readonly ObjectRef[]): Promise<Presence[]> {
    return refs.length > 0 ? await this.#ports.vault.lookup(this.#session.sessionId, refs) : [];
  }

  /** Sends those of `refs` that are not `known`, in order. */
  async #sendNow(uploader: PackUploader, refs: readonly ObjectRef[], known: readonly boolean[]): Promise<void> {
    for (let at = 0; at < refs.length; at += READ_REFS) {
      const group = refs.slice(at, at + READ_REFS);
      const absent = group.filter((_, i) => !known[at + i]);
      // A full backup vouches for all of the disk: what the vault has is read and checked here all the same.
      const frames = await this.#readFrames(this.#request.full ? group : absent);
      for (const ref of absent) await uploader.add(ref, frames.get(refKey(ref))!);
      this.sentObjects += absent.length;
      for (const frame of frames.values()) release(frame.bytes);
      this.#knownObjects += group.length - absent.length;
      this.#knownBytes += bytesOfBlocks(group) - bytesOfBlocks(absent);
      await this.#ports.pause?.();
    }
  }

  /** Checked frames by key. Brings what is absent; what is damaged or stays absent ends the backup. */
  async #readFrames(refs: readonly ObjectRef[]): Promise<Map<string, Frame>> {
    let found = this.#objects.readFrames(refs);
    const absent = refs.filter((_, i) => found[i] === 'absent');
    if (absent.length > 0) {
      await this.#bring(absent);
      found = this.#objects.readFrames(refs);
    }
    const frames = new Map<string, Frame>();
    const bad: ObjectRef[] = [];
    refs.forEach((ref, i) => {
      const frame = found[i]!;
      if (typeof frame === 'string') bad.push(ref);
      else frames.set(refKey(ref), frame);
    });
    if (bad.length === 0) return frames;
    return this.#fail(new EngineError('damaged', `${bad.length} objects of the disk cannot be read`), bad);
  }

  async #commit(): Promise<BackupResult | null> {
    const { root, sizeBytes } = this.#request;
    const stats: BackupStats = {
      changedObjects: this.#changedObjects,
      knownObjects: this.#knownObjects,
      changedBytes: this.#totalBytes,
      knownBytes: this.#knownBytes,
    };
    for (;;) {
      const report = await this.#ports.vault.commit(this.#session.sessionId, { root, sizeBytes, stats });
      if (report.state === 'done') return report.result;
      if (report.state === 'missing') return null;
      await this.#ports.pause?.();
    }
  }

  /** Drives one walk to its end, bringing what it needs. */
  async #drive(parent: Digest, onChange: (step: ChangedStep) => Promise<void>): Promise<void> {
    const steps = walkChanges(this.#objects, this.#ports.host, parent, this.#request.root);
    for (let step = steps.next(); !step.done; step = steps.next()) {
      if ('changed' in step.value) await onChange(step.value);
      else if ('need' in step.value) await this.#bring(step.value.need);
      else await this.#ports.pause?.();
    }
  }

  /** From the vault, where a parent's pages always are, into memory; else from where the disk is hydrated from. */
  async #bring(refs: readonly ObjectRef[]): Promise<void> {
    // Checked before it is kept: a bad copy in the vault must not hide the good one that the disk's own upstream has.
    const isHere = this.#objects.adopt(refs, await this.#source.fetch(refs));
    const absent = refs.filter((_, i) => !isHere[i]);
    if (absent.length === 0) return;
    // "Nowhere" is no failure here: whoever needs it finds it missing, and names what it would have been.
    await this.#ports.bring?.(absent).catch((error: unknown) => {
      if (!isDamaged(error)) throw error;
    });
  }

  /** Ends the backup for good when the disk is damaged; passes every other error on. */
  async #fail(error: unknown, bad: readonly ObjectRef[]): Promise<never> {
    if (!isDamaged(error) || error.ranges.length > 0) throw error;
    const { root, sizeBytes } = this.#request;
    const search = damagedRanges(this.#objects, root, sizeBytes, bad);
    let step = search.next();
    for (; !step.done; step = search.next()) await this.#ports.pause?.();
    await this.#ports.vault.abort(this.#session.sessionId);
    throw new EngineError('damaged', error.message, step.value);
  }
}

/** A ref that does not keep the page alive which it was read from. */
function ownRef({ kind, digest }: ObjectRef): ObjectRef {
  return { kind, digest: digest.slice() };
}

/** Each once, in order. */
function unique(refs: readonly ObjectRef[]): ObjectRef[] {
  return [...new Map(refs.map((ref) => [refKey(ref), ref])).values()];
}

function isDamaged(error: unknown): error is EngineError {
  return error instanceof EngineError && error.code === 'damaged';
}

function bytesOfBlocks(refs: readonly ObjectRef[]): number {
  return refs.filter((ref) => ref.kind === Kind.block).length * BLOCK_BYTES;
}
