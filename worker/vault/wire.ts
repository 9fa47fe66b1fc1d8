// How calls between a Disk and a Vault cross RPC. Error classes do not survive it, so a refusal is data; and lists of
// small objects cost more than their bytes, so refs and pack entries go as packed arrays.

import type { Meter, MeterCounts } from '../../engine/cost.ts';
import { EngineError, type EngineErrorCode } from '../../engine/errors.ts';
import { DIGEST_BYTES, type Kind, type ObjectRef } from '../../engine/types.ts';

export type Answer<T> = { readonly cost: MeterCounts } & (
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: EngineErrorCode; readonly message: string }
);

/** Runs a call inside the Vault. Refusals become data; anything else is thrown, and means "perhaps it happened". */
export async function answer<T>(bill: Bill, call: () => Promise<T>): Promise<Answer<T>> {
  bill.open();
  try {
    return { ok: true, value: await call(), cost: bill.close() };
  } catch (error) {
    const cost = bill.close();
    if (!(error instanceof EngineError)) throw error;
    return { ok: false, code: error.code, message: error.message, cost };
  }
}

/**
 * What the Vault did for its callers. Calls that overlap cannot be told apart by one meter, so each answer takes all that
 * was counted since the last one: sums are exact, and so is a backup that runs alone.
 */
export class Bill {
  readonly #meter: Meter;
  #mark: MeterCounts;
  #calls = 0;

  constructor(meter: Meter) {
    this.#meter = meter;
    this.#mark = meter.mark();
  }

  open(): void {
    if (this.#calls++ === 0) this.#mark = this.#meter.mark();
  }

  close(): MeterCounts {
    this.#calls -= 1;
    const spent = this.#meter.since(this.#mark);
    this.#mark = this.#meter.mark();
    return spent;
  }
}

/** The other side of `answer`: adds its cost to the caller's meter. Throws EngineError. */
export function unwrap<T>(answered: Answer<T>, meter?: Meter): T {
  meter?.add(answered.cost);
  if (answered.ok) return answered.value;
  throw new EngineError(answered.code, answered.message);
}

/** n refs: a byte of kind each, and 32 bytes of digest each. */
export interface PackedRefs {
  readonly kinds: Uint8Array;
  readonly digests: Uint8Array;
}

export function packRefs(refs: readonly ObjectRef[]): PackedRefs {
  const digests = new Uint8Array(refs.length * DIGEST_BYTES);
  refs.forEach((ref, i) => {
    digests.set(ref.digest, i * DIGEST_BYTES);
  });
  return { kinds: Uint8Array.from(refs, (ref) => ref.kind), digests };
}

export function unpackRefs({ kinds, digests }: PackedRefs): ObjectRef[] {
  return Array.from(kinds, (kind, i) => ({
    kind: kind as Kind,
    digest: digests.slice(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES),
  }));
}
