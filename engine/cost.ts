// The meter: what an operation made the platform do, in the units that the platform bills. Adapters count into it as
// they work; nothing in the engine estimates.

/** Counted since the object was created, or between two marks. All plain numbers, so that it crosses RPC as it is. */
export interface MeterCounts {
  rowsRead: number;
  rowsWritten: number;
  /** Puts, lists. */
  obsClassA: number;
  /** Gets, heads. */
  obsClassB: number;
  obsDeletes: number;
  obsBytesIn: number;
  obsBytesOut: number;
  /** RPC calls and fetches to other Durable Objects. */
  objectRequests: number;
}

export const NO_COST: Readonly<MeterCounts> = Object.freeze({
  rowsRead: 0,
  rowsWritten: 0,
  obsClassA: 0,
  obsClassB: 0,
  obsDeletes: 0,
  obsBytesIn: 0,
  obsBytesOut: 0,
  objectRequests: 0,
});

export class Meter {
  readonly counts: MeterCounts = { ...NO_COST };

  /** A copy of the counts as they are now, for `since`. */
  mark(): MeterCounts {
    return { ...this.counts };
  }

  /** Adds what somebody else counted on this one's behalf. */
  add(spent: MeterCounts): void {
    Object.assign(this.counts, addCost(this.counts, spent));
  }

  /** What was counted after `mark`. */
  since(mark: MeterCounts): MeterCounts {
    const spent = { ...this.counts };
    for (const key of Object.keys(spent) as (keyof MeterCounts)[]) spent[key] -= mark[key];
    return spent;
  }
}

/** The sum of two counts. */
export function addCost(a: MeterCounts, b: MeterCounts): MeterCounts {
  const sum = { ...a };
  for (const key of Object.keys(sum) as (keyof MeterCounts)[]) sum[key] += b[key];
  return sum;
}

/**
 * Published prices of Cloudflare's paid plan in US dollars per unit, as of 2026-11: Durable Objects (SQLite rows, requests,
 * storage) and R2 (standard class; deletes are free). What a plan includes for nothing is not taken off.
 */
export const PRICES_USD = {
  rowRead: 0.001 / 1e6,
  rowWritten: 1.0 / 1e6,
  objectRequest: 0.15 / 1e6,
  obsClassA: 4.5 / 1e6,
  obsClassB: 0.36 / 1e6,
  diskGibMonth: 0.2,
  obsGibMonth: 0.015,
} as const;

/** Price of the counted operations, storage and duration not included. */
export function operationUsd(counts: MeterCounts): number {
  return (
    counts.rowsRead * PRICES_USD.rowRead +
    counts.rowsWritten * PRICES_USD.rowWritten +
    counts.objectRequests * PRICES_USD.objectRequest +
    counts.obsClassA * PRICES_USD.obsClassA +
    counts.obsClassB * PRICES_USD.obsClassB
  );
}

/** Price of bytes that lie in object storage for a month. */
export function obsUsdPerMonth(bytes: number): number {
  return (bytes / 2 ** 30) * PRICES_USD.obsGibMonth;
}
