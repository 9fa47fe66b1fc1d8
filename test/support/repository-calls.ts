// The ports of a simulated object, each call a turn of the scheduler: object storage, and the calls between objects.

import type { Obs } from '../../engine/ports.ts';
import type { VaultClient } from '../../engine/repository/ports.ts';
import { Fault, type Life, type Scheduler } from './repository-scheduler.ts';

/** `target` as `life` sees it: each method call waits for its turn. */
export function scheduled<T extends object>(scheduler: Scheduler, life: Life, name: string, target: T): T {
  return new Proxy(target, {
    get: (object, key) => {
      const member = Reflect.get(object, key) as unknown;
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        // What is sent is sent as it is now: a caller may use its buffer again while a late put is under way.
        const sent = args.map((arg) => (arg instanceof Uint8Array ? arg.slice() : arg));
        return scheduler.call(life, `${name}.${String(key)}`, async () => Reflect.apply(member, object, sent));
      };
    },
  });
}

export function scheduledObs(scheduler: Scheduler, life: Life, obs: Obs): Obs {
  return scheduled(scheduler, life, 'obs', obs);
}

/** What a simulated vault offers to others: its present life, and what serves in it. */
export interface ServingVault {
  readonly name: string;
  readonly life: Life;
  readonly core: VaultClient;
  /** It has no rows (yet): whoever calls has to wait. */
  readonly isLost: boolean;
}

/** A vault as `life` reaches it: each call goes to whatever life the vault has when the call arrives. */
export function scheduledVault(scheduler: Scheduler, life: Life, vault: ServingVault): VaultClient {
  const arriving = new Proxy({} as VaultClient, {
    get: (_, key) => {
      return (...args: unknown[]) => {
        const { core } = vault;
        if (vault.isLost) throw new Fault(`${vault.name} has lost its rows`);
        const method = Reflect.get(core, key) as (...args: unknown[]) => Promise<unknown>;
        return vault.life.serve(() => method.apply(core, args));
      };
    },
  });
  return scheduled(scheduler, life, vault.name, arriving);
}
