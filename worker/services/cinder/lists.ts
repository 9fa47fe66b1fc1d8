// What all lists of the Cinder form have in common: their parameters, pages over all projects for administrators, filters by
// time and by likeness, the count.

import { z } from '@hono/zod-openapi';
import { type Outcome, Refusal } from '../../faults.ts';
import { badRequest, FaultError } from '../../http/errors.ts';
import { queryFlag } from '../../http/fields.ts';
import type { Call } from '../../http/operation.ts';
import { fullPageLink, pageOf } from '../../http/paging.ts';
import { askEvery, isAdmin } from '../../http/reach.ts';
import type { Caller, ListQuery, Page, ProjectRpc } from '../../project/contract.ts';
import { page, type SortKeys } from '../../project/list.ts';
import { SINCE } from './since.ts';

/** Unknown parameters are ignored (is_public, …). */
export const ListParameters = z.object({
  limit: z.string().optional(),
  offset: z.string().optional(),
  marker: z.string().optional(),
  sort: z.string().optional(),
  sort_key: z.string().optional(),
  sort_dir: z.string().optional(),
  /** The name of the name in the first generation of clients. */
  display_name: z.string().optional(),
  /** For administrators; everybody else's clients send it too. */
  all_tenants: z.string().optional(),
  project_id: z.string().optional(),
  with_count: z.string().optional(),
  created_at: z.string().optional(),
  updated_at: z.string().optional(),
  'name~': z.string().optional(),
  'status~': z.string().optional(),
});

type Parameters = z.output<typeof ListParameters>;

interface Listed {
  readonly id: string;
  readonly name?: string | null;
  readonly status?: string;
  readonly projectId?: string;
  readonly createdMs: number;
  readonly updatedMs?: number;
}

/** Asks one project for one page. */
type Lister<T> = (project: ProjectRpc, caller: Caller, paging: ListQuery) => Promise<Outcome<Page<T>>>;

/**
 * One page: of the caller's project, or of all projects for an administrator who says `all_tenants`. `everywhere`: an
 * administrator's own things may be in other projects.
 */
export async function pageFor<T extends Listed>(
  call: Call<Parameters, unknown>,
  keys: SortKeys<T>,
  list: Lister<T>,
  everywhere = false,
): Promise<Page<T>> {
  const paging = pageOf(call.query, 'clip');
  const admin = isAdmin(call.caller);
  const all = admin && queryFlag(call.query.all_tenants);
  const matches = filterOf<T>(call);
  if (!all && !(admin && everywhere) && matches === null) {
    return await call.ask((project, caller) => list(project, caller, paging));
  }
  const collect = (project: ProjectRpc, caller: Caller) => collectAll(project, caller, list);
  const found =
    all || (admin && everywhere) ? (await askEvery(call.session, call.env, collect)).flat() : await call.ask(collect);
  const projectId = all ? call.query.project_id : undefined;
  const wanted = found.filter(
    (item) => (projectId === undefined || item.projectId === projectId) && (matches === null || matches(item)),
  );
  try {
    return page(wanted, paging, keys);
  } catch (error) {
    throw error instanceof Refusal ? new FaultError(error.fault) : error;
  }
}

/** `{volumes: […], volumes_links, count}` */
export function listBody<T extends { readonly id: string }, V>(
  call: Call<Parameters, unknown>,
  collection: string,
  found: Page<T>,
  view: (item: T) => V,
): Record<string, unknown> {
  const counted = call.microversion >= SINCE.countOfList && queryFlag(call.query.with_count);
  const { limit } = pageOf(call.query, 'clip');
  return {
    [collection]: found.items.map(view),
    ...fullPageLink(call.endpoints, collection, found, limit),
    ...(counted ? { count: found.total } : {}),
  };
}

/** All pages of one project. */
export async function collectAll<T extends Listed>(
  project: ProjectRpc,
  caller: Caller,
  list: Lister<T>,
): Promise<Outcome<readonly T[]>> {
  const items: T[] = [];
  for (let marker: string | undefined; ; ) {
    const found = await list(project, caller, { marker });
    if (!found.ok) return found;
    items.push(...found.value.items);
    marker = found.value.items.at(-1)?.id;
    if (!found.value.more || marker === undefined) return { ok: true, value: items };
  }
}

/** Filters that are not equality; null when none is asked for at this version. */
function filterOf<T extends Listed>(call: Call<Parameters, unknown>): ((item: T) => boolean) | null {
  const { query, microversion } = call;
  const tests: ((item: T) => boolean)[] = [];
  if (microversion >= SINCE.likeFilters) {
    const { 'name~': name, 'status~': status } = query;
    if (name !== undefined) tests.push((item) => (item.name ?? '').includes(name));
    if (status !== undefined) tests.push((item) => (item.status ?? '').includes(status));
  }
  if (microversion >= SINCE.timeFilters) {
    tests.push(...timeTests(query.created_at, (item: T) => item.createdMs));
    tests.push(...timeTests(query.updated_at, (item: T) => item.updatedMs ?? item.createdMs));
  }
  return tests.length === 0 ? null : (item) => tests.every((test) => test(item));
}

const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  gt: (a, b) => a > b,
  gte: (a, b) => a >= b,
  eq: (a, b) => a === b,
  neq: (a, b) => a !== b,
  lt: (a, b) => a < b,
  lte: (a, b) => a <= b,
};

/** `gt:2026-11-22T09:52:56,lt:…`; without an operator equality. */
function timeTests<T>(text: string | undefined, timeMs: (item: T) => number): ((item: T) => boolean)[] {
  if (!text) return [];
  return text.split(',').map((part) => {
    const [, operator = 'eq', time = ''] = /^(?:([a-z]+):)?(.*)$/.exec(part.trim()) ?? [];
    const compare = COMPARE[operator];
    const ms = Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(time) ? time : `${time}Z`);
    if (compare === undefined || Number.isNaN(ms)) throw badRequest(`Invalid time filter: ${part.slice(0, 64)}`);
    return (item) => compare(timeMs(item), ms);
  });
}
