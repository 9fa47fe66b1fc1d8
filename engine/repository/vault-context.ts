// What every part of a Vault works on: its store, its keys, its clock, and the few checks that all of them share.

import { EngineError } from '../errors.ts';
import type { EngineHost } from '../host.ts';
import type { Clock, Obs } from '../ports.ts';
import type { ObjectRef } from '../types.ts';
import { VaultKeys } from './keys.ts';
import {
  type IndexEntry,
  type Location,
  PackState,
  type SessionRow,
  type VaultMeta,
  VaultState,
  type VaultStore,
} from './ports.ts';
import { ObsObjectSource } from './source.ts';

/** Version of what a Vault stores: tables, packs, records. */
export const VAULT_FORMAT = 1;

/** What an old Vault says from the moment when it learns that a rebuild took its place. */
export const SUPERSEDED = 'the vault was rebuilt, and this is its old index: rebuild it, or ask the new one';

export interface VaultPorts {
  readonly store: VaultStore;
  readonly obs: Obs;
  readonly clock: Clock;
  readonly host: EngineHost;
  /** Awaited between turns of long work. */
  pause?(): Promise<void>;
}

export class VaultContext {
  readonly store: VaultStore;
  readonly obs: Obs;
  readonly clock: Clock;
  readonly host: EngineHost;
  readonly source: ObsObjectSource;
  /** Copies from other vaults that are being made here. */
  readonly copying = new Set<string>();
  readonly #ports: VaultPorts;
  /** null while nobody watches. */
  #claimed: Set<string> | null = null;

  constructor(ports: VaultPorts) {
    this.store = ports.store;
    this.obs = ports.obs;
    this.clock = ports.clock;
    this.host = ports.host;
    this.#ports = ports;
    this.source = new ObsObjectSource(ports.obs, async (refs) => this.locate(refs));
  }

  /** Runs `body` with the ids of the leases and sessions that are taken, or taken again, while it runs. Not nested. */
  async watchClaims<T>(body: (claimed: ReadonlySet<string>) => Promise<T>): Promise<T> {
    const claimed = new Set<string>();
    this.#claimed = claimed;
    try {
      return await body(claimed);
    } finally {
      this.#claimed = null;
    }
  }

  /** To be called when a lease or a session is taken, or taken again. */
  claim(id: string): void {
    this.#claimed?.add(id);
  }

  async pause(): Promise<void> {
    await this.#ports.pause?.();
  }

  /** Throws `not-found` where no vault is (any more), `format` when a newer program wrote it. */
  meta(): VaultMeta {
    const meta = this.store.readMeta();
    if (meta === null || meta.state === VaultState.closing)
      throw new EngineError('not-found', 'there is no such vault');
    if (meta.format > VAULT_FORMAT) {
      throw new EngineError('format', `the vault has format ${meta.format}; this program knows up to ${VAULT_FORMAT}`);
    }
    if (meta.state === VaultState.superseded) throw new EngineError('unavailable', SUPERSEDED);
    if (meta.state === VaultState.rebuilding) {
      throw new EngineError('unavailable', 'the vault is being rebuilt from object storage: try again later');
    }
    return meta;
  }

  keys(meta: VaultMeta = this.meta()): VaultKeys {
    return new VaultKeys(meta.projectId, meta.vaultId);
  }

  /**
   * Throws `not-found` when the session is not open any more: committed or aborted. `unavailable` when nothing is known of
   * it: sessions begin before they are used, so a rebuild came in between, and whoever begins again may go on.
   */
  session(id: string): SessionRow {
    const session = this.store.readSession(id);
    if (session?.state === 'open') return session;
    if (session === null && this.store.readBackup(id) === null) {
      throw new EngineError('unavailable', 'the vault does not know this backup session: begin it again');
    }
    throw new EngineError('not-found', 'there is no such backup session');
  }

  /**
   * Index entries of what is present. Only live packs count: an object of a condemned pack is about to go. `touch`: a
   * session relies on the answer, so the packs are marked with the epoch and prune lets them be.
   */
  lookup(refs: readonly ObjectRef[], touch: boolean): (IndexEntry | null)[] {
    const { store } = this;
    const { epoch } = this.meta();
    return store.transaction(() => {
      const entries = store.index.lookup(refs);
      const nos = [...new Set(entries.flatMap((entry) => entry?.packNo ?? []))];
      const live = new Set<number>();
      for (const pack of store.readPacks(nos)) {
        if (pack?.state !== PackState.live) continue;
        live.add(pack.no);
        if (touch && pack.touchedEpoch < epoch) store.updatePack({ ...pack, touchedEpoch: epoch });
      }
      return entries.map((entry) => (entry && live.has(entry.packNo) ? entry : null));
    });
  }

  /** See VaultClient.locate. */
  locate(refs: readonly ObjectRef[]): (Location | null)[] {
    const keys = this.keys();
    const entries = this.lookup(refs, false);
    const nos = [...new Set(entries.flatMap((entry) => entry?.packNo ?? []))];
    const packs = new Map(this.store.readPacks(nos).flatMap((pack) => (pack ? [[pack.no, pack]] : [])));
    return entries.map((entry) => {
      const pack = entry && packs.get(entry.packNo);
      if (!entry || !pack) return null;
      const key = keys.pack(pack.generation, pack.kind, pack.uuid);
      return { key, offset: entry.offset, length: entry.length, encoding: entry.encoding };
    });
  }

  /** Takes bad copies out of the index, unless they were replaced since `entries` were looked up. Returns how many. */
  markBad(entries: readonly IndexEntry[]): number {
    const { store } = this;
    // The rows may be a rebuild's by now, which numbers packs anew.
    this.meta();
    return store.transaction(() => {
      const now = store.index.lookup(entries);
      const bad = entries.filter((entry, i) => now[i]?.packNo === entry.packNo && now[i].slot === entry.slot);
      store.index.remove(bad);
      store.addBad(bad);
      const nos = [...new Set(bad.map((entry) => entry.packNo))];
      for (const pack of store.readPacks(nos)) {
        if (!pack) continue;
        const dead = bad.filter((entry) => entry.packNo === pack.no).reduce((sum, entry) => sum + entry.length, 0);
        store.updatePack({ ...pack, deadBytes: pack.deadBytes + dead });
      }
      return bad.length;
    });
  }
}
