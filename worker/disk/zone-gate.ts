// A disk asks its zone whether the zone is up: only in a simulation, where zones can fail. The answer is kept for a
// moment, so that the data path does not pay a call a request.

import { EngineError } from '../../engine/errors.ts';
import type { Env } from '../env.ts';
import type { ZoneHealth } from '../protocol.ts';
import { reach } from './upstreams.ts';

const KEPT_MS = 100;

export class ZoneGate {
  readonly #env: Env;
  #known: { zone: string; atMs: number; state: ZoneHealth; delayMs: number } | null = null;

  constructor(env: Env) {
    this.#env = env;
  }

  /** Throws EngineError `unavailable` when the zone is down or does not answer; waits when it is slow. */
  async pass(zone: string): Promise<void> {
    if (this.#env.EVS_SIMULATION !== 'true') return;
    if (this.#known === null || this.#known.zone !== zone || Date.now() - this.#known.atMs > KEPT_MS) {
      const stub = this.#env.ZONE.get(this.#env.ZONE.idFromName(zone));
      const { state, delayMs } = await reach(`zone ${zone}`, stub.health());
      this.#known = { zone, atMs: Date.now(), state, delayMs };
    }
    if (this.#known.state === 'down') throw new EngineError('unavailable', `zone ${zone} is down`);
    if (this.#known.state === 'slow') await scheduler.wait(this.#known.delayMs);
  }
}
