// Rebuilding the vault of a test world from its object storage.

import { MemoryVaultStore } from '../../engine/memory/vault-store.ts';
import type { Obs } from '../../engine/ports.ts';
import { Rebuild } from '../../engine/repository/rebuild.ts';
import type { RebuildReport } from '../../engine/repository/rebuild-report.ts';
import { host, PROJECT, uuid, VAULT, World } from './repository.ts';

let nowMs = 1_000_000;

/** A world that has another's object storage, the same one, and rows of its own: none. */
export class Heir extends World {
  override readonly obs;
  override readonly store;

  /** `store`: the old vault's own, when it is the same object that is rebuilt. */
  constructor(world: World, store = new MemoryVaultStore()) {
    super(world);
    this.obs = world.obs;
    this.store = store;
  }

  rebuild(obs: Obs = this.obs, operationId = uuid(900), sliceMs?: number): Rebuild {
    const ports = { store: this.store, obs, host, clock: { nowMs: () => ++nowMs } };
    const slice = sliceMs === undefined ? {} : { sliceMs };
    return new Rebuild(ports, { projectId: PROJECT, vaultId: VAULT, operationId, ...slice });
  }

  /** To its end, on one instance. */
  async rebuilt(obs?: Obs, operationId?: string, sliceMs?: number): Promise<RebuildReport> {
    const rebuild = this.rebuild(obs, operationId, sliceMs);
    for (;;) {
      const step = await rebuild.step();
      if (step.state === 'done') return step.report;
    }
  }
}

/** An object storage whose call number `at` runs `body` before its answer is given: others go on while somebody waits. */
export function pausedAt(obs: Obs, at: number, body: () => Promise<void>): Obs {
  let calls = 0;
  return new Proxy(obs, {
    get: (object, name) => {
      const member = Reflect.get(object, name) as unknown;
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        const isHere = calls++ === at;
        const answer: unknown = await member.apply(object, args);
        if (isHere) await body();
        return answer;
      };
    },
  });
}
