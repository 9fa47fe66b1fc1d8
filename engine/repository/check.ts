// Checking a vault against what is in object storage: that every pack is there with the list that the index goes by, that
// every backup has its manifest, and that everything under each root is there; with `bytes`, also that every byte of
// every pack is what its name says. Changes nothing, but that objects which cannot be read are marked bad: the next
// backup that has one brings it again.

import { EngineError } from '../errors.ts';
import { Objects } from '../objects.ts';
import { bytesEqual, Kind, type ObjectRef, toHex } from '../types.ts';
import { FrameCache } from './frame-cache.ts';
import { requireGeneration } from './generation.ts';
import { decodeRecord } from './manifest.ts';
import { decodeEntries, encodeEntries } from './pack-format.ts';
import { readPack } from './pack-reader.ts';
import { type BackupRow, type PackEntry, type PackRow, PackState, REFS_PER_CALL_MAX } from './ports.ts';
import { strayPacks } from './prune-sweep.ts';
import { type DamagedBackup, type DamagedRecord, damagedBackup, type Listed, note } from './rebuild-report.ts';
import { StructureWalk } from './structure-walk.ts';
import type { VaultCore } from './vault.ts';
import type { VaultContext } from './vault-context.ts';

/** Frames that are read and checked in one turn: 1 MiB of blocks. */
const FRAMES_PER_TURN = 16;
const PAGES_PER_TURN = 4;
const ROWS_PER_STEP = 256;

export interface CheckPorts {
  /** Awaited between turns of at most 10 ms. */
  pause?(): Promise<void>;
  /** Bytes of packs that were looked at, of those that there are. */
  progress?(doneBytes: number, totalBytes: number): void;
}

/**
 * missing: not in object storage. list: its trailer is damaged or says something else than the index; a rebuild would
 * have to search the pack. objects: some of the objects that the index has in it cannot be read.
 */
export type PackProblem = 'missing' | 'list' | 'objects';

export interface PackFinding {
  readonly key: string;
  readonly problem: PackProblem;
  /** Objects of the index in it that cannot be read. */
  readonly badObjects: number;
}

export interface BadObject {
  readonly kind: 'block' | 'page';
  readonly digest: string;
  readonly key: string;
}

export interface CheckReport {
  readonly mode: 'structure' | 'bytes';
  packs: number;
  packBytes: number;
  readonly damagedPacks: Listed<PackFinding>;
  readonly badObjects: Listed<BadObject>;
  /** Manifests that are missing or cannot be read. The vault still restores these backups; a rebuild would not find them. */
  readonly damagedManifests: Listed<DamagedRecord>;
  backups: number;
  /** Backups that cannot be restored whole, and which bytes of the disk are lost. */
  readonly damagedBackups: Listed<DamagedBackup>;
  /** Packs in object storage that belong to nothing: a prune takes them. */
  strayPacks: number;
}

/**
 * Checks the whole vault. Throws `unavailable` when the vault was rebuilt meanwhile, and what object storage throws when it
 * cannot be reached: begin again.
 */
export async function checkVault(
  vault: VaultCore,
  ports: CheckPorts,
  mode: 'structure' | 'bytes',
): Promise<CheckReport> {
  return new CheckRun(vault, ports, mode).run();
}

class CheckRun {
  readonly #core: VaultCore;
  readonly #vault: VaultContext;
  readonly #ports: CheckPorts;
  readonly #report: CheckReport;
  #doneBytes = 0;

  constructor(core: VaultCore, ports: CheckPorts, mode: 'structure' | 'bytes') {
    this.#core = core;
    this.#vault = core.context;
    this.#ports = ports;
    this.#report = {
      ...{ mode, packs: 0, packBytes: 0, backups: 0, strayPacks: 0 },
      damagedPacks: { count: 0, first: [] },
      badObjects: { count: 0, first: [] },
      damagedManifests: { count: 0, first: [] },
      damagedBackups: { count: 0, first: [] },
    };
  }

  async run(): Promise<CheckReport> {
    const meta = this.#vault.meta();
    for await (const pack of this.#packs()) this.#report.packBytes += pack.bytes;
    for await (const pack of this.#packs()) await this.#checkPack(pack);
    for await (const keys of strayPacks(this.#vault, () => this.#pause())) this.#report.strayPacks += keys.length;
    // What is unreadable is out of the index by now, so walking the pages finds all that is lost.
    const walk = new StructureWalk(this.#vault);
    for (const backup of this.#core.list()) {
      await this.#checkManifest(backup);
      await this.#checkBackup(backup, walk);
    }
    // An old index takes for damage what a newer one has deleted.
    await requireGeneration(this.#vault, meta);
    return this.#report;
  }

  async *#packs(): AsyncGenerator<PackRow, void, void> {
    for (let after = 0; ; ) {
      this.#vault.meta();
      const rows = this.#vault.store.listPacks(after, ROWS_PER_STEP);
      const last = rows.at(-1);
      if (last === undefined) return;
      yield* rows.filter((pack) => pack.state === PackState.live);
      after = last.no;
      await this.#pause();
    }
  }

  async #checkPack(pack: PackRow): Promise<void> {
    const key = this.#vault.keys().pack(pack.generation, pack.kind, pack.uuid);
    const directory = this.#vault.store.readPackDirectory(pack.no);
    if (directory === null) return;
    const entries = decodeEntries(directory);
    const found = await readPack(this.#vault.obs, this.#vault.host.kernel, key);
    let problem: PackProblem | null = null;
    let suspects: readonly PackEntry[] = [];
    if (found === null) [problem, suspects] = ['missing', entries];
    else {
      const isSame = found.foundBy === 'trailer' && bytesEqual(encodeEntries(found.entries), directory);
      if (!isSame || found.sizeBytes !== pack.bytes) problem = 'list';
      const seen = new Set(found.entries.map(({ offset, digest }) => `${offset} ${toHex(digest)}`));
      suspects = entries.filter(({ offset, digest }) => !seen.has(`${offset} ${toHex(digest)}`));
      if (this.#report.mode === 'bytes') suspects = await this.#unreadable(entries, found.bytes ?? null, key);
    }
    const bad = await this.#judge(pack.no, suspects, entries, key);
    // A prune may have taken it meanwhile: what was missing then is no damage.
    const isStillLive = this.#vault.store.readPacks([pack.no])[0]?.state === PackState.live;
    if (isStillLive && (problem !== null || bad > 0)) {
      note(this.#report.damagedPacks, { key, problem: problem ?? 'objects', badObjects: bad });
    }
    this.#report.packs += 1;
    this.#doneBytes += pack.bytes;
    this.#ports.progress?.(this.#doneBytes, Math.max(this.#doneBytes, this.#report.packBytes));
    await this.#pause();
  }

  /** Entries whose bytes do not match their names; all of them when the pack is gone. */
  async #unreadable(entries: readonly PackEntry[], scanned: Uint8Array | null, key: string): Promise<PackEntry[]> {
    const bytes = scanned ?? (await this.#vault.obs.get(key));
    if (bytes === null) return [...entries];
    const bad: PackEntry[] = [];
    for (let at = 0; at < entries.length; at += FRAMES_PER_TURN) {
      const group = entries.slice(at, at + FRAMES_PER_TURN);
      const frames = group.map(({ encoding, offset, length }) => {
        return { encoding, bytes: bytes.subarray(offset, offset + length) };
      });
      const good = new Objects(new FrameCache(0), this.#vault.host).adopt(group, frames);
      bad.push(...group.filter((_, i) => !good[i]));
      await this.#pause();
    }
    return bad;
  }

  /** Looks at suspects once more, one by one; marks and counts those that the index has here and that are bad. */
  async #judge(
    no: number,
    suspects: readonly PackEntry[],
    entries: readonly PackEntry[],
    key: string,
  ): Promise<number> {
    const slots = new Map(entries.map((entry, slot) => [entry, slot]));
    let bad = 0;
    for (let at = 0; at < suspects.length; at += REFS_PER_CALL_MAX) {
      const group = suspects.slice(at, at + REFS_PER_CALL_MAX);
      const before = this.#vault.lookup(group, false);
      const here = group.filter((entry, i) => before[i]?.packNo === no && before[i].slot === slots.get(entry));
      await this.#core.report(here);
      const after = this.#vault.lookup(here, false);
      for (const [i, ref] of here.entries()) {
        if (after[i]) continue;
        bad += 1;
        const kind = ref.kind === Kind.block ? 'block' : 'page';
        note(this.#report.badObjects, { kind, digest: toHex(ref.digest), key });
      }
    }
    return bad;
  }

  async #checkManifest(backup: BackupRow): Promise<void> {
    const key = this.#vault.keys().manifest(backup.generation, backup.id);
    const bytes = await this.#vault.obs.get(key);
    const reason = bytes === null ? 'it is missing' : this.#wrongWith(bytes, backup);
    if (reason !== null && this.#isStillThere(backup)) note(this.#report.damagedManifests, { key, reason });
  }

  /** It was listed earlier, and may have been deleted since: what is gone by then is no damage. */
  #isStillThere({ id }: BackupRow): boolean {
    return this.#vault.store.readBackup(id)?.state === 'available';
  }

  #wrongWith(bytes: Uint8Array, backup: BackupRow): string | null {
    try {
      const record = decodeRecord(this.#vault.host.kernel, bytes);
      if (record.kind !== 'manifest') return `it is a record of kind ${record.kind}`;
      const isSame = record.root === toHex(backup.root) && record.sizeBytes === backup.sizeBytes;
      return isSame && record.backupId === backup.id ? null : 'it says something else than the index';
    } catch (error) {
      if (error instanceof EngineError) return error.message;
      throw error;
    }
  }

  async #checkBackup(backup: BackupRow, walk: StructureWalk): Promise<void> {
    const steps = walk.walk(backup);
    let pages = 0;
    let step = await steps.next();
    for (; !step.done; step = await steps.next()) if (++pages % PAGES_PER_TURN === 0) await this.#pause();
    this.#report.backups += 1;
    const lost = step.value;
    if (lost.bytes === 0 && lost.missing.length === 0) return;
    if (!this.#isStillThere(backup)) return;
    note(this.#report.damagedBackups, damagedBackup(backup.id, backup.label.name, lost));
    await this.#markPages(lost.missing);
  }

  /** Pages that the walk found unreadable: what the index still has of them is marked. */
  async #markPages(missing: readonly ObjectRef[]): Promise<void> {
    const pages = missing.filter((ref) => ref.kind === Kind.page).slice(0, REFS_PER_CALL_MAX);
    const before = this.#vault.locate(pages);
    const present = pages.filter((_, i) => before[i]);
    await this.#core.report(present);
    const after = this.#vault.locate(present);
    for (const [i, ref] of present.entries()) {
      const key = before[pages.indexOf(ref)]?.key ?? '';
      if (!after[i]) note(this.#report.badObjects, { kind: 'page', digest: toHex(ref.digest), key });
    }
  }

  async #pause(): Promise<void> {
    await this.#ports.pause?.();
  }
}
