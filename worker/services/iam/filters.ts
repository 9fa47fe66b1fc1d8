// Conditions in the queries of lists. What is not asked for is no condition; an empty value is one that nothing meets.

import { z } from '@hono/zod-openapi';
import { flag } from '../../http/fields.ts';

const condition = z.string().optional();

export const AccountQuery = z.object({ name: condition, domain_id: condition, enabled: condition });

export const ProjectQuery = AccountQuery.extend({
  parent_id: condition,
  is_domain: condition,
  tags: condition,
  'tags-any': condition,
  'not-tags': condition,
  'not-tags-any': condition,
});

export const AssignmentQuery = z.object({
  'user.id': condition,
  'group.id': condition,
  'role.id': condition,
  'scope.project.id': condition,
  'scope.domain.id': condition,
  'scope.system': condition,
  include_names: condition,
});

/** As Keystone reads a flag in a query: all but a word for no is yes, also nothing (`?include_names`). */
export function isAskedFor(value: string | undefined): boolean {
  if (value === undefined) return false;
  const { success, data } = flag.safeParse(value);
  return success ? data : true;
}

interface Listed {
  readonly name?: string | undefined;
  readonly domain_id?: string | null;
  readonly enabled?: boolean;
}

/** `name`, `domain_id` and `enabled`, as they are in the views. */
export function meets(query: z.output<typeof AccountQuery>, view: Listed): boolean {
  const { name, domain_id: domainId, enabled } = query;
  return (
    (name === undefined || name === view.name) &&
    (domainId === undefined || domainId === view.domain_id) &&
    (enabled === undefined || isAskedFor(enabled) === view.enabled)
  );
}

/** `tags`, `tags-any`, `not-tags`, `not-tags-any`: lists of tags with commas between. */
export function meetsTags(query: z.output<typeof ProjectQuery>, tags: readonly string[]): boolean {
  const has = (tag: string) => tags.includes(tag);
  const all = query.tags?.split(',');
  const any = query['tags-any']?.split(',');
  const notAll = query['not-tags']?.split(',');
  const notAny = query['not-tags-any']?.split(',');
  return (
    (all === undefined || all.every(has)) &&
    (any === undefined || any.some(has)) &&
    (notAll === undefined || !notAll.every(has)) &&
    (notAny === undefined || !notAny.some(has))
  );
}
