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
  type VaultStore,
} from './ports.ts';
import { ObsObjectSource } from './source.ts';

/** Version of what a Vault stores: tables, packs, records. */
export const VAULT_FORMAT = 1;

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
  readonly #ports: VaultPorts;

  constructor(ports: VaultPorts) {
    this.store = ports.store;
    this.obs = ports.obs;
    this.clock = ports.clock;
    this.host = ports.host;
    this.#ports = ports;
    this.source = new ObsObjectSource(ports.obs, async (refs) => this.locate(refs));
  }

  async pause(): Promise<void> {
    await this.#ports.pause?.();
  }

  /** Throws `not-found` where no vault is (any more), `format` when a newer program wrote it. */
  meta(): VaultMeta {
    const meta = this.store.readMeta();
    if (meta === null || meta.closing) throw new EngineError('not-found', 'there is no such vault');
    if (meta.format > VAULT_FORMAT) {
      throw new EngineError('format', `the vault has format ${meta.format}; this program knows up to ${VAULT_FORMAT}`);
    }
    return meta;
  }

  keys(meta: VaultMeta = this.meta()): VaultKeys {
    return new VaultKeys(meta.projectId, meta.vaultId);
  }

  /** Throws `not-found` when the session is not open: committed, aborted, or never begun. */
  session(id: string): SessionRow {
    const session = this.store.readSession(id);
    if (session?.state !== 'open') throw new EngineError('not-found', 'there is no such backup session');
    return session;
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
