// Paging and sorting parameters as the lists take them. The project checks the values; here text becomes numbers, and
// the link to the next page is made.

import { fault } from '../faults.ts';
import type { ListQuery, Page } from '../project/contract.ts';
import { PAGE_LIMIT_MAX } from '../project/limits.ts';
import type { Endpoints } from './endpoints.ts';
import { badRequest, FaultError } from './errors.ts';

type Raw = Readonly<Record<string, string | undefined>>;

/** A whole number; its range is the project's business. */
function count(value: string | undefined, code: 'invalid-limit' | 'invalid-offset'): number | undefined {
  if (value === undefined || value === '') return undefined;
  if (!/^\d{1,15}$/.test(value)) throw new FaultError(fault(code, { value: value.slice(0, 32), min: 0 }));
  return Number(value);
}

/** `sort=name:asc,size` or `sort_key` with `sort_dir`. */
function sortOf(query: Raw): ListQuery['sort'] {
  const { sort, sort_key: key, sort_dir: dir } = query;
  if (sort !== undefined && (key !== undefined || dir !== undefined)) {
    throw badRequest("The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with 'sort'.");
  }
  if (sort) {
    return sort.split(',').map((part) => {
      const [name = '', order] = part.trim().split(':');
      return { key: name, dir: order };
    });
  }
  return key || dir ? [{ key: key || 'created_at', dir: dir || undefined }] : undefined;
}

/**
 * limit, offset, marker and sort of a list. `clip`: as in Cinder, where more than the maximum is the maximum, and a page
 * of none is one.
 */
export function pageOf(query: Raw, clip: 'clip' | 'refuse'): ListQuery {
  const limit = count(query.limit, 'invalid-limit');
  if (clip === 'refuse' && limit === 0) throw new FaultError(fault('invalid-limit', { value: 0, min: 1 }));
  return {
    limit: clip === 'clip' && limit !== undefined ? Math.min(limit, PAGE_LIMIT_MAX) : limit,
    offset: count(query.offset, 'invalid-offset'),
    marker: query.marker || undefined,
    sort: sortOf(query),
  };
}

/** `{volumes_links: [{rel: 'next', href}]}` when there is more, else nothing. The link keeps the rest of the query. */
export function nextLink(
  endpoints: Endpoints,
  collection: string,
  page: Page<{ readonly id: string }>,
): Record<string, unknown> {
  const last = page.items.at(-1);
  if (!page.more || last === undefined) return {};
  return { [`${collection}_links`]: [{ rel: 'next', href: endpoints.self({ marker: last.id, offset: null }) }] };
}

/**
 * Cinder's form of the same: a page that is full has a link, whether or not anything follows. Its clients know the end by
 * an empty page.
 */
export function fullPageLink(
  endpoints: Endpoints,
  collection: string,
  page: Page<{ readonly id: string }>,
  limit: number | undefined,
): Record<string, unknown> {
  const isFull = page.items.length === (limit ?? PAGE_LIMIT_MAX);
  return nextLink(endpoints, collection, { ...page, more: isFull });
}
