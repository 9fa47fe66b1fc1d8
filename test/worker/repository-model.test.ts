// The repository's model again where it will run: a disk and a vault on a Durable Object's SQLite, packs in R2, workerd's
// zstd. Fewer runs, the same operations (test/conformance/repository-model.ts).

import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import type { Obs } from '../../engine/ports.ts';
import { R2Obs } from '../../worker/adapters/r2-obs.ts';
import { SqlDiskStore } from '../../worker/adapters/sql-disk-store.ts';
import { SqlVaultStore } from '../../worker/adapters/sql-vault-store.ts';
import { engineHost } from '../../worker/host.ts';
import { Trees } from '../conformance/repository-content.ts';
import { runRepositoryModel } from '../conformance/repository-model.ts';
import { operationsOf } from '../conformance/repository-ops.ts';
import type { WorldPorts } from '../conformance/repository-world.ts';
import type { StoreHost } from './entry.ts';

const { STORE_HOST, OBS } = env as unknown as { STORE_HOST: DurableObjectNamespace<StoreHost>; OBS: R2Bucket };

/** More of them: VITE_REPOSITORY_SEEDS=200. */
const { env: settings } = import.meta as unknown as { readonly env?: Record<string, string> };
const SEEDS = Number(settings?.VITE_REPOSITORY_SEEDS ?? 12);
const OPERATIONS = 100;
const host = engineHost();
const trees = new Trees(host);

/** R2 whose calls are counted while they are under way: when none is, and the turn is over, everybody waits. */
class WatchedR2 {
  readonly obs: Obs;
  #underWay = 0;

  constructor() {
    const r2 = new R2Obs(OBS, undefined, 7);
    this.obs = new Proxy<Obs>(r2, {
      get: (target, key) => {
        const call = Reflect.get(target, key) as (...args: unknown[]) => Promise<unknown>;
        return (...args: unknown[]) => this.watch(call.apply(target, args));
      },
    });
  }

  /** Counts what the platform does for somebody who waits. */
  async watch<T>(work: Promise<T>): Promise<T> {
    this.#underWay++;
    try {
      return await work;
    } finally {
      this.#underWay--;
    }
  }

  async idle(): Promise<void> {
    do await scheduler.wait(0);
    while (this.#underWay > 0);
  }
}

function portsOn(storage: DurableObjectStorage): WorldPorts {
  const r2 = new WatchedR2();
  return {
    host,
    obs: r2.obs,
    tamper: async (key, edit) => {
      const found = await r2.obs.get(key);
      if (found === null) return;
      const edited = edit(found);
      if (edited) await OBS.put(key, edited as Uint8Array<ArrayBuffer>);
      else await OBS.delete(key);
    },
    sha256: async (bytes) =>
      new Uint8Array(await r2.watch(crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))),
    idle: () => r2.idle(),
    openDiskStore: () => {
      const store = new SqlDiskStore(storage);
      store.createTables();
      return store;
    },
    openVaultStore: () => {
      const store = new SqlVaultStore(storage);
      store.createTables();
      return store;
    },
  };
}

/** Each run has the bucket for itself: ids are the same in all of them. */
async function emptyBucket(): Promise<void> {
  for (;;) {
    const { objects } = await OBS.list();
    if (objects.length === 0) return;
    await OBS.delete(objects.map(({ key }) => key));
  }
}

test.each(Array.from({ length: SEEDS }, (_, i) => i + 1))(
  'any operations, faults and crashes: seed %i',
  {
    timeout: 60_000,
  },
  async (seed) => {
    await emptyBucket();
    await runInDurableObject(STORE_HOST.get(STORE_HOST.newUniqueId()), async (_, state) => {
      const run = await runRepositoryModel(portsOn(state.storage), trees, operationsOf(seed, OPERATIONS));
      expect(run.counts.backup).toBeGreaterThan(0);
      await state.storage.deleteAll();
    });
  },
);
