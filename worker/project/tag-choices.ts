// Finding things by their tags, as the vendor's backup services ask for it.

import type { Tag, TagChoice } from './contract.ts';

/** Absent lists ask nothing. Several keys of one list must all be so; of several values of a key one; no values: any. */
export interface TagQuery {
  readonly tags?: readonly TagChoice[] | undefined;
  readonly tagsAny?: readonly TagChoice[] | undefined;
  readonly notTags?: readonly TagChoice[] | undefined;
  readonly notTagsAny?: readonly TagChoice[] | undefined;
}

/** Has something with these tags what is asked for? */
export function hasTags(have: readonly Tag[], query: TagQuery): boolean {
  const has = (choice: TagChoice) =>
    have.some(({ key, value }) => key === choice.key && (choice.values.length === 0 || choice.values.includes(value)));
  const { tags = [], tagsAny = [], notTags = [], notTagsAny = [] } = query;
  return (
    tags.every(has) &&
    (tagsAny.length === 0 || tagsAny.some(has)) &&
    (notTags.length === 0 || !notTags.every(has)) &&
    !notTagsAny.some(has)
  );
}

/** All keys with their values, in order. */
export function valuesByKey(tags: readonly Tag[]): TagChoice[] {
  const values = new Map<string, Set<string>>();
  for (const { key, value } of tags) values.set(key, (values.get(key) ?? new Set()).add(value));
  return [...values]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, found]) => ({ key, values: [...found].toSorted() }));
}
