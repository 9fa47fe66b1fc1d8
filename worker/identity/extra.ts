// What projects and users made through the API have in common: ids, limits, attributes of the client's own.

import { Refusal } from '../faults.ts';
import type { Extra } from './contract.ts';
import type { Documents } from './tables.ts';

/** Of each kind in one domain: a list of all of them travels as one value. */
const ACCOUNTS_MAX = 5000;

/** Of one account's own attributes, as JSON. */
const EXTRA_CHARS_MAX = 4096;

/** 32 hex digits, as OpenStack's own. */
export const newId = (): string => crypto.randomUUID().replaceAll('-', '');

/** Refuses a name that is taken, and one account too many. */
export function checkNew<T extends { readonly id: string; readonly name: string; readonly configured: boolean }>(
  kind: 'project' | 'user' | 'role',
  documents: Documents<T>,
  name: string,
): void {
  if (documents.named(name) !== undefined) throw new Refusal('name-taken', { kind, name });
  if (documents.count() >= ACCOUNTS_MAX) throw new Refusal('too-many-accounts', { kind, max: ACCOUNTS_MAX });
}

/** The attributes with a change applied: null removes one. */
export function merged(extra: Extra, change: Readonly<Record<string, Extra[string] | null>> = {}): Extra {
  const entries = Object.entries({ ...extra, ...change }).filter((entry): entry is [string, Extra[string]] => {
    return entry[1] !== null;
  });
  const result = Object.fromEntries(entries);
  if (JSON.stringify(result).length > EXTRA_CHARS_MAX) {
    throw new Refusal('invalid-request', { reason: `The attributes are longer than ${EXTRA_CHARS_MAX} characters.` });
  }
  return result;
}
