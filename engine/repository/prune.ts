// Prune: gives back what no backup needs any more. First a plan, then its execution; both from marks that begin at the
// roots of one moment. Backups, restores and reads go on meanwhile.
//
// Why nothing in use is lost: the epoch grows in the turn in which the roots are taken, and `safe` is the smallest epoch
// in which a session that is still open began. Whatever a session has looked up or sent since then lies in a pack that
// was touched in `safe` or later, and such packs stay. Whatever else is reached from a backup, from the parent of a
// session or from a lease was marked. That a pack is still untouched is seen in the transaction that condemns it.
// (STORAGE.md section 5 has what breaks without each of these.)
//
// Stopped anywhere, it is begun again from the start: packs that are gone by then cost nothing.

import { type Digest, Kind, type ObjectRef, toHex } from '../types.ts';
import { requireGeneration } from './generation.ts';
import { markReachable } from './mark.ts';
import { MarkSet } from './mark-set.ts';
import { PackState } from './ports.ts';
import { condemnPack, discardPacks } from './prune-discard.ts';
import { type Owners, type OwnersReport, settleOwners } from './prune-owners.ts';
import { PACKS_PER_DELETE, type Planned, type PrunePlan, planPrune } from './prune-plan.ts';
import { Repacker, type RepackPorts } from './prune-repack.ts';
import { PruneScope } from './prune-scope.ts';
import { sweepStrays } from './prune-sweep.ts';
import { type Listed, note } from './rebuild-report.ts';
import type { VaultContext } from './vault-context.ts';

const ROWS_PER_STEP = 256;
/** Bad objects of which one prune finds out whether they are still needed: a few MB. */
const BAD_MAX = 16_384;

export interface PruneOptions {
  /** Packs of whose encoded bytes at least so many percent are dead are repacked; 0: with any dead object. */
  readonly thresholdPercent: number;
  /** Only plan: nothing is changed. */
  readonly dryRun: boolean;
}

export interface PrunePorts extends RepackPorts {
  readonly owners: Owners;
  /** Awaited between turns of at most 10 ms. */
  pause?(): Promise<void>;
  /** Bytes of packs that were read, to mark and to copy, of those that will be. */
  progress?(doneBytes: number, totalBytes: number): void;
}

export interface PruneReport {
  readonly dryRun: boolean;
  readonly thresholdPercent: number;
  readonly plan: PrunePlan;
  /** What was done; null for a dry run. */
  readonly done: PruneOutcome | null;
}

export interface PruneOutcome extends OwnersReport {
  /** Packs that were deleted, those that an earlier prune had condemned and those of ended sessions among them. */
  packsDeleted: number;
  /** Bytes of new packs. */
  bytesWritten: number;
  /** Packs that were to go and stay: a backup came to rely on them meanwhile. */
  packsInUse: number;
  /** Packs that were to be repacked and stay, because an object in use cannot be read: check the vault. */
  readonly packsUnreadable: Listed<string>;
  /** Packs in object storage that no row knew, and manifests of deleted backups: deleted. */
  strays: number;
}

/**
 * Plans, and unless it is a dry run, carries the plan out. Throws `damaged` when pages in use cannot be read (nothing was
 * deleted then), `unavailable` when the vault was rebuilt meanwhile, and what object storage throws: call again.
 */
export async function prune(vault: VaultContext, ports: PrunePorts, options: PruneOptions): Promise<PruneReport> {
  return new PruneRun(vault, ports, options).run();
}

class PruneRun {
  readonly #scope: PruneScope;
  readonly #vault: VaultContext;
  readonly #ports: PrunePorts;
  readonly #options: PruneOptions;
  readonly #marks = new MarkSet();
  readonly #done: PruneOutcome = {
    ...{ leasesDropped: 0, sessionsAborted: 0, disksSilent: 0 },
    ...{ packsDeleted: 0, bytesWritten: 0, packsInUse: 0, packsUnreadable: { count: 0, first: [] }, strays: 0 },
  };
  /** Condemned, and not deleted yet. */
  #condemned: number[] = [];
  #doneBytes = 0;
  #totalBytes = 0;

  constructor(vault: VaultContext, ports: PrunePorts, options: PruneOptions) {
    this.#scope = new PruneScope(vault, async () => ports.pause?.());
    this.#vault = vault;
    this.#ports = ports;
    this.#options = options;
  }

  async run(): Promise<PruneReport> {
    const { dryRun, thresholdPercent } = this.#options;
    if (!dryRun) {
      await requireGeneration(this.#vault, this.#scope.meta);
      Object.assign(this.#done, await settleOwners(this.#scope, this.#ports.owners));
    }
    const knownBackups = this.#vault.store.listBackups().length;
    const { safeEpoch, roots } = this.#begin();
    const unneeded = new Map(this.#vault.store.listBad(BAD_MAX).map((ref) => [toHex(ref.digest), ref]));
    await this.#makeRoom();
    await markReachable(this.#vault, this.#marks, roots, {
      pause: () => this.#scope.pause(),
      packRead: (bytes) => this.#progress(bytes),
      lacks: (digest) => unneeded.delete(toHex(digest)),
    });
    const planned = await planPrune(this.#scope, this.#marks, safeEpoch, thresholdPercent);
    if (!dryRun) {
      this.#forgetBad([...unneeded.values()], knownBackups);
      await this.#execute(planned, safeEpoch);
    }
    return { dryRun, thresholdPercent, plan: planned.plan, done: dryRun ? null : this.#done };
  }

  /** One turn: the epoch grows, and the roots are those of this moment. Packs of ended sessions are given up. */
  #begin(): { safeEpoch: number; roots: Digest[] } {
    const { store } = this.#vault;
    return this.#scope.change(() => {
      const meta = this.#vault.meta();
      const epoch = meta.epoch + 1;
      if (!this.#options.dryRun) store.writeMeta({ ...meta, epoch });
      const sessions = store.listSessions();
      const roots = [
        // One that is being deleted counts until that is decided in object storage too.
        ...store.listBackups().filter(({ state }) => state === 'available' || state === 'deleting'),
        ...sessions.flatMap(({ parent }) => parent ?? []),
        ...store.listLeases(),
      ];
      return {
        safeEpoch: Math.min(epoch, ...sessions.map(({ beginEpoch }) => beginEpoch)),
        roots: roots.map(({ root }) => root),
      };
    });
  }

  /** Bits for every pack that is there; what is condemned already, or belongs to no session any more, goes. */
  async #makeRoom(): Promise<void> {
    const { store } = this.#vault;
    for (let after = 0; ; ) {
      const rows = store.listPacks(after, ROWS_PER_STEP);
      const last = rows.at(-1);
      if (last === undefined) return;
      for (const pack of rows) {
        if (pack.state === PackState.live) this.#marks.add(pack.no, store.countPackObjects(pack.no));
        if (pack.state === PackState.live && pack.kind === Kind.page) this.#totalBytes += pack.bytes;
        if (pack.state === PackState.condemned) this.#condemned.push(pack.no);
      }
      const pending = rows.filter((pack) => pack.state === PackState.pending).map((pack) => pack.no);
      if (!this.#options.dryRun && pending.length > 0) this.#giveUp(pending);
      after = last.no;
      await this.#scope.pause();
    }
  }

  /** Condemns packs that were reserved for sessions that have ended; a put that lands later is a stray. */
  #giveUp(pending: readonly number[]): void {
    const { store } = this.#vault;
    this.#scope.change(() => {
      const open = new Set(store.listSessions().flatMap(({ id }) => store.listSessionPacks(id).map(({ no }) => no)));
      for (const pack of store.readPacks(pending)) {
        if (pack?.state !== PackState.pending || open.has(pack.no)) continue;
        store.updatePack({ ...pack, state: PackState.condemned });
        this.#condemned.push(pack.no);
      }
    });
  }

  /**
   * Objects that nobody misses any more: the next backup may rest on its parent again. Not when a backup was under way
   * since the roots were taken: it may have brought one of them again, or rest on it.
   */
  #forgetBad(unneeded: readonly ObjectRef[], knownBackups: number): void {
    const { store } = this.#vault;
    this.#scope.change(() => {
      const isQuiet = store.listSessions().length === 0 && store.listBackups().length === knownBackups;
      if (isQuiet) store.removeBad(unneeded);
    });
  }

  async #execute({ plan, removeNos, repackNos }: Planned, safeEpoch: number): Promise<void> {
    this.#totalBytes = this.#doneBytes + plan.repackBytes;
    for (const no of removeNos) await this.#condemn(no, safeEpoch);
    for (const kind of [Kind.block, Kind.page]) await this.#repack(kind, repackNos, safeEpoch);
    await this.#discard();
    this.#done.strays = await sweepStrays(this.#scope);
  }

  async #repack(kind: Kind, nos: readonly number[], safeEpoch: number): Promise<void> {
    const repacker = new Repacker(this.#scope, this.#marks, kind, this.#ports);
    for (const no of nos) {
      const [pack] = this.#vault.store.readPacks([no]);
      if (pack?.kind !== kind) continue;
      const free = await repacker.take(no);
      this.#progress(pack.bytes);
      if (free === null) note(this.#done.packsUnreadable, this.#vault.keys().pack(pack.generation, kind, pack.uuid));
      for (const source of free ?? []) await this.#condemn(source, safeEpoch);
    }
    for (const source of await repacker.finish()) await this.#condemn(source, safeEpoch);
    this.#done.bytesWritten += repacker.writtenBytes;
  }

  async #condemn(no: number, safeEpoch: number): Promise<void> {
    if (await condemnPack(this.#scope, this.#marks, no, safeEpoch)) this.#condemned.push(no);
    else this.#done.packsInUse += 1;
    if (this.#condemned.length >= PACKS_PER_DELETE) await this.#discard();
  }

  async #discard(): Promise<void> {
    const nos = this.#condemned;
    this.#condemned = [];
    await discardPacks(this.#scope, nos);
    this.#done.packsDeleted += nos.length;
  }

  #progress(bytes: number): void {
    this.#doneBytes += bytes;
    this.#totalBytes = Math.max(this.#totalBytes, this.#doneBytes);
    this.#ports.progress?.(this.#doneBytes, this.#totalBytes);
  }
}
