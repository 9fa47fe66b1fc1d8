// Object storage that misbehaves, by rule: a wrapper of the Obs port.

import type { Obs } from '../../engine/ports.ts';

export const OBS_FAULTS = ['fails', 'answer lost', 'lands late', 'twice', 'slow', 'cut short'] as const;
export type ObsFault = (typeof OBS_FAULTS)[number];

type Call = 'putOnce' | 'get' | 'getRange' | 'getSuffix' | 'head' | 'list' | 'delete';

/** What happens to the call number `nth` (counted from 0 over all calls); null: nothing. */
export type FaultRule = (call: Call, nth: number) => ObsFault | null;

/** Macrotasks that a slow call takes. */
const SLOW_TURNS = 20;

export class FaultyObs implements Obs {
  /** Calls so far. */
  count = 0;
  readonly #obs: Obs;
  readonly #rule: FaultRule;
  readonly #late: (() => Promise<unknown>)[] = [];

  constructor(obs: Obs, rule: FaultRule) {
    this.#obs = obs;
    this.#rule = rule;
  }

  putOnce(key: string, bytes: Uint8Array, sha256?: Uint8Array): Promise<'created' | 'exists'> {
    // What is put late is what was sent: the sender may have used its buffer again.
    const sent = bytes.slice();
    return this.#call('putOnce', () => this.#obs.putOnce(key, sent, sha256));
  }

  get(key: string): Promise<Uint8Array | null> {
    return this.#call('get', () => this.#obs.get(key));
  }

  getRange(key: string, offset: number, length: number): Promise<Uint8Array | null> {
    return this.#call('getRange', () => this.#obs.getRange(key, offset, length));
  }

  getSuffix(key: string, length: number): Promise<{ bytes: Uint8Array; sizeBytes: number } | null> {
    return this.#call('getSuffix', () => this.#obs.getSuffix(key, length));
  }

  head(key: string): Promise<{ sizeBytes: number; sha256: Uint8Array | null } | null> {
    return this.#call('head', () => this.#obs.head(key));
  }

  list(prefix: string, cursor: string | null): Promise<{ keys: string[]; cursor: string | null }> {
    const oneKey = async () => {
      const page = await this.#obs.list(prefix, cursor);
      const [first] = page.keys;
      // MemoryObs goes on after the key that its cursor names.
      return first === undefined ? page : { keys: [first], cursor: first };
    };
    return this.#call('list', () => this.#obs.list(prefix, cursor), oneKey);
  }

  delete(keys: readonly string[]): Promise<void> {
    return this.#call('delete', () => this.#obs.delete(keys));
  }

  /** What was late happens. */
  async land(): Promise<void> {
    for (const effect of this.#late.splice(0)) await effect().catch(() => undefined);
  }

  /** `short`: a page of keys that is cut short; anything else that is cut short fails. */
  async #call<T>(call: Call, effect: () => Promise<T>, short?: () => Promise<T>): Promise<T> {
    const fault = this.#rule(call, this.count++);
    switch (fault) {
      case null:
        return effect();
      case 'cut short':
        if (short) return short();
        throw new Error(`obs: the answer of ${call} was cut short`);
      case 'fails':
        throw new Error(`obs: ${call} ${fault}`);
      case 'lands late':
        this.#late.push(effect);
        throw new Error(`obs: ${call} timed out`);
      case 'answer lost':
        await effect();
        throw new Error(`obs: the answer of ${call} was lost`);
      case 'twice':
        await effect();
        return effect();
      case 'slow':
        for (let turn = 0; turn < SLOW_TURNS; turn++) await new Promise((done) => setImmediate(done));
        return effect();
    }
  }
}
