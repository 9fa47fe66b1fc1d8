// Paging and order, the same for every list.

import { Refusal } from '../faults.ts';
import type { ListQuery, Page } from './contract.ts';
import { PAGE_LIMIT_MAX } from './limits.ts';

const OFFSET_MAX = 2 ** 31 - 1;

interface Listed {
  readonly id: string;
  readonly createdMs: number;
}

/** Sort keys as clients write them, and the value that each one orders by. */
export type SortKeys<T> = Readonly<Record<string, (item: T) => string | number>>;

/** Keys that everything listed has. */
export function commonKeys<T extends Listed & { name: string; status?: string; updatedMs?: number }>(): SortKeys<T> {
  return {
    id: (item) => item.id,
    name: (item) => item.name,
    display_name: (item) => item.name,
    status: (item) => item.status ?? '',
    created_at: (item) => item.createdMs,
    updated_at: (item) => item.updatedMs ?? item.createdMs,
  };
}

/**
 * One page of `items`, which are already filtered.
 * @example page(volumes, { limit: 2, sort: [{ key: 'size', dir: 'asc' }] }, VOLUME_KEYS)
 */
export function page<T extends Listed>(items: readonly T[], query: ListQuery, keys: SortKeys<T>): Page<T> {
  const { limit = PAGE_LIMIT_MAX } = query;
  if (limit > PAGE_LIMIT_MAX) throw new Refusal('limit-too-large', { value: limit });
  whole(limit, PAGE_LIMIT_MAX, 'invalid-limit');
  const offset = whole(query.offset ?? 0, OFFSET_MAX, 'invalid-offset');
  const sorted = items.toSorted(order(query.sort ?? [], keys));
  let first = 0;
  if (query.marker !== undefined) {
    const { marker } = query;
    const at = sorted.findIndex((item) => item.id === marker);
    if (at < 0) throw new Refusal('marker-not-found', { id: marker });
    first = at + 1;
  }
  first += offset;
  const shown = sorted.slice(first, first + limit);
  return { items: shown, total: items.length, more: shown.length > 0 && first + limit < sorted.length };
}

function whole(value: number, max: number, fault: 'invalid-limit' | 'invalid-offset'): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new Refusal(fault, { value, min: 0 });
}

/** Compares by each key in turn, then by id, so that pages never overlap. Newest first when nothing is asked. */
function order<T extends Listed>(sort: NonNullable<ListQuery['sort']>, keys: SortKeys<T>): (a: T, b: T) => number {
  const terms = (sort.length > 0 ? sort : [{ key: 'created_at', dir: 'desc' }]).map(({ key, dir = 'desc' }) => {
    const value = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (value === undefined) {
      throw new Refusal('invalid-sort-key', { value: key, allowed: Object.keys(keys).join(', ') });
    }
    if (dir !== 'asc' && dir !== 'desc') throw new Refusal('invalid-sort-dir', { value: dir });
    return { value, sign: dir === 'asc' ? 1 : -1 };
  });
  return (a, b) => {
    for (const { value, sign } of terms) {
      const [left, right] = [value(a), value(b)];
      if (left !== right) return left < right ? -sign : sign;
    }
    return a.id < b.id ? -terms[0]!.sign : terms[0]!.sign;
  };
}

/** Does `have` hold every pair of `wanted`? */
export function holdsAll(have: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => have[key] === value);
}
