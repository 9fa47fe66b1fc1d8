// Rebuild: a vault's rows made anew from object storage alone, under a new generation, so that a Vault that still runs on
// the old rows is fenced off (generation.ts). In slices: how far it has come is a row, so a crash anywhere costs what was
// done since that row was written; only the check of one backup starts over.
//
// The vault serves nobody until all is known: an incremental backup may only rest on a parent that is complete.

import { EngineError } from '../errors.ts';
import { requireGeneration } from './generation.ts';
import { encodeRecord, RECORD_VERSION } from './manifest.ts';
import { type BackupRow, type VaultMeta, VaultState, type VaultStore } from './ports.ts';
import { damagedBackup, emptyReport, note, type RebuildReport } from './rebuild-report.ts';
import { RebuildSources, type Unreadable } from './rebuild-sources.ts';
import { type Span, startRows, takeOver } from './rebuild-takeover.ts';
import { type Lost, StructureWalk } from './structure-walk.ts';
import { VaultContext, type VaultPorts } from './vault-context.ts';

export type RebuildStep =
  | { readonly state: 'running'; readonly doneBytes: number; readonly totalBytes: number }
  | { readonly state: 'done'; readonly report: RebuildReport };

export interface RebuildOptions {
  readonly projectId: string;
  readonly vaultId: string;
  /** The same one again goes on, or returns the finished report; another one begins anew when none is under way. */
  readonly operationId: string;
  /** How long one call works. */
  readonly sliceMs?: number;
}

/** Name of the row that says how far it has come. */
const JOB = 'rebuild';
const SLICE_MS = 2_000;
/** Keys that are read at a time: the platform allows six connections. */
const KEYS_AT_ONCE = 4;
/** Pages of a backup that are looked at between two looks at the clock. */
const PAGES_PER_STEP = 8;

const OVERTAKEN = 'another rebuild of the vault took over';

interface Walk {
  readonly backup: BackupRow;
  readonly steps: AsyncGenerator<void, Lost, void>;
}

interface Progress extends Span {
  readonly operationId: string;
  readonly isDone: boolean;
  /** Number of the source that is being read, the page of its list, and the last key that was taken. */
  readonly source: number;
  readonly cursor: string | null;
  readonly afterKey: string | null;
  /** The last backup that was checked. */
  readonly afterBackup: string;
  readonly unreadable: Unreadable[];
  readonly report: RebuildReport;
}

/** Sees the rows of a vault that is being rebuilt, which VaultContext refuses to everybody. */
class RebuildContext extends VaultContext {
  override meta(): VaultMeta {
    const meta = this.store.readMeta();
    if (meta?.state !== VaultState.rebuilding) throw new EngineError('unavailable', OVERTAKEN);
    return meta;
  }
}

/** The operation whose rebuild made the rows as they are; null when none did, or one is under way. */
export function rebuiltBy(store: VaultStore): string | null {
  const text = store.readProgress(JOB);
  const progress = text === null ? null : (JSON.parse(text) as Progress);
  return progress?.isDone ? progress.operationId : null;
}

export class Rebuild {
  readonly #vault: RebuildContext;
  readonly #options: RebuildOptions;
  #slice: Promise<RebuildStep> | null = null;
  #sources: RebuildSources | null = null;
  /** The page of keys that was listed last. */
  #page: { readonly prefix: string; readonly cursor: string | null; keys: string[]; next: string | null } | null = null;
  #structure: StructureWalk | null = null;
  /** The backup that is being checked. */
  #walk: Walk | null = null;
  /** Where this instance left off: what it remembers was read there. */
  #leftAt: Progress | null = null;

  constructor(ports: VaultPorts, options: RebuildOptions) {
    this.#vault = new RebuildContext(ports);
    this.#options = options;
  }

  /**
   * Works for one slice. Throws `not-found` when object storage knows no such vault, or says that it was deleted (then the
   * vault is `closing`, and its deletion may go on); `unavailable`, and `invalid` from then on, when another rebuild took
   * over; `format`; and what object storage throws: call again.
   */
  step(): Promise<RebuildStep> {
    this.#slice ??= this.#work().finally(() => {
      this.#slice = null;
    });
    return this.#slice;
  }

  async #work(): Promise<RebuildStep> {
    const { clock } = this.#vault;
    const untilMs = clock.nowMs() + (this.#options.sliceMs ?? SLICE_MS);
    let progress = this.#read() ?? (await this.#begin());
    if (this.#leftAt === null || !isSamePlace(progress, this.#leftAt)) this.#forget();
    while (!progress.isDone) {
      progress = await this.#advance(progress);
      this.#leftAt = progress;
      if (clock.nowMs() >= untilMs) break;
      await this.#vault.pause();
    }
    const { report } = progress;
    if (progress.isDone) return { state: 'done', report };
    const expected = this.#vault.store.listBackups().reduce((sum, row) => sum + row.result.storedBytes, 0);
    return { state: 'running', doneBytes: report.packBytes, totalBytes: Math.max(expected, report.packBytes) };
  }

  /** What is under way, or what this operation has done; null: begin. Throws `invalid` when it was overtaken. */
  #read(): Progress | null {
    const text = this.#vault.store.readProgress(JOB);
    if (text === null) return null;
    const progress = JSON.parse(text) as Progress;
    const isOurs = progress.operationId === this.#options.operationId;
    if (progress.isDone) return isOurs ? progress : null;
    const state = this.#vault.store.readMeta()?.state;
    if (isOurs && state === VaultState.superseded) throw new EngineError('invalid', OVERTAKEN);
    return state === VaultState.rebuilding ? progress : null;
  }

  #write(progress: Progress): Progress {
    this.#vault.store.writeProgress(JOB, JSON.stringify(progress));
    return progress;
  }

  /** What was read for another place, or for another generation, is of no use. */
  #forget(): void {
    this.#sources = null;
    this.#page = null;
    this.#structure = null;
    this.#walk = null;
  }

  /**
   * One step: rows and the note of it, or neither. `stored` is a copy that may be changed. `at`: where the step began. Two
   * instances may work on the same rows; who comes second must not take the same key again, nor another generation's.
   */
  #change(at: Progress, change: (stored: Progress) => Progress): Progress {
    return this.#vault.store.transaction(() => {
      this.#vault.meta();
      const stored = this.#read();
      if (stored === null || !isSamePlace(stored, at)) throw new EngineError('unavailable', OVERTAKEN);
      return this.#write(change(stored));
    });
  }

  async #begin(): Promise<Progress> {
    const { store } = this.#vault;
    const { projectId, vaultId, operationId } = this.#options;
    const ids = { projectId, vaultId };
    const span = await takeOver(this.#vault, ids);
    const generation = span.until + 1;
    return store.transaction(() => {
      // A newer rebuild began on these rows meanwhile, and may be over.
      if ((store.readMeta()?.generation ?? 0) >= generation) throw new EngineError('unavailable', OVERTAKEN);
      startRows(store, ids, generation, VaultState.rebuilding);
      const start = { source: 0, cursor: null, afterKey: null, afterBackup: '' };
      return this.#write({
        ...{ ...span, ...start, operationId, isDone: false },
        ...{ unreadable: [], report: emptyReport(generation) },
      });
    });
  }

  async #advance(progress: Progress): Promise<Progress> {
    this.#sources ??= new RebuildSources(this.#vault, progress);
    if (progress.source < this.#sources.list.length) return this.#takeKeys(progress, this.#sources);
    this.#walk ??= this.#walkAfter(progress.afterBackup);
    return this.#walk ? this.#checkBackup(progress, this.#walk) : this.#finish(progress);
  }

  /** Takes a few keys, each in a transaction with the note that it was taken. */
  async #takeKeys(progress: Progress, sources: RebuildSources): Promise<Progress> {
    const source = sources.list[progress.source]!;
    const page = await this.#listed(source.prefix, progress.cursor);
    const { afterKey } = progress;
    const keys = page.keys.filter((key) => afterKey === null || key > afterKey).slice(0, KEYS_AT_ONCE);
    if (keys.length === 0) {
      const next =
        page.next === null ? { source: progress.source + 1, cursor: null, afterKey: null } : { cursor: page.next };
      return this.#change(progress, (stored) => ({ ...stored, ...next }));
    }
    const changes = await Promise.all(keys.map((key) => source.take(key)));
    let now = progress;
    changes.forEach((apply, i) => {
      now = this.#change(now, (stored) => {
        apply(stored.report, stored.unreadable);
        return { ...stored, afterKey: keys[i]! };
      });
    });
    return now;
  }

  async #listed(prefix: string, cursor: string | null): Promise<{ keys: string[]; next: string | null }> {
    if (this.#page?.prefix !== prefix || this.#page.cursor !== cursor) {
      const { keys, cursor: next } = await this.#vault.obs.list(prefix, cursor);
      this.#page = { prefix, cursor, keys, next };
    }
    return this.#page;
  }

  #walkAfter(backupId: string): Walk | null {
    const backup = this.#vault.store.listBackups().find((row) => row.state === 'available' && row.id > backupId);
    if (backup === undefined) return null;
    this.#structure ??= new StructureWalk(this.#vault);
    return { backup, steps: this.#structure.walk(backup) };
  }

  /** A few pages of a backup. What is missing at its end counts as bad, so that the next backup brings it. */
  async #checkBackup(progress: Progress, { backup, steps }: Walk): Promise<Progress> {
    const lost = await this.#lostOf(steps);
    if (lost === null) return progress;
    const { store } = this.#vault;
    return this.#change(progress, (stored) => {
      if (lost.missing.length > 0) {
        store.index.remove(lost.missing);
        store.addBad(lost.missing);
        note(stored.report.damagedBackups, damagedBackup(backup.id, backup.label.name, lost));
      }
      return { ...stored, afterBackup: backup.id };
    });
  }

  /** What the backup lacks, when the walk is through; else null. */
  async #lostOf(steps: Walk['steps']): Promise<Lost | null> {
    try {
      for (let pages = 0; pages < PAGES_PER_STEP; pages++) {
        const step = await steps.next();
        if (!step.done) continue;
        this.#walk = null;
        return step.value;
      }
      return null;
    } catch (error) {
      this.#walk = null;
      throw error;
    }
  }

  /** Writes down what was taken over, makes sure that nobody took over meanwhile, and opens the vault. */
  async #finish(progress: Progress): Promise<Progress> {
    const { store, obs, host, clock } = this.#vault;
    const meta = this.#vault.meta();
    const { generation } = meta;
    const available = store.listBackups().filter((row) => row.state === 'available');
    const backups = [
      ...available.map((row) => ({ backupId: row.id, generation: row.generation })),
      ...progress.unreadable,
    ];
    const decidedMs = clock.nowMs();
    const record = { kind: 'inherited', version: RECORD_VERSION, generation, backups, decidedMs } as const;
    await obs.putOnce(this.#vault.keys().inherited(generation), encodeRecord(host.kernel, record));
    await requireGeneration(this.#vault, meta);
    return this.#change(progress, (stored) => {
      store.writeMeta({ ...this.#vault.meta(), state: VaultState.open });
      return { ...stored, isDone: true };
    });
  }
}

/** Whether nothing was done between the two: what is known of one holds for the other. */
function isSamePlace(one: Progress, other: Progress): boolean {
  return (
    one.until === other.until &&
    one.source === other.source &&
    one.cursor === other.cursor &&
    one.afterKey === other.afterKey &&
    one.afterBackup === other.afterBackup
  );
}
