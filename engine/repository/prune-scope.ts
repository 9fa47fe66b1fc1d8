// What all parts of one prune share.

import { requireSame } from './generation.ts';
import type { VaultMeta } from './ports.ts';
import type { VaultContext } from './vault-context.ts';

export class PruneScope {
  readonly vault: VaultContext;
  /** As the prune began: its generation is the one whose rows were marked. */
  readonly meta: VaultMeta;
  readonly #pause: () => Promise<void>;

  /** Throws where the vault cannot be pruned: there is none, or it is being rebuilt. */
  constructor(vault: VaultContext, pause: () => Promise<void>) {
    this.vault = vault;
    this.meta = vault.meta();
    this.#pause = pause;
  }

  /** Awaited between turns of at most 10 ms. */
  async pause(): Promise<void> {
    await this.#pause();
  }

  /** One transaction. Throws when the vault was rebuilt or deleted since: pack numbers mean something else by then. */
  change<T>(body: () => T): T {
    requireSame(this.vault, this.meta);
    this.vault.meta();
    return this.vault.store.transaction(body);
  }
}
