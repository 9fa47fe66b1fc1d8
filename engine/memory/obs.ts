// Obs in memory: object storage for tests, drills and the browser. Counts operations as R2 bills them.

import { Meter } from '../cost.ts';
import type { Obs } from '../ports.ts';
import { bytesEqual } from '../types.ts';

interface ObsEntry {
  readonly bytes: Uint8Array;
  readonly sha256: Uint8Array | null;
}

export interface MemoryObsOptions {
  /** Counts into this meter instead of one of its own. */
  readonly meter?: Meter;
  /** Verifies checksums on put. Without it (the engine has no SHA-256) they are stored as given. */
  readonly sha256?: (bytes: Uint8Array) => Uint8Array;
  /** Keys in one page of `list`; small in tests, so that callers must loop. */
  readonly pageKeys?: number;
}

/** Keys that one delete request may name, as with R2. */
const DELETE_KEYS_MAX = 1_000;

/** Bytes are copied in and out. Asynchronous in form only: each call takes effect before it returns its promise. */
export class MemoryObs implements Obs {
  readonly meter: Meter;
  readonly #options: MemoryObsOptions;
  readonly #entries: Map<string, ObsEntry>;

  constructor(options: MemoryObsOptions = {}, entries: Iterable<readonly [string, ObsEntry]> = []) {
    this.meter = options.meter ?? new Meter();
    this.#options = options;
    this.#entries = new Map(entries);
  }

  /** An independent copy, with a meter of its own. */
  fork(): MemoryObs {
    return new MemoryObs({ ...this.#options, meter: new Meter() }, this.#entries);
  }

  async putOnce(key: string, bytes: Uint8Array, sha256?: Uint8Array): Promise<'created' | 'exists'> {
    this.meter.counts.obsClassA += 1;
    this.meter.counts.obsBytesIn += bytes.length;
    const verify = this.#options.sha256;
    if (sha256 && verify && !bytesEqual(sha256, verify(bytes))) throw new Error(`obs: checksum of ${key} is wrong`);
    if (this.#entries.has(key)) return 'exists';
    this.#entries.set(key, { bytes: bytes.slice(), sha256: sha256?.slice() ?? null });
    return 'created';
  }

  async get(key: string): Promise<Uint8Array | null> {
    this.meter.counts.obsClassB += 1;
    const entry = this.#entries.get(key);
    return entry ? this.#sent(entry.bytes.slice()) : null;
  }

  async getRange(key: string, offset: number, length: number): Promise<Uint8Array | null> {
    this.meter.counts.obsClassB += 1;
    const entry = this.#entries.get(key);
    if (!entry) return null;
    if (offset + length > entry.bytes.length) {
      throw new RangeError(`obs: ${key} has ${entry.bytes.length} bytes, not ${offset + length}`);
    }
    return this.#sent(entry.bytes.slice(offset, offset + length));
  }

  async getSuffix(key: string, length: number): Promise<{ bytes: Uint8Array; sizeBytes: number } | null> {
    this.meter.counts.obsClassB += 1;
    const entry = this.#entries.get(key);
    if (!entry) return null;
    const sizeBytes = entry.bytes.length;
    return { bytes: this.#sent(entry.bytes.slice(Math.max(0, sizeBytes - length))), sizeBytes };
  }

  async head(key: string): Promise<{ sizeBytes: number; sha256: Uint8Array | null } | null> {
    this.meter.counts.obsClassB += 1;
    const entry = this.#entries.get(key);
    return entry ? { sizeBytes: entry.bytes.length, sha256: entry.sha256?.slice() ?? null } : null;
  }

  async list(prefix: string, cursor: string | null): Promise<{ keys: string[]; cursor: string | null }> {
    this.meter.counts.obsClassA += 1;
    const rest = [...this.#entries.keys()].filter((key) => key.startsWith(prefix) && (cursor === null || key > cursor));
    const keys = rest.sort().slice(0, this.#options.pageKeys ?? 1_000);
    return { keys, cursor: keys.length < rest.length ? keys.at(-1)! : null };
  }

  async delete(keys: readonly string[]): Promise<void> {
    this.meter.counts.obsDeletes += Math.ceil(keys.length / DELETE_KEYS_MAX);
    for (const key of keys) this.#entries.delete(key);
  }

  /** Damage for tests: what `edit` returns takes the object's place without a check; null loses the object. */
  tamper(key: string, edit: (bytes: Uint8Array) => Uint8Array | null): boolean {
    const entry = this.#entries.get(key);
    if (!entry) return false;
    const edited = edit(entry.bytes.slice());
    if (edited) this.#entries.set(key, { ...entry, bytes: edited });
    else this.#entries.delete(key);
    return true;
  }

  #sent(bytes: Uint8Array): Uint8Array {
    this.meter.counts.obsBytesOut += bytes.length;
    return bytes;
  }
}
