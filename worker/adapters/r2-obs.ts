// Obs on an R2 bucket. Counts what R2 bills: class A for puts and lists, class B for gets and heads.

import { Meter } from '../../engine/cost.ts';
import type { Obs } from '../../engine/ports.ts';

/** Keys that one delete request may name. */
const DELETE_KEYS_MAX = 1_000;

export class R2Obs implements Obs {
  readonly meter: Meter;
  readonly #bucket: R2Bucket;
  readonly #pageKeys: number;

  /** `pageKeys`: keys asked for in one page of `list`; R2 may give fewer, never more than 1,000. */
  constructor(bucket: R2Bucket, meter: Meter = new Meter(), pageKeys = 1_000) {
    this.#bucket = bucket;
    this.meter = meter;
    this.#pageKeys = pageKeys;
  }

  async putOnce(key: string, bytes: Uint8Array, sha256?: Uint8Array): Promise<'created' | 'exists'> {
    this.meter.counts.obsClassA += 1;
    this.meter.counts.obsBytesIn += bytes.length;
    // "No object with any etag" is R2's create-once; a failed condition answers null and changes nothing.
    const onlyIf = { etagDoesNotMatch: '*' };
    const put = await this.#bucket.put(key, bytes, sha256 ? { onlyIf, sha256 } : { onlyIf });
    return put === null ? 'exists' : 'created';
  }

  async get(key: string): Promise<Uint8Array | null> {
    this.meter.counts.obsClassB += 1;
    const object = await this.#bucket.get(key);
    return object && this.#receive(object, object.size);
  }

  async getRange(key: string, offset: number, length: number): Promise<Uint8Array | null> {
    const object = await this.#getPart(key, { offset, length });
    if (!object) return null;
    if (object.sizeBytes < offset + length) {
      await object.body?.arrayBuffer(); // read, since workerd logs a cancelled body as an exception
      throw new RangeError(`obs: ${key} has ${object.sizeBytes} bytes, not ${offset + length}`);
    }
    return object.body ? this.#receive(object.body, length) : new Uint8Array(0);
  }

  async getSuffix(key: string, length: number): Promise<{ bytes: Uint8Array; sizeBytes: number } | null> {
    const object = await this.#getPart(key, { suffix: length });
    if (!object) return null;
    const { sizeBytes, body } = object;
    const bytes = body ? await this.#receive(body, Math.min(length, sizeBytes)) : new Uint8Array(0);
    return { bytes, sizeBytes };
  }

  async head(key: string): Promise<{ sizeBytes: number; sha256: Uint8Array | null } | null> {
    this.meter.counts.obsClassB += 1;
    const object = await this.#bucket.head(key);
    if (!object) return null;
    const { sha256 } = object.checksums;
    return { sizeBytes: object.size, sha256: sha256 ? new Uint8Array(sha256) : null };
  }

  async list(prefix: string, cursor: string | null): Promise<{ keys: string[]; cursor: string | null }> {
    this.meter.counts.obsClassA += 1;
    const page = await this.#bucket.list({ prefix, limit: this.#pageKeys, ...(cursor === null ? {} : { cursor }) });
    return { keys: page.objects.map((object) => object.key), cursor: page.truncated ? page.cursor : null };
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (let start = 0; start < keys.length; start += DELETE_KEYS_MAX) {
      this.meter.counts.obsDeletes += 1;
      await this.#bucket.delete(keys.slice(start, start + DELETE_KEYS_MAX));
    }
  }

  /**
   * A ranged get. R2 shortens a range that runs over the end, and refuses one without any byte in it, with errors that
   * differ between the platform and local runs: then a head tells whether the object is there and how long it is.
   */
  async #getPart(key: string, range: R2Range): Promise<{ sizeBytes: number; body: R2ObjectBody | null } | null> {
    this.meter.counts.obsClassB += 1;
    try {
      const body = await this.#bucket.get(key, { range });
      return body && { sizeBytes: body.size, body };
    } catch (error) {
      const head = await this.head(key);
      if (head === null) return null;
      const wantsBytes = 'suffix' in range ? range.suffix > 0 && head.sizeBytes > 0 : reaches(range, head.sizeBytes);
      if (wantsBytes) throw error; // the range was satisfiable: something else went wrong
      return { sizeBytes: head.sizeBytes, body: null };
    }
  }

  /** Throws when the body does not have the bytes that were asked for: a cut answer must not look like a cut object. */
  async #receive(object: R2ObjectBody, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(await object.arrayBuffer());
    this.meter.counts.obsBytesOut += bytes.length;
    if (bytes.length !== length) throw new Error(`obs: ${object.key} came with ${bytes.length} of ${length} bytes`);
    return bytes;
  }
}

/** Whether any byte of the range is within the object. */
function reaches({ offset = 0, length = 0 }: { offset?: number; length?: number }, sizeBytes: number): boolean {
  return length > 0 && offset < sizeBytes;
}
